#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a user or an engine gets wrong: one clear sentence on stderr (and in --log), a status that is
# not 0, no crash, nothing left behind; and healthy containers go on.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
make_bundle "$b" '.process.args = ["true"]'
cp "$b/config.json" "$T/good.json"

# --- ids: refused by every verb before a path is touched ---
long=$(printf 'x%.0s' {1..2000})
declare -A ids=([slash]=/ [absolute]=/etc [dot]=. [dots]=.. [up]=../x [below]=a/b [empty]='' [long]=$long
    [newline]=$'a\nb' [escape]=$'\e[31m' [tab]=$'a\tb' [blank]='a b' [percent]=%s [utf8]=ü [leading-dot]=.hidden)
mkdir -p "$T/x" && echo canary >"$T/x/state.json"
for name in "${!ids[@]}"; do
    bad=${ids[$name]}
    worst=
    for verb in create run start state kill delete "delete --force" exec ps pause resume update events; do
        arguments=()
        case $verb in
        create | run) arguments=(--bundle "$b") ;;
        "delete --force") arguments=(--force) ;;
        update) arguments=(--pids-limit 5) ;;
        events) arguments=(--stats) ;;
        esac
        arguments+=(-- "$bad")
        [ "$verb" != exec ] || arguments+=(true)
        capture timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "${verb%% *}" "${arguments[@]}"
        if [ "$status" = 0 ] || is_signal_status || [ "$(grep -c . "$T/.err")" != 1 ] ||
            LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f]' "$T/.err"; then
            worst="$worst$verb: status $status, stderr: $(head -c 300 "$T/.err" | cat -v); "
        fi
    done
    is "$worst" "" "the id \"$name\" is refused by every verb, in one clean line"
done
is "$(cat "$T/x/state.json")" canary "nothing outside the state root is touched"
is "$(ls -A "$STATE" 2>/dev/null)" "" "and nothing is made in it"

# --- options and verbs ---
refuses "no verb" 'verb|command|usage|Usage|--help' barrer
refuses "an unknown verb" 'strat' barrer strat x
refuses "an unknown global option" 'no-such-option' "$BARRER_RUN" --no-such-option state x
for verb in create run start state kill delete exec list ps pause resume update events spec features plan; do
    refuses "$verb: an unknown option" 'no-such-option' barrer $verb --no-such-option
done
refuses "an option without its value" 'bundle' barrer create --bundle
refuses "no container id" '(id|ID|argument)' barrer state
refuses "too many arguments" '"b"' barrer state a b
refuses "a format that is none" 'yaml' barrer list --format yaml
refuses "a log format that is none" 'yaml' "$BARRER_RUN" --log-format yaml list
refuses "a log level that is none" 'loud' "$BARRER_RUN" --log-level loud list
refuses "a log that cannot be opened" '/no/such/log' "$BARRER_RUN" --log /no/such/log list
refuses "a cgroup manager that is none" 'nonsense' "$BARRER_RUN" --cgroup-manager nonsense list
refuses "--preserve-fds without a number" 'preserve-fds' barrer run --preserve-fds many --bundle "$b" x
for verb in create run start state kill delete exec list ps pause resume update events spec features plan; do
    capture "$BARRER_RUN" $verb --help
    is "$status/${error:-}/$([ -n "$output" ] && echo text)" "0//text" "$verb --help"
done

