#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the core owes to hostile and to unlucky callers: hooks that hang, descriptors and signals
# that they leave behind, verbs that meet each other on one container.
. "$(dirname "$0")/../lib.sh"
need jq
is_root || spec_rootless=--rootless

b=$T/b
# SECONDS VERB...: the verb must not take longer; for capture and ok
within() { # shellcheck disable=SC2086
    local limit=$1
    shift
    timeout -s KILL "$limit" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" 8>&-
}
script_hook() { # SCRIPT: a jq array with one hook that runs it
    jq -nc --arg script "$1" '[{path: "/bin/sh", args: ["sh", "-c", $script]}]'
}

# --- hooks -----------------------------------------------------------------------------------------
printf '%100000s' '' | tr ' ' x >"$T/long"
make_bundle "$b" '.process.args = ["true"] | .annotations = {"long": $long}
    | .hooks.createContainer = $a | .hooks.startContainer = $b' --rawfile long "$T/long" \
    --argjson a "$(script_hook "cat >$T/create-container")" \
    --argjson b "$(script_hook 'test "$(wc -c)" -gt 100000')"
new_id
ok "hooks in the container get a state of any length" barrer run --bundle "$b" "$id"
is "$(jq -r '.annotations.long | length' "$T/create-container")" 100000 "with all of its annotations"
is "$(jq -r '.id + " " + .status' "$T/create-container")" "$id creating" "createContainer sees the container being created"
isnt "$(jq -r .pid "$T/create-container")" 1 "and its pid on the host"

make_bundle "$b" '.process.args = ["true"] | .hooks.createContainer = $a' \
    --argjson a "$(script_hook "umask >$T/umask")"
new_id
(umask 027 && barrer run --bundle "$b" "$id")
is "$(cat "$T/umask")" 0027 "hooks in the container have the caller's umask"

mkfifo "$T/hanging"
make_bundle "$b" '.process.args = ["true"] | .hooks.createRuntime = $a' \
    --argjson a "$(script_hook "echo >$T/hanging; exec sleep 1000")"
new_id
barrer create --bundle "$b" "$id" 2>"$T/create.err" &
read -r _ <"$T/hanging"
ok "delete --force does not wait for a hook that hangs" within 10 delete --force "$id"
wait $!
is $? 1 "and create gives up"
is "$(ls "$STATE")" "" "nothing is left"

# --- what callers leave behind -----------------------------------------------------------------------
make_bundle "$b" '.process.args = ["true"]'
new_id
ok "create with more preserved descriptors than are open" barrer create --preserve-fds 20 --bundle "$b" "$id"
ok "start does not wait for the container's own lock" within 10 start "$id"
barrer delete --force "$id"

done_testing
