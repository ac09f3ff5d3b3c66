#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman with this runtime, for an image that is imported from a file: no network, and nothing of
# the machine's own podman is touched.
. "$(dirname "$0")/../lib.sh"
need jq podman conmon
is_real_root || skip_all "needs real root"
can_mount || skip_all "cannot mount here"

. "$(dirname "$0")/../podman-lib.sh"

make_rootfs "$T/image"
tar -C "$T/image" -cf "$T/image.tar" .
capture pod import "$T/image.tar" localhost/busybox:test
is "$status" 0 "podman imports an image" || show
capture pod run --rm --network none localhost/busybox:test /bin/sh -c 'echo hello from podman; id -u; hostname | wc -c'
is "$status" 0 "podman run" || show
like "$output" '^hello from podman
0' "its output"
for code in 7 0; do
    capture pod run --rm --network none localhost/busybox:test /bin/sh -c "exit $code"
    is "$status" $code "the exit status $code comes through"
done
capture pod run --rm --network none localhost/busybox:test no-such-program
is "$status" 127 "a program that is not there: 127"
capture pod run --rm --network none localhost/busybox:test /etc/passwd
is "$status" 126 "a file that cannot be executed: 126"
capture pod run --rm --network none --env A=b --workdir /tmp --user 1000:1000 --hostname podhost localhost/busybox:test /bin/sh -c 'echo $A; pwd; id -u; hostname'
is "$output" $'b\n/tmp\n1000\npodhost' "environment, folder, user, host name"
mkdir "$T/volume" && echo from-volume >"$T/volume/file"
capture pod run --rm --network none --volume "$T/volume:/v:ro" --tmpfs /scratch:size=64k --read-only localhost/busybox:test /bin/sh -c 'cat /v/file; touch /v/x /x; touch /scratch/y && echo wrote'
like "$output" $'from-volume\nwrote' "volumes, tmpfs, a read-only root" || show
capture pod run --detach --name one --network none localhost/busybox:test sleep 1000
is "$status" 0 "podman run --detach" || show
capture pod exec one /bin/sh -c 'echo in exec; exit 3'
is "$status $output" "3 in exec" "podman exec" || show
capture pod exec one no-such-program
is "$status" 127 "podman exec of a program that is not there: 127"
capture pod ps --format '{{.Names}} {{.Status}}'
like "$output" '^one Up' "podman ps"
capture pod inspect --format '{{.State.Status}} {{.OCIRuntime}}' one
like "$output" '^running .*barrer-run' "podman inspect names the runtime"
if [ "$(cgroup_kind)" = v2 ]; then
    capture pod pause one
    is "$status" 0 "podman pause" || show
    capture pod unpause one
    is "$status" 0 "podman unpause" || show
fi
capture pod top one
like "$output" 'sleep' "podman top"
capture pod stop --time 1 one
is "$status" 0 "podman stop" || show
capture pod inspect --format '{{.State.Status}} {{.State.ExitCode}}' one
like "$output" '^exited (137|143)' "the state after it"
capture pod start one
is "$status" 0 "podman start again" || show
capture pod rm --force --time 0 one
is "$status" 0 "podman rm --force" || show
capture pod create --name two --network none localhost/busybox:test echo created-then-started
capture pod start --attach two
is "$output" created-then-started "podman create, start --attach"
capture pod logs two
is "$output" created-then-started "podman logs"
pod rm two >/dev/null
capture pod run --rm --network none --cap-drop all --security-opt no-new-privileges localhost/busybox:test grep -E 'CapEff|NoNewPrivs' /proc/self/status
like "$(tr -s '\t' ' ' <<<"$output")" 'CapEff: 0000000000000000
NoNewPrivs: 1' "--cap-drop all, no-new-privileges"
if has_controller memory && has_controller pids; then
    capture pod run --rm --network none --memory 64m --pids-limit 50 localhost/busybox:test true
    is "$status" 0 "podman's limits" || show
fi
pod rm --all --force --time 0 >/dev/null 2>&1
pod rmi --all --force >/dev/null 2>&1
done_testing