# --- config.json ---
config() { # DESCRIPTION REGEX FILTER
    jq "$3" "$T/good.json" >"$b/config.json"
    new_id
    refuses "config.json: $1" "$2" barrer run --bundle "$b" "$id"
}
raw() { # DESCRIPTION REGEX; the file is on stdin
    cat >"$b/config.json"
    new_id
    refuses "config.json: $1" "$2" timeout 60 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
}
raw "empty" 'config.json' </dev/null
raw "not JSON" 'config.json' <<<'hello'
raw "truncated" 'config.json' < <(head -c 500 "$T/good.json")
raw "text behind the end" 'config.json' < <(cat "$T/good.json" && echo '{}')
raw "an array" 'config.json' <<<'[]'
raw "a number" 'config.json' <<<'1'
raw "null" 'config.json' <<<'null'
raw "a NUL byte" 'config.json' < <(head -c 200 "$T/good.json" && printf '\0' && tail -c +200 "$T/good.json")
raw "invalid UTF-8" '.' < <(sed "s/\"true\"/\"\xff\xfe\"/" "$T/good.json")
raw "64 MiB" 'config.json.*(large|big|MiB|size|limit)' < <(head -c 67108864 /dev/zero | tr '\0' ' ')
raw "nested 100,000 deep" 'config.json' < <(head -c 100000 /dev/zero | tr '\0' '[')
raw "nested 1,000 deep in objects" 'config.json' < <(printf '{"a":%.0s' {1..1000})
rm "$b/config.json"
new_id
refuses "config.json: missing" 'config.json.*No such file' barrer run --bundle "$b" "$id"
mkdir "$b/config.json"
refuses "config.json: a folder" 'config.json' barrer run --bundle "$b" "$id"
rmdir "$b/config.json"
mkfifo "$b/config.json"
refuses "config.json: a FIFO" 'config.json' timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
rm "$b/config.json"
ln -s /dev/zero "$b/config.json"
refuses "config.json: an endless device" 'config.json' timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
rm "$b/config.json"
config "no ociVersion" 'ociVersion' 'del(.ociVersion)'
config "ociVersion 2" 'ociVersion|version' '.ociVersion = "2.0.0"'
config "ociVersion nonsense" 'ociVersion|version' '.ociVersion = "one"'
config "ociVersion of a wrong type" 'ociVersion' '.ociVersion = 1'
config "no process" 'process' 'del(.process)'
config "no root" 'root' 'del(.root)'
config "process of a wrong type" 'process' '.process = "x"'
config "args of a wrong type" 'process.args' '.process.args = "sh"'
config "args with a number" 'process.args' '.process.args = ["sh", 5]'
config "cwd missing" 'process.cwd' 'del(.process.cwd)'
config "cwd relative" 'process.cwd' '.process.cwd = "tmp"'
config "env without =" 'process.env' '.process.env = ["FOO"]'
config "uid negative" 'process.user.uid' '.process.user.uid = -1'
config "uid too large" 'process.user.uid' '.process.user.uid = 4294967296'
config "uid a string" 'process.user.uid' '.process.user.uid = "root"'
config "uid a fraction" 'process.user.uid' '.process.user.uid = 1.5'
config "mounts of a wrong type" 'mounts' '.mounts = {}'
config "a mount without destination" 'destination' '.mounts += [{type: "tmpfs"}]'
config "mount options of a wrong type" 'options' '.mounts += [{destination: "/x", type: "tmpfs", options: "ro"}]'
config "root.path a number" 'root.path' '.root.path = 5'
config "root.path empty" 'root' '.root.path = ""'
config "hostname a list" 'hostname' '.hostname = []'
config "namespaces of a wrong type" 'linux.namespaces' '.linux.namespaces = {}'
config "a namespace without a type" 'linux.namespaces' '.linux.namespaces += [{}]'
config "memory limit a string" 'memory.limit' '.linux.resources.memory = {limit: "64M"}'
config "annotations of a wrong type" 'annotations' '.annotations = {a: 1}'
config "terminal a string" 'terminal' '.process.terminal = "yes"'
config "hooks of a wrong type" 'hooks' '.hooks = []'
config "vm, which no backend honours" '(vm|honour)' '.vm = {kernel: {path: "/boot/k"}}'
jq '.somethingNew = {a: 1} | .linux.somethingElse = 5' "$T/good.json" >"$b/config.json"
new_id
ok "unknown properties are passed over, as the specification says" barrer run --bundle "$b" "$id"
cp "$T/good.json" "$b/config.json"

# --- bundles ---
new_id
refuses "a bundle that is not there" 'no-bundle' barrer run --bundle "$T/no-bundle" "$id"
refuses "a bundle that is a file" 'good.json' barrer run --bundle "$T/good.json" "$id"
if ! is_root; then
    chmod 000 "$b"
    refuses "a bundle that cannot be read" '[Pp]ermission denied' barrer run --bundle "$b" "$id"
    chmod 755 "$b"
