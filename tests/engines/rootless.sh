#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without root: ordinary users with and without subordinate ids, root of a user namespace, a container
# in a container, and podman of a user who has nothing but the lines of docs/engines.md.
needs="podman conmon newuidmap jq"
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
echo 'alice:x:3001:3001::/home/alice:/bin/sh' >>/etc/passwd
echo 'bob:x:3002:3002::/home/bob:/bin/sh' >>/etc/passwd
printf 'alice:x:3001:\nbob:x:3002:\n' >>/etc/group
for file in subuid subgid; do echo alice:300000:65536 >/etc/$file; done
for user in alice bob; do
    uid=$(id -u $user)
    mkdir -p "/run/user/$uid" "/run/home/$user" "/home"
    ln -sfn "/run/home/$user" "/home/$user"
    chown $user: "/run/user/$uid" "/run/home/$user"
    chmod 700 "/run/user/$uid"
done
as() { # USER COMMAND...
    local user=$1 uid
    uid=$(id -u "$user")
    shift
    (cd "/run/home/$user" && exec setpriv --reuid "$uid" --regid "$uid" --init-groups env -i PATH="$PATH" HOME="/home/$user" USER="$user" \
        LANG=C.UTF-8 XDG_RUNTIME_DIR="/run/user/$uid" TMPDIR="/run/home/$user" "$@") 8>&- 9>&-
}
make_image "$T/image"
chmod -R a+rX "$T/image"
tar -C "$T/image" -cf "$T/image.tar" .

# --- barrer-run itself -------------------------------------------------------------------------------
for user in alice bob; do
    home=/run/home/$user
    as $user cp -r --no-preserve=ownership "$T/image" "$home/rootfs"
    as $user barrer-run spec --rootless
    as $user sh -c 'jq ".process.terminal = false | .process.args = [\"sh\", \"-c\", \"id -u; cat /etc/image; exit 7\"]" config.json >c && mv c config.json'
    capture as $user barrer-run run one
    is "$status $output" $'7 0\nbarrer-test' "$user: run" || show
    as $user sh -c 'jq ".process.args = [\"sleep\", \"1000\"]" config.json >c && mv c config.json'
    capture as $user barrer-run run --detach two
    is "$status" 0 "$user: run --detach" || show
    capture as $user barrer-run exec two sh -c 'echo in exec; exit 3'
    is "$status $output" "3 in exec" "$user: exec" || show
    capture as $user barrer-run list --quiet
    is "$output" two "$user: list"
    ok "$user: delete --force" as $user barrer-run delete --force two
    is "$(find "/run/user/$(id -u $user)" -name one -o -name two)" '' "$user: nothing is left"
done
# A range of ids takes the subordinate ones.
range='.process.args = ["sh", "-c", "cat /proc/self/uid_map | tr -s \" \"; touch /tmp/x; chown 5:5 /tmp/x; stat -c %u /tmp/x"]
    | .root.readonly = false | .process.capabilities[] += ["CAP_CHOWN"] | .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}, {containerID: 1, hostID: 300000, size: 1000}]
    | .linux.gidMappings = .linux.uidMappings'
for user in alice bob; do
    as $user jq --argjson uid "$(id -u $user)" "$range" config.json >"$T/config.json"
    as $user tee config.json <"$T/config.json" >/dev/null
done
capture as alice barrer-run run range
is "$status $output" $'0  0 3001 1\n 1 300000 1000\n5' "alice: a range of subordinate ids" || show
refuses "bob has none" 'newuidmap|subuid|300000' as bob barrer-run run range
is "$(find /run/user/3002 -name range)" '' "and nothing is left of that"

