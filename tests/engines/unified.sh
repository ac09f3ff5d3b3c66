#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Engines on cgroup v2 with systemd as PID 1, each with groups of its own making and with those that
# it asks systemd for: tests/vm.sh -s apparmor=0 tests/engines/unified.sh. The machine is thrown away.
needs="podman conmon dockerd containerd ctr jq"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export IN_MACHINE=${IN_VM:-} MACHINE=barrer HOME=/root
if [ -z "$IN_MACHINE" ] || [ "$(cat /proc/1/comm)" != systemd ]; then
    echo "1..0 # SKIP systemd is not PID 1 of a virtual machine here"
    exit 0
fi
build=${abs_top_builddir:?the build that is to be installed}
. "$here/install.sh"
. "$here/lib.sh"
/usr/bin/python3 -c 'import grpc' 2>/dev/null || skip_all "no python3-grpcio here"

limit=67108864 new_limit=100663296
make_image "$T/image"
tar -C "$T/image" -cf "$T/image.tar" .
in_container='cat /etc/image /sys/fs/cgroup/memory.max; exit 7'
group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
memory_max() { cat "/sys/fs/cgroup$(group_of "$1")/memory.max"; }

# WHAT GROUP HOW: a container "one" of the engine's client `engine`, which sleeps with a limit of 64 MiB
# in a group like GROUP, is led through its life and ended by HOW, "stop" or "kill"
lives() {
    local pid
    ok "$1: run --detach" engine run --detach --name one --network none --memory 64m $image sleep 1000
    pid=$(engine inspect --format '{{.State.Pid}}' one)
    like "$(group_of "$pid")" "$2" "$1: its group"
    is "$(memory_max "$pid")" $limit "$1: its limit"
    capture engine exec one sh -c "$in_container"
    is "$status $output" "7 barrer-test
$limit" "$1: exec, which sees the limit" || show
    ok "$1: update" engine update --memory 96m --memory-swap 96m one
    is "$(memory_max "$pid")" $new_limit "$1: the new limit"
    capture engine stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' one
    # podman tells the limit that it was given at first.
    like "$output" '/ (96MiB|67.11MB) 1' "$1: stats" || show
    ok "$1: pause" engine pause one
    like "$(cat "/sys/fs/cgroup$(group_of "$pid")/cgroup.events")" 'frozen 1' "$1: it is frozen"
    ok "$1: unpause" engine unpause one
    if [ "$3" = stop ]; then ok "$1: stop" engine stop --time 1 one; else ok "$1: kill" engine kill one; fi
    ok "$1: its process ends" wait_until 30 is_gone "$pid"
    ok "$1: rm" engine rm --force one
}
no_groups() { [ -z "$(find /sys/fs/cgroup -type d "$@")" ]; }

# --- the buses, which engines call systemd by --------------------------------------------------------
without_dependencies() { # FOLDER UNIT...: the machine has started nothing that they could depend on
    local folder=$1 unit
    shift
    for unit; do
        mkdir -p "$folder/$unit.d"
        printf '[Unit]\nDefaultDependencies=no\n' >"$folder/$unit.d/alone.conf"
    done
}
without_dependencies /run/systemd/system dbus.socket dbus.service
without_dependencies /run/systemd/user dbus.socket dbus.service
# Nobody waits half a minute for a logind that this machine cannot start.
rm -f /usr/share/dbus-1/system-services/org.freedesktop.login1.service
systemctl daemon-reload
ok "the system's bus" systemctl start dbus.service

# --- podman ------------------------------------------------------------------------------------------
mkdir -p /etc/containers
rm -rf /etc/containers/containers.conf /etc/containers/containers.conf.d /etc/containers/storage.conf /usr/share/containers/containers.conf
documented containers.conf >/etc/containers/containers.conf
cat >>/etc/containers/containers.conf <<END
events_logger = "file"
[containers]
log_driver = "k8s-file"
END
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
for folder in docker containerd containers; do
    mkdir -p /var/lib/$folder && mount -t tmpfs -o mode=755 tmpfs /var/lib/$folder
