#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images of barrer-image, built and booted: from kernel to C# services and down again, in each layout,
# from memory and from a disk.
# The build tree has the C# programs in its folder dotnet (make managed, managed/build.sh --netpeer).
. "$(dirname "$0")/../lib.sh"

image=$abs_top_builddir/bin/barrer-image
build=${BARRER_IMAGE_BUILD:-$abs_top_builddir}
for tool in qemu-system-x86_64 zstd mke2fs debugfs busybox; do
    PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || skip_all "no $tool here"
done
[ -e "$build/dotnet/aot/barrerd" ] || skip_all "the C# programs are not built (make managed)"

folder=$T/files
mkdir -p "$folder"/usr/lib/barrer "$folder"/usr/libexec/barrer "$folder"/etc/barrer "$folder"/usr/bin
cp "$top_srcdir/tests/image/guest.sh" "$folder/usr/lib/barrer/"
cp "$build/dotnet/netpeer/netpeer" "$folder/usr/libexec/barrer/"
cp /bin/busybox "$folder/usr/bin/"
printf '[link eth0]\ndhcp = yes\n[check]\nurl = http://www.test/\n' >"$folder/etc/barrer/net.conf"
printf '[log]\nconsole = yes\n' >"$folder/etc/barrer/log.conf"

cp "$top_srcdir/tests/image/boot.conf" "$T/several.conf"
# Where one process is init and the services.
sed -e '/^\[service \(log\|devmgr\|net\)\]/,/^$/d; /^logger/d; s/^after = net$/after = init/' "$T/several.conf" >"$T/one.conf"
config=$T/several.conf
make_image() { # NAME OPTION...
    local name=$1
    shift
    "$image" build --build "$build" --output "$T/$name" --config "$config" --root "$folder" \
        --modules veth "$@" >"$T/$name.report" 2>"$T/$name.errors" || {
        diag "$(cat "$T/$name.errors")"
        return 1
    }
}
of_several=("a service killed is restarted" "an address given back is gone" "it comes back")
licensed() { # NAME: each file of the image has a licence and a source, and each licence its text
    is "$(jq -r '.image[] | select(.part != "your files") | select((.licence // "see ") | startswith("see ")) | .path' "$T/$1.licences.json")" "" \
        "$1: each file has a licence"
    is "$(jq -r '.image[] | select((.source // "") == "") | .path' "$T/$1.licences.json")" "" "$1: each file has a source"
    is "$({
        echo "barrer: NOTICE"
        echo ".NET: ThirdPartyNotices.txt"
        jq -r '.image[].package // empty | split(" ")[0] + ": copyright"' "$T/$1.licences.json" | sort -u
    } | grep -vxFf "$T/$1.licences.txt")" "" "$1: each licence has its text"
}
boots() { # NAME ALSO...: in order, with everything that the guest tries
    local name=$1 what left=("an address by DHCP" "a name resolved" "an HTTP GET answered" "the address is the kernel's"
        "resolv.conf names the server" "init killed is restarted" "services untouched" "/dev/log is read")
    shift
    "$image" run "$T/$name" --timeout 480 >"$T/$name.console" 2>"$T/$name.errors" </dev/null
    is "$?" 0 "$name: the guest powers off in order"
    for what in "${left[@]}" "$@"; do
        is "$(grep -c "GUEST ok $what" "$T/$name.console")" 1 "$name: $what"
    done
    for what in init log devmgr net; do
        like "$(grep -a "$what: READY" "$T/$name.console")" "$what: READY" "$name: $what says READY on the console"
    done
    is "$(grep -c 'Kernel panic' "$T/$name.console")" 0 "$name: no panic"
    [ ! -s "$T/$name.errors" ] || diag "$(tail -n 3 "$T/$name.errors")" "$(tail -n 30 "$T/$name.console")"
    [ -z "${BARRER_IMAGE_KEEP:-}" ] || cp "$T/$name.console" "$BARRER_IMAGE_KEEP/"
}

