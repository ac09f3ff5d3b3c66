#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The third party's day, for "make installcheck": plugins are built with nothing but what is
# installed ("pkg-config barrer" and a compiler, C99 and C++17), and replace a first-party plugin by
# two lines of barrer.conf. What they do is looked at from outside.
. "$(dirname "$0")/../lib.sh"
CC=${CC:-cc} CXX=${CXX:-c++} PKG_CONFIG=${PKG_CONFIG:-pkg-config}
need "$PKG_CONFIG" "${CC%% *}" jq

"$PKG_CONFIG" --exists barrer || skip_all "barrer is not installed where $PKG_CONFIG looks"
read -ra cflags < <("$PKG_CONFIG" --cflags barrer)
# PKG_CONFIG_SYSROOT_DIR changes the flags, and the variables only in some versions.
variable() {
    local value
    value=$("$PKG_CONFIG" --variable="$1" barrer)
    echo "${DESTDIR:-}${value#"${DESTDIR:-}"}"
}
plugindir=$(variable plugindir)
is "$("$PKG_CONFIG" --variable=abi_major barrer).$("$PKG_CONFIG" --variable=abi_minor barrer)" \
    "$(awk '/define BARRER_ABI_M/ { printf "%s%s", dot, $3; dot = "." }' \
        "$(variable includedir)/barrer/plugin.h")" \
    "barrer.pc and the headers agree on the version of the ABI"

# --- build -----------------------------------------------------------------------------------------
# In a folder of their own, so that no header of the source tree is found by accident.
mkdir "$T/work" "$T/c" "$T/cc"
cp "$top_srcdir"/tests/plugins/{tally,marker}.c "$T/work"
cd "$T/work" || exit 99
shared="-shared -fPIC -fvisibility=hidden -Wl,-z,now -Wl,-z,defs -Wall -Wextra -Werror"
for plugin in tally marker; do
    # shellcheck disable=SC2086 # the compilers and flags are words
    ok "$plugin in C99" $CC -std=c99 -pedantic $shared "${cflags[@]}" -o "$T/c/$plugin.so" $plugin.c
    if command -v "${CXX%% *}" >/dev/null; then
        # shellcheck disable=SC2086
        ok "$plugin in C++17" $CXX -x c++ -std=c++17 $shared "${cflags[@]}" \
            -o "$T/cc/$plugin.so" $plugin.c
    else
        skip "$plugin in C++17" "no C++ compiler"
    fi
    if command -v nm >/dev/null; then
        is "$(nm -D --defined-only "$T/c/$plugin.so" | awk '{ print $3 }')" "${plugin}_LTX_barrer" \
            "$plugin exports one symbol"
    fi
done
cd "$T" || exit 99

# --- run -------------------------------------------------------------------------------------------
# The folder of the operator: the installed plugins and the third party's.
use_plugins() { # FOLDER
    rm -rf "$T/plugins"
    mkdir -m 755 "$T/plugins"
    if [ -d "$plugindir" ]; then cp "$plugindir"/*.so "$T/plugins" 2>/dev/null; fi
    cp "$1"/*.so "$T/plugins"
    chmod 644 "$T/plugins"/*.so
}
mkdir -p "$T/ledgers"
cat >"$T/barrer.conf" <<END
[flow container]
resources = tally
process = process seccomp marker second
[plugin tally]
folder = $T/ledgers
[plugin marker]
file = $T/first
nice = 3
[plugin second]
module = marker
file = $T/second
nice = 7
END
BARRER_FLAGS="--plugin-dir $T/plugins --config $T/barrer.conf"
# Nothing that asks for control groups, of which the sample knows nothing.
filter='.mounts |= map(select(.type != "cgroup")) | .linux.namespaces |= map(select(.type != "cgroup"))
    | .linux.resources.pids = {limit: 77}'

lives() { # FOLDER: a life of a container with the plugins of FOLDER
    local ledger what=${1##*/}
    use_plugins "$1"
    if ! start_sleeper "$T/b" "$filter"; then
        fail "$what: a container on third-party plugins"
        show run
        return 1
    fi
    ledger=$T/ledgers/$id.tally
    is "$(cat "$ledger" 2>&1)" "limit 77
process $pid" "$what: prepare and attach kept the ledger"
    is "$(awk '{ print $19 }' "/proc/$pid/stat")" 7 "$what: the last instance set the nice value"
    is "$(awk '{ print $1 }' "$T/first")" "prepare
confine
drop" "$what: the first instance saw its stages in order"
    is "$(cat "$T/second")" "$(cat "$T/first")" "$what: the second instance as well, with its own file"
    ok "$what: exec" barrer exec "$id" true
    is "$(grep -c '^process' "$ledger")" 2 "$what: exec was written down"
    ok "$what: update" barrer update --pids-limit 55 "$id"
    is "$(tail -n 1 "$ledger")" "limit 55" "$what: update was written down"
    kill -9 "$pid"
    wait_until 10 is_status "$id" stopped
    ok "$what: the effect outlives the process" test -e "$ledger"
    ok "$what: delete" barrer delete "$id"
    not_ok "$what: the ledger is gone" test -e "$ledger"
    not_ok "$what: the first mark is gone" test -e "$T/first"
    not_ok "$what: the second mark is gone" test -e "$T/second"
}
lives "$T/c"
if [ -e "$T/cc/tally.so" ]; then lives "$T/cc"; fi

# kill -9 of barrer-run itself: a later delete knows what to remove.
make_bundle "$T/b" "$filter | .process.args = [\"sleep\", \"1000\"]"
new_id
# shellcheck disable=SC2086
"$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$T/b" "$id" </dev/null >"$T/.out" 2>&1 8>&- &
runner=$!
if wait_until 20 grep -qs '^process' "$T/ledgers/$id.tally"; then
    kill -9 $runner
    wait $runner 2>/dev/null
    ok "the ledger outlives barrer-run" test -e "$T/ledgers/$id.tally"
    ok "delete --force" barrer delete --force "$id"
    not_ok "the ledger is gone" test -e "$T/ledgers/$id.tally"
else
    fail "a ledger of a container that barrer-run waits for" "$(cat "$T/.out")"
    kill $runner
fi

# A kill between the fact and the effect leaves nothing that stands in the way: release is called
# although there is no file.
start_sleeper "$T/b" "$filter"
rm "$T/ledgers/$id.tally"
ok "release is idempotent" barrer delete --force "$id"

# --- refusals --------------------------------------------------------------------------------------
make_bundle "$T/b" "$filter"
chmod 666 "$T/plugins/tally.so"
refuses "a plugin that others may write" 'tally\.so": writable by everybody' \
    barrer run --bundle "$T/b" refused
chmod 644 "$T/plugins/tally.so"
mv "$T/plugins/tally.so" "$T/plugins/ledger.so"
refuses "a plugin that is not there" 'no file "tally\.so" in' barrer run --bundle "$T/b" refused
sed -i 's/^resources = .*/resources = ledger/; s/^\[plugin tally\]/[plugin ledger]/' "$T/barrer.conf"
refuses "a plugin under another name" 'ledger\.so": exports no symbol "ledger_LTX_barrer"' \
    barrer run --bundle "$T/b" refused
done_testing
