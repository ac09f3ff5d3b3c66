#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The options of mounts: each one that the specification lists, as the kernel shows it; and those that
# crun adds.
. "$(dirname "$0")/../lib.sh"
need jq

is_real_root || spec_rootless=--rootless
mkdir -p "$T/vol/sub" && echo content >"$T/vol/file" && ln -s file "$T/vol/link"
# TYPE OPTIONS-JSON [SOURCE]: mounted on /mnt; $output: its options, blank, those of its file system
mounted() {
    run_sh "$T/b" 'sed -n "s|^[^/]*[^ ]* /mnt \([^ ]*\) .*- [^ ]* [^ ]* |\1 |p" /proc/self/mountinfo' \
        ".mounts += [{destination: \"/mnt\", type: \"$1\", source: \"${3:-$1}\", options: $2}]"
    read -r mine whole <<<"$output"
}
has() { [[ ,$1, == *,$2,* ]]; }
sets() { # OPTION WANTED [UNDOING]: of a tmpfs, and undone by a later option
    mounted tmpfs "[\"$1\"]"
    ok "$1" has "$mine,$whole" "$2" || diag "$error"
    [ -n "${3:-}" ] || return 0
    mounted tmpfs "[\"$1\", \"$3\"]"
    not_ok "$3 undoes it" has "$mine,$whole" "$2"
}
for one in 'ro ro rw' 'nosuid nosuid suid' 'nodev nodev dev' 'noexec noexec exec' 'sync sync async' \
    'noatime noatime atime' 'nodiratime nodiratime diratime' 'nosymfollow nosymfollow symfollow' \
    'relatime relatime norelatime' 'lazytime lazytime nolazytime' 'dirsync dirsync'; do
    is_real_root || [[ $one != nodev* ]] || continue
    sets $one
done
for one in strictatime norelatime; do
    mounted tmpfs "[\"$one\"]"
    not_ok "$one: every access counts" has "$mine" relatime
done
for one in atime nostrictatime; do
    mounted tmpfs "[\"$one\"]"
    ok "$one: relatime, which is the kernel's way" has "$mine" relatime
done
for one in defaults loud silent mand nomand iversion noiversion; do
    mounted tmpfs "[\"$one\"]"
    ok "$one is taken" test -n "$mine" || diag "$error"
done
mounted tmpfs '["size=64k", "mode=0700"]'
like "$whole" 'size=64k.*mode=700' "what is none is the file system's" || diag "$error"

if is_real_root; then
    mount -t tmpfs vol "$T/vol/sub"
    below() { # OPTION WANTED [UNDOING]: of a mount and of one below it
        run_sh "$T/b" 'sed -n "s|^[^/]*[^ ]* \(/mnt[^ ]*\) \([^ ]*\) .*|\1 \2|p" /proc/self/mountinfo' \
            ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$T/vol\", options: [\"rbind\", \"$1\"${3:+, \"$3\"}]}]"
        mine=$(sed -n 's|^/mnt ||p' <<<"$output") whole=$(sed -n 's|^/mnt/sub ||p' <<<"$output")
    }
    for one in 'rro ro rrw' 'rnosuid nosuid rsuid' 'rnodev nodev rdev' 'rnoexec noexec rexec' 'rnoatime noatime ratime' \
        'rnodiratime nodiratime rdiratime' 'rnosymfollow nosymfollow rsymfollow' 'rrelatime relatime rnorelatime'; do
        read -r option wanted undoing <<<"$one"
        below "$option" "$wanted"
        ok "$option: the mount" has "$mine" "$wanted" || diag "$output$error"
        ok "and the one below it" has "$whole" "$wanted"
        below "$option" "$wanted" "$undoing"
        not_ok "$undoing undoes it" has "$mine,$whole" "$wanted"
    done
    for one in rstrictatime rnostrictatime; do
        below $one
        ok "$one is taken" test -n "$whole" || diag "$error"
    done
    below ro
    not_ok "ro is for the mount alone" has "$whole" ro
    umount "$T/vol/sub"
else
    skip "options of everything below a mount" "needs real root"
fi

# --- crun's ---
bind() { # SCRIPT OPTIONS-JSON [SOURCE [DESTINATION]]
    run_sh "$T/b" "$1" ".mounts += [{destination: \"${4:-/mnt}\", type: \"bind\", source: \"${3:-$T/vol}\", options: $2}]"
}
for one in rsync rasync rdirsync rmand rnomand; do
    bind true "[\"rbind\", \"$one\"]"
    like "$status$error" "^0(barrer-run: warning: .*\"$one\" belongs to the whole file system.*)?$" "$one is taken"
