# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every shell test starts with:
#
#   . "$(dirname "$0")/../lib.sh"
#   make_bundle "$T/b" '.process.args = ["true"]'
#   new_id
#   ok "it runs" barrer run --bundle "$T/b" "$id"
#   done_testing
#
# The test runs in a mount namespace of its own, in a temporary folder $T, with a state root of its
# own, $STATE. At the end every container of $STATE is deleted, and a mount that is left is reported
# and never deleted through. Output is TAP 13; the plan comes last; the exit status is 1 when
# something failed, and 99 when the script ended before done_testing.
#
# From outside: abs_top_builddir (the build to test), BARRER_RUN (another program to test),
# BARRER_FLAGS (its options before the verb), TMPDIR, V=1 (show each command).

set -u
export LC_ALL=C
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES
umask 022

top_srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
if [ -z "${abs_top_builddir:-}" ]; then
    abs_top_builddir=$PWD
    [ -e "$abs_top_builddir/config.status" ] || abs_top_builddir=$top_srcdir/build
fi
export abs_top_builddir

# --- a mount namespace of our own ------------------------------------------------------------------
# Root enters one; without privilege barrer-run makes its own and nothing here mounts.
if [ -z "${BARRER_TEST_NS:-}" ]; then
    if unshare -m --propagation private true 2>/dev/null; then
        BARRER_TEST_NS=private exec unshare -m --propagation private "$BASH" "$0" "$@"
    fi
    export BARRER_TEST_NS=none
