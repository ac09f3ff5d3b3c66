#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a user sees of a bad plugin: one sentence, a failure, and nothing left behind. And plugins come
# from the operator's folder alone: not from the container, its environment or its annotations.
. "$(dirname "$0")/../lib.sh"
without_leak_check
has_dynamic_plugins || skip_all "the plugins are built in"
modules=$abs_top_builddir/tests/plugins/.libs
[ -e "$modules/bad_magic.so" ] || skip_all "tests/plugins are not built"

mkdir -m 755 "$T/plugins"
cp "$abs_top_builddir"/tests/stage/plugins/*.so "$modules"/*.so "$T/plugins"
chmod 644 "$T/plugins"/*.so
BARRER_FLAGS="--plugin-dir $T/plugins"
make_bundle "$T/b" '.process.args = ["true"]'

refused() { # MODULE REGEX
    refuses "$1" "$2" barrer --set "flow container.resources=$1" run --bundle "$T/b" refused
}
refused bad_magic 'bad_magic\.so": its descriptor begins with 0x464c457f, wanted: 0x31525242'
refused bad_size 'its descriptor has 40 bytes, wanted: at least'
refused bad_major 'built for plugin ABI 2\.1, this barrer provides 0\.1 \(rebuild'
refused bad_minor 'built for plugin ABI 0\.7, this barrer provides 0\.1 \(rebuild'
refused bad_need 'needs plugin ABI 0\.9 or later, this barrer provides 0\.1 \(upgrade barrer'
refused bad_kind 'is of kind 77, which this barrer does not know'
refused bad_flags 'sets flags 0x4, which this barrer does not know'
refused bad_reserved 'its member "reserved" is 3, wanted: 0'
refused bad_name 'calls itself "area", wanted: "bad_name"'
refused bad_symbol 'exports no symbol "bad_symbol_LTX_barrer"'
refused bad_summary 'its summary is missing or not one printable line'
refused bad_opener 'has no "open"'
refused bad_ops 'has no table of operations'
refused bad_table 'its table of operations has 24 bytes'
refused bad_operation 'has no operation "join"'
refused bad_key 'its option "Size" is no valid key'
refused bad_reserved_key 'its option "module" is a key that barrer reads itself'
refused bad_type 'its option "size" is of type "integer"'
refused bad_default 'default of its option "size".*"much"'
refused bad_twice 'declares its option "size" twice'
refused bad_honours 'an entry of its list "honours" is empty or not printable'
refused bad_undefined 'cannot be loaded: undefined symbol: cgroup_of_nobody'
refused bad_open 'find "/dev/abacus" for the plugin: No such device'
refused bad_silent 'open failed and did not say why'
refused marker 'is a plugin of kind "process", wanted: "resources"'
refused nonesuch 'no file "nonesuch\.so" in '
chmod 646 "$T/plugins/tally.so"
refused tally 'tally\.so": writable by everybody \(mode 0646\), wanted: by its owner only'
chmod 644 "$T/plugins/tally.so"
if is_root; then
    chown 4242 "$T/plugins/tally.so"
    refused tally 'tally\.so": owned by user 4242, wanted: root'
    chown 0 "$T/plugins/tally.so"
else
    skip "a plugin of somebody else" "needs root"
fi
is "$(ls -A "$STATE" 2>/dev/null)" "" "nothing is left behind"

# The container's own files, which whoever made the image chose.
cp "$modules/tally.so" "$T/b/rootfs/native.so"
mkdir -p "$T/b/rootfs/lib" "$T/b/rootfs$T/plugins"
cp "$modules/tally.so" "$T/b/rootfs/lib/libc.so.6"
cp "$modules/tally.so" "$T/b/rootfs$T/plugins/native.so"
edit_bundle "$T/b" '.process.args = ["sh", "-c", "echo $LD_LIBRARY_PATH"]
    | .process.env += ["LD_LIBRARY_PATH=/", "LD_PRELOAD=/native.so", "LTDL_LIBRARY_PATH=/"]
    | .annotations = {"plugin-dir": "/", "org.barrer.plugin-dir": "/"}'
new_id
if command -v strace >/dev/null; then
    capture strace -f -o "$T/trace" -e trace=openat,open,execve "$BARRER_RUN" \
        --plugin-dir "$T/plugins" --root "$STATE" run --bundle "$T/b" "$id"
    is "$status $output" "0 /" "a container with modules and LD_ variables of its own runs"
    # The process that loads plugins is the first of the trace, and it opens them in the operator's
    # folder or on a read-only clone of it; those inside the container open none until the payload is
    # executed, whose own business its libraries are.
    is "$(awk 'NR == 1 { loader = $1 } /execve\("\/bin/ { exit }
        /"[^"]*\.so[^"]*"/ && ($1 != loader || /rootfs/) { print }' "$T/trace")" "" \
        "no module is opened but the operator's"
    is "$(grep -c '[/"]native\.so"' "$T/trace")" 1 "and that once"
else
    capture barrer run --bundle "$T/b" "$id"
    is "$status $output" "0 /" "a container with modules and LD_ variables of its own runs"
    skip "no module is opened but the operator's" "no strace here"
fi
done_testing
