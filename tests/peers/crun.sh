#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/peers/crun.sh SOURCE RUNTIME [FILE...]: run crun's own suite (tests/test_*.py of its source
# package) against a runtime, inside the box; a line "VERDICT<tab>FILE: TEST" per test on stdout.
set -eu
source=$1 runtime=$2 here=$(cd "$(dirname "$0")" && pwd)
shift 2

work=$(mktemp -d)
chmod 755 "$work"
cp -a "$source/tests" "$work"
cd "$work"
# What configure would have found and init.c asks for.
printf '#define HAVE_SECCOMP 1\n#define HAVE_ERROR_H 1\n' >config.h
gcc -I. -static -O1 -w -D_GNU_SOURCE -o tests/init tests/init.c
. "$here/conf.sh"
configure_runtime "$runtime"
hide_criu
export OCI_RUNTIME=$runtime INIT=$work/tests/init PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
[ $# -gt 0 ] || set -- $(cd tests && ls test_*.py)
for file; do
    rc=0
    case $file in
    test_tty.py)
        # Its output is a terminal.
        script -qe --echo never -c "timeout -k 5 60 python3 tests/$file 2>err" out.tty >/dev/null </dev/tty || rc=$?
        tr -d '\r' <out.tty | grep -v '^Script ' >out
        ;;
    *) timeout -k 5 60 python3 "tests/$file" >out 2>err </dev/null || rc=$? ;;
    esac
    {
        echo "== $file (status $rc)"
        cat out err
    } >&2
    sed -n -e "s/^ok [0-9]* - \(.*\) #SKIP.*/skip\t$file: \1/p; t
        s/^ok [0-9]* - /ok\t$file: /p
        s/^not ok [0-9]* - /not ok\t$file: /p" out
    # A file that did not get to its end has lost tests.
    planned=$(sed -n 's/^1\.\.//p' out) seen=$(grep -cE '^(not )?ok ' out) || :
    [ "${planned:-none}" = "$seen" ] || printf 'not ok\t%s: (ended early, status %s)\n' "$file" $rc
done
