#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [-t SECONDS] TEST...: run TAP tests one after the other and print what happened: a
# line per test, below it each failure with its diagnostics and each skip with its reason, and at
# the end "N passed, N failed, N skipped". For places where "make check" cannot run (another user,
# a namespace, a virtual machine). tests/run.sh -r FOLDER LOG...: report in the same way what "make
# check" left in its logs below FOLDER.
set -u
limit=300 folder=
while getopts t:r: option; do
    case $option in
    t) limit=$OPTARG ;;
    r) folder=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))

passed=0 failed=0 skipped=0
report() { # NAME LOG STATUS DETAIL
    local name=$1 log=$2 rc=$3 verdict=ok p f s
    read -r p f s < <(awk '
        /^1\.\.0 # SKIP/ { s++; next }
        /^ok .*# SKIP/ { s++; next }
        /^ok / { p++; next }
        /^not ok / { f++ }
        END { print p + 0, f + 0, s + 0 }' "$log")
    [ "$rc" != 0 ] || grep -q '^1\.\.[0-9]' "$log" || rc=99
    # A status of 1 beside a failure only says the same again.
    if [ "$rc" = 1 ] && [ "$f" != 0 ]; then rc=0; fi
    [ "$rc" = 0 ] || f=$((f + 1))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" = 0 ] || verdict=FAILED
    printf '%-7s%s: %d passed, %d failed, %d skipped%s\n' $verdict "$name" "$p" "$f" "$s" "$4"
    awk -v n="$name" '
        /^1\.\.0 # SKIP/ { sub(/.*# SKIP /, ""); print "  SKIP " n ": all: " $0; next }
        /^ok .*# SKIP/ { sub(/^ok [0-9]* - /, ""); sub(/ # SKIP /, ": "); print "  SKIP " n ": " $0; next }
        /^not ok / { sub(/^not ok [0-9]* - /, ""); print "  FAIL " n ": " $0; bad = 1; next }
        /^#/ { if (bad) print "    " $0; next }
        { bad = 0 }' "$log"
    [ "$rc" = 0 ] || {
        echo "  FAIL $name: ended with status $rc"
        tail -n 15 "$log" | sed 's/^/    # /'
    }
}

if [ -n "$folder" ]; then
    for log; do
        name=${log#"$folder"/} name=${name#tests/} name=${name%.log}
        # The TAP driver writes the exit status nowhere but as a result line of the .trs file.
        rc=0
        ! grep -q '^:test-result: ERROR.*exited with status' "${log%.log}.trs" || rc=1
        report "$name" "$log" $rc ''
    done
else
    top=$(cd "$(dirname "$0")" && pwd)
    scratch=$(mktemp "${TMPDIR:-/tmp}/barrer-tap.XXXXXX") || exit 2
    trap 'rm -f "$scratch"' EXIT
    for test; do
        name=${test#"$top"/} name=${name#tests/} name=${name%.sh}
        start=$SECONDS shell=
        [[ $test != *.sh ]] || shell=bash
        timeout -k 10 "$limit" $shell "$test" >"$scratch" 2>&1 </dev/null
        report "$name" "$scratch" $? " ($((SECONDS - start)) s)"
    done
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
