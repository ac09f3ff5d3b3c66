#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [-t SECONDS] TEST...: run TAP tests one after the other and print what happened: a
# line per test, below it each failure with its diagnostics and each skip with its reason, and at
# the end "N passed, N failed, N skipped". For places where "make check" cannot run (another user,
# a namespace, a virtual machine); "make check" runs the same files.
set -u
limit=300
while getopts t: option; do
    case $option in
    t) limit=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))

top=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp "${TMPDIR:-/tmp}/barrer-tap.XXXXXX") || exit 2
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
for test; do
    name=${test#"$top"/} name=${name#tests/}
    start=$SECONDS
    case $test in
    *.sh) timeout -k 10 "$limit" bash "$test" >"$log" 2>&1 </dev/null ;;
    *) timeout -k 10 "$limit" "$test" >"$log" 2>&1 </dev/null ;;
    esac
    rc=$?
    read -r p f s < <(awk '
        /^1\.\.0 # SKIP/ { s++; next }
        /^ok .*# SKIP/ { s++; next }
        /^ok / { p++; next }
        /^not ok / { f++ }
        END { print p + 0, f + 0, s + 0 }' "$log")
    grep -q '^1\.\.[0-9]' "$log" || rc=${rc/#0/99}
    if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; else rc=0; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    verdict=ok
    [ "$f" = 0 ] || verdict=FAILED
    printf '%-7s%s: %d passed, %d failed, %d skipped (%d s)\n' $verdict "$name" "$p" "$f" "$s" $((SECONDS - start))
    awk -v n="$name" '
        /^1\.\.0 # SKIP/ { sub(/.*# SKIP /, ""); print "  SKIP " n ": all: " $0; next }
        /^ok .*# SKIP/ { sub(/^ok [0-9]* - /, ""); sub(/ # SKIP /, ": "); print "  SKIP " n ": " $0; next }
        /^not ok / { sub(/^not ok [0-9]* - /, ""); print "  FAIL " n ": " $0; bad = 1; next }
        /^#/ { if (bad) print "    " $0; next }
        { bad = 0 }' "$log"
    if [ $rc != 0 ]; then
        echo "  FAIL $name: ended with status $rc"
        tail -n 15 "$log" | sed 's/^/    # /'
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
