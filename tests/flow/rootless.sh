#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without privilege: as a user alone, and below "unshare -r". (All other flow tests are run in these
# two ways too; here is what is particular to them.)
. "$(dirname "$0")/../lib.sh"
need jq
unshare -U true 2>/dev/null || skip_all "user namespaces are not allowed here"

b=$T/b
spec_rootless=--rootless
if is_real_root; then
    # Become a user that no file names, in a folder of its own.
    user=12345
    mkdir -m 700 "$T/home"
    make_bundle "$T/home/b"
    chown -R $user:$user "$T/home"
    as_user() {
        setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR HOME="$T/home" "$@" 8>&- 9>&-
    }
    as_user test -x "$BARRER_RUN" || skip_all "the build is in a folder that only root may enter"
    b=$T/home/b
    uid=$user
else
    as_user() { "$@" 8>&- 9>&-; }
    make_bundle "$b"
    uid=$(id -u)
fi
[ -n "${uid:-}" ] || uid=0
state_dir=$T/home
[ -d "$state_dir" ] || state_dir=$T
user_barrer() {
    # shellcheck disable=SC2086
    as_user "$BARRER_RUN" $BARRER_FLAGS --root "$state_dir/state" "$@"
}
config() { # FILTER [JQ-OPTION...]
    local filter=$1
    shift
    jq "$@" "$filter | .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: $uid, size: 1}]" \
        "$T/.spec--rootless" >"$b/config.json"
}
sh_config() { config '.process.terminal = false | .process.args = ["sh", "-c", $s]' --arg s "$1"; }

sh_config 'id -u; hostname; echo $$; touch /x; echo end'
new_id
capture user_barrer run --bundle "$b" "$id"
is "$status" 0 "run as a user" || show
like "$output" $'^0\n.*\n1\n' "root inside, process 1"
sh_config 'cat /proc/self/uid_map; cat /proc/self/setgroups; grep CapEff /proc/self/status'
new_id
capture user_barrer run --bundle "$b" "$id"
like "$(tr -s ' ' <<<"$output")" " 0 $uid 1" "the map is the caller's own id"
if [ "$uid" != 0 ]; then like "$output" deny "setgroups is denied, as the kernel wants"; fi
config '.process.terminal = false | .process.args = ["sleep", "1000"]'
new_id
ok "run --detach" user_barrer run --detach --bundle "$b" --pid-file "$state_dir/pid" "$id"
is "$(user_barrer exec "$id" id -u)" 0 "exec"
capture user_barrer state "$id"
is "$(json .status)" running "state"
capture user_barrer list -q
is "$output" "$id" "list"
ok "kill" user_barrer kill "$id" KILL
wait_until 10 is_gone "$(cat "$state_dir/pid")"
ok "delete" user_barrer delete "$id"
new_id
user_barrer create --bundle "$b" "$id" </dev/null
ok "delete --force of a created container" user_barrer delete --force "$id"
is "$(ls -A "$state_dir/state")" "" "nothing is left"
config '.process.terminal = false | .process.args = ["true"] | .linux.resources = {memory: {limit: 67108864}}'
new_id
capture user_barrer run --bundle "$b" "$id"
if [ "$status" != 0 ]; then
    like "$error" '(memory|cgroup)' "a limit that a user may not set is refused by its name"
else
    pass "a limit is accepted: this user may use cgroups"
fi
config '.process.terminal = false | .process.args = ["true"] | .linux.namespaces |= map(select(.type != "user"))'
jq 'del(.linux.uidMappings, .linux.gidMappings)' "$b/config.json" >"$T/new" && cat "$T/new" >"$b/config.json"
new_id
capture user_barrer run --bundle "$b" "$id"
if [ "$uid" = 0 ]; then pass "inside a user namespace no other is needed (status $status)"; else
    isnt "$status" 0 "without a user namespace a user gets an error"
    is "$(grep -c . "$T/.err")" 1 "of one line"
fi

# --- several ids, by newuidmap ---
if is_real_root || [ "$uid" = 0 ] || ! command -v newuidmap >/dev/null || ! grep -q "^$(id -un):" /etc/subuid 2>/dev/null; then
    skip "several ids through newuidmap" "needs a user with a line in /etc/subuid"
else
    IFS=: read -r _ first count < <(grep "^$(id -un):" /etc/subuid)
    IFS=: read -r _ gfirst gcount < <(grep "^$(id -un):" /etc/subgid)
    config '.process.terminal = false | .process.args = ["sh", "-c", "cat /proc/self/uid_map; id -u"] | .process.user = {uid: 5, gid: 5}'
    jq ".linux.uidMappings += [{containerID: 1, hostID: $first, size: $count}] | .linux.gidMappings += [{containerID: 1, hostID: $gfirst, size: $gcount}]" \
        "$b/config.json" >"$T/new" && cat "$T/new" >"$b/config.json"
    new_id
    capture user_barrer run --bundle "$b" "$id"
    like "$output" $'\n5$' "several ids through newuidmap" || show
    jq '.linux.uidMappings[1] = {containerID: 1, hostID: 1, size: 1}' "$b/config.json" >"$T/new" && cat "$T/new" >"$b/config.json"
    new_id
    capture user_barrer run --bundle "$b" "$id"
    like "$error" 'newuidmap' "ids that are not the user's are refused with newuidmap's words"
fi

# --- below unshare -r ---
if ! in_userns; then
    make_bundle "$T/r" '.process.args = ["sh", "-c", "id -u; hostname"] | .linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
    [ "$uid" = 0 ] || chown -R "$uid:$uid" "$T/r" 2>/dev/null
    new_id
    capture as_user unshare -r "$BARRER_RUN" $BARRER_FLAGS --root "$state_dir/state" run --bundle "$T/r" "$id"
    is "$status" 0 "run below unshare -r" || show
fi
done_testing
