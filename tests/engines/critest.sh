#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# critest, the Kubernetes project's own test of container runtimes (cri-tools), over containerd's CRI. It
# is not in Debian, so that this runs where somebody has built it: critest in PATH, or CRITEST=PROGRAM.
# ARGUMENTs go to it, such as --ginkgo.focus=REGEX; INSTEAD=/usr/sbin/runc shows what another runtime
# gets. Its images are made here, of busybox, under the names that it asks for. Left out is what pulls
# images from registries, which runtimes have no part in.
needs="containerd ctr jq ipcmk iptables dash ${CRITEST:-critest}"
. "$(dirname "$0")/lib.sh"
critest=${CRITEST:-critest}
[ -x /usr/lib/cni/bridge ] || skip_all "no CNI plugins here (containernetworking-plugins)"

mkdir -p /etc/containerd /etc/cni/net.d
cat >/etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:test"
# This machine may not raise what the runtime lowers.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
END
documented containerd-config.toml >>/etc/containerd/config.toml
cat >/etc/cni/net.d/10-test.conflist <<END
{"cniVersion": "0.4.0", "name": "test", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipam": {"type": "host-local",
    "ranges": [[{"subnet": "10.88.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1

# --- the images -------------------------------------------------------------------------------------
# Debian's busybox runs its applets without a look at files, which tests mask: dash is the shell.
image=$T/image
make_image "$image"
rm -f "$image"/bin/{sh,nginx,httpd}
ldd "$(command -v dash)" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$image${library%/*}"
    cp -L "$library" "$image$library"
done
cp "$(command -v dash)" "$image/bin/nnp"
# One test compares the shell's message, which in busybox's form has no line number.
LC_ALL=C sed 's/%s: %d: /%s: \x00\x00\x00\x00/' "$image/bin/nnp" >"$image/bin/sh"
chmod 4755 "$image/bin/nnp" # for the test of noNewPrivileges
cat >"$image/bin/nginx" <<'END'
#!/bin/sh
# PORT WORD...: the words are for those who look at /proc/PID/cmdline
trap 'exit 0' TERM QUIT
mkdir -p /var/run
echo $$ >/var/run/nginx.pid
echo "Command line: 'httpd -D FOREGROUND'"
busybox httpd -f -p "$1" -h /www &
wait
END
cat >"$image/bin/pgrep" <<'END'
#!/bin/sh
for process in /proc/[0-9]*; do
    [ "$(cat $process/comm 2>/dev/null)" != "$1" ] || { echo ${process#/proc/}; found=1; }
done
[ -n "$found" ]
END
printf '#!/bin/sh\ncat /proc/sysvipc/shm\n' >"$image/bin/ipcs"
chmod 755 "$image"/bin/{sh,nginx,pgrep,ipcs}
mkdir -p "$image/www"
echo welcome >"$image/www/index.html"
printf '%s:/bin/sh\n' root:x:0:0:root:/root www-data:x:33:33::/ default-user:x:1000:1000::/ nobody:x:65534:65534::/ >"$image/etc/passwd"
printf '%s\n' root:x:0: www-data:x:33: default-user:x:1000: group-defined-in-image:x:50000:default-user >"$image/etc/group"

start_daemon "$T/containerd.log" containerd
has_images() { ctr --namespace k8s.io images list; }
wait_until 60 has_images || { fail "containerd starts" "$(tail -n 20 "$T/containerd.log")"; done_testing; }
provide() { # NAME USER ARGUMENT...
    local name=$1 user=$2
    shift 2
    make_oci_image "$image" "$T/image.tar" "$name" "$(jq --compact-output --null-input --arg user "$user" \
        '{User: $user, Env: ["PATH=/bin"], Cmd: $ARGS.positional}' --args -- "$@")"
    ctr --namespace k8s.io images import "$T/image.tar" >/dev/null || fail "the image $name"
}
kubernetes=registry.k8s.io/e2e-test-images tools=gcr.io/k8s-staging-cri-tools
provide localhost/pause:test '' tail -f /dev/null
provide $kubernetes/busybox:1.29-2 '' sh
provide $kubernetes/nginx:1.14-2 '' nginx 80 'master process'
provide $kubernetes/httpd:2.4.39-4 '' nginx 80
# shellcheck disable=SC2016 # for the container's shell
provide $kubernetes/nonewprivs:1.3 '' nnp -p -c \
    'while read -r key real effective rest; do [ $key != Uid: ] || echo Effective uid: $effective; done </proc/$$/status'
provide $tools/hostnet-nginx-amd64:latest '' nginx 12003
provide $tools/test-image-user-uid:latest 1002 sh
provide $tools/test-image-user-username:latest www-data sh
provide $tools/test-image-user-uid-group:latest 1003:1004 sh
provide $tools/test-image-user-username-group:latest www-data:1004 sh
provide $tools/test-image-predefined-group:latest 1000 sh

# --- the suite --------------------------------------------------------------------------------------
socket=unix:///run/containerd/containerd.sock
"$critest" --runtime-endpoint $socket --image-endpoint $socket --ginkgo.timeout 30m --ginkgo.no-color \
    --ginkgo.skip='Image Manager' "$@" >"$T/log" 2>&1 8>&- 9>&-
status=$?
like "$(grep '^Ran ' "$T/log")" 'Ran [1-9]' "critest runs" || diag "$(tail -n 20 "$T/log")"
diag "$(grep -hE '^Ran |Passed' "$T/log")"
is "$status" 0 "all of it passes" || diag "$(sed -n '/^Summarizing/,/^Ran/p' "$T/log" | head -n 60)" \
    "$(grep -A 3 '^  \[FAILED\]' "$T/log" | cut -c 1-300 | head -n 40)"
ok "no container is left" has_left_nothing /run/containerd/runc/k8s.io
is "$(grep -c ' /run/containerd/io.containerd' /proc/self/mountinfo)" 0 "no mount"
kill "$daemon"
ok "containerd ends" wait_until 30 is_gone "$daemon"
done_testing
