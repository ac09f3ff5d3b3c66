#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kubernetes' way in: containerd's CRI, with this runtime as the handler of a RuntimeClass. The client is
# a small one of ours (cri.py), since Debian has no crictl. Pods are on the host's network: others need
# CNI plugins, which are no matter of the runtime.
needs="containerd ctr jq"
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import grpc' 2>/dev/null || skip_all "no python3-grpcio here"
/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip_all "no python3-yaml here"

cri() { /usr/bin/python3 "$here/cri.py" /run/containerd/containerd.sock "$@" 8>&- 9>&-; }
mkdir -p /etc/containerd
cat >/etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:test"
# This machine may not raise what the runtime lowers.
restrict_oom_score_adj = true
END
documented containerd-config.toml >>/etc/containerd/config.toml
start_daemon "$T/containerd.log" containerd
has_cri() { cri Version; }
wait_until 60 has_cri || {
    fail "containerd's CRI starts" "$(tail -n 20 "$T/containerd.log")"
    done_testing
}
make_image "$T/image"
make_oci_image "$T/image" "$T/image.tar" localhost/busybox:test '{"Env": ["PATH=/bin"]}'
ctr --namespace k8s.io images import "$T/image.tar" >/dev/null
make_oci_image "$T/image" "$T/pause.tar" localhost/pause:test '{"Env": ["PATH=/bin"], "Cmd": ["sleep", "100000"]}'
ctr --namespace k8s.io images import "$T/pause.tar" >/dev/null

# What the documented RuntimeClass and Pod say, a kubelet says in these words.
documented runtimeclass.yaml >"$T/documents.yaml"
/usr/bin/python3 -c 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))' <"$T/documents.yaml" >"$T/documents.json"
said() { jq -r "$1" "$T/documents.json"; }
is "$(said '.[0].kind + " " + .[0].apiVersion + " " + .[1].kind')" "RuntimeClass node.k8s.io/v1 Pod" "the documented YAML"
is "$(said '.[1].spec.runtimeClassName')" "$(said '.[0].metadata.name')" "its pod names its class"
handler=$(said '.[0].handler')

pod='{"1": {"1": "pod", "2": "uid-1", "3": "default"}, "3": "'$T'", "8": {"1": "'$cgroup_parent'", "2": {"1": {"1": 2}}}}'
capture cri RunPodSandbox '{"1": '"$pod"', "2": "'"$handler"'"}'
is "$status" 0 "RunPodSandbox with its handler, \"$handler\"" || {
    show
    diag "$(tail -n 20 "$T/containerd.log")"
    done_testing
}
sandbox=$(json '."1"')
ok "the sandbox is barrer's" test -d "/run/containerd/runc/k8s.io/$sandbox"
capture barrer-run --root /run/containerd/runc/k8s.io state "$sandbox"
is "$(json .status)" running "and runs" || show
not_ok "another handler is not known" cri RunPodSandbox '{"1": '"$pod"', "2": "nonesuch"}'

create() { # NAME RESOURCES ARGUMENT...: sets $container
    local name=$1 resources=$2 args
    shift 2
    args=$(printf '%s\n' "$@" | jq --raw-input . | jq --compact-output --slurp .)
    capture cri CreateContainer '{"1": "'"$sandbox"'", "2": {"1": {"1": "'"$name"'"}, "2": {"1": "'"$(said '.[1].spec.containers[0].image')"'"}, "3": '"$args"',
        "6": {"1": "A", "2": "b"}, "11": "'"$name"'.log", "15": {"1": '"$resources"', "2": {"3": {"1": 2}}}}, "3": '"$pod"'}'
    container=$(json '."1"')
}
state() { cri ContainerStatus '{"1": "'"$1"'"}' | jq -r '."1" | "\(."3" // 0) \(."7" // 0)"'; }
has_exited() { [ "$(state "$1" | cut -d ' ' -f 1)" = 2 ]; }

create short '{}' sh -c 'echo "out $A"; exit 7'
is "$status" 0 "CreateContainer" || show
ok "StartContainer" cri StartContainer '{"1": "'"$container"'"}'
ok "it ends" wait_until 30 has_exited "$container"
is "$(state "$container")" "2 7" "ContainerStatus: the exit status"
like "$(cat "$T/short.log")" 'stdout F out b' "its output is in the kubelet's log" || diag "$(ls -l "$T")"
ok "RemoveContainer" cri RemoveContainer '{"1": "'"$container"'"}'

resources='{}'
! has_controller memory || resources='{"4": 67108864, "3": 512}'
mapfile -t command < <(said '.[1].spec.containers[0].command[]')
create long "$resources" "${command[@]}"
ok "a container that stays" cri StartContainer '{"1": "'"$container"'"}'
is "$(state "$container")" "1 0" "it runs"
capture cri ExecSync '{"1": "'"$container"'", "2": ["sh", "-c", "echo in exec; echo e >&2; exit 3"]}'
is "$(json '."1" + ."2" + (."3" | tostring)')" $'in exec\ne\n3' "ExecSync" || show
not_ok "ExecSync of a program that is not there" cri ExecSync '{"1": "'"$container"'", "2": ["no-such-program"]}'
pid=$(barrer-run --root /run/containerd/runc/k8s.io state "$container" | jq .pid)
like "$(cgroup_of "$pid")" "$cgroup_parent/$container" "it is in the pod's group"
if [ "$resources" != '{}' ]; then
    memory() { cat "$(cgroup_of "$pid" memory)"/memory.{max,limit_in_bytes} 2>/dev/null; }
    is "$(memory)" 67108864 "its limit"
    ok "UpdateContainerResources" cri UpdateContainerResources '{"1": "'"$container"'", "2": {"4": 100663296}}'
    is "$(memory)" 100663296 "the new limit"
fi
capture cri ContainerStats '{"1": "'"$container"'"}'
like "$(jq -c '."1"' <<<"$output")" "$container" "ContainerStats" || show
ok "StopContainer" cri StopContainer '{"1": "'"$container"'", "2": 1}'
like "$(state "$container")" '^2 (137|143)$' "it was ended by a signal"
ok "RemoveContainer" cri RemoveContainer '{"1": "'"$container"'"}'
ok "StopPodSandbox" cri StopPodSandbox '{"1": "'"$sandbox"'"}'
ok "RemovePodSandbox" cri RemovePodSandbox '{"1": "'"$sandbox"'"}'
ok "nothing is left in the runtime's state" has_left_nothing /run/containerd/runc/k8s.io
kill "$daemon"
ok "containerd ends" wait_until 30 is_gone "$daemon"
find /sys/fs/cgroup -depth -type d -path "*$cgroup_parent/*" -exec rmdir {} + 2>/dev/null
done_testing
