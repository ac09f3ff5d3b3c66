#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What docs/dotnet.md tells its reader to do, done: the three commands, and the library called from C.
. "$(dirname "$0")/lib.sh"
publish library
doc=$top_srcdir/docs/dotnet.md
section() { awk -v s="## $1" '$0 == s { on = 1; next } /^## / { on = 0 } on' "$doc"; }

# --- from nothing to an isolated run ---
commands=$(section 'From nothing to an isolated run' | sed -n 's/^    //p' | head -n 3)
is "$(wc -l <<<"$commands")" 3 "three commands"
mkdir "$T/try" "$T/home"
# barrer-run as it would be found, had it been installed
cat >"$T/try/barrer-run" <<END
#!/bin/sh
exec "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "\$@"
END
chmod +x "$T/try/barrer-run"
try() { # COMMANDS: as typed into a new shell
    capture in_folder "$T/try" env -i HOME="${HOME:-/root}" PATH="$T/try:$PATH" DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 \
        MSBUILDDISABLENODEREUSE=1 bash -euc "$1"
}
try "$commands"
is "$status" 0 "they work" || show
is "$(tail -n 1 <<<"$output")" "Hello, World!" "and end in the app's output" || show
with_options=$(section 'From nothing to an isolated run' | sed -n 's/^    //p' | sed -n 4p)
mkdir "$T/try/data"
try "$with_options"
is "$status $output" "0 Hello, World!" "the one with options: $with_options" || show

# --- keys of barrer.conf ---
section Configuration | sed -n 's/^    //p' >"$T/barrer.conf"
ok "the configuration that it shows is one" "$abs_top_builddir/bin/barrer-config" check $BARRER_FLAGS || show

# --- a class library from C ---
awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$doc" >"$T/call.c"
ok "the C program compiles" gcc -std=gnu17 -Wall -Wextra -Werror -Wno-missing-field-initializers -I"$top_srcdir/include" \
    -o "$T/call" "$T/call.c" || show
capture "$T/call" "$abs_top_builddir/tests/stage/plugins" "$APPS/library/Library.dll" Library.Entry:Main one two
is "$output" "$(section 'Calling a class library from C' | awk '/^    \$ .\/call/ { on = 1; next } on && /^    / { print substr($0, 5); next } { on = 0 }')" \
    "and prints what the document shows" || show
is "$(section 'Calling a class library from C' | sed -n '/public static class Entry/,/^    }/p' | sed 's/^    //' | tr -d ' \n')" \
    "$(sed -n '/public static class Entry/,/^}/p' "$here/apps/Library/Entry.cs" | tr -d ' \n')" "whose library is the one that was called"
isnt "$(cd /run && ls -d barrer/bin 2>/dev/null)" barrer/bin "nothing of it is left on the host"
capture "$HELPERS/system/dotnet" --mode=direct --entry=Library.Entry:Main "$APPS/library/Library.dll" one two
is "$status $output" $'2 [one]\n[two]' "the launcher of the machine does the same" || show
done_testing
