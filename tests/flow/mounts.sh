#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The file system of a container: mounts and their options, masks, devices, propagation.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
mkdir -p "$T/vol/sub"
echo canary >"$T/vol/file"

# SCRIPT FILTER: a bundle with this script is run; the default mounts stay
mounts() { run_sh "$b" "$1" "${2:-.}"; }
vol() { # OPTIONS-JSON: a bind mount of the volume on /mnt
    echo ".mounts += [{destination: \"/mnt\", source: \"$T/vol\", type: \"bind\", options: $1}]"
}
options_of='grep " /mnt " /proc/self/mounts | cut -d" " -f4'

# --- the root ---
mounts 'touch /x' '.root.readonly = true'
like "$error" 'Read-only' "root.readonly"
mounts 'touch /x && rm /x && echo written' '.root.readonly = false'
is "$output" written "a writable root"
mounts 'ls -a / | tr "\n" " "; ls /..'
unlike "$output" 'rootfs' "nothing of the bundle's surroundings is visible"
mounts 'grep -c oldroot\\\|pivot\\\|put_old /proc/self/mountinfo; wc -l </proc/self/mountinfo'
like "$output" '^0' "the old root is gone from the mount table"
host_mounts=$(wc -l </proc/self/mountinfo)
mounts true
is "$(wc -l </proc/self/mountinfo)" "$host_mounts" "run leaves no mount on the host side"

# --- the default bundle ---
mounts 'for i in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do grep -q " $i " /proc/self/mounts && echo $i; done'
is "$output" $'/proc\n/dev\n/dev/pts\n/dev/shm\n/dev/mqueue\n/sys' "the mounts of the default configuration"
mounts 'for i in null zero full random urandom tty; do [ -c /dev/$i ] && echo $i; done; echo x >/dev/null; head -c 3 /dev/zero | od -An -tx1'
is "$output" $'null\nzero\nfull\nrandom\nurandom\ntty\n 00 00 00' "the default devices exist and work"
mounts 'for i in fd stdin stdout stderr ptmx; do readlink /dev/$i; done'
is "$output" $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx' "the default links"
mounts 'for i in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $i ] || wc -c <$i; done | sort -u; ls /proc/scsi 2>/dev/null | wc -l'
is "$output" $'0\n0' "masked paths are empty"
mounts 'for i in bus fs irq sys sysrq-trigger; do [ ! -e /proc/$i ] || grep -q " /proc/$i .* ro," /proc/self/mounts || echo /proc/$i; done; echo x >/proc/sys/kernel/hostname'
is "$output" "" "read-only paths are read-only mounts"
like "$error" 'Read-only' "and refuse to be written"
mounts 'cat /secret; ls /hidden; echo x >/ro/file' '.root.readonly = false | .linux.maskedPaths += ["/secret", "/hidden", "/not/there"]
    | .linux.readonlyPaths += ["/ro", "/not/there"]' 2>/dev/null
mkdir -p "$b/rootfs/hidden" "$b/rootfs/ro"
echo s >"$b/rootfs/secret" && echo s >"$b/rootfs/hidden/file" && echo s >"$b/rootfs/ro/file"
mounts 'cat /secret; ls /hidden; echo x >/ro/file' '.root.readonly = false | .linux.maskedPaths += ["/secret", "/hidden", "/not/there"]
    | .linux.readonlyPaths += ["/ro", "/not/there"]'
is "$output" "" "masked files and folders of the root"
like "$error" 'Read-only' "read-only paths of the root; what is not there is passed over"

mounts 'grep -c " /secret " /proc/self/mountinfo' '.linux.maskedPaths += ["/secret", "/secret"]'
is "$output" 1 "a path that is named twice is masked once"

# --- the mode of a tmpfs ---
tmpfs='.root.readonly = false | .mounts += [{destination: "/hidden", type: "tmpfs", source: "tmpfs", options: $options}]'
chmod 2710 "$b/rootfs/hidden"
for options in '[]:2710' '["size=1m"]:2710' '["mode=1700"]:1700' '["size=1m", "mode=711"]:711'; do
    mounts 'stat -c %a /hidden' "${options%:*} as \$options | $tmpfs"
    is "$output" "${options##*:}" "a tmpfs with options ${options%:*} on a folder of mode 2710"
done
mounts 'stat -c %a /new/folder' '.root.readonly = false | .mounts += [{destination: "/new/folder", type: "tmpfs", source: "tmpfs"}]'
is "$output" 1777 "on none"