done
image=localhost/busybox:test
ok "podman import" podman import "$T/image.tar" $image
engine() { timeout 120 podman --cgroup-manager $manager "$@" 8>&- 9>&-; }
manager=cgroupfs
lives "podman, cgroupfs" '^/libpod_parent/libpod-[0-9a-f]+$' stop
manager=systemd
lives "podman, systemd" '^/machine.slice/libpod-[0-9a-f]+\.scope$' kill
ok "podman: no group is left" no_groups -path '*libpod-*' -not -path '*conmon*'
capture podman run --rm --network none --memory 64m $image sh -c "$in_container"
is "$status $output" "7 barrer-test
$limit" "podman run with the manager that podman takes by itself" || show

# --- podman saves and restores a container -------------------------------------------------------------
count() { engine exec one cat /count; }
has_counted() { [ "$(count)" -gt "$1" ] 2>/dev/null; }
if command -v criu >/dev/null; then
    manager=systemd
    ok "podman: a container counts" engine run --detach --name one --network none --memory 64m $image \
        sh -c 'n=0; while :; do n=$((n + 1)); echo $n >/new; mv /new /count; sleep 0.1; done'
    wait_until 30 has_counted 2 || fail "podman: it counts"
    ok "podman container checkpoint" engine container checkpoint one
    is "$(engine inspect --format '{{.State.Status}} {{.State.Checkpointed}}' one)" "exited true" "it is saved"
    ok "podman container restore" engine container restore one
    stood=$(count)
    if [ "${stood:-0}" -ge 2 ] && wait_until 30 has_counted "$((stood + 2))"; then pass "it counts on"; else fail "it counts on" "$stood $(count)"; fi
    like "$(group_of "$(engine inspect --format '{{.State.Pid}}' one)")" '^/machine.slice/libpod-[0-9a-f]+\.scope$' "in its scope"
    ok "podman rm" engine rm --force --time 0 one
    ok "podman, restored: no group is left" no_groups -path '*libpod-*' -not -path '*conmon*'
else
    skip "podman container checkpoint" "no criu here"
fi

# --- podman of a user, in groups that the user's own systemd has delegated ----------------------------
uid=3001 runtime=/run/user/3001 home=/run/home/alice
echo "alice:x:$uid:$uid::$home:/bin/sh" >>/etc/passwd
echo "alice:x:$uid:" >>/etc/group
for file in subuid subgid; do echo alice:300000:65536 >/etc/$file; done
mkdir -p $runtime $home/.config/containers /run/systemd/user
printf '[Unit]\nDefaultDependencies=no\n' >/run/systemd/user/barrer-nothing.target
cat >/run/systemd/system/barrer-alice.service <<END
[Unit]
DefaultDependencies=no
[Service]
User=alice
Delegate=yes
Environment=XDG_RUNTIME_DIR=$runtime
ExecStart=/lib/systemd/systemd --user --unit=barrer-nothing.target
KillMode=mixed
TimeoutStopSec=5
END
cp /etc/containers/containers.conf $home/.config/containers/
printf '[storage]\ndriver = "vfs"\n' >$home/.config/containers/storage.conf
rm /etc/containers/containers.conf
cp "$T/image.tar" $home/
chown -R alice: $runtime $home && chmod 700 $runtime
as_alice() {
    (
        echo $BASHPID >/sys/fs/cgroup/system.slice/barrer-alice.service/init.scope/cgroup.procs
        cd $home && exec setpriv --reuid $uid --regid $uid --init-groups env -i PATH="$PATH" HOME=$home USER=alice \
            LANG=C.UTF-8 XDG_RUNTIME_DIR=$runtime TMPDIR=$home timeout 120 "$@"
    ) 8>&- 9>&-
}
systemctl daemon-reload && systemctl start --no-block barrer-alice.service
ok "a user's own manager" wait_until 120 test -S $runtime/systemd/private
ok "the user's bus" as_alice systemctl --user start dbus.service
engine() { as_alice podman --cgroup-manager systemd "$@"; }
what="podman of a user"
ok "$what: import" engine import image.tar $image
lives "$what" '^/system.slice/barrer-alice.service/user.slice/libpod-[0-9a-f]+\.scope$' stop
ok "$what: no group is left" no_groups -path '*libpod-*' -not -path '*conmon*'
systemctl stop barrer-alice.service

