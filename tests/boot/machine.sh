#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# barrer-init as process 1 of machines (QEMU): faults there, and what no namespace has: a kernel that
# panics, roots to switch to, modules, devices.
. "$(dirname "$0")/../lib.sh"
for tool in qemu-system-x86_64 cpio busybox python3; do
    PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || skip_all "no $tool here"
done
init=$abs_top_builddir/sbin/barrer-init-static
[ -x "$init" ] || skip_all "this build has no barrer-init-static"
image=$abs_top_builddir/bin/barrer-image

make_files() { # NAME: the files of a machine in $T/NAME, with boot.conf from standard input
    local root=$T/$1
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc/barrer,var/lib/barrer,lib}
    cp "$(command -v busybox)" "$root/bin/busybox"
    "$root/bin/busybox" --list | grep -vx busybox | while read -r i; do ln -s busybox "$root/bin/$i"; done
    cp "$init" "$root/init"
    cp "$abs_top_builddir/bin/barrerctl-static" "$root/bin/barrerctl"
    cp "$top_srcdir/tests/boot/guest.sh" "$root/bin/guest.sh"
    cat >"$root/etc/barrer/boot.conf"
}
# ROOT NAME...: kernel modules, those that they need, and the table that tells which
add_modules() {
    python3 - "$image" "$@" <<'PYTHON'
import importlib.machinery, importlib.util, os, re, shutil, sys
loader = importlib.machinery.SourceFileLoader("image", sys.argv[1])
image = importlib.util.module_from_spec(importlib.util.spec_from_loader("image", loader))
loader.exec_module(image)
kernel = image.Kernel()
print(kernel.unpacked(), kernel.image)
target = os.path.join(sys.argv[2], "lib/modules", kernel.version)
os.makedirs(target, exist_ok=True)
name_of = lambda path: re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_")
needs = dict((name_of(l.split(":")[0]), l) for l in open(kernel.modules + "/modules.dep"))
with open(target + "/modules.dep", "w") as table:
    for name in sys.argv[3:]:
        if name not in needs: continue # built in
        table.write(needs[name])
        for path in needs[name].replace(":", "").split():
            os.makedirs(os.path.dirname(target + "/" + path), exist_ok=True)
            shutil.copy(kernel.modules + "/" + path, target + "/" + path)
PYTHON
}
pack() { # NAME: its initial RAM disk
    (cd "$T/$1" && find . | cpio --quiet -o -H newc) >"$T/$1.image"
}
# NAME [WORDS [QEMU-OPTION...]]: start it with these words on the kernel's command line
end='reboot: Power down' # what the kernel says last
machine() {
    local name=$1 words=${2:-} line
    shift
    [ $# = 0 ] || shift
    timeout -k 5 120 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 256M -display none -nodefaults \
        -no-user-config -no-reboot -monitor none -serial "file:$T/$name.console" -kernel "$kernel" -initrd "$T/$name.image" \
        -append "console=ttyS0 quiet panic=-1 no_timer_check mitigations=off random.trust_cpu=on $words" "$@" \
        >"$T/$name.errors" 2>&1 </dev/null
    # QEMU's status is 0 after a panic, too.
    is "$?/$(grep -c "$end" "$T/$name.console")/$(grep -c 'Kernel panic' "$T/$name.console")" 0/1/0 \
        "$name: ends in order: $end" || diag "$(cat "$T/$name.errors")" "$(tail -n 25 "$T/$name.console")"
    while read -r line; do
        case $line in
        ok*) pass "$name: ${line#ok }" ;;
        *) fail "$name: ${line#FAILED }" ;;
        esac
    done < <(tr -d '\r' <"$T/$name.console" | sed -n 's/^.*GUEST \([oF]\)/\1/p')
    [ -n "${said:-}" ] || like "$(grep -c 'GUEST' "$T/$name.console")" '^[1-9]' "$name: the guest has spoken"
    [ -z "${BARRER_KEEP:-}" ] || cp "$T/$name.console" "$BARRER_KEEP/"
}
read -r kernel packed < <(add_modules "$T") || skip_all "no kernel here, and none to download"

make_files faults <<'CONF'
[service steady]
exec = /bin/sleep 100000
[service also]
exec = /bin/sleep 100000
restart-delay = 1ms
restart-limit = 1000
[service stubborn]
exec = /bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
stop-timeout = 200ms
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh faults
after = steady also stubborn
output = console
start-timeout = 100s
CONF
pack faults
machine faults