# --- bind mounts and options ---
mounts 'cat /mnt/file; touch /mnt/new' "$(vol '["bind"]')"
is "$output" canary "a bind mount"
ok "can be written" test -e "$T/vol/new"
mounts "$options_of; touch /mnt/x" "$(vol '["bind", "ro"]')"
like "$output" '^ro' "ro"
like "$error" 'Read-only' "holds"
# In a user namespace the kernel locks how the host's mounts keep access times.
atime='' ratime=''
if is_real_root; then atime='nodiratime noatime' ratime=rnoatime; else skip "access times" "needs real root"; fi
for option in nosuid nodev noexec nosymfollow $atime; do
    mounts "$options_of" "$(vol "[\"bind\", \"$option\"]")"
    like ",$output," ",$option," "option $option"
done
if is_real_root; then
    mounts "$options_of" "$(vol '["bind", "strictatime"]')"
    unlike ",$output," ',(relatime|noatime),' "option strictatime"
fi
mounts "$options_of" "$(vol '["bind", "nosuid", "suid"]')"
unlike ",$output," ',nosuid,' "the later of two opposite options wins"
mounts "$options_of" "$(vol '["bind", "no-such-option-x"]')"
if [ "$status" != 0 ]; then
    pass "an unknown option of a bind mount is refused"
else
    fail "an unknown option of a bind mount is refused" "$output"
fi
mounts 'cat /mnt' ".mounts += [{destination: \"/mnt-file\", source: \"$T/vol/file\", type: \"bind\", options: [\"bind\", \"ro\"]}] | .process.args = [\"cat\", \"/mnt-file\"]"
is "$output" canary "a bind mount of a file makes its target"
mounts 'cat /a/b/c/file' ".mounts += [{destination: \"/a/b/c\", source: \"$T/vol\", options: [\"rbind\"]}] | .root.readonly = false"
is "$output" canary "missing folders of a target are made"
if can_mount; then
    mount -t tmpfs tmpfs "$T/vol/sub"
    echo below >"$T/vol/sub/file"
    mounts 'cat /mnt/sub/file' "$(vol '["rbind"]')"
    is "$output" below "rbind brings the mounts below"
    if ! in_userns; then
        mounts 'ls /mnt/sub' "$(vol '["bind"]')"
        is "$output" "" "bind does not"
    else
        skip "bind does not" "in a user namespace the kernel wants rbind"
    fi
    mounts 'touch /mnt/sub/x' "$(vol '["rbind", "ro"]')"
    is "$status" 0 "ro is not recursive"
    rm -f "$T/vol/sub/x"
    mounts 'touch /mnt/sub/x' "$(vol '["rbind", "rro"]')"
    like "$error" 'Read-only' "rro is recursive"
    for option in rnosuid rnodev rnoexec $ratime; do
        mounts 'grep " /mnt/sub " /proc/self/mounts | cut -d" " -f4' "$(vol "[\"rbind\", \"$option\"]")"
        like ",$output," ",${option#r}," "option $option"
    done
    for kind in private shared slave unbindable; do
        mounts 'grep " /mnt " /proc/self/mountinfo | cut -d" " -f7-8' "$(vol "[\"rbind\", \"$kind\"]")"
        case $kind in
        private) unlike "$output" '(shared|master|unbindable):?' "propagation $kind" ;;
        shared) like "$output" 'shared:' "propagation $kind" ;;
        slave) unlike "$output" 'shared:' "propagation $kind" ;;
        unbindable) like "$output" 'unbindable' "propagation $kind" ;;
        esac
    done
    umount "$T/vol/sub"
else
    for what in "rbind brings the mounts below" "bind does not" "ro is not recursive" "rro is recursive"; do
        skip "$what" "cannot mount here"
    done
fi
mounts 'df -k /mnt | tail -n 1 | tr -s " " | cut -d" " -f2; stat -c %a /mnt' \
    '.mounts += [{destination: "/mnt", source: "tmpfs", type: "tmpfs", options: ["size=128k", "mode=711", "nosuid"]}]'
is "$output" $'128\n711' "tmpfs with data options"
mounts 'cat /etc/passwd | head -n 1; touch /etc/new' \
    '.mounts += [{destination: "/etc", source: "tmpfs", type: "tmpfs", options: ["tmpcopyup", "mode=755"]}]'
is "$status $output" "0 root:x:0:0:root:/root:/bin/sh" "tmpcopyup"
not_ok "leaves the root alone" test -e "$b/rootfs/etc/new"
mounts true '.mounts += [{destination: "/mnt", source: "x", type: "nosuchfs"}]'
isnt "$status" 0 "an unknown file system type fails"
like "$error" '(nosuchfs|/mnt)' "and the error names it"
mounts true ".mounts += [{destination: \"/mnt\", source: \"$T/missing\", options: [\"bind\"]}]"
like "$error" 'missing' "a bind source that is not there is named"
mounts true '.mounts += [{destination: "relative", source: "tmpfs", type: "tmpfs"}]'
pass "a relative destination does not crash ($status)"

