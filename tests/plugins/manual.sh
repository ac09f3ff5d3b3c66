#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The example of barrer-plugin(7) is taken from the page and built, in C and in C++, and does what the
# page says.
. "$(dirname "$0")/../lib.sh"
need "${CC:=cc}"
CXX=${CXX:-c++}

# The text between .Bd -literal and .Ed below ".Sh EXAMPLES", with the escapes of roff undone.
awk '/^\.Sh / { inside = $0 == ".Sh EXAMPLES" }
    inside && /^\.Ed/ && code { exit }
    inside && code { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); sub(/^\\&/, ""); print }
    inside && /^\.Bd -literal/ { code = 1 }' "$top_srcdir/man/barrer-plugin.7" >"$T/gentle.c"
ok "the page has an example" grep -q '^BARRER_PLUGIN(gentle)' "$T/gentle.c"

flags="-shared -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I$top_srcdir/include"
mkdir "$T/plugins" "$T/cc"
# shellcheck disable=SC2086 # flags are words
ok "it builds in C99" $CC -std=c99 -pedantic $flags -o "$T/plugins/gentle.so" "$T/gentle.c"
if command -v "${CXX%% *}" >/dev/null; then
    # shellcheck disable=SC2086
    ok "it builds in C++17" $CXX -x c++ -std=c++17 $flags -o "$T/cc/gentle.so" "$T/gentle.c"
else
    skip "it builds in C++17" "no C++ compiler"
fi

if ! has_dynamic_plugins; then
    skip "the payload gets its nice value" "the plugins are built in"
    done_testing
fi
cp "$abs_top_builddir"/tests/stage/plugins/*.so "$T/plugins"
chmod 644 "$T/plugins"/*.so
BARRER_FLAGS="--plugin-dir $T/plugins"
make_bundle "$T/b" '.process.args = ["sh", "-c", "cut -d\" \" -f19 /proc/self/stat"]'
new_id
capture barrer --set 'flow container.process=process gentle' run --bundle "$T/b" "$id"
is "$status $output" "0 10" "the payload gets the default nice value"
[ "$status" = 0 ] || show run
new_id
capture barrer --set 'flow container.process=process gentle' --set 'plugin gentle.level=4' \
    run --bundle "$T/b" "$id"
is "$status $output" "0 4" "or the one that barrer.conf gives"
refuses "a level that is none" 'level: expected uint, got "much"' \
    barrer --set 'flow container.process=process gentle' --set 'plugin gentle.level=much' \
    run --bundle "$T/b" refused
refuses "a misspelt option" 'level' \
    barrer --set 'flow container.process=process gentle' --set 'plugin gentle.levl=4' \
    run --bundle "$T/b" refused
# It has confine alone, so the payload would keep all of root's privileges.
refuses "an addition where a provider is needed" 'gentle\.so": has no operation "drop", which the first' \
    barrer --set 'flow container.process=gentle' run --bundle "$T/b" refused
done_testing
