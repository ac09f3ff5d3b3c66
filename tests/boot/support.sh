# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests of barrer-init, after tests/lib.sh:
#
#   boot_start <<'EOF'          # boot.conf of a new system in namespaces; $boot, $boot_root
#   EOF
#   ctl status                  # barrerctl of that system
#   boot_end 0 "it powers off"  # wait for its end
#
# The root is a folder with this machine's /usr (read-only programs) and the build at /build.

INIT=$abs_top_builddir/sbin/barrer-init
CTL=$abs_top_builddir/bin/barrerctl
boot='' boot_root='' boot_count=0 boot_runs=0 boot_log=''
is_real_root || skip_all "needs real root"
is_sanitized && skip_all "sanitizers handle faults by themselves"
can_mount || skip_all "cannot mount here"

boot_make_root() { # sets $boot_root
    local dir
    boot_count=$((boot_count + 1))
    boot_root=$T/root$boot_count
    mkdir -p "$boot_root"/{etc/barrer,run,tmp,proc,sys,dev,build,var/lib,root,usr}
    for dir in bin sbin lib lib64; do
        if [ -L /$dir ]; then ln -s "$(readlink /$dir)" "$boot_root/$dir"; else
            mkdir "$boot_root/$dir"
            mount --rbind /$dir "$boot_root/$dir"
        fi
    done
    mount --bind /usr "$boot_root/usr"
    mount -o remount,bind,ro "$boot_root/usr"
    mount --bind "$abs_top_builddir" "$boot_root/build"
    mount -o remount,bind,ro "$boot_root/build"
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' >"$boot_root/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$boot_root/etc/group"
}
# What every configuration of the tests begins with.
boot_head() {
    if has_dynamic_plugins; then printf '[core]\nplugin-dir = /build/tests/stage/plugins\n'; fi
}
# PID 1 is the only child of barrer-init --test.
boot_pid1() { pgrep -P "$boot" 2>/dev/null | head -n 1; }
# Start the system of $boot_root, or a new one, with boot.conf from standard input: as the one file, or,
# with $boot_layers, as that of /etc/barrer.
boot_layers=
boot_launch() { # [WRAPPER...]
    [ -n "$boot_root" ] && [ ! -e "$boot_root/.used" ] || boot_make_root
    touch "$boot_root/.used"
    { boot_head; cat; } >"$boot_root/etc/${boot_layers:+barrer/}boot.conf"
    boot_runs=$((boot_runs + 1))
    boot_log=$T/boot$boot_runs.log
    # shellcheck disable=SC2046 # two words or none
    "$@" "$INIT" --test "$boot_root" $([ -n "$boot_layers" ] || echo --config /etc/boot.conf) </dev/null >"$boot_log" 2>&1 8>&- 9>&- &
    boot=$!
}
boot_is_up() { ctl status >/dev/null 2>&1; }
boot_is_ready() { grep -q 'barrer-init: READY' "$boot_log"; }
boot_start() { # waits until it is READY
    boot_launch "$@"
    wait_until 20 boot_is_ready || {
        diag "not READY:" "$(tail -n 20 "$boot_log")"
        return 1
    }
}
ctl() { "$CTL" --socket "/proc/$(boot_pid1)/root/run/barrer/control" "$@"; }
ctl_state() { ctl status "$1" --json | jq -r '.services[0].state'; }
ctl_pid() { ctl status "$1" --json | jq -r '.services[0].pid'; }
ctl_number() { ctl status "$1" --json | jq -r ".services[0].$2"; }
is_state() { [ "$(ctl_state "$1" 2>/dev/null)" = "$2" ]; }
# The pid on this side of a process of the system, whose namespace is below ours.
boot_host_pid() { # PID-THERE
    local pids
    pids=$(pgrep --ns "$(boot_pid1)" --nslist pid '' | sed 's|.*|/proc/&/status|')
    # shellcheck disable=SC2086 # names without blanks
    awk -v wanted="$1" '/^Pid:/ { pid = $2 } /^NSpid:/ && $NF == wanted && NF > 2 { print pid; found = 1; exit }
        END { exit !found }' $pids 2>/dev/null
}
boot_end() { # WANTED-STATUS DESCRIPTION
    local rc=124
    if wait_until 30 is_gone "$boot"; then wait "$boot"; rc=$?; else kill -KILL "$boot"; fi
    boot=
    if [ $rc = "$1" ]; then pass "$2"; else
        fail "$2" "wanted status $1, got $rc" "$(tail -n 20 "$boot_log")"
    fi
    grep -q 'Kernel panic' "$boot_log" && fail "no panic"
    return 0
}
boot_cleanup() {
    [ -z "$boot" ] || kill -KILL "$boot" 2>/dev/null
    lib_cleanup
}
trap boot_cleanup EXIT