elif is_real_root && command -v setpriv >/dev/null; then
    mkdir -m 711 "$T/mine" && mkdir -m 700 "$T/mine/b"
    cp "$T/good.json" "$T/mine/b/config.json"
    refuses "a bundle that cannot be read" '[Pp]ermission denied' setpriv --reuid 65534 --regid 65534 --clear-groups \
        --inh-caps=-all "$BARRER_RUN" $BARRER_FLAGS --root "/tmp/barrer-none-$$" run --bundle "$T/mine/b" "$id"
fi
ls -A "$STATE" >"$T/state.ls" 2>/dev/null
is "$(cat "$T/state.ls")" "" "after all of this the state root is empty"
if can_mount; then
    is "$(mounts_below "$T")" "" "nothing is mounted"
fi

# --- the log has it too ---
rm -f "$T/log"
new_id
capture barrer --log "$T/log" run --bundle "$T/no-bundle" "$id"
like "$(cat "$T/log")" 'no-bundle' "--log has the error"
is "$(wc -l <"$T/log")" 1 "on one line"
rm -f "$T/log"
capture barrer --log "$T/log" --log-format json run --bundle $'/no/such\nbundle"quoted"\x01' "$id"
ok "--log-format json is JSON whatever it quotes" jq -e .msg "$T/log"
capture barrer --log "$T/log" --log-format json no-such-verb
ok "a usage error is in the log as well" jq -se '.[1].msg' "$T/log"

# --- closed descriptors ---
make_bundle "$b" '.process.args = ["sh", "-c", "exec 3>&1; ls -l /proc/self/fd | grep -c host-secret; exit 5"]'
echo secret >"$T/host-secret"
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
    new_id
    (eval "timeout 30 \"\$BARRER_RUN\" \$BARRER_FLAGS --root \"\$STATE\" run --bundle \"\$b\" \"\$id\" $closed") >"$T/.o" 2>"$T/.e" 8>&-
    rc=$?
    # Either it runs (and passes the exit status on), or it refuses; and nothing is left.
    if [ $rc = 5 ] || { [ $rc != 0 ] && [ $rc -lt 124 ]; }; then pass "run with $closed (status $rc)"; else
        fail "run with $closed" "status $rc" "$(cat "$T/.e")"
    fi
    new_id
    (eval "\"\$BARRER_RUN\" \$BARRER_FLAGS --root \"\$STATE\" state \"\$id\" $closed") >/dev/null 2>&1 8>&-
    is $? 1 "state of a missing container with $closed"
done
is "$(ls -A "$STATE")" "" "nothing is left of them"
new_id
start_sleeper "$b"
healthy=$id
(barrer list >&-) 2>"$T/.e"
isnt $? 0 "list to a closed stdout is an error"
if [ -c /dev/full ]; then
    (barrer list >/dev/full) 2>"$T/.e"
    isnt $? 0 "list to a full disk is an error"
    like "$(cat "$T/.e")" 'No space left' "which it names"
    (barrer state "$healthy" >/dev/full) 2>"$T/.e"
    isnt $? 0 "state to a full disk is an error"
fi

# --- the state of others ---
corrupt() { # NAME; the state file is on stdin
    mkdir -p -m 700 "$STATE/$1"
    cat >"$STATE/$1/state.json"
}
file=$(cd "$STATE/$healthy" && ls)
like "$file" 'state.json' "the state file is state.json"
corrupt bad-empty </dev/null
corrupt bad-text <<<'not json'
head -c 300 "$STATE/$healthy/state.json" | corrupt bad-truncated
echo '{"id": "other", "pid": "x"}' | corrupt bad-types
echo '[]' | corrupt bad-array
mkdir -p "$STATE/bad-nothing"
echo file >"$STATE/bad-file"
capture barrer list --format json
ok "list beside corrupt states lists the healthy one (status $status)" jq -e ".[] | select(.id == \"$healthy\" and .status == \"running\")" <<<"$output"
capture barrer list
like "$output" "$healthy +[0-9]+ +running" "the table has the healthy one as well"
like "$error" bad-truncated "and the others are named"
capture barrer list -q
like "$output" "$healthy" "list -q as well"
for bad in bad-empty bad-text bad-truncated bad-types bad-array bad-nothing; do
    refuses "state of $bad" "$bad" barrer state $bad
    refuses "kill of $bad" "$bad" barrer kill $bad KILL
    ok "delete --force of $bad" barrer delete --force $bad
    not_ok "removes $bad" test -e "$STATE/$bad"
