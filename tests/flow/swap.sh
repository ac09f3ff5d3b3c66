#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Backends, alternatives and chains are changed by the INI file alone.
. "$(dirname "$0")/../lib.sh"
need jq
has_dynamic_plugins || skip_all "this build has its plugins linked in"

b=$T/b
# A folder of plugins of our own: the first-party ones and the samples.
dir=$T/plugins
mkdir -m 755 "$dir"
cp "$abs_top_builddir"/tests/stage/plugins/*.so "$dir/"
for sample in tally marker; do
    [ -e "$abs_top_builddir/tests/plugins/.libs/$sample.so" ] || skip_all "the sample plugins are not built"
    cp "$abs_top_builddir/tests/plugins/.libs/$sample.so" "$dir/"
done
chmod 644 "$dir"/*.so
# And a program of our own: its owner may own plugins.
mkdir -p "$T/own/bin" "$T/own/libexec/barrer"
cp "$abs_top_builddir/bin/barrer-run" "$T/own/bin/"
cp "$abs_top_builddir/libexec/barrer/barrer-run" "$T/own/libexec/barrer/"
BARRER_RUN=$T/own/bin/barrer-run
BARRER_FLAGS="--plugin-dir $dir --config $T/barrer.conf"
conf() { cat >"$T/barrer.conf"; }
instances() { barrer plan --bundle "$b" --format json | jq -r ".[] | select(.kind == \"$1\") | .instance" | sort -u | tr '\n' ' '; }

make_rootfs "$T/.rootfs"
conf </dev/null
run_sh "$b" 'echo default'
is "$status $output" "0 default" "an empty file: the defaults"

# --- replaced by two lines ---
mkdir "$T/ledgers"
conf <<END
[flow container]
resources = tally
[plugin tally]
folder = $T/ledgers
END
make_bundle "$b" '.process.args = ["sleep", "1000"] | .linux.resources = {}'
new_id
capture barrer create --bundle "$b" "$id" </dev/null
is "$status$error" 0 "a third party's plugin replaces a first-party backend"
is "$(instances resources)" "tally " "plan names it"
like "$(cat "$T"/ledgers/* 2>/dev/null)" '.' "its effect is there"
if is_real_root; then
    pid=$(pid_of "$id")
    is "$(cgroup_of "$pid" pids)" "$(cgroup_of $$ pids)" "and the backend that it replaces did nothing"
fi
before=$(cat "$T"/ledgers/*)
barrer start "$id"
barrer exec "$id" true
barrer pause "$id" 2>/dev/null
barrer resume "$id" 2>/dev/null
conf <<<'[flow container'
capture barrer state "$id"
is "$(json .status)" running "a broken configuration does not stop state"
ok "nor exec" barrer exec "$id" true
ok "nor kill" barrer kill "$id" KILL
wait_until 10 is_status "$id" stopped
ok "nor delete" barrer delete "$id"
is "$(ls "$T/ledgers")" "" "delete, with the recorded plugins, removes the effect"
[ -n "$before" ] || fail "the ledger was written"
refuses "while create says file and line" 'barrer.conf:1' barrer create --bundle "$b" "$id"

# --- a chain, and two instances of one module ---
conf <<END
[flow container]
process = process marker second
[plugin marker]
file = $T/mark1
[plugin second]
module = marker
file = $T/mark2
END
make_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
capture barrer run --detach --bundle "$b" "$id" </dev/null
is "$status$error" 0 "a chain of three, two instances of one module"
is "$(instances process)" "marker process second " "plan names all"
like "$(cat "$T/mark1")" 'confine' "the first instance has acted"
like "$(cat "$T/mark2")" 'confine' "the second as well, in the container"
barrer delete --force "$id"
is "$(ls "$T"/mark* 2>/dev/null)" "" "delete removes what both did"
conf <<END
[flow container]
process = process
process += marker
[plugin marker]
file = $T/mark1
END
is "$(instances process)" "marker process " "+= adds to a chain"

# --- alternatives ---
if is_real_root; then
    case $(cgroup_kind) in
    v2) right=cgroup wrong=cgroup1 ;;
    *) right=cgroup1 wrong=cgroup ;;
    esac
    for list in "cgroup | cgroup1" "cgroup1 | cgroup"; do
        conf <<<"[flow container]
resources = $list"
        is "$(instances resources)" "$right " "\"$list\": the one that this host has"
    done
    conf <<<"[flow container]
resources = $wrong"
    make_bundle "$b" '.linux.resources.pids.limit = 10'
    refuses "without an alternative the reason is told" "$wrong" barrer plan --bundle "$b"
    rm -f "$T/log"
    conf <<<"[flow container]
resources = $wrong | $right"
    barrer --log "$T/log" --log-level info plan --bundle "$b" >/dev/null
    like "$(cat "$T/log")" "$wrong" "passing over an alternative is logged"
fi
conf <<<'[flow container]
resources = nonesuch | cgroup | cgroup1'
refuses "a named plugin that is missing is fatal, also as an alternative" 'nonesuch' barrer plan --bundle "$b"

# --- nothing is dropped silently ---
conf <<END
[flow container]
resources = tally
[plugin tally]
folder = $T/ledgers
END
make_bundle "$b" '.linux.resources.memory.limit = 67108864'
refuses "a property that the chosen backend does not honour names both" 'memory\.limit.*tally|tally.*memory\.limit' barrer plan --bundle "$b"

# --- trust ---
conf </dev/null
make_bundle "$b" '.process.args = ["true"]'
new_id
chmod g+w "$dir/namespace.so"
refuses "a plugin that others may write" 'namespace.so.*writ' barrer run --bundle "$b" "$id"
chmod 644 "$dir/namespace.so"
chmod o+w "$dir"
refuses "a folder that others may write" "$dir.*writ" barrer run --bundle "$b" "$id"
chmod 755 "$dir"
mkdir -m 777 "$T/anyone" && cp "$dir/namespace.so" "$T/anyone/" && mv "$dir/namespace.so" "$T/away.so"
ln -s "$T/anyone/namespace.so" "$dir/namespace.so"
refuses "a link to where others may write" "$T/anyone.*writ" barrer run --bundle "$b" "$id"
rm "$dir/namespace.so" && mv "$T/away.so" "$dir/namespace.so"
if is_real_root; then
    chown 65534 "$dir/namespace.so"
    refuses "a plugin of another owner" 'namespace.so.*own' barrer run --bundle "$b" "$id"
    chown 0 "$dir/namespace.so"
    chmod 666 "$T/barrer.conf"
    refuses "an INI file that others may write" 'barrer.conf.*writ' barrer run --bundle "$b" "$id"
    chmod 644 "$T/barrer.conf"
fi
ok "and all is well again" barrer run --bundle "$b" "$id"
mkdir "$T/evil"
echo 'not a plugin' >"$T/evil/namespace.so"
cp "$T/evil/namespace.so" "$T/.rootfs/namespace.so"
# shellcheck disable=SC2030
(export LD_LIBRARY_PATH=$T/evil LTDL_LIBRARY_PATH=$T/evil && cd "$T/evil" && barrer run --bundle "$b" "$id")
is $? 0 "E17: no environment and no working directory changes where plugins come from"
done_testing
