#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compare the ways to run a .NET app. See --help.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: bench/dotnet.sh [OPTION]...

Starts the same hello world in all ways, on the host and in containers, in one interleaved run, and
prints tables in markdown: wall time, processor time and private memory, as ratios to "dotnet
Hello.dll" on the host; then the anonymous memory under allocation churn, and the memory that four
containers of one app share. Runs in a throw-away overlay of /. Needs root, a .NET SDK, a C compiler,
jq and busybox-static.

  --build DIR      where barrer was built (default: the current folder, or build/ in the sources)
  --rounds N       rounds of the comparison (default: 60)
  --markdown FILE  write the tables there as well
  --check          exit with status 1 where the median of the processor time, or memory, is above its aim
  --help           this text
EOF
}
die() { echo "bench: $*" >&2; exit 1; }

bench=$(cd "$(dirname "$0")" && pwd -P)
build='' rounds=60 markdown=/dev/null check=''
while [ $# -gt 0 ]; do
    case $1 in
    --build | --rounds | --markdown)
        [ $# -gt 1 ] || { echo "bench: $1 needs a value (see --help)" >&2; exit 2; }
        case $1 in
        --build) build=$(cd "$2" && pwd -P) ;;
        --rounds) rounds=$2 ;;
        --markdown) markdown=$(realpath "$2") ;;
        esac
        shift
        ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "bench: unknown option \"$1\" (see --help)" >&2; exit 2 ;;
    esac
    shift
done
if [ -z "$build" ]; then
    build=$PWD
    [ -e "$build/config.status" ] || build=$(dirname "$bench")/build
fi

# --- outside the sandbox: what is measured ---
if [ -z "${BENCH_WORK:-}" ]; then
    [ -x "$build/bin/barrer-run" ] || die "no program \"$build/bin/barrer-run\" (build first, or say --build DIR)"
    for program in dotnet jq busybox cc unshare; do
        command -v "$program" >/dev/null || die "no $program here"
    done
    [ -n "$(dotnet --list-sdks)" ] || die "no .NET SDK here"
    apps=${BARRER_APPS:-$build/tests/dotnet}
    "$bench/../tests/dotnet/publish.sh" "$apps" hello hello-aot probe
    BENCH_WORK=$(mktemp -d)
    trap 'rm -rf "$BENCH_WORK"' EXIT
    cc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$BENCH_WORK/time" "$bench/time.c"
    export BENCH_WORK BENCH_APPS=$apps
    "$bench/sandbox.sh" --keep "$BENCH_WORK" --keep "$build" --keep "$apps" \
        bash "$bench/dotnet.sh" --build "$build" --rounds "$rounds" ${check:+--check} && rc=0 || rc=$?
    [ "$markdown" = /dev/null ] || cp "$BENCH_WORK/tables.md" "$markdown"
    exit $rc
fi

# --- inside it ---
launcher=$build/tests/stage/plugins/clrhost/system/dotnet
barrer=("$build/bin/barrer-run" --root /run/bench/state)
[ ! -d "$build/tests/stage/plugins" ] || barrer+=(--plugin-dir "$build/tests/stage/plugins")
unset "${!DOTNET_@}" 2>/dev/null || :
# A runtime of our own: no process outside shares its pages, which would count less here.
DOTNET_ROOT=/run/bench/dotnet
export DOTNET_ROOT
installed=$(dirname "$(realpath "$(command -v dotnet)")")
mkdir -p $DOTNET_ROOT/shared
cp -r "$installed/dotnet" "$installed/host" $DOTNET_ROOT/
cp -r "$installed/shared/Microsoft.NETCore.App" $DOTNET_ROOT/shared/
muxer=$DOTNET_ROOT/dotnet
tables=$BENCH_WORK/tables.md
declare -A figures
: >"$tables"
say() { printf '%s\n' "$@" | tee -a "$tables"; }

