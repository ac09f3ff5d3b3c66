#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images that hold only an app, under podman.
. "$(dirname "$0")/lib.sh"
need podman conmon
publish probe web
make_root busybox
. "$here/../podman-lib.sh"

mkdir -p "$T/image/app"
cp "$APPS/probe"/Probe.{dll,deps.json,runtimeconfig.json} "$T/image/app/"
tar -C "$T/image" -cf "$T/image.tar" .
capture pod import --change 'WORKDIR /app' --change 'ENTRYPOINT ["dotnet", "Probe.dll"]' "$T/image.tar" localhost/probe:test
is "$status" 0 "podman imports an image that has only App.dll" || show
cp -r "$T/roots/busybox/." "$T/image/"
tar -C "$T/image" -cf "$T/image.tar" .
capture pod import --change 'WORKDIR /app' "$T/image.tar" localhost/shell:test
is "$status" 0 "and one with a shell" || show
run=(run --rm --network none)

outside probe Probe.dll arguments one 'two words'
wanted=$output
capture pod "${run[@]}" localhost/probe:test arguments one 'two words'
is "$status $output" "0 $wanted" "podman run: arguments, output" || show
for code in 0 3 255; do
    capture pod "${run[@]}" localhost/probe:test exit $code
    is "$status" $code "podman run: exit status $code" || show
done
capture pod "${run[@]}" localhost/probe:test throw message
is "$status" 134 "podman run: a crash" || show
capture pod "${run[@]}" --entrypoint Probe.dll localhost/probe:test names
is "$(head -n 2 <<<"$output")" $'dotnet\n/app/' "an entry point that is the assembly" || show
capture pod "${run[@]}" --init localhost/probe:test exit 5
is "$status" 5 "podman run --init" || show
capture pod "${run[@]}" --entrypoint '["sh", "-c", "dotnet Probe.dll exit 6"]' localhost/shell:test
is "$status" 6 "a shell that calls dotnet" || show
capture pod "${run[@]}" --entrypoint '["dotnet", "Missing.dll"]' localhost/probe:test
is "$status" 127 "an assembly that is not there: 127" || show
like "$error" 'Missing\.dll' "by its name"
capture pod "${run[@]}" --read-only --user 1000:1000 --cap-drop all --security-opt no-new-privileges localhost/probe:test user
is "$status" 0 "a read-only root, a user, no capabilities" || show
like "$(tr -s '\t' ' ' <<<"$output")" 'Uid: 1000 .*CapEff: 0+' "as the app sees it"
capture pod "${run[@]}" --env A='b c' --workdir /tmp localhost/shell:test dotnet /app/Probe.dll environment A
is "$output" 'A=b c' "--env, --workdir" || show
capture pod "${run[@]}" --tmpfs /run localhost/probe:test exit 7
is "$status" 7 "--tmpfs /run" || show
echo secret >"$T/secret"
capture pod "${run[@]}" --volume "$T/secret:/run/secrets/one:ro" localhost/probe:test read /run/secrets/one
is "$output" secret "a secret below /run" || show

capture pod run --detach --name one --network none localhost/probe:test handlers
is "$status" 0 "podman run --detach" || show
wait_until 60 eval 'pod logs one 2>/dev/null | grep -qx ready'
capture pod diff one
is "$status $(grep -v '^[AC] /\(etc\|dev\|proc\|sys\|run\)\(/\(resolv.conf\|hosts\|hostname\|mtab\|.containerenv\)\)\?$' <<<"$output")" "0 " "podman diff shows nothing of the runtime" || show
unlike "$output" barrer "nor a folder named barrer"
capture pod exec one dotnet Probe.dll exit 4
is "$status" 4 "podman exec of an assembly" || show
capture pod exec one /no/such/program
is "$status" 127 "podman exec of what is not there" || show
capture pod top one
like "$output" dotnet "podman top" || show
capture pod stop --time 20 one
is "$status" 0 "podman stop" || show
capture pod inspect --format '{{.State.ExitCode}}' one
is "$output" 0 "which the app handled" || show
capture pod start one
wait_until 60 eval '[ "$(pod logs one 2>/dev/null | grep -cx ready)" = 2 ]'
capture pod kill --signal INT one
wait_until 20 eval '[ "$(pod inspect --format "{{.State.Status}}" one)" = exited ]'
is "$(pod inspect --format '{{.State.ExitCode}}' one)" 0 "podman start again, podman kill"
capture pod commit one localhost/committed:test
capture pod save --output "$T/saved.tar" localhost/committed:test
mkdir "$T/saved"
tar -C "$T/saved" -xf "$T/saved.tar"
is "$(for layer in "$T"/saved/*.tar; do tar -tf "$layer"; done | grep barrer)" "" "podman commit: no runtime in the image"
pod rm --force --time 0 one >/dev/null
if has_controller memory; then
    capture pod "${run[@]}" --memory 64m localhost/probe:test allocate 1000
    is "$status $output" "0 OutOfMemoryException" "podman run --memory is the collector's limit" || show
fi
pod rm --all --force --time 0 >/dev/null 2>&1
pod rmi --all --force >/dev/null 2>&1
done_testing
