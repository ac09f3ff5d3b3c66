#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A whole Debian as the root, made with debootstrap (cached below ${XDG_CACHE_HOME:-~/.cache}/barrer).
. "$(dirname "$0")/../lib.sh"
need jq debootstrap
is_real_root || skip_all "needs real root"
[ -z "${IN_VM:-}" ] || skip_all "no network in the machine"

find_debian
b=$T/b
make_bundle "$b"
rm -rf "$b/rootfs"
make_overlay "$debian" "$b/rootfs" || skip_all "no overlay file system here"
in_debian() { # SCRIPT [FILTER]
    edit_bundle "$b" ".process.args = [\"bash\", \"-c\", \$s] | (${2:-.})" --arg s "$1"
    new_id
    capture barrer run --bundle "$b" "$id"
}
in_debian '. /etc/os-release; echo $ID $VERSION_CODENAME; dpkg-query -W -f "\${Status}\n" libc6'
is "$output" $'debian bookworm\ninstall ok installed' "Debian's shell, awk and dpkg run in it" || show
in_debian 'perl -e "print 6 * 7"; ls / | grep -c .; id -un; stat -fc %T /proc /sys /dev /dev/pts' '.root.readonly = false'
like "$output" '^42' "perl runs" || show
like "$output" 'root
proc
sysfs
tmpfs
devpts' "the file systems that programs expect"
in_debian 'apt-get --version | head -n 1; touch /root/x && echo written; useradd -m someone && su someone -c "id -un"' '.root.readonly = false
    | (.process.capabilities | (.bounding, .permitted, .effective)) |= (. + ["CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_AUDIT_WRITE"] | unique)'
like "$output" 'written' "apt is there, and the root can be written" || show
like "$output" 'someone' "useradd and su work with their capabilities" || show
start=$id
edit_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
barrer run --detach --bundle "$b" "$id" </dev/null >/dev/null
is "$(barrer exec "$id" bash -c 'echo $BASH_VERSION' | cut -d. -f1)" 5 "exec of its shell"
is "$(barrer exec --user 1 "$id" id -un)" daemon "exec as another user"
barrer delete --force "$id"
[ "$start" != "$id" ]
umount "$b/rootfs"
done_testing
