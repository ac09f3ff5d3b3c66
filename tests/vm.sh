#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/vm.sh [-m MIB] [-t SECONDS] [-k FOLDER] [-s WORDS] COMMAND [ARG...]
#
# Run a command as root in a throw-away virtual machine (QEMU, without KVM) that has what a test
# host may lack: all controllers of cgroup v2 on /sys/fs/cgroup, all capabilities, a disk /dev/vda
# whose input and output can be limited. The guest runs Debian's kernel on the files of this machine:
# "/" is shared read-only by 9p with a tmpfs over it, so everything installed here is there, and
# what the command writes is gone when it ends. The command runs in the caller's working folder with
# the caller's exported environment; TMPDIR is a tmpfs. Its output and its exit status are ours;
# 125: the machine did not come up, or ran out of time (-t, 600 s).
#
# -s: systemd is PID 1, and the command runs in a service, with WORDS behind the kernel's command
# line: "" for cgroup v2, systemd.unified_cgroup_hierarchy=0 for its hybrid of v1 and v2.
#
# Needs qemu-system-x86 busybox-static cpio kmod; and linux-image-amd64, or apt-get to download it
# to ${XDG_CACHE_HOME:-~/.cache}/barrer (-k: another folder with boot/ and lib/modules/).
set -euo pipefail

die() {
    echo "${0##*/}: $*" >&2
    exit 125
}
memory=2048 limit=600 kernels='' words='' init="/bin/bash /run/main"
while getopts m:t:k:s: option; do
    case $option in
    m) memory=$OPTARG ;;
    t) limit=$OPTARG ;;
    k) kernels=$OPTARG ;;
    s) words=$OPTARG init="/lib/systemd/systemd --unit=barrer-vm.target" ;;
    *) die "usage: ${0##*/} [-m MIB] [-t SECONDS] [-k FOLDER] [-s WORDS] COMMAND [ARG...]" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "usage: ${0##*/} [-m MIB] [-t SECONDS] [-k FOLDER] [-s WORDS] COMMAND [ARG...]"
for tool in qemu-system-x86_64 busybox cpio modprobe; do
    PATH=$PATH:/sbin:/usr/sbin command -v $tool >/dev/null || die "no $tool here"
done
PATH=$PATH:/sbin:/usr/sbin