# --- id-mapped mounts ---
if is_real_root; then
    mkdir -p "$T/ids" && touch "$T/ids/f" && chown 1000:1001 "$T/ids/f"
    map='uidMappings: [{containerID: 1000, hostID: 5000, size: 10}], gidMappings: [{containerID: 1000, hostID: 6000, size: 10}]'
    mounts 'stat -c %u:%g /mnt/f' ".mounts += [{destination: \"/mnt\", source: \"$T/ids\", options: [\"bind\"], $map}]"
    is "$output" 5000:6001 "an id-mapped mount shows mapped owners"
else
    skip "an id-mapped mount shows mapped owners" "needs real root"
fi

echo instead >"$T/in-place"
# Docker looks for these words.
mounts true '.mounts += [{destination: "/etc", source: "'"$T/in-place"'", type: "bind", options: ["bind"]}]'
like "$error" '"/etc" \(type "bind"; one is a folder, the other is not\): Not a directory' "a file cannot be mounted on a folder" || show
mounts true '.mounts += [{destination: "/bin/busybox", source: "'"$T"'", type: "bind", options: ["bind"]}]'
like "$error" '"/bin/busybox" \(type "bind"; one is a folder, the other is not\): Not a directory' "nor a folder on a file" || show

# --- devices ---
if is_real_root; then
    mounts 'ls -ln /dev/fuse-x /dev/pipe | tr -s " " | cut -d" " -f1,3-6' '.linux.devices = [
        {path: "/dev/fuse-x", type: "c", major: 10, minor: 229, fileMode: 432, uid: 5, gid: 6},
        {path: "/dev/pipe", type: "p", fileMode: 384}]'
    like "$output" 'crw-rw---- 5 6 10, 229' "a character device with mode and owner"
    like "$output" 'prw------- 0 0' "a pipe"
    # mknod(2) is not allowed there, and the host has no such name.
    mounts 'stat -c "%F %t:%T %u:%g %a" /dev/mine; head -c 2 /dev/mine | od -An -tx1' '
        .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}]
        | .linux.gidMappings = .linux.uidMappings
        | .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, uid: 10, gid: 11, fileMode: 438}]'
    is "$output" $'character special file 1:5 10:11 666\n 00 00' "a device with mode and owner in a user namespace" || show
else
    skip "a character device with mode and owner" "needs real root"
    skip "a pipe" "needs real root"
    skip "a device with mode and owner in a user namespace" "needs real root"
fi
mounts 'stat -c %t:%T /dev/random; cat /dev/full' '.mounts += [
    {destination: "/dev/random", source: "/dev/urandom", type: "bind", options: ["bind"]},
    {destination: "/dev/full", source: "'"$T/in-place"'", type: "bind", options: ["bind"]}]'
is "$output" $'1:9\ninstead' "what config.json mounts on a default device stays" || show
if is_real_root; then
    mounts 'stat -c %t:%T /dev/random' '.linux.devices = [{path: "/dev/random", type: "c", major: 1, minor: 8}]
        | .mounts += [{destination: "/dev/random", source: "/dev/urandom", type: "bind", options: ["bind"]}]'
    is "$output" 1:9 "and what it mounts on one of linux.devices" || show
else
    skip "and what it mounts on one of linux.devices" "needs real root"
fi

# --- a read-only /dev ---
mounts 'ls /dev/pts/ptmx /dev/null /dev/shm -d; grep -o "^tmpfs /dev tmpfs ro" /proc/mounts; touch /dev/x' '
    .mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)'
like "$output" '/dev/null
/dev/pts/ptmx
/dev/shm
tmpfs /dev tmpfs ro$' "what belongs below a read-only /dev is there"
like "$error" 'Read-only' "and nothing else can be made"

# --- the rootfs propagation ---
mounts 'grep " / / " /proc/self/mountinfo | cut -d" " -f7' '.linux.rootfsPropagation = "private"'
unlike "$output" 'shared' "rootfsPropagation private"

# --- the root given in another way ---
mv "$b/rootfs" "$T/elsewhere"
mkdir "$b/rootfs"
mounts 'echo hi' ".root.path = \"$T/elsewhere\""
is "$output" hi "root.path may be absolute"
rmdir "$b/rootfs"
jq '.root.path = "no-such-root"' "$b/config.json" >"$b/new" && mv "$b/new" "$b/config.json"
new_id
refuses "a root that is missing is named" 'no-such-root' barrer run --bundle "$b" "$id"
mv "$T/elsewhere" "$b/rootfs"

done_testing
