# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests that use podman, after lib.sh: pod VERB..., a podman whose runtime is the one under test.
# It has no network, and nothing of the machine's own podman is touched.
# Everything that podman writes goes to a tmpfs or to our folder.
for folder in /var/lib/containers /var/lib/cni /var/cache/containers /run/containers /run/libpod /run/netns /etc/cni; do
    [ -d $folder ] || continue
    mount -t tmpfs tmpfs $folder
done
mkdir -p "$T/podman" "$T/run" "$T/tmp"
cat >"$T/containers.conf" <<END
[containers]
netns = "none"
log_driver = "k8s-file"
pids_limit = 0
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_sysctls = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime_supports_json = ["barrer-run"]
runtime_supports_nocgroup = ["barrer-run"]
END
cat >"$T/storage.conf" <<END
[storage]
driver = "vfs"
runroot = "$T/run"
graphroot = "$T/podman"
END
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$T/policy.json"
export CONTAINERS_CONF=$T/containers.conf CONTAINERS_STORAGE_CONF=$T/storage.conf TMPDIR=$T/tmp
unset XDG_RUNTIME_DIR
flags=()
if has_dynamic_plugins; then
    read -ra words <<<"$BARRER_FLAGS"
    for ((i = 0; i < ${#words[@]}; i += 2)); do flags+=(--runtime-flag "${words[i]#--}=${words[i + 1]}"); done
fi
pod() { timeout 120 podman --root "$T/podman" --runroot "$T/run" --storage-driver vfs --cgroup-manager cgroupfs --runtime "$BARRER_RUN" "${flags[@]}" "$@" 8>&- 9>&-; }

