# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every test of .NET payloads starts with, on top of tests/lib.sh:
#
#   . "$(dirname "$0")/lib.sh"
#   publish probe
#   make_root busybox
#   same "arguments" busybox probe Probe.dll arguments one two
#   done_testing
#
# An app is published once (publish.sh), to $APPS/NAME, and seen as /app in containers. BARRER_ROOTS
# narrows the roots that are tested, BARRER_APPS says where published apps are kept.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"
can_mount || skip_all "cannot mount here"
here=$top_srcdir/tests/dotnet
ulimit -c 0
HELPERS=$abs_top_builddir/tests/stage/plugins/clrhost # the launcher and the init
APPS=${BARRER_APPS:-$abs_top_builddir/tests/dotnet}
# In a virtual machine a start of the SDK takes long; it was asked, and has published, outside.
[ -n "${IN_VM:-}" ] || [ -n "$(dotnet --list-sdks 2>/dev/null)" ] || skip_all "no .NET SDK here"
# What a developer's shell may have set, and what engines do not pass on
unset "${!DOTNET_@}" "${!COMPlus_@}" 2>/dev/null
DOTNET_FOLDER=$(dirname "$(realpath "$(command -v dotnet)")")

# LINE...: [plugin clrhost] of the configuration from now on
configure() {
    printf '%s\n' '[plugin clrhost]' "$@" >"$T/barrer.conf"
}
configure
BARRER_FLAGS="$BARRER_FLAGS --config $T/barrer.conf"

publish() { # APP...
    [ -z "${IN_VM:-}" ] || return 0
    capture "$here/publish.sh" "$APPS" "$@"
    [ $status = 0 ] && return
    printf 'Bail out! %s\n' "$error" >&8
    exit 99
}

# --- roots -----------------------------------------------------------------------------------------
# KIND: sets up $T/roots/KIND, the root file system of bundles of that kind
#   debian    a whole Debian (an overlay)
#   busybox   a static busybox, no libc at all
#   musl      musl's loader and a program linked to it, /bin/greet, beside busybox
#   empty     nothing
make_root() {
    local kind root
    for kind; do
        root=$T/roots/$kind
        [ ! -d "$root" ] || continue
        mkdir -p "$root"
        case $kind in
        debian)
            need debootstrap
            find_debian
            make_overlay "$debian" "$root" || skip_all "no overlay file system here"
            ;;
        busybox) make_rootfs "$root" ;;
        musl)
            need musl-gcc
            make_rootfs "$root"
            mkdir -p "$root/lib"
            cp "$(realpath /lib/ld-musl-x86_64.so.1)" "$root/lib/ld-musl-x86_64.so.1"
            printf '#include <stdio.h>\nint main(void) { return puts("greetings from musl") < 0; }\n' >"$T/greet.c"
            musl-gcc -o "$root/bin/greet" "$T/greet.c" || skip_all "musl-gcc does not work"
            ;;
        empty) ;;
        *) fail "make_root: no root \"$kind\"" ;;
        esac
    done
}

# --- bundles ---------------------------------------------------------------------------------------
app_filter='.process.args = $words | .process.cwd = "/app"
    | .mounts += [{destination: "/app", type: "bind", source: $app, options: ["bind", "ro"]}]'
# The environment that both sides get. Outside PATH finds the children that tests start.
app_env=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ "WORDS=two words" EMPTY=)
# A folder of assemblies: that of a published app, or one that a test made
folder_of() { case $1 in /*) echo "$1" ;; *) echo "$APPS/$1" ;; esac; }

# ROOT APP FILTER WORD...: $bundle, which runs WORD... in /app of such a root
app_bundle() {
    local root=$1 app=$2 filter=$3
    shift 3
    bundle=$T/bundles/$root
    mkdir -p "$bundle"
    make_bundle_config "$bundle" ".root.path = \$root | .root.readonly = false | .process.env = \$env | $app_filter | ($filter)" \
        --arg root "$T/roots/$root" --arg app "$(folder_of "$app")" --argjson env "$app_env_json" --argjson words "$(words_json "$@")"
}
words_json() { jq -cn '$ARGS.positional' --args -- "$@"; }
app_env_json=$(words_json "${app_env[@]}")
make_bundle_config() { # DIR FILTER [JQ-OPTION...]: make_bundle for a root that is elsewhere
    mkdir -p "$1/rootfs"
    make_bundle "$@"
}
# ROOT APP FILTER WORD...: run it; like capture
inside() {
    app_bundle "$@"
    new_id
    capture barrer run --bundle "$bundle" "$id"
}
# ROOT APP FILTER WORD...: start it in the background, its output to $T/out and $T/err; $id, $runner
start_inside() {
    app_bundle "$@"
    new_id
    : >"$T/out"
    barrer run --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err" &
    runner=$!
}
# LINE: wait until the app started by start_inside has written it
wait_for_line() {
    wait_until 60 is_written_or_over "$1" && grep -qx "$1" "$T/out" && return
    fail "the app in the container says \"$1\"" "stdout: $(cat "$T/out")" "stderr: $(cat "$T/err")"
}
is_written_or_over() { grep -qx "$1" "$T/out" || is_gone $runner; }
# The exit status of what start_inside started; output and messages as after capture
wait_for_end() {
    wait $runner
    status=$? output=$(cat "$T/out") error=$(cat "$T/err")
}
# APP WORD...: what "dotnet" does with the same words, outside; like capture
outside() {
    local folder
    folder=$(folder_of "$1")
    shift
    capture env -C "$folder" -i "${app_env[@]}" "$DOTNET_FOLDER/dotnet" "$@"
}
in_folder() (cd "$1" && shift && "$@")
# What a terminal showed, without its controls
plain_text() { tr -d '\r' | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\x1b[=>]//g'; }

# DESCRIPTION ROOT APP WORD...: the container gives the output, the messages and the exit status that
# "dotnet WORD..." gives outside; WORD... may start with "dotnet". $filter changes the bundle.
same() {
    local what=$1 root=$2 app=$3 wanted
    shift 3
    if [ "$1" = dotnet ]; then outside "$app" "${@:2}"; else outside "$app" "$@"; fi
    wanted=$(outcome)
    inside "$root" "$app" "${filter:-.}" "$@"
    if [ "$(outcome)" = "$wanted" ]; then pass "$what"; else
        fail "$what" "outside:" "$wanted" "in the container:" "$(outcome)"
    fi
}
# The folder of the app differs.
compare() { sed "s|$APPS/[a-z-]*/|/app/|g; s|$APPS/[a-z-]*$|/app|"; }
outcome() { printf '%s\n[%s]\n%s\n' "$output" "$error" "$status" | compare; }
