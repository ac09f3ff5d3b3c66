#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman with this runtime as its default one: Debian's podman and conmon, an image made here.
needs="podman conmon jq"
. "$(dirname "$0")/lib.sh"

podman() { timeout 120 podman --cgroup-manager cgroupfs "$@" 8>&- 9>&-; }
mkdir -p /etc/containers
rm -rf /etc/containers/containers.conf /etc/containers/containers.conf.d /etc/containers/storage.conf /usr/share/containers/containers.conf
documented containers.conf >/etc/containers/containers.conf
# The machine's, not the runtime's: no journal here, no more descriptors than the tests have.
cat >>/etc/containers/containers.conf <<END
events_logger = "file"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_sysctls = []
END
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
capture podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
is "$output" "barrer-run /usr/bin/barrer-run" "podman info names the runtime" || show
make_image "$T/image"
tar -C "$T/image" -cf "$T/image.tar" .
ok "podman import" podman import "$T/image.tar" localhost/busybox:test
run() { podman run --cgroup-parent "$cgroup_parent" --network none "$@"; }
image=localhost/busybox:test

# --- run ---------------------------------------------------------------------------------------------
capture run --rm $image sh -c 'cat /etc/image; id -u; echo to stderr >&2; exit 7'
is "$status $output $error" $'7 barrer-test\n0 to stderr' "podman run: streams, exit status" || show
capture run --rm $image no-such-program
is "$status" 127 "a program that is not there: 127" || show
capture run --rm $image /etc/image
is "$status" 126 "a file that cannot be executed: 126" || show
capture run --rm --pid host $image sh -c 'kill -KILL $$'
is "$status" 137 "killed by a signal: 128 and its number" || show
capture run --rm --interactive $image cat < <(printf 'through the pipe')
is "$output" 'through the pipe' "podman run --interactive"
capture run --rm --env A=b --workdir /tmp --user 1000:2000 --group-add 7 --hostname there $image \
    sh -c 'echo $A; pwd; id -u; id -G; hostname'
is "$output" $'b\n/tmp\n1000\n2000 7\nthere' "environment, folder, user, groups, host name"
mkdir "$T/volume" && echo from-volume >"$T/volume/file"
capture run --rm --read-only --volume "$T/volume:/v:ro" --tmpfs /scratch:size=64k $image \
    sh -c 'cat /v/file; touch /v/x /x; touch /scratch/y && echo wrote'
is "$output" $'from-volume\nwrote' "volumes, tmpfs, a read-only root" || show
capture run --rm --cap-drop all --security-opt no-new-privileges $image \
    sed -n 's/\t/ /; /CapEff\|NoNewPrivs\|Seccomp:/p' /proc/self/status
is "$output" $'CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2' "capabilities, no_new_privs, podman's seccomp profile"
capture run --rm --ulimit nofile=64:64 --ulimit nproc=4096:4096 --sysctl net.ipv4.ip_forward=0 --shm-size 1m --init $image \
    sh -c 'ulimit -n; cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2; cat /proc/1/comm'
like "$output" $'^64\n0\n1024\n(catatonit|podman-init)' "--ulimit, --sysctl, --shm-size, --init" || show
capture run --rm --privileged $image sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted'
like "$output" mounted "podman run --privileged" || show
capture run --rm --uidmap 0:100000:1000 --gidmap 0:100000:1000 $image sh -c 'id -u; cut -c 1-32 /proc/self/uid_map | tr -s " "'
is "$output" $'0\n 0 100000 1000' "podman run --uidmap" || show