make_files bare <<'CONF'
[service steady]
exec = /bin/sleep 100000
restart-delay = 1ms
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh bare
after = steady
start-timeout = 100s
CONF
rmdir "$T/bare"/{dev,proc,sys}
touch "$T/bare"/{dev,proc,sys}
pack bare
machine bare

# --- another kernel, and another start -------------------------------------------------------------------
${CC:-cc} -O2 -static -o "$T/load" "$top_srcdir/tests/tools/kexec.c" 2>"$T/load.errors" || diag "$(cat "$T/load.errors")"
make_files again <<'CONF'
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh again
CONF
pack again
make_files kexec <<'CONF'
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh kexec
start-timeout = 100s
CONF
cp "$T/load" "$T/kexec/bin/load"
cp "$packed" "$T/kexec/kernel"
cp "$T/again.image" "$T/kexec/initrd"
pack kexec
machine kexec "" -m 512M
is "$(grep -c 'GUEST ok the kernel that kexec has started' "$T/kexec.console")" 1 "kexec: the next kernel runs barrer-init"

# What nobody feeds any more: the machine starts again.
make_files ice <<'CONF'
[flow boot]
modules = softdog
watchdog = 2s
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh ice
start-timeout = 100s
CONF
add_modules "$T/ice" softdog >/dev/null
pack ice
end='softdog: Initiating system reboot' machine ice

# --- roots to switch to --------------------------------------------------------------------------------
# The first stage, and a disk with a root that has a barrer-init of its own.
first_stage() { # NAME, the rest of [flow boot] from standard input
    make_files "$1" <<CONF
[flow boot]
modules = virtio_pci virtio_blk crc32c_generic ext4 overlay
$(cat)
CONF
    printf '#!/bin/sh\necho "checked $1" >/run/fsck\nexit 1\n' >"$T/$1/bin/check"
    chmod 755 "$T/$1/bin/check"
    add_modules "$T/$1" virtio_pci virtio_blk crc32c_generic ext4 overlay >/dev/null
    pack "$1"
}
add_program() { # ROOT PROGRAM: and the libraries that it needs
    local file
    cp "$(command -v "$2")" "$1/sbin/"
    ldd "$(command -v "$2")" | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$1$(dirname "$file")"
        cp "$file" "$1$file"
    done
}
make_disk() { # NAME OPTION-OF-MKE2FS...: of the files of NAME
    local name=$1
    shift
    truncate -s 64M "$T/$name.disk"
    PATH=$PATH:/sbin mke2fs -q -t ext4 -d "$T/$name" "$@" "$T/$name.disk" 2>"$T/mke2fs" || diag "$(cat "$T/mke2fs")"
}
disk() { echo "-drive file=$T/$1.disk,format=raw,if=virtio,cache=unsafe"; }

make_files system <<'CONF'
[flow boot]
hostname = tested
sysctl = net.ipv4.ip_forward=1 kernel.panic=7
clock-floor = 4070908800
machine-id = yes
seed = /var/lib/barrer/seed
modules = softdog
watchdog = 2s
mount = tmpfs:/mnt:tmpfs:nosuid,size=1m
read-ahead = 32K
[service guest]
type = oneshot
exec = /bin/sh /bin/guest.sh root
output = console
start-timeout = 100s
[service later]
type = oneshot
exec = /bin/sh -c "echo later >/var/later"
after-boot = 8s
CONF
mkfifo "$T/system/var/later"
mv "$T/system/init" "$T/system/sbin/init"
head -c 512 /dev/urandom >"$T/system/var/lib/barrer/seed"
cp "$T/system/var/lib/barrer/seed" "$T/system/var/lib/barrer/seed.first"
add_modules "$T/system" softdog >/dev/null
echo "to be lost" >"$T/system/etc/barrer/boot.conf.gone"
make_disk system -L sysroot -U 11111111-2222-3333-4444-555555555555
first_stage ext4 <<'CONF'
root = LABEL=sysroot
root-options = rw
fsck = /bin/check
CONF
# shellcheck disable=SC2046 # words
machine ext4 "" $(disk system)
like "$(PATH=$PATH:/sbin dumpe2fs -h "$T/system.disk" 2>/dev/null)" 'Filesystem state: +clean' "ext4: the disk is unmounted in order"
unlike "$(PATH=$PATH:/sbin dumpe2fs -h "$T/system.disk" 2>/dev/null)" 'needs_recovery' "ext4: its journal is empty"