fi
can_mount() { [ "$BARRER_TEST_NS" = private ]; }
is_root() { [ "$(id -u)" = 0 ]; }
# The first user namespace maps all of the 2^32 ids.
in_userns() { [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" != 4294967295 ]; }
is_real_root() { is_root && ! in_userns; }

# --- TAP -------------------------------------------------------------------------------------------
tap_count=0 tap_failed=0 tap_planned=
exec 8>&1

diag() { printf '%s\n' "$@" | sed 's/^/# /' >&8; }
pass() { tap_count=$((tap_count + 1)); printf 'ok %d - %s\n' $tap_count "${1//#/}" >&8; }
fail() { # DESCRIPTION [DIAGNOSTIC...]
    tap_count=$((tap_count + 1)) tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' $tap_count "${1//#/}" >&8
    shift
    [ $# = 0 ] || diag "$@"
    return 1
}
skip() { # DESCRIPTION REASON
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' $tap_count "${1//#/}" "$2" >&8
}
skip_all() { # REASON: the whole script
    tap_planned=1
    printf '1..0 # SKIP %s\n' "$1" >&8
    exit 0
}
need() { # PROGRAM...: skip the script where one is missing
    local program
    for program; do
        command -v "$program" >/dev/null || skip_all "no $program here"
    done
}
done_testing() {
    tap_planned=1
    printf '1..%d\n' $tap_count >&8
    [ $tap_failed = 0 ]
    exit
}

# LeakSanitizer does not work in what ptrace(2) traces.
without_leak_check() { export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"; }
is_sanitized() { grep -q __asan_init "$BARRER_RUN"; }

# Run a command; $status, $output (stdout), $error (stderr).
capture() {
    [ -z "${V:-}" ] || diag "+ $*"
    "$@" >"$T/.out" 2>"$T/.err" 9>&-
    status=$?
    # Not $(...), which warns about NUL bytes.
    output=$(tr -d '\0' <"$T/.out") error=$(tr -d '\0' <"$T/.err")
    [ -z "${V:-}" ] || diag "= $status" "$output" "$error"
    return 0
}
# Killed by a signal, or by timeout(1).
is_signal_status() { [ $status = 124 ] || { [ $status -gt 128 ] && [ $status -le 192 ]; }; }
show() { diag "command: ${*:-}" "status: $status" "stdout: $output" "stderr: $error"; }

ok() { # DESCRIPTION COMMAND...: it succeeds
    local what=$1
    shift
    capture "$@"
    if [ $status = 0 ]; then pass "$what"; else
        fail "$what"
        show "$@"
        return 1
    fi
}
not_ok() { # DESCRIPTION COMMAND...: it fails (and is not killed by a signal)
    local what=$1
    shift
    capture "$@"
    if [ $status != 0 ] && ! is_signal_status; then pass "$what"; else
        fail "$what"
        show "$@"
        return 1
    fi
}
is() { # GOT WANTED DESCRIPTION
    if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:    $1" "wanted: $2"; fi
}
isnt() { # GOT UNWANTED DESCRIPTION
    if [ "$1" != "$2" ]; then pass "$3"; else fail "$3" "got:    $1"; fi
}
like() { # GOT REGEX DESCRIPTION: an extended regular expression, case-sensitive
    if [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:         $1" "wanted like: $2"; fi
}
unlike() { # GOT REGEX DESCRIPTION
    if ! [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:           $1" "wanted unlike: $2"; fi
}
# DESCRIPTION WANTED-STATUS COMMAND...: exactly this exit status
exits() {
    local what=$1 wanted=$2
    shift 2
    capture "$@"
    if [ $status = "$wanted" ]; then pass "$what"; else
        fail "$what" "wanted status: $wanted"
        show "$@"
        return 1
    fi
}
# DESCRIPTION REGEX COMMAND...: a refusal as users should meet it: a non-zero status that no signal
# made, nothing on stdout, and one line on stderr that says what is wrong.
refuses() {
    local what=$1 regex=$2 lines
    shift 2
    capture "$@"
    lines=$(grep -c . "$T/.err")
    if [ $status != 0 ] && ! is_signal_status && [ "$lines" = 1 ] && [ ! -s "$T/.out" ] &&
        [[ $error =~ $regex ]]; then
        pass "$what"
    else
        fail "$what" "wanted: one line on stderr like: $regex"
        show "$@"
        return 1
    fi
}
# SECONDS COMMAND...: poll until it succeeds; for what gives no event to wait for.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        read -rt 0.02 <>"$T/.never" || :
    done
}
json() { jq -r "$1" <<<"$output"; } # FILTER on $output

# --- the program under test ------------------------------------------------------------------------
BARRER_RUN=${BARRER_RUN:-$abs_top_builddir/bin/barrer-run}
if [ -z "${BARRER_FLAGS+set}" ]; then
    BARRER_FLAGS=
    [ ! -d "$abs_top_builddir/tests/stage/plugins" ] ||
        BARRER_FLAGS="--plugin-dir $abs_top_builddir/tests/stage/plugins"
fi
export BARRER_RUN BARRER_FLAGS
[ -x "$BARRER_RUN" ] || {
    echo "Bail out! there is no $BARRER_RUN (set abs_top_builddir)"
    exit 99
}
# shellcheck disable=SC2086 # the flags are words
barrer() { "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" 8>&- 9>&-; }
has_dynamic_plugins() { [[ $BARRER_FLAGS = *--plugin-dir* ]]; }

# A new container id: unique on the machine, since cgroups are named after it.
id_count=0
new_id() { # sets $id
    id_count=$((id_count + 1))
    id=t$$-$id_count
}
pid_of() { barrer state "$1" | jq -r .pid; }
status_of() { barrer state "$1" | jq -r .status; }
is_status() { [ "$(status_of "$1" 2>/dev/null)" = "$2" ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null || [ "$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null)" = Z ]; }

# --- cgroups ---------------------------------------------------------------------------------------
cgroup_kind() { # v2, v1 (hybrid counts as v1), or none
    case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
    cgroup2fs) echo v2 ;;
    tmpfs) echo v1 ;;
    *) echo none ;;
    esac
}
# CONTROLLER: usable here?
has_controller() {
    case $(cgroup_kind) in
    v2) grep -qw "$1" /sys/fs/cgroup/cgroup.controllers && [ -w /sys/fs/cgroup/cgroup.subtree_control ] ;;
    v1) [ -w "/sys/fs/cgroup/$1/cgroup.procs" ] ;;
    *) false ;;
    esac
}
# PID [CONTROLLER]: the absolute folder of the process's cgroup
cgroup_of() {
    local line
    case $(cgroup_kind) in
    v2) sed -n 's|^0::|/sys/fs/cgroup|p' "/proc/$1/cgroup" ;;
    v1)
        line=$(awk -F: -v c="${2:-pids}" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3 }' \
            "/proc/$1/cgroup")
        echo "/sys/fs/cgroup/${2:-pids}$line"
        ;;
    esac
}

