#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The table of docs/plugins.md against reality: traces of real runs, and what the modules import.
. "$(dirname "$0")/../lib.sh"
without_leak_check
need strace
is_real_root || skip_all "the table is about real root: needs real root"
is_sanitized && skip_all "sanitizers make calls of their own"
table=$top_srcdir/docs/plugins.md

# PLUGIN COLUMN: the words of a cell of the first table ("always" is 3, "when asked for" is 4).
cell() { awk -F'|' -v p="$1" -v c="$2" '$2 == " " p " " { print $c; exit }' "$table"; }
words() { tr -s ' \n' '\n\n' | sed '/^$/d' | sort -u; }
row() { { cell "$1" 3; cell "$1" 4; } | words; }

# LOG: "INSTANCE CALL" for each call that was made between two stages, one line each. The core logs
# each stage before it calls a plugin; execve(2) ends what is ours.
calls_of() {
    awk '{
        pid = $1
        if (match($0, /stage [a-z]+ [a-z]+( [a-z0-9_]+)?/) && $2 ~ /^(write|writev|sendmsg|sendto)\(/) {
            n = split(substr($0, RSTART, RLENGTH), part, " ")
            now[pid] = part[n]
        } else if (pid in now && match($2, /^[a-z0-9_]+\(/)) {
            call = substr($2, 1, RLENGTH - 1)
            if (call == "syscall_0x1d3") # strace before 6.13
                call = "open_tree_attr"
            if (call ~ /^execve/)
                delete now[pid]
            else
                print now[pid], call
        }
    }' "$1" | sort -u
}

trace() { # DESCRIPTION FILTER: of a run; sets $T/calls
    make_bundle "$T/b" ".process.args = [\"true\"] | ($2)"
    new_id
    rm -f "$T/log"
    # shellcheck disable=SC2086 # the flags are words
    capture strace -f -q -s 300 -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" \
        --log "$T/log" --log-level debug run --bundle "$T/b" "$id"
    is "$status" 0 "$1 runs under strace" || diag "$error"
    calls_of "$T/trace" >"$T/calls"
    isnt "$(wc -l <"$T/calls")" 0 "$1: the trace tells the stages"
}
used() { sed -n "s/^$1 //p" "$T/calls"; }
check_known() { # DESCRIPTION: no call that the table does not have
    local plugin
    for plugin in $(cut -d' ' -f1 "$T/calls" | sort -u); do
        [ -n "$(row "$plugin")" ] || continue
        is "$(comm -23 <(used "$plugin") <({ row "$plugin"; row core; } | words))" "" \
            "$1: the calls of $plugin are in the table"
    done
}

is_root || skip_all "the table is about root"
trace "the default container" .
check_known "the default container"
# Of the two, the one that this host can use.
cgroup=$(sed -n 's/.*stage prepare resources //p' "$T/log")
for plugin in namespace overlayfs process native "$cgroup"; do
    is "$(comm -13 <(used "$plugin") <(cell "$plugin" 3 | words))" "" \
        "what $plugin does always is in the trace"
done
is "$(used seccomp)" "" "seccomp does nothing unless it is asked for"

trace "a container with a filter" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
    {names: ["getcwd"], action: "SCMP_ACT_ERRNO"}]}'
check_known "a container with a filter"
isnt "$(used seccomp | grep -cx 'seccomp\|prctl')" 0 "the filter is loaded by the plugin"
limit=
has_controller pids && limit='| .linux.resources.pids = {limit: 50}'
trace "a container with a domain name, parameters, limits and a umask" '.domainname = "example"
    | .linux.sysctl = {"net.ipv4.ip_forward": "1"} | .process.user.umask = 63
    | .process.oomScoreAdj = 100 '"$limit"
check_known "a container with a domain name, parameters, limits and a umask"

# The other direction: which calls a module can make at all. Names of the C library's functions on
# the left, of the system calls that they are on the right.
if has_dynamic_plugins && command -v nm >/dev/null; then
    dir=${BARRER_FLAGS##*--plugin-dir } dir=${dir%% *}
    calls=" access bind bpf chdir chroot close connect dup3 eventfd faccessat fchdir fchmod fchmodat fchown
        fchownat fremovexattr fsconfig fsetxattr fsmount fsopen fstat fstatat fstatfs fstatvfs
        getegid geteuid getpid getrlimit inotify_add_watch inotify_init1 ioctl kill memfd_create mkdir mkdirat mknodat
        mmap mount mount_setattr move_mount open open_tree openat personality pivot_root poll prctl
        pread prlimit read readdir readlinkat rename renameat2 rmdir sendfile sendmsg setdomainname
        sethostname setgroups setns setresgid setresuid setrlimit setsid socket stat
        statfs statx symlinkat umask umount2 unlink unlinkat unshare utimensat write writev "
    for plugin in namespace cgroup cgroup1 resctrl overlayfs process seccomp native; do
        imported=$(nm -D --undefined-only "$dir/$plugin.so" | sed 's/.* //; s/@.*//' | while read -r name; do
            [[ " ${calls//$'\n'/ } " = *" $name "* ]] && echo "$name"
        done | sed 's/^open$/openat/; s/^f\?stat\(at\)\?$/newfstatat/; s/^readdir$/getdents64/
            s/^\(get\|set\)rlimit$/prlimit64/; s/^prlimit$/prlimit64/; s/^pread$/pread64/
            s/^eventfd$/eventfd2/; s/^fstatvfs$/fstatfs/; /^close$/d' | sort -u)
        # A static libcap brings cap_launch(3) along, which nothing calls.
        [ $plugin = process ] && imported=$(grep -vx chroot <<<"$imported")
        is "$(comm -23 <(printf '%s\n' "$imported" | sed '/^$/d') <(row "$plugin"))" "" \
            "every call that $plugin.so imports is in the table"
    done
else
    skip "what the modules import" "no dynamic plugins, or no nm"
fi
done_testing
