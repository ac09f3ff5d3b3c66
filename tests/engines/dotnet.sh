#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images that hold only an app of .NET, under Docker.
needs="dockerd containerd jq dotnet"
. "$(dirname "$0")/lib.sh"
[ -n "$(dotnet --list-sdks 2>/dev/null)" ] || skip_all "no .NET SDK here"
APPS=${BARRER_APPS:-$abs_top_builddir/tests/dotnet}
"$top_srcdir/tests/dotnet/publish.sh" "$APPS" probe web || skip_all "the apps cannot be published here"

docker() { timeout 120 /usr/bin/docker "$@" 8>&- 9>&-; }
mkdir -p /etc/docker
documented docker-daemon.json >/etc/docker/daemon.json
start_daemon "$T/dockerd.log" dockerd --cgroup-parent "$cgroup_parent"
wait_until 60 docker version || {
    fail "dockerd starts" "$(tail -n 20 "$T/dockerd.log")"
    done_testing
}
import() { # NAME ENTRYPOINT FOLDER
    capture bash -c 'tar -C "$1" -c . | /usr/bin/docker import --change "WORKDIR /app" --change "ENTRYPOINT $2" - "$3"' \
        import "$3" "$2" "$1"
    is "$status" 0 "docker import of an image: $1" || show
}
mkdir -p "$T/probe/app" "$T/web/app"
cp "$APPS/probe"/Probe.{dll,deps.json,runtimeconfig.json} "$T/probe/app/"
cp "$APPS/web"/{*.dll,Web.deps.json,Web.runtimeconfig.json} "$T/web/app/"
import probe:test '["dotnet", "Probe.dll"]' "$T/probe"
import web:test '["dotnet", "Web.dll"]' "$T/web"
make_rootfs "$T/probe"
import shell:test '["dotnet", "Probe.dll"]' "$T/probe"

# --- run: with Docker's seccomp profile and capabilities -----------------------------------------------
capture docker run --rm probe:test arguments one 'two words'
is "$status $(head -n 2 <<<"$output")" $'0 [one]\n[two words]' "docker run: arguments, output" || show
capture docker run --rm probe:test exit 3
is "$status" 3 "its exit status" || show
capture docker run --rm probe:test throw message
is "$status" 134 "a crash" || show
capture docker run --rm --entrypoint '' probe:test dotnet Missing.dll
like "$status $error" '^127 .*Missing\.dll' "an assembly that is not there" || show
capture docker run --rm --init probe:test exit 5
is "$status" 5 "docker run --init" || show
capture docker run --rm --read-only --user 1000:1000 --cap-drop all --security-opt no-new-privileges probe:test user
like "$status $(tr -s '\t' ' ' <<<"$output")" '^0 .*Uid: 1000 .*CapEff: 0+' "a read-only root, a user, no capabilities" || show
capture docker run --rm --interactive probe:test input < <(echo typed)
is "$status" 0 "docker run --interactive" || show
if has_controller memory; then
    capture docker run --rm --memory 64m probe:test allocate 1000
    is "$status $output" "0 OutOfMemoryException" "docker run --memory is the collector's limit" || show
fi

# --- a container that stays ------------------------------------------------------------------------------
capture docker run --detach --name one shell:test handlers
is "$status" 0 "docker run --detach" || show
is_ready() { docker logs one 2>&1 | grep -qx ready; }
wait_until 60 is_ready
capture docker exec one dotnet Probe.dll exit 4
is "$status" 4 "docker exec of an assembly" || show
capture docker exec one sh -c 'dotnet Probe.dll exit 6'
is "$status" 6 "docker exec of a shell that calls dotnet" || show
capture docker diff one
unlike "$output" barrer "docker diff shows nothing of the runtime" || show
capture docker stop --time 20 one
capture docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' one
is "$output" "exited 0" "docker stop, which the app handles" || show
docker rm --force one >/dev/null

# --- who may mount -----------------------------------------------------------------------------------------
before=$(sha256sum /lib64/ld-linux-*)
for privilege in --privileged "--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined"; do
    # shellcheck disable=SC2086 # words
    capture docker run --rm $privilege shell:test child /bin/sh -c '
        for path in $(awk "\$5 ~ \"^/run/barrer/.\" { print \$5 }" /proc/self/mountinfo); do
            mount -o remount,rw,bind $path && echo remounted
            if [ -d $path ]; then (touch $path/evil) 2>/dev/null; else (: >>$path) 2>/dev/null; fi && echo "written: $path"
        done | sort -u'
    is "$status $output" $'0 remounted\nexit code 0' "${privilege%% --sec*}: the runtime's mounts stay read-only" || show
done
is "$(sha256sum /lib64/ld-linux-*)" "$before" "the host's files are what they were"

# --- ASP.NET -------------------------------------------------------------------------------------------------
capture docker run --detach --name web --env ASPNETCORE_URLS=http://+:8080 web:test
is "$status" 0 "docker run of a web application" || show
is_started() { docker logs web 2>&1 | grep -q started; }
wait_until 60 is_started
address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web)
answers() { [ -n "$(busybox wget -qO- "http://$address:8080/" 2>/dev/null)" ]; }
ok "it answers on the container's address" wait_until 30 answers || diag "$(docker logs web 2>&1)" "address: $address"
capture docker stop --time 20 web
is "$(docker inspect --format '{{.State.ExitCode}}' web)" 0 "and ends in order"
docker rm --force web >/dev/null
ok "nothing is left in the runtime's state" has_left_nothing /run/docker/runtime-runc/moby
kill "$daemon"
ok "dockerd ends" wait_until 30 is_gone "$daemon"
done_testing
