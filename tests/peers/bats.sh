# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For runc.sh and podman.sh: bats, one file at a time, in the current folder.
is_complete() { # the results are as many as were announced
    [ "$(sed -n 's/^1\.\.//p' /tmp/bats.out)" = "$(grep -cE '^(not )?ok ' /tmp/bats.out)" ]
}
# STDIN: a file. podman attaches to a terminal and waits for what is typed there.
run_bats() { # STDIN FILE...
    local stdin=$1 file bats rc
    shift
    for file; do
        rc=0
        : >/tmp/bats.out
        timeout -k 5 900 bats --tap "$file" >/tmp/bats.out 2>/tmp/bats.err <"$stdin" &
        bats=$!
        # What a failed test leaves behind, bats waits for.
        tail -n +1 -f --pid=$bats /tmp/bats.out | while read -r line; do
            case $line in ok* | not\ ok*) ! is_complete || pkill -x recvtty || : ;; esac
        done
        wait $bats || rc=$?
        {
            echo "== $file (status $rc)"
            cat /tmp/bats.out /tmp/bats.err
        } >&2
        sed -n -e "s/^ok [0-9]* \(.*[^ ]\)  *# skip.*/skip\t$file: \1/p; t
            s/ *# timeout after .*//
            s/^ok [0-9]* /ok\t$file: /p
            s/^not ok [0-9]* /not ok\t$file: /p" /tmp/bats.out
        is_complete || printf 'not ok\t%s: (ended early, status %s)\n' "$file" $rc
    done
}
