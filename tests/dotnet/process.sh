#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an app sees and does, against what it sees and does outside: words, variables, folders,
# streams, terminals, exit statuses, crashes, culture, time, names, children.
. "$(dirname "$0")/lib.sh"
publish probe
make_root busybox debian
root=$T/roots/busybox
probe() { same "$1" busybox probe dotnet Probe.dll "${@:2}"; } # DESCRIPTION WORD...

# --- words and names ---
probe "arguments" arguments 'a b' '' 'c"d' "it's" ü --option -- '*' '$HOME'
probe "no arguments: the app's usage and its status 2"
probe "the names by which it finds itself" names
inside busybox probe . dotnet Probe.dll names
is "$(head -n 2 <<<"$output")" $'dotnet\n/app/' "ProcessPath is a file named dotnet, BaseDirectory the app's folder" || show
probe "the working directory" folder
inside busybox probe '.process.cwd = "/tmp"' dotnet /app/Probe.dll folder
is "$output" /tmp "a working directory that is not the app's folder" || show
probe "it starts itself again by ProcessPath" self exit 7

# --- variables: the configuration's, and never the caller's ---
probe "variables" environment WORDS EMPTY HOME UNSET
export BARRER_LEAK=1 DOTNET_gcServer=1 DOTNET_STARTUP_HOOKS=/no/such.dll
inside busybox probe . dotnet Probe.dll environment
unset BARRER_LEAK DOTNET_gcServer DOTNET_STARTUP_HOOKS
unlike "$output" 'BARRER|gcServer|STARTUP_HOOKS' "nothing of the caller's environment"
unlike "$output" 'LD_LIBRARY_PATH|LD_PRELOAD' "nothing that changes how the container's own programs are loaded"

# A service manager's descriptors are for the process that LISTEN_PID names.
app_bundle busybox probe '.process.env += ["LISTEN_FDS=1", "LISTEN_PID=1", "NOTIFY_SOCKET=/run/notify"]' \
    dotnet Probe.dll child /bin/sh -c '[ $PPID = $LISTEN_PID ] && echo same; echo $LISTEN_FDS $NOTIFY_SOCKET'
new_id
echo through >"$T/three"
capture barrer run --preserve-fds 1 --bundle "$bundle" "$id" 3<"$T/three"
like "$output" $'^same\n1 /run/notify\n' "LISTEN_PID is the app, LISTEN_FDS and NOTIFY_SOCKET are passed on" || show

# --- exit statuses ---
for code in 0 3 42 255 256 -1 126 137; do
    probe "Main returns $code" exit $code
done
probe "Environment.Exit(3)" exit-environment 3
probe "ProcessExit handlers run" exit-property 5
probe "it waits for foreground threads" exit-foreground 6

# --- crashes: message and status 134 ---
probe "an exception that nothing catches" throw 'the message'
is "$status" 134 "its status is 134"
probe "the same on a thread" throw-thread 'the message'
probe "Environment.FailFast" fail-fast 'the message'
probe "a null reference is an exception" null
inside busybox probe . dotnet Probe.dll overflow
is "$status $(head -n 1 <<<"$error")" "134 Stack overflow." "a stack overflow" || show

# --- streams ---
app_bundle busybox probe . dotnet Probe.dll input
new_id
is "$(printf 'some text\n' | barrer run --bundle "$bundle" "$id")" $'SOME TEXT\n10' "standard input"
probe "standard output and error stay apart" error
probe "redirected streams are seen as such" terminal
closed() { barrer run --bundle "$bundle" "$id" <&- >&- 2>&-; }
app_bundle busybox probe . dotnet Probe.dll exit 5
new_id
exits "closed standard streams" 5 closed

# --- a terminal ---
app_bundle busybox probe '.process.terminal = true | .process.env += ["TERM=xterm"]' dotnet Probe.dll terminal
new_id
# shellcheck disable=SC2086 # words
capture python3 "$top_srcdir/tests/terminal.py" 80x24 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$bundle" "$id"
is "$(plain_text <<<"$output")" $'False False False\n80x24' "a terminal: not redirected, and of the caller's size" || show

# --- culture, time zone, names ---
probe "culture: invariant, or the host's data" culture de-DE tr-TR
same "culture in a root that has data of its own, or none" debian probe dotnet Probe.dll culture de-DE
app_env_json=$(jq -c '. + ["LANG=de_DE.UTF-8"]' <<<"$app_env_json")
inside busybox probe . dotnet Probe.dll culture
like "$output" '^de-DE' "LANG chooses the culture" || show
app_env_json=$(words_json "${app_env[@]}")
inside busybox probe '.process.env += ["TZ=UTC"]' dotnet Probe.dll time-zone
is "$(sed -n 2p <<<"$output")" 00:00:00 "the time zone UTC" || show
inside debian probe '.process.env += ["TZ=Europe/Berlin"]' dotnet Probe.dll time-zone Asia/Tokyo
is "$output" $'Europe/Berlin\n01:00:00\n09:00:00' "time zones of a root that has their data" || show
printf '127.0.0.1 localhost\n192.0.2.7 a-name.example\n' >"$root/etc/hosts"
inside busybox probe . dotnet Probe.dll resolve a-name.example localhost
is "$output" $'192.0.2.7\n127.0.0.1' "names are looked up in the container's /etc/hosts" || show

# --- the framework ---
probe "SHA-256, which needs OpenSSL" hash words
probe "JSON" json '{"name": "value"}'
probe "the thread pool" pool
inside busybox probe . dotnet Probe.dll sockets
is "$output" 'over loopback' "sockets" || show

# --- children ---
probe "a child process: output and exit status" child /bin/sh -c 'echo from a child; exit 3'
probe "many of them" many-children 50 /bin/true
inside busybox probe . dotnet Probe.dll orphans /bin/sh -c '(while [ -e /proc/$$ ]; do :; done &) ; (while [ -e /proc/$$ ]; do :; done &) ; exit 0'
is "$output" '0 zombies' "orphans are reaped" || show
same "children of a root with its own libraries" debian probe dotnet Probe.dll child /bin/sh -c 'perl -e "print 6*7"'
inside busybox probe . dotnet Probe.dll child /bin/sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/self/fd | tr "\n" " "'
like "$output" 'SigBlk:	0+' "a child has no signal blocked" || show
done_testing
