#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker with this runtime as its default one: Debian's docker.io, an image made here.
needs="dockerd containerd jq"
. "$(dirname "$0")/lib.sh"

docker() { timeout 120 /usr/bin/docker "$@" 8>&- 9>&-; }
mkdir -p /etc/docker
documented docker-daemon.json >/etc/docker/daemon.json
start_daemon "$T/dockerd.log" dockerd --cgroup-parent "$cgroup_parent"
wait_until 60 docker version || {
    fail "dockerd starts" "$(tail -n 20 "$T/dockerd.log")"
    done_testing
}
capture docker info --format '{{.DefaultRuntime}} {{.RuncCommit.ID}} {{.CgroupVersion}} {{.Warnings}}'
like "$output" '^barrer ' "docker info names the default runtime"
capture docker info --format '{{json .Runtimes}}'
is "$(json '.barrer.path')" /usr/bin/barrer-run "and where it is"
unlike "$(cat "$T/dockerd.log")" 'barrer.*(fail|invalid|unable)' "dockerd accepts what --version says"

make_image "$T/image"
capture bash -c 'tar -C "$1" -c . | /usr/bin/docker import - busybox:test' import "$T/image"
is "$status" 0 "docker import" || show

# --- run ---------------------------------------------------------------------------------------------
capture docker run --rm busybox:test sh -c 'cat /etc/image; id -u; echo to stderr >&2; exit 7'
is "$status $output $error" $'7 barrer-test\n0 to stderr' "docker run: streams, exit status" || show
capture docker run --rm busybox:test no-such-program
is "$status" 127 "a program that is not there: 127" || show
capture docker run --rm busybox:test /etc/image
is "$status" 126 "a file that cannot be executed: 126" || show
capture docker run --rm --pid host busybox:test sh -c 'kill -KILL $$'
is "$status" 137 "killed by a signal: 128 and its number"
capture docker run --rm --interactive busybox:test cat < <(printf 'through the pipe')
is "$output" 'through the pipe' "docker run --interactive"
capture docker run --rm --env A=b --workdir /tmp --user 1000:2000 --group-add 7 --hostname there busybox:test \
    sh -c 'echo $A; pwd; id -u; id -G; hostname'
is "$output" $'b\n/tmp\n1000\n2000 7\nthere' "environment, folder, user, groups, host name"
mkdir "$T/volume" && echo from-volume >"$T/volume/file"
capture docker run --rm --read-only --volume "$T/volume:/v:ro" --tmpfs /scratch:size=64k busybox:test \
    sh -c 'cat /v/file; touch /v/x /x; touch /scratch/y && echo wrote'
is "$output" $'from-volume\nwrote' "volumes, tmpfs, a read-only root" || show
mkdir "$T/volume/below" && mount -t tmpfs tmpfs "$T/volume/below"
capture docker run --rm --cap-drop all --security-opt no-new-privileges busybox:test \
    sed -n 's/\t/ /; /CapEff\|NoNewPrivs\|Seccomp:/p' /proc/self/status
is "$output" $'CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2' "capabilities, no_new_privs, Docker's seccomp profile"
capture docker run --rm --ulimit nofile=64:64 --sysctl net.ipv4.ip_forward=0 --shm-size 1m --init busybox:test \
    sh -c 'ulimit -n; cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2; cat /proc/1/comm'
is "$output" $'64\n0\n1024\ndocker-init' "--ulimit, --sysctl, --shm-size, --init" || show
capture docker run --rm --privileged busybox:test sh -c 'mount -t tmpfs tmpfs /mnt && ls /dev/null && echo mounted'
like "$output" mounted "docker run --privileged" || show
capture docker run --rm --pid host --ipc host --uts host --network host busybox:test hostname
is "$output" "$(hostname)" "the host's namespaces" || show

