#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker Swarm, with this runtime as the default one of three nodes: daemons in network namespaces,
# joined by a bridge. A service of replicas on an overlay network, a rolling update, a node that is
# drained, a container that dies; every container is accounted for.
#
# A service has an address of its own by IPVS, which kernels may lack: here its name is that of all
# replicas (--endpoint-mode dnsrr).
needs="dockerd containerd jq ip nsenter"
. "$(dirname "$0")/lib.sh"
# The nodes ask the image's registry before they take what they have: one that refuses at once.
image=localhost:1/busybox
probe() { ip link add name probe-bridge type bridge && ip link add name probe-vxlan type vxlan id 9 dstport 4789 && ip link add name probe-a type veth peer name probe-b; }
probe 2>/dev/null || skip_all "this kernel has no bridges, veth or vxlan"
for link in bridge vxlan a; do ip link delete probe-$link; done

nodes=(1 2 3)
docker() { # NODE ARGUMENT...
    local n=$1
    shift
    timeout 120 /usr/bin/docker --host "unix:///run/node$n/docker.sock" "$@" 8>&- 9>&-
}
mkdir -p /etc/docker
documented docker-daemon.json >/etc/docker/daemon.json
ip link add name switch type bridge
ip link set switch up
make_image "$T/image"
tar -C "$T/image" -cf "$T/image.tar" .
start_node() {
    local n=$1
    ip netns add "node$n"
    ip link add name "port$n" type veth peer name eth0 netns "node$n"
    ip link set "port$n" master switch up
    ip -n "node$n" link set lo up
    ip -n "node$n" address add "10.99.0.$n/24" dev eth0
    ip -n "node$n" link set eth0 up
    ip -n "node$n" route add default via 10.99.0.254
    mkdir -p "/run/node$n" "/var/lib/docker/node$n" /run/docker
    # Each has a /run/docker and a host name of its own.
    # shellcheck disable=SC2016 # expanded by the inner shell
    start_daemon "$T/node$n.log" nsenter "--net=/run/netns/node$n" unshare --mount --uts --propagation private sh -c '
        hostname "node$1"
        mount -t tmpfs tmpfs /run/docker
        exec dockerd --data-root "/var/lib/docker/node$1" --exec-root /run/docker --pidfile "/run/node$1/pid" \
            --host "unix:///run/node$1/docker.sock" --cgroup-parent "$2/node$1"' node "$n" "$cgroup_parent"
}
for n in "${nodes[@]}"; do start_node "$n"; done
for n in "${nodes[@]}"; do
    wait_until 60 docker "$n" version || {
        fail "dockerd $n starts" "$(tail -n 20 "$T/node$n.log")"
        done_testing
    }
    docker "$n" import "$T/image.tar" $image:1 >/dev/null
    docker "$n" import --change 'ENV GENERATION=two' "$T/image.tar" $image:2 >/dev/null
    capture docker "$n" info --format '{{.DefaultRuntime}} {{.Name}}'
    is "$output" "barrer node$n" "node $n: the default runtime"
done

# --- a swarm -----------------------------------------------------------------------------------------
ok "swarm init" docker 1 swarm init --advertise-addr 10.99.0.1
token=$(docker 1 swarm join-token --quiet worker)
for n in 2 3; do
    ok "node $n joins" docker "$n" swarm join --token "$token" --advertise-addr "10.99.0.$n" 10.99.0.1:2377
done
capture docker 1 node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}'
is "$(sort <<<"$output")" $'node1 Ready Active\nnode2 Ready Active\nnode3 Ready Active' "node ls"
ok "an overlay network" docker 1 network create --driver overlay --attachable net

# --- a service ---------------------------------------------------------------------------------------
running() { docker "$1" ps --filter label=com.docker.swarm.service.name=web --format '{{.ID}}'; }
count() {
    local n sum=0
    for n in "${nodes[@]}"; do sum=$((sum + $(running "$n" | wc -l))); done
    echo $sum
}
has_count() { [ "$(count)" = "$1" ]; }
tasks() { docker 1 service ps web --filter desired-state=running --format '{{.Node}} {{.Image}} {{.CurrentState}}'; }
is_settled() { # COUNT: as many tasks run as are wanted, and as many containers
    [ "$(tasks | grep -c ' Running ')" = "$1" ] && has_count "$1"
}
ok "service create" docker 1 service create --quiet --name web --replicas 6 --network net --endpoint-mode dnsrr --no-resolve-image \
    --update-parallelism 2 --update-delay 0s --update-monitor 1s --stop-grace-period 1s --limit-pids 50 --restart-delay 0s --detach \
    --health-cmd true --health-interval 1s $image:1 sleep 10000 || show
