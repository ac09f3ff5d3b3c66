#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/peers/podman.sh SOURCE RUNTIME [FILE...]: run podman's system tests (test/system/*.bats of its
# source package) with a runtime, inside the box; a line "VERDICT<tab>FILE: TEST" per test on stdout.
# The installed podman is used, and an image that is made here from busybox: only files whose tests
# need no other image and no registry are run.
set -eu
source=$1 runtime=$2
here=$(cd "$(dirname "$0")" && pwd)
shift 2

. "$here/conf.sh"
configure_runtime "$runtime"
work=$(mktemp -d)
chmod 755 "$work"
cp -a "$source/test" "$work"
mount -t tmpfs -o mode=755 tmpfs /var/lib/containers
mkdir -p /etc/containers
cat >/etc/containers/containers.conf <<END
[containers]
pids_limit = 0
default_sysctls = []
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["$(basename "$runtime")", "crun"]
runtime_supports_nocgroups = ["$(basename "$runtime")", "crun"]
END
printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
    >/etc/containers/storage.conf
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
unset XDG_RUNTIME_DIR
export PODMAN="podman --runtime $runtime" PODMAN_TIMEOUT=60

# The log driver "journald" needs nothing else of systemd.
if [ -x /lib/systemd/systemd-journald ]; then
    mkdir -p /run/systemd/journal /run/log/journal
    [ -s /etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
    /lib/systemd/systemd-journald >/dev/null 2>&1 &
fi

# The image that the tests ask for, as far as they look into it.
root=$work/image
mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,run,root,srv,usr/bin,var/www,home/podman}
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
"$root/bin/busybox" --install "$root/bin"
printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\ndaemon:x:1:\nmail:x:12:\nnobody:x:65534:\n' >"$root/etc/group"
printf 'NAME="busybox"\nID=busybox\n' >"$root/etc/os-release"
ln -s ../proc/mounts "$root/etc/mtab"
ln "$root/bin/busybox" "$root/usr/bin/nsenter"
# Debian's static busybox leaves this one out.
gcc -static -O1 -x c -o "$root/bin/printenv" - <<'END'
#include <stdio.h>
#include <string.h>
extern char **environ;
int main(int argc, char **argv)
{
    for (char **e = environ; *e != NULL; e++)
        if (argc < 2)
            puts(*e);
        else if (strncmp(*e, argv[1], strlen(argv[1])) == 0 && (*e)[strlen(argv[1])] == '=')
            return puts(*e + strlen(argv[1]) + 1) < 0;
    return argc > 1;
}
END
echo 20220615 >"$root/home/podman/testimage-id"
touch --date=@1600000000 "$root/home/podman/testimage-id"
printf '#!/bin/sh\necho Confirmed: testimage pause invoked as $0\nwhile :; do sleep 0.1; done\n' >"$root/home/podman/pause"
chmod 755 "$root/home/podman/pause"
tar -C "$root" -cf "$work/image.tar" .
podman import --change 'WORKDIR /home/podman' --change 'LABEL created_by=test/system/build-testimage' \
    --change 'CMD ["/bin/echo", "This container is intended for podman CI testing"]' \
    "$work/image.tar" quay.io/libpod/testimage:20220615 >&2

cd "$work/test/system"
. "$here/bats.sh"
[ $# -gt 0 ] || set -- 030-run.bats 032-sig-proxy.bats 035-logs.bats 045-start.bats 050-stop.bats \
    055-rm.bats 065-cp.bats 075-exec.bats 080-pause.bats 130-kill.bats 160-volumes.bats 180-blkio.bats \
    190-run-ipcns.bats 220-healthcheck.bats 280-update.bats 420-cgroups.bats 450-interactive.bats
run_bats /dev/null "$@"
