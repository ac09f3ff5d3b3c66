#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many at once: of one id and of two hundred; and a process that dies between create and start.
. "$(dirname "$0")/../lib.sh"
need jq
b=$T/b
make_bundle "$b" '.process.args = ["sleep", "1000"]'

# --- one id, twenty creators: one wins, and the others say why they do not ---
new_id
for i in {1..20}; do
    barrer create --bundle "$b" "$id" </dev/null >/dev/null 2>"$T/error.$i" &
    creators[i]=$!
done
won=0 wrong=
for i in {1..20}; do
    if wait "${creators[i]}"; then won=$((won + 1)); else
        grep -q 'already exists' "$T/error.$i" || wrong="$wrong $(cat "$T/error.$i")"
    fi
done
is "$won $wrong" "1 " "of twenty who create one id one does, and the others are told"
is "$(status_of "$id")" created "it is created"
ok "and can be started" barrer start "$id"
barrer delete --force "$id"
is "$(ls -A "$STATE")" "" "and deleted, and nothing is left"

# --- one id, created and deleted by many ---
for i in {1..20}; do
    {
        barrer create --bundle "$b" "$id" </dev/null
        barrer delete --force "$id"
    } >/dev/null 2>&1 &
    creators[i]=$!
done
for i in {1..20}; do wait "${creators[i]}"; done
barrer delete --force "$id" 2>/dev/null
is "$(ls -A "$STATE")" "" "creators and deleters of one id leave nothing"
is "$(find /sys/fs/cgroup -maxdepth 5 -type d -name "*$id*" 2>/dev/null)" "" "and no cgroup"
is "$(pgrep -f -- "--bundle $b $id\$")" "" "and no process"

# --- many at once: two hundred ---
count=200
# A process with a sanitizer, or a user namespace for each, takes too much of a small machine.
if is_sanitized || ! is_real_root; then count=20; fi
# shellcheck disable=SC2086
program=("$BARRER_RUN" $BARRER_FLAGS --root "$STATE")
# VERB [OPTION...]: for each of them, all at once
all() {
    seq -f "t$$-many-%.0f" $count |
        xargs -P $count -I ID "${program[@]}" "$@" ID 2>>"$T/errors" >/dev/null 8>&- 9>&-
}
statuses() { barrer list | awk 'NR > 1 { n[$3]++ } END { for (s in n) print s, n[s] }'; }
: >"$T/errors"
all create --bundle "$b"
is "$(statuses)" "created $count" "$count are created"
all start
is "$(statuses)" "running $count" "and started"
is "$(pgrep -c -f "many-[0-9]+\$" || :)" 0 "no barrer-run stays behind for them"
all delete --force
is "$(ls -A "$STATE")" "" "and deleted, and nothing is left"
is "$(find /sys/fs/cgroup -maxdepth 5 -type d -name "*t$$-many-*" 2>/dev/null)" "" "and no cgroup"
is "$(head -c 500 "$T/errors")" "" "and nothing was wrong"

# --- the process dies between create and start ---
new_id
barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null 2>&1
kill -9 "$(cat "$T/pid")"
wait_until 10 is_status "$id" stopped
refuses "start of one whose process was killed says so" "$id.*stopped" barrer start "$id"
ok "and delete clears it" barrer delete "$id"
is "$(ls -A "$STATE")" "" "and nothing is left"
done_testing
