#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The verbs of barrer-run on a container whose payload is an assembly.
. "$(dirname "$0")/lib.sh"
publish probe hello
make_root busybox empty

# --- create, start ---
app_bundle busybox probe . dotnet Probe.dll handlers
new_id
barrer create --bundle "$bundle" --pid-file "$T/pid" "$id" </dev/null >"$T/out" 2>"$T/err"
is "$? $(status_of "$id")" "0 created" "create" || diag "$(cat "$T/err")"
is "$(cat "$T/out")" "" "nothing runs before start"
ok "start" barrer start "$id"
wait_until 60 grep -qx ready "$T/out"
is "$(pid_of "$id")" "$(cat "$T/pid")" "the pid file and the state name the same process"
is "$(status_of "$id")" running "it runs"

# --- exec ---
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 4
is "$status" 4 "exec of an assembly, by dotnet" || show
capture barrer exec --cwd /app "$id" Probe.dll names
is "$status $(head -n 2 <<<"$output")" $'0 dotnet\n/app/' "exec of an assembly by its name" || show
capture barrer exec "$id" /app/Probe.dll arguments 'a b'
is "$status $(head -n 1 <<<"$output")" "0 [a b]" "exec of an assembly by its path" || show
capture barrer exec "$id" sh -c 'echo native; exit 6'
is "$status $output" "6 native" "exec of a native program" || show
capture barrer exec "$id" sh -c 'cd /app && dotnet Probe.dll exit 8'
is "$status" 8 "exec of a shell that calls dotnet" || show
capture barrer exec --user 1000:1000 --env A=b --cwd /app "$id" dotnet Probe.dll environment A
is "$output" "A=b" "exec as another user, with a variable" || show
capture barrer exec --cwd /app "$id" dotnet Probe.dll throw message
is "$status" 134 "exec of an app that crashes" || show
capture barrer exec "$id" /app/Missing.dll
like "$status $error" '^(1|12[67]|255) .*Missing\.dll' "exec of an assembly that is not there" || show
app_pid=$(cat "/proc/$(pid_of "$id")/task/$(pid_of "$id")/children")
capture barrer exec "$id" sh -c 'ps -o args | grep -c "^dotnet"'
is "$output" 1 "what exec started is gone" || show

# --- events, ps, pause ---
ok "events --stats" barrer events --stats "$id"
like "$output" '"pids"' "its figures"
ok "ps" barrer ps "$id"
like "$output" "${app_pid% }" "ps lists the app" || show
if barrer pause "$id" 2>"$T/err"; then
    is "$(status_of "$id")" paused "pause"
    ok "resume" barrer resume "$id"
    is "$(status_of "$id")" running "resume"
else
    skip "pause, resume" "no cgroup controller for it: $(cat "$T/err")"
fi

# --- update, checkpoint ---
if has_controller memory; then
    ok "update --memory" barrer update --memory 256M "$id"
fi
refuses "checkpoint is refused" 'checkpoint.*runtime host clrhost' barrer checkpoint "$id"

# --- kill, delete ---
ok "kill TERM" barrer kill "$id" TERM
ok "the app handles it, and the container stops" wait_until 20 is_status "$id" stopped
is "$(cat "$T/out")" $'ready\nSIGTERM' "its last words"
ok "delete" barrer delete "$id"
app_bundle busybox probe . dotnet Probe.dll plain
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>&1
wait_until 60 grep -qx ready "$T/out"
ok "kill --all KILL" barrer kill --all "$id" KILL
ok "it stops" wait_until 20 is_status "$id" stopped
ok "delete" barrer delete "$id"
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>&1
ok "delete --force of a running one" barrer delete --force "$id"

# --- an empty root ---
app_bundle empty probe . dotnet Probe.dll plain
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err"
wait_until 60 grep -qx ready "$T/out"
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 9
is "$status" 9 "exec in an empty root" || show
barrer delete --force "$id"

# --- a native container, into which an assembly is executed ---
app_bundle busybox probe . sleep 1000
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err"
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 3
hint="(container \`$id\` was created without .NET: create it with the annotation org.barrer.runtime=clrhost)"
is "$status $output $error" "255  barrer-run: runtime native: executable file \`dotnet\` not found in \$PATH: no such file or directory $hint" \
    "exec of an assembly in a native container is refused, and says what to do" || show
for args in Probe.dll /app/Probe.dll; do
    capture barrer exec --cwd /app "$id" $args
    is "$output $(grep -cF "$hint" <<<"$error")" " 1" "$args: the same" || show
done
barrer delete --force "$id"
app_bundle busybox probe '.annotations["org.barrer.runtime"] = "clrhost"' sleep 1000
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err"
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 3
is "$status" 3 "with that annotation it runs" || show

# --- a privilege that the container was created without ---
capture barrer exec --cap CAP_SYS_ADMIN "$id" sh -c 'mount -o remount,rw,bind /run/barrer/root/shared'
like "$status $error" '^255 .*CAP_SYS_ADMIN.*host "clrhost".*when it is created' "exec with CAP_SYS_ADMIN does not reach a runtime that it could write to" || show
barrer delete --force "$id"
app_bundle busybox probe '.annotations["org.barrer.runtime"] = "clrhost" | .process.capabilities.bounding += ["CAP_SYS_ADMIN"]' sleep 1000
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err"
capture barrer exec --cap CAP_SYS_ADMIN "$id" sh -c 'mount -o remount,rw,bind /run/barrer/bin/dotnet && echo mounted; : >>/run/barrer/bin/dotnet'
like "$status $output $error" '^[12] mounted .*[Rr]ead-only file system' "where it was created with it, it cannot" || show
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 3
is "$status" 3 "exec of an assembly works there, too" || show
barrer delete --force "$id"

# --- the launcher and the runtime are replaced on the host meanwhile ---
cp -r "$abs_top_builddir/tests/stage/plugins" "$T/plugins"
make_overlay "$DOTNET_FOLDER" "$T/dotnet"
configure "dotnet-root = $T/dotnet"
BARRER_FLAGS="--plugin-dir $T/plugins --config $T/barrer.conf"
app_bundle busybox probe . dotnet Probe.dll handlers
new_id
barrer run --detach --bundle "$bundle" "$id" </dev/null >"$T/out" 2>"$T/err"
wait_until 60 grep -qx ready "$T/out"
for file in init dotnet; do
    # What a package manager does: a new file takes the name.
    printf 'not a program\n' >"$T/plugins/clrhost/$file.new"
    mv "$T/plugins/clrhost/$file.new" "$T/plugins/clrhost/$file"
done
capture barrer exec --cwd /app "$id" dotnet Probe.dll exit 3
is "$status" 3 "exec works after the launcher was replaced" || show
rm -r "$T/plugins/clrhost"
capture barrer exec --cwd /app "$id" dotnet Probe.dll self exit 4
is "$status" 0 "and after it was removed, by ProcessPath too" || show
barrer kill "$id" TERM
ok "the container ends in order" wait_until 20 is_status "$id" stopped
is "$(cat "$T/out")" $'ready\nSIGTERM' "with its last words"
barrer delete --force "$id"
is "$(ls -A "$STATE" 2>/dev/null)" "" "nothing is left"
done_testing