ok "the image of native programs is built" make_image aot --layout aot
boots aot "log is sandboxed" "devmgr is sandboxed" "net is sandboxed" "${of_several[@]}"
licensed aot
make_image again --layout aot
is "$(sha256sum <"$T/again")" "$(sha256sum <"$T/aot")" "the same input gives the same bytes"
rm -f "$T/again" "$T/aot"

"$image" build --build "$build" --layout aot --output "$T/default" --json >"$T/default.json" 2>&1
size=$(jq .bytes "$T/default.json")
ok "the default system, all native, has at most 2,500,000 bytes ($size)" test "${size:-9999999}" -le 2500000

ok "the image of the C# init in a CLR is built" make_image clr
boots clr "log is sandboxed" "devmgr is sandboxed" "net is sandboxed" "${of_several[@]}"
licensed clr
rm -f "$T/clr"

# A disk: any framework-dependent assembly runs, from a shell and as a service.
mkdir -p "$T/app/srv"
apps=${BARRER_APPS:-$T/apps}
ok "the assembly is published" "$top_srcdir/tests/dotnet/publish.sh" "$apps" hello
cp -r "$apps/hello" "$T/app/srv/hello"
ok "the disk image is built" make_image disk --kind ext4 --root "$T/app"
boots disk "log is sandboxed" "devmgr is sandboxed" "net is sandboxed" "${of_several[@]}" "an assembly runs from the shell" "an assembly runs as a service"
licensed disk
rm -f "$T/disk"

config=$T/one.conf
ok "the image of one CLR process is built" make_image one --layout one
boots one
rm -f "$T/one"

"$image" build --build "$build" --output "$T/default" --json >"$T/default.json" 2>&1
size=$(jq .bytes "$T/default.json")
ok "the default system, trimmed, has at most 9,000,000 bytes ($size)" test "${size:-99999999}" -le 9000000

# What PID 1 costs, by a clock that counts instructions: the same on any host.
"$top_srcdir/bench/boot" --build "$build" --only inits --inits 'barrer-init;barrer-init, dlopen' --json >"$T/cost.json" 2>"$T/out" || diag "$(cat "$T/out")"
costs() { # N KEY LIMIT
    local figure
    figure=$(jq -r --arg key "$2" ".inits[$1][\$key]" "$T/cost.json")
    ok "PID 1$([ "$1" = 0 ] || echo " with ten modules loaded"): $2: $figure of $3" jq -e --arg key "$2" ".inits[$1][\$key] | type == \"number\" and . <= $3" "$T/cost.json"
}
costs 0 "first service, ms" 6
costs 0 "calls of PID 1" 300
costs 0 "executions" 2
costs 0 "RSS, kB" 1200
costs 0 "anonymous, kB" 128
costs 0 "switches in 10 s" 0
costs 0 "shutdown, ms" 100
is "$(jq '.inits[1].plugins' "$T/cost.json")" 10 "ten plugins are loaded"
costs 1 "first service, ms" 8
costs 1 "RSS, kB" 2000
costs 1 "anonymous, kB" 300

# The words of a failure, not QEMU's exit status, which is 0 for a panic.
"$image" run "$T/default" --append 'rdinit=/nothing init=/nothing root=/dev/nothing' --timeout 120 >"$T/out" 2>&1 </dev/null
is "$?" 1 "a panic is a failure"
like "$(tail -n 1 "$T/out")" 'barrer-image: the kernel panicked' "a panic is told"
"$image" run "$T/default" --append 'barrer.config=/etc/nowhere.conf' --until 'open "/etc/nowhere.conf"' --timeout 120 >"$T/out" 2>&1 </dev/null
is "$?" 0 "barrer.config= on the kernel's command line is the configuration"
for wrong in "build --output $T/x --size 12" "build --output $T/x --kind ext4 --size 12" "run $T/nothing" "build --output $T/x --root $T/nothing"; do
    # shellcheck disable=SC2086 # words
    "$image" $wrong >"$T/out" 2>&1
    is "$?" 1 "$wrong: refused"
    like "$(tail -n 1 "$T/out")" '^barrer-image: ' "$wrong: one line"
done
done_testing
