#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The other documents of the specification: the process of `exec` and the resources of `update`,
# from files, pipes and standard input, good and bad.
. "$(dirname "$0")/../lib.sh"
need jq

is_real_root || spec_rootless=--rootless
ok "a container" start_sleeper "$T/b" || done_testing

process() { jq -c .process "$T/b/config.json"; }
process | jq '.args = ["sh", "-c", "echo $A; exit 7"] | .env += ["A=from the file"]' >"$T/process.json"
exits "exec --process FILE" 7 barrer exec --process "$T/process.json" "$id"
is "$output" "from the file" "runs what it says"
mkfifo "$T/pipe"
timeout 30 dd if="$T/process.json" of="$T/pipe" status=none &
exits "exec --process of a pipe" 7 timeout 30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" exec --process "$T/pipe" "$id"
wait

bad_process() { # DESCRIPTION REGEX FILTER
    jq "$3" "$T/process.json" >"$T/bad.json"
    refuses "exec: $1" "bad\.json: $2" barrer exec --process "$T/bad.json" "$id"
}
bad_process "no args" 'args: missing' 'del(.args)'
bad_process "args of a wrong type" 'args\[1\]: expected a string, got a number' '.args[1] = 5'
bad_process "a relative folder" 'cwd: expected an absolute path' '.cwd = "a"'
bad_process "an id that is none" 'user\.uid: expected a number' '.user.uid = -1'
bad_process "a whole configuration" 'args: missing' '{process: .}'
head -c 40 "$T/process.json" >"$T/bad.json"
refuses "exec: a file cut short" 'bad\.json:[0-9]+:[0-9]+: ' barrer exec --process "$T/bad.json" "$id"
refuses "exec: a missing file" '/no/file' barrer exec --process /no/file "$id"

bad_resources() { # DESCRIPTION REGEX DOCUMENT
    printf '%s' "$3" >"$T/bad.json"
    refuses "update: $1" "bad\.json:? ?$2" barrer update --resources "$T/bad.json" "$id"
}
bad_resources "empty" 'the file is empty' ''
bad_resources "an array" 'expected an object' '[]'
bad_resources "a limit of a wrong type" 'memory\.limit: expected an integer, got a string' '{"memory": {"limit": "1M"}}'
bad_resources "a limit beyond 64 bits" '1:22: an integer' '{"memory": {"limit": 18446744073709551616}}'
refuses "update: bad text on standard input" 'standard input:1:2' "$BASH" -c \
    "echo '{]' | '$BARRER_RUN' $BARRER_FLAGS --root '$STATE' update --resources - '$id'"
is "$(status_of "$id")" running "the container is as before"
ok "and goes" barrer delete --force "$id"
done_testing