# --- bundles ---------------------------------------------------------------------------------------
make_rootfs() { # DIR: a static busybox with all its applets
    local busybox
    busybox=$(command -v busybox) || skip_all "no busybox here"
    if file_is_dynamic "$busybox"; then skip_all "busybox here is not static (busybox-static)"; fi
    mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,root,run,home,var,mnt}
    chmod 1777 "$1/tmp"
    cp "$busybox" "$1/bin/busybox"
    "$1/bin/busybox" --install "$1/bin"
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$1/etc/group"
}
# Sets $debian: a Debian made with debootstrap, once, in a cache. Not to be changed: put an overlay over it.
find_debian() {
    local cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/barrer mirror
    debian=$cache/debian
    [ ! -e "$debian/.complete" ] || return 0
    mkdir -p "$cache"
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n 1)
    rm -rf --one-file-system "$debian"
    timeout 280 debootstrap --variant=minbase bookworm "$debian" ${mirror:+"$mirror"} >"$T/debootstrap.log" 2>&1 ||
        skip_all "debootstrap failed: $(tail -n 1 "$T/debootstrap.log")"
    touch "$debian/.complete"
}
# LOWER DIR: an overlay that lasts as long as the test, so that LOWER stays as it is
make_overlay() {
    local over=$T/.over-${2##*/}
    mkdir -p "$2" "$over" || return 1
    mount -t tmpfs tmpfs "$over" && mkdir "$over/upper" "$over/work" &&
        mount -t overlay -o "lowerdir=$1,upperdir=$over/upper,workdir=$over/work" overlay "$2"
}
file_is_dynamic() { head -c 4096 "$1" | grep -q 'ld-linux'; }
# Without real root the default configuration is that of `spec --rootless`.
spec_rootless=
is_real_root || spec_rootless=--rootless
# DIR [FILTER [JQ-OPTION...]]: a bundle whose config.json is the default one, without a terminal,
# changed by the jq filter.
make_bundle() {
    local dir=$1 filter=${2:-.}
    shift
    [ $# = 0 ] || shift
    mkdir -p "$dir"
    if [ ! -d "$dir/rootfs" ]; then
        [ -d "$T/.rootfs" ] || make_rootfs "$T/.rootfs"
        cp -a "$T/.rootfs" "$dir/rootfs"
    fi
    if [ ! -e "$T/.spec$spec_rootless" ]; then
        mkdir -p "$T/.spec-dir"
        rm -f "$T/.spec-dir/config.json"
        barrer spec $spec_rootless --bundle "$T/.spec-dir" || return 1
        mv "$T/.spec-dir/config.json" "$T/.spec$spec_rootless"
    fi
    jq "$@" ".process.terminal = false | ($filter)" "$T/.spec$spec_rootless" >"$dir/config.json"
}
edit_bundle() { # DIR FILTER [JQ-OPTION...]
    local dir=$1 filter=$2
    shift 2
    jq "$@" "$filter" "$dir/config.json" >"$dir/config.json.new" &&
        mv "$dir/config.json.new" "$dir/config.json"
}
# DIR SCRIPT [FILTER]: run a script for the container's shell, and delete; like capture.
run_sh() {
    local dir=$1 script=$2 filter=${3:-.}
    make_bundle "$dir" ".process.args = [\"sh\", \"-c\", \$script] | ($filter)" --arg script "$script"
    new_id
    capture barrer run --bundle "$dir" "$id"
}
# DIR [FILTER]: a container that sleeps, created and started in the background; $id, $pid
start_sleeper() {
    local dir=$1 filter=${2:-.}
    make_bundle "$dir" ".process.args = [\"sleep\", \"1000\"] | ($filter)"
    new_id
    barrer run --detach --bundle "$dir" --pid-file "$T/$id.pid" "$id" </dev/null >"$T/.out" 2>"$T/.err" || {
        status=$? output= error=$(cat "$T/.err") pid=
        return 1
    }
    pid=$(cat "$T/$id.pid")
}

# --- the end ---------------------------------------------------------------------------------------
mounts_below() { # DIR: innermost first
    awk -v d="$(realpath "$1")" 'index($5, d "/") == 1 { print $5 }' /proc/self/mountinfo | tac
}
lib_cleanup() {
    local rc=$? left one
    trap - EXIT
    for one in "$STATE"/*; do
        [ -d "$one" ] && barrer delete --force "${one##*/}" </dev/null >/dev/null 2>&1
    done
    for one in $(mounts_below "$T"); do
        umount -l "$one" 2>/dev/null
    done
    left=$(mounts_below "$T")
    if [ -n "$left" ]; then
        diag "still mounted, so $T stays:" "$left"
    else
        chmod -R u+rwx "$T" 2>/dev/null
        rm -rf --one-file-system "$T"
    fi
    if [ -z "$tap_planned" ]; then
        echo "Bail out! the script ended early (status $rc)" >&8
        exit 99
    fi
    exit $rc
}
T=$(mktemp -d "${TMPDIR:-/tmp}/barrer-test.XXXXXX") || exit 99
T=$(realpath "$T")
mkfifo "$T/.never" # what nobody ever writes to
chmod 755 "$T"
STATE=$T/state
status=0 output='' error='' id='' pid=''
trap lib_cleanup EXIT
trap 'exit 130' INT TERM HUP