root=/run/bench/rootfs
mkdir -p $root/{bin,proc,sys,dev,app,tmp,run} /run/bench/state
cp "$(command -v busybox)" $root/bin/busybox
# NAME APP WORD...: a bundle that runs WORD... in /app
make_bundle() {
    local name=$1 app=$2
    shift 2
    mkdir -p "/run/bench/$name"
    (cd "/run/bench/$name" && rm -f config.json && "${barrer[@]}" spec)
    jq --arg app "$BENCH_APPS/$app" '.process.terminal = false | .process.args = $ARGS.positional | .process.cwd = "/app"
        | .process.env += ["HOME=/"] | .root.path = "'$root'"
        | .mounts += [{destination: "/app", type: "bind", source: $app, options: ["bind", "ro"]}]' \
        "/run/bench/$name/config.json" --args "$@" >"/run/bench/$name/new"
    mv "/run/bench/$name/new" "/run/bench/$name/config.json"
}
# A NativeAOT program is linked to the C library, which its root must have.
add_libraries() { # PROGRAM
    local library
    ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
    done
}
add_libraries "$BENCH_APPS/hello-aot/Hello"
make_bundle hello hello dotnet Hello.dll
make_bundle aot hello-aot ./Hello
make_bundle bare hello /bin/busybox true

printf '[plugin clrhost]\nmode = direct\n' >/run/bench/direct.conf
chmod 644 /run/bench/direct.conf

# --- time ---
cases() {
    local hello=$BENCH_APPS/hello/Hello.dll
    # All others are ratios to the first.
    echo "case host: dotnet Hello.dll"; echo "timed $muxer $hello"
    echo "case host: the app host"; echo "timed $BENCH_APPS/hello/Hello"
    echo "case host: launcher, hostfxr"; echo "timed $launcher $hello"
    echo "case host: launcher, direct"; echo "timed $launcher --mode=direct $hello"
    echo "case host: NativeAOT"; echo "timed $BENCH_APPS/hello-aot/Hello"
    echo "case container: hostfxr (the default)"; echo "timed ${barrer[*]} run --bundle /run/bench/hello h%"
    echo "case container: direct"; echo "timed ${barrer[*]} --config /run/bench/direct.conf run --bundle /run/bench/hello d%"
    echo "case container: NativeAOT"; echo "timed ${barrer[*]} run --bundle /run/bench/aot a%"
    echo "case container: a native program"; echo "timed ${barrer[*]} run --bundle /run/bench/bare n%"
}
cases >"$BENCH_WORK/cases"
"$BENCH_WORK/time" "$rounds" <"$BENCH_WORK/cases" >"$BENCH_WORK/times" || die "the comparison failed"

# --- private memory, of an app that waits ---
# PID...: Private_Clean + Private_Dirty, Anonymous, Pss of all of them in kB
memory_of() {
    local pid
    for pid; do cat "/proc/$pid/smaps_rollup"; done | awk '
        /^Private_(Clean|Dirty):/ { private += $2 } /^Anonymous:/ { anonymous += $2 } /^Pss:/ { pss += $2 }
        END { print private, anonymous, pss }'
}
descendants() { # PID: it and all below it
    local child
    echo "$1"
    for child in $(cat "/proc/$1/task/$1/children"); do descendants "$child"; done
}
wait_ready() { # FILE PID
    until grep -sqx ready "$1"; do
        kill -0 "$2" 2>/dev/null || die "an app that should wait ended: $(cat "$1")"
        read -rt 0.02 <>/dev/zero || :
    done
}
# NAME WORD...: how much memory a waiting process has that no other shares
on_host() {
    local name=$1
    shift
    rm -f "$BENCH_WORK/out" # of the one before
    "$@" plain >"$BENCH_WORK/out" 2>&1 &
    wait_ready "$BENCH_WORK/out" $!
    memory["host: $name"]=$(memory_of $!)
    kill $!
    wait $! 2>/dev/null || :
}
# NAME ID BARRER-OPTION...: the same in a container of the bundle "probe", which stays
in_container() {
    local name=$1 id=$2
    shift 2
    "${barrer[@]}" "$@" run --detach --bundle /run/bench/probe --pid-file "$BENCH_WORK/pid" "$id" >"$BENCH_WORK/out" 2>&1 </dev/null
    wait_ready "$BENCH_WORK/out" "$(cat "$BENCH_WORK/pid")"
    # shellcheck disable=SC2046 # pids
    memory["container: $name"]=$(memory_of $(descendants "$(cat "$BENCH_WORK/pid")"))
}
forget() { for id; do "${barrer[@]}" delete --force "$id"; done; }
declare -A memory
make_bundle probe probe dotnet Probe.dll plain
probe=$BENCH_APPS/probe
on_host "dotnet Hello.dll" "$muxer" "$probe/Probe.dll"
on_host "the app host" "$probe/Probe"
on_host "launcher, hostfxr" "$launcher" "$probe/Probe.dll"
on_host "launcher, direct" "$launcher" --mode=direct "$probe/Probe.dll"
in_container "hostfxr (the default)" m1
forget m1
in_container direct m2 --config /run/bench/direct.conf
forget m2