# --- containerd: ctr, and Kubernetes' kubelet with cgroupDriver: systemd ------------------------------
mkdir -p /etc/containerd
cat >/etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:test"
END
documented containerd-config.toml | sed 's/BinaryName = .*[^ ]\( *}\)/SystemdCgroup = true, &/' >>/etc/containerd/config.toml
like "$(cat /etc/containerd/config.toml)" 'options = \{ SystemdCgroup = true, BinaryName = "/usr/bin/barrer-run" \}' "the documented options"
start_daemon "$T/containerd.log" containerd
containerd=$daemon
cri() { timeout 120 /usr/bin/python3 "$here/cri.py" /run/containerd/containerd.sock "$@" 8>&- 9>&-; }
has_cri() { cri Version; }
ok "containerd starts" wait_until 120 has_cri || diag "$(tail -n 20 "$T/containerd.log")"
make_oci_image "$T/image" "$T/oci.tar" $image '{"Env": ["PATH=/bin"], "Cmd": ["sleep", "100000"]}'
for namespace in default k8s.io; do
    ok "ctr images import" ctr --namespace $namespace images import "$T/oci.tar"
done
ctr --namespace k8s.io images tag $image localhost/pause:test >/dev/null

run=(timeout 120 ctr run --runc-binary /usr/bin/barrer-run --memory-limit $limit)
capture "${run[@]}" --rm --mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro $image first sh -c "$in_container"
is "$status $output" "7 barrer-test
$limit" "containerd: run, which sees the limit" || show
ok "containerd: run with groups of systemd" "${run[@]}" --detach --runc-systemd-cgroup --cgroup system.slice:ctr:two $image two sleep 1000
pid=$(ctr tasks ls | awk '$1 == "two" { print $2 }')
is "$(group_of "$pid")" /system.slice/ctr-two.scope "containerd: its scope"
is "$(memory_max "$pid")" $limit "containerd: its limit"
capture ctr tasks exec --exec-id e1 two sh -c 'cat /etc/image; exit 7'
is "$status $output" "7 barrer-test" "containerd: exec" || show
capture ctr tasks metrics --format json two
is "$(json '.memory.usage_limit // .memory.usage.limit')" $limit "containerd: metrics" || show
ok "containerd: pause" ctr tasks pause two
like "$(cat "/sys/fs/cgroup$(group_of "$pid")/cgroup.events")" 'frozen 1' "containerd: it is frozen"
ok "containerd: resume" ctr tasks resume two
ok "containerd: kill" ctr tasks kill --signal KILL two
has_stopped() { [ "$(ctr tasks ls | awk '$1 == "two" { print $3 }')" = STOPPED ]; }
ok "containerd: it stops" wait_until 30 has_stopped
ctr tasks delete two >/dev/null 2>&1
ok "containerd: rm" ctr containers rm two
ok "containerd: no group is left" no_groups -name 'ctr-two*'

pod='{"1": {"1": "pod", "2": "uid-1", "3": "default"}, "3": "'$T'", "8": {"1": "kubepods.slice", "2": {"1": {"1": 2}}}}'
capture cri RunPodSandbox '{"1": '"$pod"', "2": "barrer"}'
is "$status" 0 "CRI, SystemdCgroup: RunPodSandbox" || show
sandbox=$(json '."1"')
capture cri CreateContainer '{"1": "'"$sandbox"'", "2": {"1": {"1": "c"}, "2": {"1": "'$image'"}, "3": ["sleep", "1000"],
    "11": "c.log", "15": {"1": {"4": '$limit'}, "2": {"3": {"1": 2}}}}, "3": '"$pod"'}'