# --- a container that stays --------------------------------------------------------------------------
capture docker run --detach --name one --memory 64m --cpus 0.5 --pids-limit 50 busybox:test sh -c 'echo started; exec sleep 1000'
is "$status" 0 "docker run --detach" || show
wait_until 10 docker logs one
capture docker logs one
is "$output" started "docker logs"
capture docker inspect --format '{{.HostConfig.Runtime}} {{.State.Status}} {{.State.Pid}}' one
like "$output" '^barrer running [1-9]' "docker inspect"
pid=${output##* }
capture docker exec one sh -c 'echo in exec; exit 3'
is "$status $output" "3 in exec" "docker exec" || show
# This Docker says 126 here with any runtime.
capture docker exec one no-such-program
like "$status $output" '^12[67] .*executable file .* not found in \$PATH' "docker exec of a program that is not there" || show
capture docker exec --user 1000 --workdir /tmp --env X=y one sh -c 'id -u; pwd; echo $X'
is "$output" $'1000\n/tmp\ny' "docker exec --user --workdir --env"
# A terminal of the client's own.
capture python3 "$top_srcdir/tests/terminal.py" 80x24 /usr/bin/docker exec -it one sh -c 'tty; test -t 1 && echo terminal'
like "$(tr -d '\r' <<<"$output")" '/dev/pts/[0-9]+
terminal' "docker exec -it has a terminal" || show
capture python3 "$top_srcdir/tests/terminal.py" 80x24 /usr/bin/docker run -it --rm busybox:test sh -c 'tty; exit 5'
like "$status $(tr -d '\r' <<<"$output")" '^5 .*(/dev/console|/dev/pts/[0-9]+)' "docker run -it" || show
capture docker top one
like "$output" 'sleep 1000' "docker top"
capture docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' one
if has_controller memory && has_controller pids; then
    like "$output" '[0-9.]+[KM]iB / 64MiB 1' "docker stats" || show
    is "$(cat "$(cgroup_of "$pid" memory)"/memory.{max,limit_in_bytes} 2>/dev/null)" 67108864 "--memory is the cgroup's"
    is "$(cat "$(cgroup_of "$pid" pids)/pids.max")" 50 "--pids-limit is the cgroup's"
    capture docker update --memory 96m --memory-swap 96m --pids-limit 60 one
    is "$status" 0 "docker update" || show
    is "$(cat "$(cgroup_of "$pid" memory)"/memory.{max,limit_in_bytes} 2>/dev/null) $(cat "$(cgroup_of "$pid" pids)/pids.max")" \
        '100663296 60' "the cgroup has the new limits"
else
    skip "docker stats, docker update" "no memory and pids controllers here"
fi
like "$(cgroup_of "$pid")" "$cgroup_parent/" "the container is in the group of the engine's parent"
echo from-host >"$T/copied"
docker cp "$T/copied" one:/tmp/copied
capture docker exec one cat /tmp/copied
is "$output" from-host "docker cp"
ok "docker pause" docker pause one
capture docker ps --filter name=one --format '{{.Status}}'
like "$output" Paused "docker ps says so"
ok "docker unpause" docker unpause one
docker exec --detach one sleep 999
capture docker top one
like "$output" 'sleep 999' "docker exec --detach"
ok "docker kill --signal" docker kill --signal HUP one
capture docker stop --time 1 one
is "$status" 0 "docker stop"
capture docker inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' one
like "$output" '^exited (129|137|143) false' "the state after it" || show
ok "docker start again" docker start one
ok "docker restart" docker restart --time 0 one
ok "docker rm --force" docker rm --force one

# --- health, restart, memory, build ------------------------------------------------------------------
capture docker run --detach --name healthy --health-cmd 'test -e /tmp/well' --health-interval 1s --health-start-period 0s busybox:test \
    sh -c 'touch /tmp/well; exec sleep 1000'
is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' healthy)" = healthy ]; }
ok "a health check succeeds" wait_until 30 is_healthy
docker run --detach --name again --restart on-failure:2 busybox:test sh -c 'echo once more; exit 1' >/dev/null
gave_up() { [ "$(docker inspect --format '{{.RestartCount}} {{.State.Status}}' again)" = "2 exited" ]; }
ok "the restart policy restarts twice" wait_until 30 gave_up
is "$(docker logs again | wc -l)" 3 "and it ran three times"
if has_controller memory; then
    docker run --name greedy --memory 16m --memory-swap 16m busybox:test sh -c 'x=0123456789abcdef; while :; do x=$x$x; done' >/dev/null 2>&1
    capture docker inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' greedy
    is "$output" "true 137" "the engine is told of an out-of-memory kill" || show
fi
mkdir "$T/build"
printf 'FROM busybox:test\nRUN echo built >/etc/built && test "$(id -u)" = 0\nRUN cat /etc/built\nCMD cat /etc/built\n' >"$T/build/Dockerfile"
capture env DOCKER_BUILDKIT=0 timeout 120 /usr/bin/docker build --tag built:test "$T/build"
is "$status" 0 "docker build with RUN" || show
capture docker run --rm built:test
is "$output" built "what was built runs"
capture env DOCKER_BUILDKIT=1 timeout 120 /usr/bin/docker build --no-cache --tag built2:test "$T/build"
is "$status" 0 "docker build with BuildKit" || show

# --- several at once, and nothing left ---------------------------------------------------------------
for i in 1 2 3 4 5 6 7 8; do docker run --detach --name many$i busybox:test sleep 1000 >/dev/null & done
wait $(jobs -p | grep -vx "$daemon")
is "$(docker ps --filter name=many --format '{{.Names}}' | wc -l)" 8 "eight containers at once"
docker ps --all --quiet | xargs -r timeout 120 /usr/bin/docker rm --force >/dev/null
is "$(docker ps --all --quiet)" '' "all are removed"
ok "nothing is left in the runtime's state" has_left_nothing /run/docker/runtime-runc/moby
umount "$T/volume/below"
# Not the runtime's: BuildKit keeps the group above those of its containers.
find /sys/fs/cgroup -depth -type d -path "*$cgroup_parent/buildkit" -exec rmdir {} + 2>/dev/null
kill "$daemon"
ok "dockerd ends" wait_until 30 is_gone "$daemon"
done_testing
