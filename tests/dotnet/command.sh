#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-run dotnet App.dll: no bundle, no image.
. "$(dirname "$0")/lib.sh"
publish hello probe web fsharp database
run() { capture barrer dotnet "$@"; } # WORD...

# --- as with dotnet App.dll ---
same_command() { # DESCRIPTION APP WORD...
    local what=$1 app=$2 wanted
    shift 2
    outside "$app" "$@"
    wanted=$(outcome)
    run "$APPS/$app/$1" "${@:2}"
    is "$(outcome)" "$wanted" "$what" || show
}
same_command "hello" hello Hello.dll
same_command "arguments" probe Probe.dll arguments 'a b' '' --env ü
same_command "the exit status" probe Probe.dll exit 42
same_command "an exception" probe Probe.dll throw message
same_command "F#" fsharp FSharpApp.dll one
same_command "a package with native assets" database Database.dll
capture in_folder "$APPS/hello" barrer dotnet Hello.dll
is "$status $output" "0 Hello, World!" "a relative path" || show
is "$(printf 'text\n' | barrer dotnet "$APPS/probe/Probe.dll" input)" $'TEXT\n5' "standard input"

# --- what it sees ---
run "$APPS/probe/Probe.dll" child /run/barrer/bin/dotnet /app/Probe.dll exit 3
run "$APPS/probe/Probe.dll" read /etc/shadow
isnt "$status" 0 "the host's files are not there"
export BARRER_LEAK=1
run "$APPS/probe/Probe.dll" environment
unlike "$output" BARRER_LEAK "nor its environment"
unset BARRER_LEAK
run "$APPS/probe/Probe.dll" write /app
is "$output" '/app: refused' "the app's folder cannot be written"
cp -r "$APPS/probe" "$T/probe"
run "$T/probe/Probe.dll" write /app /app/Probe.dll /
is "$(find "$T/probe" -name written)" "" "whatever the app tries, its folder is as it was"

# --- options ---
run --read-only "$APPS/probe/Probe.dll" write / /tmp
like "$output" '^/: refused' "--read-only" || show
run --env A=b --env C='d e' "$APPS/probe/Probe.dll" environment A C
is "$output" $'A=b\nC=d e' "--env" || show
mkdir "$T/volume"
echo from-volume >"$T/volume/file"
run --volume "$T/volume:/data" "$APPS/probe/Probe.dll" write /data
is "$output $(cat "$T/volume/written" 2>/dev/null)" "/data: written written" "--volume" || show
run --volume "$T/volume:/data:ro" "$APPS/probe/Probe.dll" write /data
is "$output" "/data: refused" "--volume :ro" || show
run --volume "$T/volume:/data:ro" "$APPS/probe/Probe.dll" read /data/file
is "$output" "from-volume" "which can be read" || show
run --user 1000:1001 "$APPS/probe/Probe.dll" user
like "$(tr -s '\t' ' ' <<<"$output")" 'Uid: 1000 .*Gid: 1001 ' "--user" || show
run --net none "$APPS/probe/Probe.dll" sockets
is "$output" 'over loopback' "--net none has loopback" || show
run --net host "$APPS/probe/Probe.dll" exit 0
is "$status" 0 "--net host" || show
if has_controller memory; then
    run --memory 64m "$APPS/probe/Probe.dll" allocate 1000
    is "$status $output" "0 OutOfMemoryException" "--memory is the collector's limit" || show
fi

# --- signals, and what is left ---
# shellcheck disable=SC2086 # words
"$BARRER_RUN" $BARRER_FLAGS --root "$STATE" dotnet "$APPS/probe/Probe.dll" handlers >"$T/out" 2>"$T/err" </dev/null &
runner=$!
wait_for_line ready
kill -TERM $runner
wait_for_end
is "$status $output" $'0 ready\nSIGTERM' "SIGTERM to barrer-run is the app's" || show
# shellcheck disable=SC2086 # words
capture python3 "$top_srcdir/tests/terminal.py" 100x30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" dotnet "$APPS/probe/Probe.dll" terminal
is "$(plain_text <<<"$output")" $'False False False\n100x30' "a terminal is the app's" || show
is "$(ls -A "$STATE" 2>/dev/null)" "" "no container is left"

# --- refusals ---
exits "an app that is not there: 127" 127 barrer dotnet "$T/Missing.dll"
like "$error" 'Missing\.dll' "by its name"
exits "a file that is no assembly: 126" 126 barrer dotnet /etc/passwd
exits "no app: 125" 125 barrer dotnet
exits "an option that does not exist: 125" 125 barrer dotnet --nonsense "$APPS/hello/Hello.dll"
exits "a value that is wrong: 125" 125 barrer dotnet --memory much "$APPS/hello/Hello.dll"
exits "a volume that is wrong: 125" 125 barrer dotnet --volume relative:/x "$APPS/hello/Hello.dll"
ok "--help" barrer dotnet --help
for option in --read-only --net --memory --env --volume --user; do
    like "$output" "$option" "which shows $option"
done
done_testing