ok "six replicas run" wait_until 90 is_settled 6 || diag "$(tasks)"
for n in "${nodes[@]}"; do is "$(running "$n" | wc -l)" 2 "node $n has two of them"; done
container=$(running 1 | head -n 1)
is "$(docker 1 inspect --format '{{.HostConfig.Runtime}}' "$container")" barrer "a task's runtime"
has_names() { [ "$(docker 1 exec "$container" nslookup tasks.web 127.0.0.11 2>/dev/null | grep -c '^Address: 10\.')" = 6 ]; }
ok "the name of the service has six addresses" wait_until 60 has_names
own=$(docker 1 exec "$container" hostname -i)
reached=0
for address in $(docker 1 exec "$container" nslookup tasks.web 127.0.0.11 2>/dev/null | sed -n 's/^Address: \(10\..*\)/\1/p'); do
    [ "$address" = "$own" ] || ! docker 1 exec "$container" ping -c 1 -W 5 "$address" >/dev/null || reached=$((reached + 1))
done
is "$reached" 5 "and all others are reached, across nodes"

# --- a rolling update, with a probe that never misses all replicas ------------------------------------
lowest=6
ok "service update" docker 1 service update --quiet --image $image:2 --no-resolve-image --detach web
is_updated() {
    local now
    now=$(count)
    [ "$now" -ge "$lowest" ] || lowest=$now
    [ "$(tasks | grep -c 'busybox:2 Running')" = 6 ] && has_count 6
}
ok "six replicas of the new image run" wait_until 120 is_updated || diag "$(tasks)"
ok "never fewer than four did (saw $lowest)" test "$lowest" -ge 4
capture docker 1 exec "$(running 1 | head -n 1)" sh -c 'echo $GENERATION'
is "$output" two "and they are new"

# --- a container that dies, a node that is drained ---------------------------------------------------
victim=$(running 2 | head -n 1)
docker 2 kill "$victim" >/dev/null
is_replaced() { is_settled 6 && ! running 2 | grep -q "$victim"; }
ok "a container that was killed is replaced" wait_until 60 is_replaced
ok "node 3 is drained" docker 1 node update --availability drain node3
is_drained() { [ -z "$(running 3)" ] && is_settled 6; }
ok "its containers move" wait_until 90 is_drained || diag "$(tasks)"
is "$(($(running 1 | wc -l) + $(running 2 | wc -l)))" 6 "to the other two"
docker 1 node update --availability active node3 >/dev/null
ok "service scale" docker 1 service scale --detach web=9
ok "nine replicas run" wait_until 90 is_settled 9 || diag "$(tasks)"
ok "node 3 has some again" test "$(running 3 | wc -l)" -gt 0

# --- and nothing left --------------------------------------------------------------------------------
ok "service rm" docker 1 service rm web
ok "all its containers end" wait_until 60 has_count 0
for n in "${nodes[@]}"; do
    docker "$n" ps --all --quiet | xargs -r timeout 60 /usr/bin/docker --host "unix:///run/node$n/docker.sock" rm --force >/dev/null
done
docker 1 network rm net >/dev/null
is_all_gone() { [ -z "$(find /sys/fs/cgroup -type d -path "*$cgroup_parent/node*/*" -print -quit 2>/dev/null)" ]; }
ok "and their control groups" wait_until 30 is_all_gone
for n in 3 2 1; do docker "$n" swarm leave --force >/dev/null; done
for n in "${nodes[@]}"; do kill "$(cat "/run/node$n/pid")"; done
for n in "${nodes[@]}"; do
    ends() { [ ! -e "/run/node$n/pid" ]; }
    ok "dockerd $n ends" wait_until 30 ends
done
find /sys/fs/cgroup -depth -type d -path "*$cgroup_parent/*" -exec rmdir {} + 2>/dev/null
done_testing