say "" "Hello world, $rounds rounds, as ratios to \`dotnet Hello.dll\` on the host" "" \
    "| | wall, minimum | wall, median | processor, minimum | processor, median | private memory | anonymous |" "|---|---|---|---|---|---|---|"
while IFS=$'\t' read -r label least median _ _ cpu middle; do
    [ -n "${one:-}" ] || one=($least $median $cpu $middle)
    read -r private anonymous _ <<<"${memory[$label]:-}" || :
    say "$(awk -v l="$label" -v a="$least" -v b="$median" -v c="$cpu" -v d="$middle" -v x="${one[*]}" -v p="${private:-}" -v n="${anonymous:-}" 'BEGIN {
        split(x, o, " ")
        printf "| %s | %.2fx | %.2fx | %.2fx | %.2fx | %s | %s |", l, a / o[1], b / o[2], c / o[3], d / o[4], p == "" ? "" : p " kB", n == "" ? "" : n " kB" }')"
    # Of the processor's time: that of a busy machine's wall says more about the machine.
    figures[${label}]=$(awk -v a="$middle" -v o="${one[3]}" 'BEGIN { printf "%.3f", a / o }')
done <"$BENCH_WORK/times"
say "" "(\`dotnet Hello.dll\`: $(awk -F '\t' 'NR == 1 { printf "%.1f ms wall at least, %.1f ms median", $2 / 1e6, $3 / 1e6 }' "$BENCH_WORK/times"))"

# --- allocation churn ---
make_bundle churn probe dotnet Probe.dll churn
outside=$("$muxer" "$probe/Probe.dll" churn)
inside=$("${barrer[@]}" run --bundle /run/bench/churn churn)
say "" "Anonymous memory after 1.2 GB of short-lived garbage: \`dotnet\` $outside kB, in a container $inside kB"

# --- four containers of one app ---
total=()
make_bundle probe probe dotnet Probe.dll plain
ids=() pids=()
for n in 1 2 3 4; do
    in_container "$n" "p$n"
    ids+=("p$n")
    # shellcheck disable=SC2207 # pids
    pids+=($(descendants "$(cat "$BENCH_WORK/pid")"))
    read -r _ _ pss <<<"$(memory_of "${pids[@]}")"
    total+=("$pss")
done
forget "${ids[@]}"
four=$(awk -v a="${total[0]}" -v b="${total[3]}" 'BEGIN { printf "%.2f", b / a }')
say "" "Pss of 1, 2, 3, 4 containers of one app in kB: ${total[*]} (four: ${four}x one)"

# --- the aims ---
[ -n "$check" ] || exit 0
failed=0
aim() { # WHAT FIGURE AT-MOST
    awk -v f="$2" -v a="$3" 'BEGIN { exit !(f <= a) }' && return
    echo "bench: $1 is $2, above its aim of $3" >&2
    failed=1
}
aim "container: hostfxr (the default)" "${figures["container: hostfxr (the default)"]}" 1.1
aim "container: direct" "${figures["container: direct"]}" 1.0
aim "container: NativeAOT" "${figures["container: NativeAOT"]}" 0.4
aim "anonymous memory under churn (kB)" "$inside" 6144
aim "Pss of four containers against one" "$four" 1.7
exit $failed