# The disk is damaged, and the real e2fsck mends it before it is mounted.
sed -i 's/guest.sh root/guest.sh read_only/' "$T/system/etc/barrer/boot.conf"
make_disk system -U 11111111-2222-3333-4444-555555555555
export PATH=$PATH:/usr/sbin:/sbin
printf 'clri /etc/barrer/boot.conf.gone\nset_super_value state 2\n' | debugfs -w -f - "$T/system.disk" >"$T/debugfs" 2>&1
e2fsck -fn "$T/system.disk" >"$T/fsck.before" 2>&1
is "$?" 4 "image: its disk is damaged"
first_stage image <<'CONF'
root = UUID=11111111-2222-3333-4444-555555555555
fsck = /sbin/e2fsck -p
CONF
add_program "$T/image" e2fsck
pack image
# shellcheck disable=SC2046 # words
machine image "" $(disk system)
e2fsck -fn "$T/system.disk" >"$T/fsck.after" 2>&1
is "$?" 0 "image: e2fsck has mended it" || diag "$(cat "$T/fsck.after")"

# A partition by the kernel's command line, a tmpfs over it, and no init in it: the same PID 1 goes on.
rm "$T/system/sbin/init"
sed -i 's/guest.sh read_only/guest.sh overlay/; /^read-ahead/d' "$T/system/etc/barrer/boot.conf"
make_disk system
python3 - "$T/system.disk" <<'PYTHON'
import struct, sys
root = open(sys.argv[1], "rb").read()
mbr = bytearray(512)
mbr[440:444] = struct.pack("<I", 0x0badcafe)
mbr[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0x83, b"\xff\xff\xff", 2048, len(root) // 512)
mbr[510:512] = b"\x55\xaa"
open(sys.argv[1], "wb").write(bytes(mbr) + bytes(2048 * 512 - 512) + root)
PYTHON
first_stage partition <<'CONF'
root-overlay = yes
read-ahead = 16K
CONF
# shellcheck disable=SC2046 # words
machine partition root=PARTUUID=0badcafe-01 $(disk system)
# The same behind a GPT.
python3 - "$T/system.disk" <<'PYTHON'
import binascii, struct, sys, uuid
old = open(sys.argv[1], "rb").read()
root = old[2048 * 512:]
n = 2048 + len(root) // 512
entry = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le + uuid.UUID("01234567-89ab-cdef-0123-456789abcdef").bytes_le \
    + struct.pack("<QQQ72s", 2048, n - 1, 0, "root".encode("utf-16-le"))
entries = entry + bytes(128 * 127)
def header(own, other, table):
    h = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, own, other, 34, n - 1, bytes(16), table, 128, 128,
                    binascii.crc32(entries))
    return (h[:16] + struct.pack("<I", binascii.crc32(h)) + h[20:]).ljust(512, b"\0")
mbr = bytearray(old[:512])
mbr[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1, n + 32)
first = bytes(mbr) + header(1, n + 32, 2) + entries
open(sys.argv[1], "wb").write(first.ljust(2048 * 512, b"\0") + root + entries + header(n + 32, 1, n))
PYTHON
cp "$T/partition.image" "$T/gpt.image"
# shellcheck disable=SC2046 # words
machine gpt root=PARTUUID=01234567-89AB-cdef-0123-456789abcdef $(disk system)

# --- a root that does not appear ----------------------------------------------------------------------
first_stage nothing <<'CONF'
root = LABEL=nothing
root-timeout = 300ms
rescue = /bin/sh /bin/guest.sh rescue
CONF
machine nothing
like "$(cat "$T/nothing.console")" 'barrer-init: the root LABEL=nothing did not appear in 300 ms \(set \[flow boot\] root' "nothing: one line says why"
is "$(grep -ac '^barrer-init: the root LABEL=nothing' "$T/nothing.console")" 1 "nothing: once"
first_stage reboots <<'CONF'
root = LABEL=nothing
root-timeout = 300ms
on-failure = reboot
CONF
end='reboot: Restarting system' said=0 machine reboots
like "$(cat "$T/reboots.console")" 'barrer-init: boot cannot go on: as \[flow boot\] on-failure says' "reboots: it says why"
done_testing