# --- a container that stays --------------------------------------------------------------------------
limits=()
if has_controller memory && has_controller pids; then limits=(--memory 64m --pids-limit 50); fi
capture run --detach --name one "${limits[@]}" $image sh -c 'echo started; exec sleep 1000'
is "$status" 0 "podman run --detach" || show
has_log() { [ -n "$(podman logs one)" ]; }
ok "podman logs" wait_until 10 has_log
capture podman logs one
is "$output" started "and what is in them"
capture podman inspect --format '{{.OCIRuntime}} {{.State.Status}} {{.State.Pid}}' one
like "$output" '^barrer-run running [1-9]' "podman inspect"
pid=${output##* }
capture podman exec one sh -c 'echo in exec; exit 3'
is "$status $output" "3 in exec" "podman exec" || show
capture podman exec one no-such-program
is "$status" 127 "podman exec of a program that is not there: 127" || show
capture podman exec one /etc/image
is "$status" 126 "podman exec of a file that cannot be executed: 126" || show
capture podman exec --user 1000 --workdir /tmp --env X=y one sh -c 'id -u; pwd; echo $X'
is "$output" $'1000\n/tmp\ny' "podman exec --user --workdir --env"
capture python3 "$top_srcdir/tests/terminal.py" 80x24 podman exec -it one sh -c 'tty; test -t 1 && echo terminal'
like "$(tr -d '\r' <<<"$output")" '/dev/pts/[0-9]+
terminal' "podman exec -it has a terminal" || show
capture python3 "$top_srcdir/tests/terminal.py" 80x24 podman run --cgroup-parent "$cgroup_parent" --network none -it --rm "$image" sh -c 'tty; exit 5'
like "$status $(tr -d '\r' <<<"$output")" '^5 .*(/dev/console|/dev/pts/[0-9]+)' "podman run -it" || show
capture podman top one
like "$output" 'sleep 1000' "podman top"
if [ ${#limits[@]} -gt 0 ]; then
    is "$(cat "$(cgroup_of "$pid" memory)"/memory.{max,limit_in_bytes} 2>/dev/null)" 67108864 "--memory is the cgroup's"
    is "$(cat "$(cgroup_of "$pid" pids)/pids.max")" 50 "--pids-limit is the cgroup's"
    like "$(cgroup_of "$pid")" "$cgroup_parent/" "the container is in the group of the engine's parent"
    capture podman stats --no-stream --no-reset --format '{{.MemUsage}} {{.PIDs}}' one
    like "$output" '/ 67.11MB 1' "podman stats" || show
    capture podman update --memory 96m --memory-swap 96m --cpus 0.5 one
    is "$status" 0 "podman update" || show
    is "$(cat "$(cgroup_of "$pid" memory)"/memory.{max,limit_in_bytes} 2>/dev/null)" 100663296 "the cgroup has the new limit"
    like "$(cat "$(cgroup_of "$pid" cpu)"/cpu.{max,cfs_quota_us} 2>/dev/null)" '^50000' "also the one of the processor"
else
    skip "podman stats, podman update" "no memory and pids controllers here"
fi
echo from-host >"$T/copied"
podman cp "$T/copied" one:/tmp/copied
capture podman exec one cat /tmp/copied
is "$output" from-host "podman cp"
ok "podman pause" podman pause one
capture podman ps --all --filter name=one --format '{{.Status}}'
like "$output" '[Pp]aused' "podman ps says so"
ok "podman unpause" podman unpause one
ok "podman kill --signal" podman kill --signal HUP one
capture podman stop --time 1 one
is "$status" 0 "podman stop"
capture podman inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' one
like "$output" '^exited (129|137|143) false' "the state after it" || show
ok "podman start again" podman start one
ok "podman restart" podman restart --time 0 one
ok "podman rm --force" podman rm --force --time 0 one

# --- pods, health, build, kube -----------------------------------------------------------------------
# podman makes an image for the infrastructure container where it has catatonit; ours needs no file.
# A group of the pod itself makes podman trip over hierarchies that are not mounted (crun, runc, too).
ok "an image for pods" podman import --change 'CMD ["sleep", "1000"]' "$T/image.tar" localhost/infra:test
sed -i 's|^\[engine\]|&\ninfra_image = "localhost/infra:test"|' /etc/containers/containers.conf
ok "podman pod create" podman pod create --name pod --network none --share-parent=false
capture podman run --detach --pod pod --name first $image sh -c 'hostname pod-host 2>/dev/null; exec sleep 1000'
is "$status" 0 "a container of the pod" || show
capture podman run --rm --pod pod $image hostname
is "$status" 0 "another one" || show
first=$(podman inspect --format '{{.State.Pid}}' first) infra=$(podman inspect --format '{{.State.Pid}}' "$(podman pod inspect --format '{{.InfraContainerID}}' pod)")
is "$(readlink "/proc/$first/ns/net") $(readlink "/proc/$first/ns/uts")" "$(readlink "/proc/$infra/ns/net") $(readlink "/proc/$infra/ns/uts")" \
    "the pod's containers share namespaces"
ok "podman pod pause" podman pod pause pod
ok "podman pod unpause" podman pod unpause pod
ok "podman pod rm --force" podman pod rm --force --time 0 pod

run --detach --name healthy --health-cmd 'test -e /tmp/well' --health-interval disable $image sh -c 'touch /tmp/well; exec sleep 1000' >/dev/null
is_healthy() { podman healthcheck run healthy; }
ok "podman healthcheck" wait_until 10 is_healthy
podman exec healthy rm /tmp/well
not_ok "and it fails when it should" podman healthcheck run healthy
podman rm --force --time 0 healthy >/dev/null
run --detach --name again --restart on-failure:2 $image sh -c 'echo once more; exit 1' >/dev/null
gave_up() { [ "$(podman inspect --format '{{.RestartCount}} {{.State.Status}}' again)" = "2 exited" ]; }
ok "the restart policy restarts twice" wait_until 30 gave_up
is "$(podman logs again | wc -l)" 3 "and it ran three times"
mkdir "$T/build"
printf 'FROM %s\nRUN echo built >/etc/built && test "$(id -u)" = 0\nCMD cat /etc/built\n' $image >"$T/build/Dockerfile"
capture podman build --runtime /usr/bin/barrer-run --isolation oci --network none --tag built "$T/build"
is "$status" 0 "podman build with RUN" || show
capture run --rm localhost/built
is "$output" built "what was built runs"
cat >"$T/pod.yaml" <<END
apiVersion: v1
kind: Pod
metadata: {name: kube}
spec:
  containers:
  - name: only
    image: $image
    imagePullPolicy: Never
    command: [sh, -c, 'echo from kube; exec sleep 1000']
    env: [{name: A, value: b}]
END
capture podman play kube --network none "$T/pod.yaml"
is "$status" 0 "podman play kube" || show
capture podman exec kube-only sh -c 'echo $A'
is "$output" b "its container runs"
capture podman play kube --down "$T/pod.yaml"
is "$status" 0 "podman play kube --down" || show

# --- without cgroups, and nothing left ---------------------------------------------------------------
capture podman run --rm --network none --cgroups=disabled $image cat /proc/self/cgroup
is "$status" 0 "podman run --cgroups=disabled" || show
is "$output" "$(cat /proc/self/cgroup)" "in the groups of its caller" || show
capture run --rm --cgroups=no-conmon $image true
is "$status" 0 "podman run --cgroups=no-conmon" || show
for i in 1 2 3 4 5 6 7 8; do run --detach --name many$i $image sleep 1000 >/dev/null & done
wait
is "$(podman ps --filter name=many --format '{{.Names}}' | wc -l)" 8 "eight containers at once"
podman rm --all --force --time 0 >/dev/null
is "$(podman ps --all --quiet)" '' "all are removed"
ok "nothing is left in the runtime's state" has_left_nothing /run/barrer
# conmon's own group is podman's to leave; the last conmon ends after its container.
conmon_groups() { find /sys/fs/cgroup -depth -type d -path "*$cgroup_parent/*"; }
has_no_groups() {
    conmon_groups | xargs -r rmdir 2>/dev/null
    [ -z "$(conmon_groups)" ]
}
ok "the groups can be removed" wait_until 60 has_no_groups || diag "$(conmon_groups)"
done_testing