# --- root of a user namespace, a container in a container --------------------------------------------
as bob rm config.json
capture as bob unshare -r -m sh -c 'barrer-run spec --rootless --bundle . 2>/dev/null; jq ".process.terminal = false | .process.args = [\"id\", \"-u\"]" config.json >c && mv c config.json; barrer-run run three'
is "$status $output" "0 0" "unshare -r" || show
id=outer
# Where this build expects its plugins; below /usr, or shown as well.
prefix=$(readlink -f /usr/bin/barrer-run) prefix=${prefix%/bin/*}
make_bundle "$T/outer" '.process.args = ["sh", "-c", "barrer-run spec --rootless --bundle /inner && sed -i \"s/\\\"terminal\\\": true/\\\"terminal\\\": false/; s/\\\"sh\\\"/\\\"hostname\\\"/\" /inner/config.json && barrer-run run --bundle /inner inner; echo \"ended with $?\"; ls /run/barrer"]
    | .process.capabilities[] += ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD", "CAP_SYS_CHROOT", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETFCAP"]
    | .process.noNewPrivileges = false | del(.linux.maskedPaths, .linux.readonlyPaths) | .root.readonly = false
    | (.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]
    | .mounts += [
        {destination: "/lib", type: "bind", source: "/lib", options: ["rbind", "ro"]},
        {destination: "/lib64", type: "bind", source: "/lib64", options: ["rbind", "ro"]},
        {destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]},
        ({destination: $prefix, type: "bind", source: $prefix, options: ["rbind", "ro"]}
            | select($prefix | startswith("/usr") | not))]' --arg prefix "$prefix"
mkdir -p "$T/outer/rootfs/inner" "$T/outer/rootfs/usr" "$T/outer/rootfs/lib" "$T/outer/rootfs/lib64"
cp -a "$T/image" "$T/outer/rootfs/inner/rootfs"
capture barrer-run --root "$STATE" run --bundle "$T/outer" outer
like "$output" '^barrer
ended with 0$' "a container in a container, and nothing left there" || show

# --- podman ------------------------------------------------------------------------------------------
as alice mkdir -p .config/containers
documented containers.conf | as alice tee .config/containers/containers.conf >/dev/null
as alice tee -a .config/containers/containers.conf >/dev/null <<END
events_logger = "file"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_sysctls = []
END
echo '[storage]
driver = "vfs"' | as alice tee .config/containers/storage.conf >/dev/null
mkdir -p /etc/containers
rm -f /etc/containers/containers.conf /etc/containers/storage.conf
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
podman() { as alice timeout 120 podman --cgroup-manager cgroupfs "$@"; }
run() { podman run --network none "$@"; }
image=localhost/busybox:test
capture podman info --format '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}'
is "$output" "true barrer-run" "podman info as a user" || show
cp "$T/image.tar" /run/home/alice/image.tar && chown alice: /run/home/alice/image.tar
ok "podman import" podman import image.tar $image || show
capture run --rm $image sh -c 'id -u; cat /proc/self/uid_map | tr -s " "; exit 7'
is "$status $output" $'7 0\n 0 3001 1\n 1 300000 65536' "podman run" || show
capture run --rm --userns keep-id $image id -u
is "$output" 3001 "--userns keep-id" || show
capture run --rm --user 1000:2000 $image sh -c 'id -u; id -g'
is "$output" $'1000\n2000' "--user" || show
as alice mkdir -p volume
capture run --rm --volume /run/home/alice/volume:/v $image sh -c 'echo a >/v/file; chown 5 /v/file'
is "$status $(stat -c %u /run/home/alice/volume/file)" "0 300004" "a volume" || show
capture run --rm $image no-such-program
is "$status" 127 "a program that is not there: 127" || show
capture run --detach --name one $image sleep 1000
is "$status" 0 "podman run --detach" || show
capture podman exec one sh -c 'echo in exec; exit 3'
is "$status $output" "3 in exec" "podman exec" || show
capture podman top one
like "$output" 'sleep' "podman top"
capture podman stop --time 1 one
is "$status" 0 "podman stop" || show
ok "podman start" podman start one
ok "podman rm --force" podman rm --force --time 0 one
as alice mkdir build
printf 'FROM %s\nRUN echo built >/etc/built && chown 7 /etc/built\nCMD cat /etc/built\n' $image | as alice tee build/Dockerfile >/dev/null
capture podman build --runtime /usr/bin/barrer-run --isolation oci --network none --tag built build
is "$status" 0 "podman build" || show
capture run --rm localhost/built
is "$output" built "what was built runs" || show
podman rm --all --force --time 0 >/dev/null 2>&1
ok "nothing is left in the runtime's state" has_left_nothing /run/user/3001/barrer
done_testing