done
rm -f "$STATE/bad-file"
is "$(status_of "$healthy")" running "the healthy one is as before"
# A state file that names another process must not make us signal it.
sleep 1020 &
victim=$!
jq -c --argjson pid $victim 'if type == "object" then .pid = $pid else . end' "$STATE/$healthy/state.json" 2>/dev/null | corrupt bad-pid
barrer kill bad-pid KILL 2>/dev/null
barrer delete --force bad-pid 2>/dev/null
ok "a forged pid without the right start time is not signalled" kill -0 $victim
kill $victim
barrer delete --force "$healthy"

# The table and the JSON of list agree, whatever a path or an annotation looks like.
for name in 'simple' 'two words' 'quote"backslash\' 'ümlaut'; do
    make_bundle "$T/$name" '.process.args = ["sleep", "1000"] | .annotations = {"a.b": "{\"x\": [1, \"}\\\\\"]}", "n": "ü"}'
    new_id
    barrer create --bundle "$T/$name" "$id" </dev/null >/dev/null 2>&1
    is "$(barrer list | awk -v id="$id" '$1 == id { print $3 }')" created "list: a created one in $name"
    barrer start "$id"
    barrer list --format json >"$T/json"
    jq -r '.[] | "\(.id) \(.pid) \(.status) \(.bundle) \(.created) \(.owner)"' "$T/json" >"$T/wanted"
    is "$(barrer list | tail -n +2 | sed 's/ \+/ /g')" "$(sed 's/ \+/ /g' "$T/wanted")" "and a running one"
    barrer kill "$id" KILL
    wait_until 10 is_status "$id" stopped
    is "$(barrer list | awk -v id="$id" '$1 == id { print $2, $3 }')" "0 stopped" "and a stopped one"
    barrer delete "$id"
done

# --- a state folder that is full, read-only or no folder ---
make_bundle "$b" '.process.args = ["true"]'
if can_mount; then
    mkdir "$T/full" "$T/ro"
    mount -t tmpfs -o size=4k,nr_inodes=10,mode=700 tmpfs "$T/full"
    head -c 4096 /dev/zero >"$T/full/filler" 2>/dev/null
    new_id
    refuses "a full state folder" '(No space left|full)' "$BARRER_RUN" $BARRER_FLAGS --root "$T/full" run --bundle "$b" "$id"
    is "$(ls "$T/full")" filler "leaves nothing there"
    mount -t tmpfs -o ro tmpfs "$T/ro"
    refuses "a read-only state folder" 'Read-only' "$BARRER_RUN" $BARRER_FLAGS --root "$T/ro" run --bundle "$b" "$id"
    capture "$BARRER_RUN" $BARRER_FLAGS --root "$T/ro" list
    is "$status" 0 "list in a read-only state folder"
    umount "$T/full" "$T/ro"
else
    skip "a full state folder" "cannot mount here"
    skip "a read-only state folder" "cannot mount here"
fi
echo x >"$T/plain"
refuses "a state root that is a file" 'plain' "$BARRER_RUN" $BARRER_FLAGS --root "$T/plain" run --bundle "$b" x
refuses "a state root below a file" 'plain' "$BARRER_RUN" $BARRER_FLAGS --root "$T/plain/x" run --bundle "$b" x

# --- pid files and sockets that do not work ---
new_id
refuses "a pid file that cannot be written" '/no/such/folder/pid' barrer run --detach --pid-file /no/such/folder/pid --bundle "$b" "$id"
not_ok "leaves no container" test -e "$STATE/$id"
make_bundle "$b" '.process.args = ["true"] | .process.terminal = true'
new_id
refuses "a console socket that is not there" '/no/such/socket' barrer create --console-socket /no/such/socket --bundle "$b" "$id"
not_ok "leaves no container" test -e "$STATE/$id"

done_testing