done
bind 'readlink /made/it; ls /made' '["bind", "copy-symlink"]' "$T/vol/link" /made/it
is "$output" $'file\nit' "copy-symlink makes the link again" || diag "$error"
bind 'readlink /made/it' '["bind", "copy-symlink"]' "$T/vol/link" /made/it
is "$output" file "also where it is already"
rm "$T/b/rootfs/made/it" && ln -s other "$T/b/rootfs/made/it"
make_bundle "$T/b" ".mounts += [{destination: \"/made/it\", type: \"bind\", source: \"$T/vol/link\", options: [\"bind\", \"copy-symlink\"]}]"
new_id
refuses "but not where another is" 'made/it.*a link to .file. \(it is one to .other.\)' barrer run --bundle "$T/b" "$id"
bind 'cat /mnt/f' '["bind", "copy-symlink"]' "$T/vol/file" /mnt/f
is "$output" content "a source that is no link is mounted"
touch "$T/b/rootfs/plain"
bind 'readlink /plain' '["bind", "src-nofollow"]' "$T/vol/link" /plain
is "$output" file "src-nofollow mounts the link itself" || diag "$error"
ln -sfn /etc/passwd "$T/b/rootfs/dest"
bind 'cat /dest; grep -c content /etc/passwd' '["bind", "dest-nofollow"]' "$T/vol/file" /dest
is "$output" $'content\n0' "dest-nofollow mounts on the link itself" || diag "$error"
make_bundle "$T/b" ".mounts += [{destination: \"/proc/self\", type: \"bind\", source: \"$T/vol/link\",
    options: [\"bind\", \"src-nofollow\", \"dest-nofollow\"]}]"
new_id
refuses "a link of procfs stays uncovered" 'cover "/proc/self", a link of procfs' barrer run --bundle "$T/b" "$id"
make_bundle "$T/b" '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["copy-symlink"]}]'
new_id
refuses "they are for bind mounts" 'copy-symlink.*bind mounts' barrer run --bundle "$T/b" "$id"

# --- the root as a source, as a destination, and its path on the host as a destination's ---
mkdir -p "$T/vol/inner" "$T/b/rootfs/mnt" "$T/b/rootfs/final"
echo inner >"$T/vol/inner/file"
run_sh "$T/b" 'cat /final/inner/file' ".mounts += [
    {destination: \"/mnt\", type: \"bind\", source: \"$T/vol\", options: [\"bind\"]},
    {destination: \"$T/b/rootfs/final\", type: \"bind\", source: \"$T/b/rootfs/mnt\", options: [\"rbind\"]}]"
is "$output" inner "a source in the root is what an earlier mount made of it" || diag "$error"
cp -a "$T/b/rootfs" "$T/other"
echo other >"$T/other/etc/which"
run_sh "$T/b" 'cat /etc/which; ls /proc/self/exe; touch /x || echo read-only' \
    ".root.readonly = true | .mounts = [{destination: \"/\", type: \"bind\", source: \"$T/other\", options: [\"bind\"]}] + .mounts"
is "$output" $'other\n/proc/self/exe\nread-only' "a bind mount on / is the root" || diag "$error"

# --- maps of a mount's own ---
if is_real_root; then
    mkdir "$T/ids"
    touch "$T/ids/a" "$T/ids/b"
    chown 3:103 "$T/ids/a"
    chown 12:112 "$T/ids/b"
    ids() { # WANTED DESCRIPTION MAPS [FILTER]
        run_sh "$T/b" 'stat -c %u:%g /mnt/a /mnt/b' "(${4:-.}) | .mounts += [{destination: \"/mnt\", type: \"bind\",
            source: \"$T/ids\", options: [\"bind\", \"$3\"]}]"
        is "$output" "$1" "$2" || diag "$error"
    }
    ids $'1003:2103\n4002:2112' "idmap=uids=...;gids=..." 'idmap=uids=0-1000-10#10-4000-10;gids=0-2000-1000'
    user='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 1000}]
        | .linux.gidMappings = [{containerID: 0, hostID: 2, size: 1000}] | .mounts |= map(select(.type != "cgroup"))'
    chown -R 1:2 "$T/b/rootfs"
    ids $'53:153\n62:162' "@ counts in the container's user namespace" 'idmap=uids=@0-50-100;gids=@0-50-200' "$user"
    make_bundle "$T/b" ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$T/ids\", options: [\"idmap=uids=5;gids=0-1-1\"]}]"
    new_id
    refuses "maps that are none" 'expected idmap=uids=' barrer run --bundle "$T/b" "$id"
else
    skip "id-mapped mounts" "needs real root"
fi
done_testing
