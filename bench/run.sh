#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compare barrer-run with crun, runc and the bare system calls. See --help.
set -eu

usage() {
    cat <<'EOF'
usage: bench/run.sh [OPTION]...

Compares barrer-run with Debian's crun and runc, with a newer crun where there is one, and with the
bare sequence of system calls (bench/bare.c), in one interleaved run, and prints tables in markdown.
Times are ratios, to crun's. Runs in a throw-away overlay of /, in a private view of a pure cgroup
v2 host. Needs root, a C compiler, python3, strace and busybox-static.

  --build DIR    where barrer was built (default: the current folder, or build/ in the sources)
  --rounds N     rounds of the comparison (default: 200; the rest takes a fifth of it)
  --only GROUPS  some of run,verbs,list,parallel,filter,libraries,mounts,layers, separated by commas
  --json FILE    write the figures there, for machines
  --markdown FILE  write the tables there as well
  --help         this text

Environment:
  BARRER_RUN     another barrer-run than the one in the build folder
  BARRER_FLAGS   its options before the verb (default: the plugins of the build folder)
  CRUN, RUNC     other programs than those in PATH
  CRUN_NEW       a newer crun to compare with (default: crun-new in PATH)
EOF
}

bench=$(cd "$(dirname "$0")" && pwd -P)
build=
rounds=200
only=run,verbs,list,parallel,filter,libraries,mounts,layers
json=/dev/null
markdown=/dev/null
while [ $# -gt 0 ]; do
    case $1 in
    --build | --rounds | --only | --json | --markdown)
        [ $# -gt 1 ] || { echo "bench: $1 needs a value (see --help)" >&2; exit 2; }
        case $1 in
        --build) build=$(cd "$2" && pwd -P) ;;
        --rounds) rounds=$2 ;;
        --only) only=$2 ;;
        --json) json=$(realpath "$2") ;;
        --markdown) markdown=$(realpath "$2") ;;
        esac
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *) echo "bench: unknown option \"$1\" (see --help)" >&2; exit 2 ;;
    esac
    shift
done

if [ -z "$build" ]; then
    build=$PWD
    [ -e "$build/config.status" ] || build=$(dirname "$bench")/build
fi
export BARRER_RUN="${BARRER_RUN:-$build/bin/barrer-run}"
if [ -z "${BARRER_FLAGS+set}" ] && [ -d "$build/tests/stage/plugins" ]; then
    BARRER_FLAGS="--plugin-dir $build/tests/stage/plugins"
fi
export BARRER_FLAGS="${BARRER_FLAGS:-}"
[ -x "$BARRER_RUN" ] || {
    echo "bench: no program \"$BARRER_RUN\" (build first, or say --build DIR)" >&2
    exit 1
}
for program in python3 strace busybox cc unshare; do
    command -v "$program" >/dev/null || { echo "bench: no $program here" >&2; exit 1; }
done

# What the helpers are is decided here; where they run is decided by the sandbox.
work=$(mktemp -d)
trap 'rm -f "$work"/* && rmdir "$work"' EXIT
for helper in time bare; do
    cc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$work/$helper" "$bench/$helper.c"
done
cc -std=gnu17 -D_GNU_SOURCE -O2 -o "$work/load" "$bench/load.c"
cp "$bench/measure.py" "$work/"

"$bench/sandbox.sh" --keep "$work" --keep "$build" --keep "$(dirname "$BARRER_RUN")" \
    python3 -B "$work/measure.py" --work "$work" --rounds "$rounds" --only "$only"
cat "$work/tables.md"
[ "$json" = /dev/null ] || cp "$work/figures.json" "$json"
[ "$markdown" = /dev/null ] || cp "$work/tables.md" "$markdown"