container=$(json '."1"')
ok "CRI, SystemdCgroup: StartContainer" cri StartContainer '{"1": "'"$container"'"}'
pid=$(barrer-run --root /run/containerd/runc/k8s.io state "$container" | jq .pid)
is "$(group_of "$pid")" "/kubepods.slice/cri-containerd-$container.scope" "CRI, SystemdCgroup: its scope"
capture cri ExecSync '{"1": "'"$container"'", "2": ["cat", "/sys/fs/cgroup/memory.max"]}'
is "$(json '."1"')" $limit "CRI, SystemdCgroup: ExecSync, which sees the limit" || show
ok "CRI, SystemdCgroup: UpdateContainerResources" cri UpdateContainerResources '{"1": "'"$container"'", "2": {"4": '$new_limit'}}'
is "$(memory_max "$pid")" $new_limit "CRI, SystemdCgroup: the new limit"
capture cri ContainerStats '{"1": "'"$container"'"}'
like "$(jq -c '."1"' <<<"$output")" "$container" "CRI, SystemdCgroup: ContainerStats" || show
ok "CRI, SystemdCgroup: StopContainer" cri StopContainer '{"1": "'"$container"'", "2": 1}'
ok "CRI, SystemdCgroup: RemoveContainer" cri RemoveContainer '{"1": "'"$container"'"}'
ok "CRI, SystemdCgroup: StopPodSandbox" cri StopPodSandbox '{"1": "'"$sandbox"'"}'
ok "CRI, SystemdCgroup: RemovePodSandbox" cri RemovePodSandbox '{"1": "'"$sandbox"'"}'
ok "CRI, SystemdCgroup: no group is left" no_groups -name 'cri-containerd-*'

# --- Docker ------------------------------------------------------------------------------------------
mkdir -p /etc/docker
documented docker-daemon.json >/etc/docker/daemon.json
image=busybox:test
engine() { timeout 120 docker "$@" 8>&- 9>&-; }
for driver in cgroupfs systemd; do
    what="Docker, $driver"
    start_daemon "$T/dockerd.log" dockerd --containerd /run/containerd/containerd.sock --bridge none --iptables=false \
        --exec-opt native.cgroupdriver=$driver
    ok "$what: dockerd starts" wait_until 120 docker version || diag "$(tail -n 20 "$T/dockerd.log")"
    is "$(docker info --format '{{.CgroupDriver}} {{.CgroupVersion}} {{.DefaultRuntime}}')" "$driver 2 barrer" "$what: docker info"
    [ $driver = systemd ] || docker import "$T/image.tar" $image >/dev/null
    [ $driver = systemd ] && group='^/system.slice/docker-[0-9a-f]+\.scope$' how=kill || group='^/docker/[0-9a-f]+$' how=stop
    lives "$what" "$group" $how
    ok "$what: no group is left" no_groups -path '*docker[-/]*' -name '*[0-9a-f]*' -not -name 'docker*' -not -name '*.service'
    kill "$daemon"
    ok "$what: dockerd ends" wait_until 60 is_gone "$daemon"
done

# --- little memory: what a start takes is charged to the container ------------------------------------
make_bundle "$T/b" '.process.args = ["sh", "-c", "cat /sys/fs/cgroup/memory.max"] | .linux.resources = {memory: {limit: 524288}}'
for flag in --cgroup-manager=cgroupfs --systemd-cgroup; do
    new_id
    capture barrer-run --root "$STATE" $flag run --bundle "$T/b" "$id"
    is "$status $output" "0 524288" "a container of 512 KiB starts ($flag)" || show
done
kill "$containerd"
ok "containerd ends" wait_until 60 is_gone "$containerd"
is "$(systemctl list-units --all --no-legend 'libpod-*' 'docker-*' 'cri-containerd-*' 'barrer-t*')" '' "no unit is left"
done_testing
