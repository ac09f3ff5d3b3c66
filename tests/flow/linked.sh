#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-run-static stands in for the program proper, and for nothing else: an operator's own file,
# folder or plugin is loaded as if it were not there.
. "$(dirname "$0")/../lib.sh"
need jq
has_dynamic_plugins && [ -e "$abs_top_builddir/libexec/barrer/barrer-run-static" ] ||
    skip_all "this build has no barrer-run-static"

b=$T/b
dir=$T/plugins
mkdir -m 755 "$dir"
cp "$abs_top_builddir"/tests/stage/plugins/*.so "$dir/"
chmod 644 "$dir"/*.so
mkdir -p "$T/own/bin" "$T/own/libexec/barrer"
cp "$abs_top_builddir/bin/barrer-run" "$T/own/bin/"
cp "$abs_top_builddir"/libexec/barrer/barrer-run* "$T/own/libexec/barrer/"
BARRER_RUN=$T/own/bin/barrer-run
BARRER_FLAGS="--plugin-dir $dir --config $T/barrer.conf"
: >"$T/barrer.conf"

# Run a container in the foreground until it can be asked; $program: which program
# does that, by what is mapped, "linked" or "loading".
which_runs() {
    local runner
    new_id
    mkfifo "$T/$id.fifo"
    # shellcheck disable=SC2086
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" <"$T/$id.fifo" >"$T/out" 2>&1 8>&- 9>&- &
    runner=$!
    exec 7>"$T/$id.fifo"
    program=none
    is_up_or_over() { is_status "$id" running || is_gone $runner; }
    wait_until 20 is_up_or_over && is_status "$id" running &&
        program=$(if grep -q '/ld-' "/proc/$runner/maps"; then echo loading; else echo linked; fi)
    exec 7>&-
    wait $runner
    status=$? output=$(cat "$T/out")
}
make_bundle "$b" '.process.args = ["sh", "-c", "read; echo done"]'
which_runs
is "$program $status $output" "linked 0 done" "the plugins of this build are linked in"

# --- exceptions ---
# The id is where readelf(1) says; one bit of it makes the file another build's.
section=$(readelf -SW "$dir/native.so" | sed -n 's/.*\.note\.gnu\.build-id *NOTE *[0-9a-f]* *\([0-9a-f]*\).*/\1/p')
offset=$((16#$section + 16))
cp "$dir/native.so" "$T/native.so"
printf '\0' | dd of="$dir/native.so" bs=1 seek="$offset" conv=notrunc status=none
which_runs
is "$program $status $output" "loading 0 done" "another build's file of the same name is loaded"
if [ "$(cgroup_kind)" = v1 ]; then
    new_id
    barrer --log "$T/notices" --log-level notice run --bundle "$b" "$id" </dev/null >/dev/null
    is "$(grep -c 'cgroup is not usable here' "$T/notices")" 1 "what is not usable is said once, by the one that goes on"
else
    skip "what is not usable is said once" "cgroup v2 is usable here"
fi
cp "$T/native.so" "$dir/native.so"
which_runs
is "$program" linked "and the right one is not"
rm "$dir/native.so"
which_runs
like "$output" 'plugin "native": no file "native.so"' "a file that is missing is missed"
for content in '' '\177ELF' '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0\1\0\0\0\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377'; do
    # shellcheck disable=SC2059
    printf "$content" >"$dir/native.so"
    which_runs
    like "$output" 'native.so": cannot be loaded' "a file that is none is refused, not replaced"
done
cp "$T/native.so" "$dir/native.so"
if [ -e "$abs_top_builddir/tests/plugins/.libs/tally.so" ]; then
    cp "$abs_top_builddir/tests/plugins/.libs/tally.so" "$dir/" && chmod 644 "$dir/tally.so"
    mkdir "$T/ledgers"
    printf '[flow container]\nresources = tally\n[plugin tally]\nfolder = %s\n' "$T/ledgers" >"$T/barrer.conf"
    edit_bundle "$b" '.linux.resources = {}'
    which_runs
    is "$program $status $output" "loading 0 done" "another plugin is loaded"
    new_id
    make_bundle "$T/sleeper" '.process.args = ["sleep", "1000"] | .linux.resources = {}'
    barrer run --detach --bundle "$T/sleeper" "$id" </dev/null >/dev/null 2>&1
    # What one program has read from a pipe another cannot read again.
    capture barrer exec --process <(echo '{"args": ["echo", "piped"], "cwd": "/"}') "$id"
    is "$status $output" "0 piped" "exec --process of a pipe"
    capture barrer exec --process <(echo '{"args": ["cat"], "cwd": "/"}') "$id" <<<standard
    is "$status $output" "0 standard" "and its standard input"
    barrer delete --force "$id"
else
    skip "another plugin is loaded" "the sample plugins are not built"
fi
: >"$T/barrer.conf"
edit_bundle "$b" '.linux.resources = {}'
mv "$T/own/libexec/barrer/barrer-run-static" "$T/own/libexec/barrer/away"
which_runs
is "$program $status $output" "loading 0 done" "without barrer-run-static it goes on"
mv "$T/own/libexec/barrer/away" "$T/own/libexec/barrer/barrer-run-static"
mv "$T/own/libexec/barrer/barrer-run" "$T/own/libexec/barrer/away"
rm "$dir/native.so"
which_runs
like "$output" 'execute the program that loads plugins from files' "without the program proper it says so"
done_testing