newest_kernel() { find "$1/boot" -name 'vmlinuz-*-amd64' 2>/dev/null | sort -V | tail -n 1; }
download_kernel() { # FOLDER
    local package
    package=$(apt-cache depends --important linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
    [ -n "$package" ] || die "no package linux-image-amd64 (apt-get update?)"
    mkdir -p "$1"
    (cd "$1" && apt-get -qq -o APT::Sandbox::User=root download "$package" &&
        dpkg-deb -x linux-image-*.deb . && rm -f linux-image-*.deb) >&2 || die "cannot download $package"
}
if [ -z "$kernels" ]; then
    kernels=/
    if [ -z "$(newest_kernel /)" ]; then
        kernels=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/barrer
        [ -n "$(newest_kernel "$kernels")" ] || download_kernel "$kernels"
    fi
fi
kernels=$(realpath "$kernels")
kernel=$(newest_kernel "$kernels")
[ -n "$kernel" ] || die "no kernel in $kernels/boot"
version=${kernel##*/vmlinuz-}
[ -e "$kernels/lib/modules/$version/modules.dep" ] || depmod -b "$kernels" "$version"

work=$(mktemp -d "${TMPDIR:-/tmp}/barrer-vm.XXXXXX")
qemu=
cleanup() {
    [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 125' INT TERM HUP

# --- the initial RAM disk: busybox, the modules that reach the root, and two scripts ----------------
mkdir -p "$work"/initrd/{bin,modules,proc,sys,dev,lower,upper,newroot}
cp "$(command -v busybox)" "$work/initrd/bin/"
for module in virtio_pci virtio_blk virtio_console 9p 9pnet_virtio overlay; do
    modprobe -d "$kernels" -S "$version" --show-depends $module | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "${file%.xz}")
    case $file in
    *.xz) xz -dc "$file" >"$work/initrd/modules/$name" ;;
    *) cp "$file" "$work/initrd/modules/$name" ;;
    esac
    echo "$name" >>"$work/initrd/modules/order"
done
{
    export -p
    printf 'cd %q\n' "$PWD"
    echo 'export TMPDIR=/run/tmp IN_VM=1; unset XDG_RUNTIME_DIR'
    printf '%q ' "$@"
} >"$work/initrd/command"

cat >"$work/initrd/init" <<'END'
#!/bin/busybox sh
fail() { echo "vm: $*"; poweroff -f; }
/bin/busybox --install /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod /modules/$module || fail "module $module"; done </modules/order
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /lower || fail "9p"
mount -t tmpfs -o mode=755,size=90% tmpfs /upper
mkdir -m 755 /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /newroot || fail overlay
cd /newroot
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
[ -e /systemd ] || mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 sys/fs/cgroup
mount -t securityfs -o nosuid,nodev,noexec securityfs sys/kernel/security
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mkdir -m 1777 run/tmp
mount -o move /dev dev
mkdir -p dev/pts dev/shm dev/mqueue
mount -t devpts -o nosuid,noexec,gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o nosuid,nodev shm dev/shm
mount -t mqueue -o nosuid,nodev,noexec mqueue dev/mqueue
ln -s /proc/self/fd dev/fd
for i in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${i%:*} dev/${i#*:}; done
if [ -s /modules/folder ]; then
    mkdir -p lib/modules/$(uname -r)
    mount -o bind ".$(cat /modules/folder)" lib/modules/$(uname -r)
fi
hostname vm
ip link set lo up
cp /command /main run/
if [ -e /systemd ]; then
    # By it systemd would take the machine for a container, and not read the kernel's command line.
    rm -f .dockerenv
    mkdir -p run/systemd/system
    cp /systemd/* run/systemd/system/
fi
umount /proc
exec switch_root /newroot $(cat /pid1)
END
echo "$init" >"$work/initrd/pid1"
if [[ $init = *systemd* ]]; then
    mkdir "$work/initrd/systemd"
    printf '[Unit]\nDefaultDependencies=no\nWants=barrer-vm.service\n' >"$work/initrd/systemd/barrer-vm.target"
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/bash /run/main\nKillMode=process\n' \
        >"$work/initrd/systemd/barrer-vm.service"
fi
[ "$kernels" = / ] || echo "$kernels/lib/modules/$version" >"$work/initrd/modules/folder"

cat >"$work/initrd/main" <<'END'
(. /run/command) </dev/null >/dev/vport0p1 2>&1
echo $? >/dev/vport0p2
sync
echo o >/proc/sysrq-trigger
exec sleep infinity
END
chmod +x "$work/initrd/init"
(cd "$work/initrd" && find . | cpio --quiet -o -H newc) >"$work/initrd.cpio"

# --- the machine -----------------------------------------------------------------------------------
truncate -s 256M "$work/disk"
mkfifo "$work/output.in" "$work/output.out"
cat "$work/output.out" &
reader=$!
timeout -k 5 "$limit" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" \
    -display none -nodefaults -no-user-config -no-reboot \
    -kernel "$kernel" -initrd "$work/initrd.cpio" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check random.trust_cpu=on $words" \
    -serial "file:$work/console" \
    -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
    -device virtio-serial-pci \
    -chardev "pipe,id=output,path=$work/output" -device virtserialport,chardev=output,nr=1 \
    -chardev "file,id=status,path=$work/status" -device virtserialport,chardev=status,nr=2 \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    </dev/null >&2 &
qemu=$!
wait $qemu || :
qemu=
: 3<>"$work/output.out" # ends the reader where QEMU never opened the pipe
wait $reader
[ -s "$work/status" ] || {
    tail -n 25 "$work/console" >&2 || :
    die "the machine ended without an exit status"
}
exit "$(cat "$work/status")"
