#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hostile payloads and images: the runtime and the launcher cannot be written, an image's LD_*
# does not reach our loader, and files that lie do not reach the host.
. "$(dirname "$0")/lib.sh"
publish probe hello
make_root busybox debian musl

all_capabilities=$(capsh --print 2>/dev/null | sed -n 's/^Bounding set =//p' | tr ',' '\n' | tr a-z A-Z | jq -Rnc '[inputs]')
powerful=".process.capabilities |= with_entries(.value = $all_capabilities) | .process.noNewPrivileges = false"
[ -n "$all_capabilities" ] || powerful=.

# --- what is mounted cannot be written, whoever the payload is ---
before=$(sha256sum "$HELPERS"/{init,dotnet} "$DOTNET_FOLDER/shared/Microsoft.NETCore.App"/*/System.Private.CoreLib.dll)
inside busybox probe "$powerful" dotnet Probe.dll child /bin/sh -c '
    ls -R /run/barrer >/dev/null || echo "cannot list"
    find /run/barrer -type f | while read -r file; do (: >>"$file") 2>/dev/null && echo "written: $file"; done
    find /run/barrer -type d | while read -r folder; do touch "$folder/new" 2>/dev/null && echo "new file in $folder"; done
    rm -f /run/barrer/bin/dotnet /run/barrer/init 2>/dev/null && echo removed
    echo done'
is "$status $output" $'0 done\nexit code 0' "root with capabilities finds nothing below /run/barrer that it can write" || show
inside busybox probe "$powerful" dotnet Probe.dll write /run/barrer/init /run/barrer/bin/dotnet /run/barrer/lib /run/barrer/bin /proc/1/exe /proc/self/exe
is "$(sed 's/.*: //' <<<"$output" | sort -u)" refused "nor through /proc/self/exe" || show
is "$(sha256sum "$HELPERS"/{init,dotnet} "$DOTNET_FOLDER/shared/Microsoft.NETCore.App"/*/System.Private.CoreLib.dll)" \
    "$before" "the host's files are what they were"
inside busybox probe . dotnet Probe.dll child /bin/sh -c "awk '\$5 ~ \"^/run/barrer\" { print \$6 }' /proc/self/mountinfo | sort -u"
unlike "$output" '(^|,)rw(,|$)' "every mount below /run/barrer is read-only" || show
is "$(grep -vc nosuid <<<"$(grep -v 'exit code' <<<"$output")")" 0 "and nosuid"

# --- nor by those who may mount: a write here would be one to the host's files ---
make_overlay "$DOTNET_FOLDER" "$T/dotnet" || skip_all "no overlay file system here"
configure "dotnet-root = $T/dotnet"
cat >"$T/remount.sh" <<'END'
write() { # HOW PATH: a file is not changed by it, a folder is
    (if [ -d "$2" ]; then touch "$2/evil"; else : >>"$2"; fi) 2>/dev/null && echo "written after $1: $2"
}
mkdir -p /tmp/folder && : >/tmp/file
for path in $(awk '$5 ~ "^/run/barrer/." { print $5 }' /proc/self/mountinfo); do
    mount -o remount,rw,bind "$path"
    write remount,rw,bind "$path"
    mount -o remount,rw "$path"
    write remount,rw "$path"
    place=/tmp/file
    [ ! -d "$path" ] || place=/tmp/folder
    mount -o bind "$path" $place && mount -o remount,rw,bind $place || { echo "cannot bind $path"; continue; }
    write bind $place
    umount $place
    mount -o move "$path" $place || { echo "cannot move $path"; continue; }
    write move $place
    mount -o remount,rw,bind $place
    write "move and remount" $place
    mount -o move $place "$path"
done 2>/dev/null
awk '$5 ~ "^/run/barrer/." { n++ } END { print (n > 10 ? "many" : n), "mounts" }' /proc/self/mountinfo
END
cp "$T/remount.sh" "$T/roots/busybox/remount.sh"
remounted() { # DESCRIPTION FILTER: nothing is written; the payload has not lost its runtime
    inside busybox probe "$2" dotnet Probe.dll child /bin/sh /remount.sh
    is "$status $output" $'0 many mounts\nexit code 0' "$1" || show
    is "$(ls "$T"/dotnet/evil "$T"/dotnet/host/evil "$T"/dotnet/shared/evil 2>/dev/null)" "" "$1: the host's folders are what they were"
}
remounted "a container with CAP_SYS_ADMIN cannot make the runtime's mounts writable" "$powerful"
mapped='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
remounted "nor root of the host in a user namespace" "$powerful | $mapped"
# A caller without privileges is root of a user namespace, and the runtime may be his own.
mkdir "$T/rootless"
cat >"$T/rootless.sh" <<'END'
set -e
"$BARRER_RUN" spec --rootless --bundle "$1"
jq --argjson env "$2" '.root.path = $ENV.root | .process.terminal = false | .process.cwd = "/app" | .process.env = $env
    | .process.args = ["dotnet", "Probe.dll", "child", "/bin/sh", "-c",
        "mount -o remount,rw,bind /run/barrer/root/shared && echo remounted; touch /run/barrer/root/shared/evil"]
    | .mounts += [{destination: "/app", type: "bind", source: $ENV.app, options: ["bind", "ro"]}]
    | .process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])' "$1/config.json" >"$1/new"
mv "$1/new" "$1/config.json"
exec "$BARRER_RUN" $BARRER_FLAGS --root "$1/state" run --bundle "$1" rootless
END
export BARRER_RUN BARRER_FLAGS
capture env root="$T/roots/busybox" app="$APPS/probe" unshare -r -m --propagation private bash "$T/rootless.sh" "$T/rootless" "$app_env_json"
is "$status $output" $'0 remounted\nexit code 1' "without root: the mount is writable, what it shows is not" || show
like "$error" 'Read-only file system' "since its file system is read-only" || show

# Without the capability they are plain binds, which a user namespace of the payload's own gets locked.
inside busybox probe . dotnet Probe.dll child /bin/sh -c 'unshare -U -r -m /bin/sh -c "
    mount -o bind /app /tmp && echo may mount
    mount -o remount,rw,bind /run/barrer/root/shared || touch /run/barrer/root/shared/evil" 2>/dev/null'
like "$output" '^(may mount
)?exit code 1$' "nor one that makes itself a user namespace" || show
is "$(ls "$T/dotnet/shared/evil" 2>/dev/null)" "" "where nothing is written either"
# Two overlays are as many as the kernel puts on one another.
if make_overlay "$T/dotnet" "$T/deep"; then
    configure "dotnet-root = $T/deep"
    inside busybox hello "$powerful" dotnet Hello.dll
    like "$status $output $error" "^1 +barrer-run: mount \"$T/deep/host\" so that a container with CAP_SYS_ADMIN cannot write to it, .*take the capability" \
        "where no overlay can be made, there is no such container" || show
    inside busybox hello . dotnet Hello.dll
    is "$status $output" "0 Hello, World!" "but others" || show
    umount "$T/deep" "$T/.over-deep"
else
    skip "where no overlay can be made" "the root is on an overlay file system itself"
fi
umount "$T/dotnet" "$T/.over-dotnet"
configure

# --- the image's loader variables ---
mkdir "$T/roots/musl/hostile" "$T/roots/debian/hostile"
for library in libc.so.6 libstdc++.so.6 libgcc_s.so.1 libdl.so.2; do echo broken >"$T/roots/debian/hostile/$library"; done
cp "$T/roots/musl/lib/ld-musl-x86_64.so.1" "$T/roots/debian/hostile/preload.so"
hostile='.process.env += ["LD_LIBRARY_PATH=/hostile", "LD_PRELOAD=/hostile/preload.so", "LD_AUDIT=/hostile/preload.so"]'
inside debian hello "$hostile" dotnet Hello.dll
is "$status $output" "0 Hello, World!" "LD_LIBRARY_PATH, LD_PRELOAD and LD_AUDIT of an image do not reach the launcher" || show
inside debian probe "$hostile" dotnet Probe.dll self exit 3
is "$(tail -n 1 <<<"$output")" "exit code 3" "nor when the app starts itself again" || show
inside debian probe "$hostile" dotnet Probe.dll environment LD_PRELOAD
is "$output" "LD_PRELOAD=/hostile/preload.so" "the app sees them, as outside" || show
inside debian hello '.process.env += ["LD_TRACE_LOADED_OBJECTS=1", "LD_DEBUG=all", "LD_BIND_NOW=1", "LD_VERBOSE=1"]' dotnet Hello.dll
is "$status $output$error" "0 Hello, World!" "nor do the others" || show
inside debian hello . sh -c 'LD_PRELOAD=/hostile/preload.so dotnet Hello.dll'
is "$status $output$error" "0 Hello, World!" "nor those that a script sets" || show
for library in /hostile/preload.so /hostile/libc.so.6; do
    echo "$library" >"$T/roots/debian/etc/ld.so.preload"
    inside debian hello . dotnet Hello.dll
    is "$status $output$error" "0 Hello, World!" "nor does an /etc/ld.so.preload of $library" || show
done
inside debian probe . dotnet Probe.dll self exit 3
is "$(tail -n 1 <<<"$output")" "exit code 3" "when the app starts itself again, too" || show
rm "$T/roots/debian/etc/ld.so.preload"

# --- an image that occupies our paths ---
mkdir -p "$T/roots/busybox/run/barrer/bin"
printf '#!/bin/sh\necho hostile\n' >"$T/roots/busybox/run/barrer/bin/dotnet"
chmod +x "$T/roots/busybox/run/barrer/bin/dotnet"
cp "$T/roots/busybox/run/barrer/bin/dotnet" "$T/roots/busybox/run/barrer/init"
inside busybox hello . dotnet Hello.dll
is "$status $output" "0 Hello, World!" "an image with files at /run/barrer: they are covered" || show
rm -rf "$T/roots/busybox/run/barrer"
ln -s /etc "$T/roots/busybox/run/barrer"
inside busybox hello . dotnet Hello.dll
like "$status $output" '^(0 Hello, World!|[1-9])' "a link at /run/barrer is not followed" || show
is "$(ls -A "$T/roots/busybox/etc" | tr '\n' ' ')" "group passwd " "the folder that it names is as it was"
rm -rf "$T/roots/busybox/run/barrer" "$T/roots/busybox/run"
ln -s "$T/outside" "$T/roots/busybox/run"
mkdir "$T/outside"
inside busybox hello . dotnet Hello.dll
is "$(ls -A "$T/outside")" "" "a /run that is a link out of the root makes nothing on the host" || show
rm "$T/roots/busybox/run"
mkdir "$T/roots/busybox/run"

# --- hostile files ---
mkdir "$T/hostile"
cp "$APPS/hello"/* "$T/hostile/"
ok_refused() { # DESCRIPTION COMMAND: whatever it does to the app, the end is no signal and no hang
    (cd "$T/hostile" && eval "$2")
    app_bundle busybox "$T/hostile" . dotnet Hello.dll
    new_id
    # shellcheck disable=SC2086 # words
    capture timeout -k 5 60 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$bundle" "$id"
    case $status in
    0 | 1 | 125 | 126 | 127 | 134) pass "$1" ;;
    *) fail "$1"; show ;;
    esac
    rm -rf "$T/hostile"/* && cp "$APPS/hello"/* "$T/hostile/"
}
ok_refused "an assembly that is a pipe" 'rm Hello.dll; mkfifo Hello.dll'
ok_refused "an assembly that is a device" 'rm Hello.dll; mknod Hello.dll c 1 5'
ok_refused "an assembly of 1 GB of zeros" 'truncate -s 0 Hello.dll; truncate -s 1G Hello.dll'
ok_refused "a PE header at the end of the world" 'printf "\377\377\377\377" | dd of=Hello.dll bs=1 seek=60 conv=notrunc status=none'
ok_refused "a runtimeconfig.json that is a pipe" 'rm Hello.runtimeconfig.json; mkfifo Hello.runtimeconfig.json'
ok_refused "one that is a device" 'rm Hello.runtimeconfig.json; ln -s /dev/zero Hello.runtimeconfig.json'
ok_refused "one of 1 GB" 'truncate -s 1G Hello.runtimeconfig.json'
ok_refused "one that is nested 100,000 deep" 'python3 -c "print(\"[\" * 100000)" >Hello.runtimeconfig.json'
ok_refused "a framework name that leads elsewhere" 'jq ".runtimeOptions.framework.name = \"../../../../tmp\"" Hello.runtimeconfig.json >x; mv x Hello.runtimeconfig.json'
ok_refused "a version that leads elsewhere" 'jq ".runtimeOptions.framework.version = \"../../10.0.0\"" Hello.runtimeconfig.json >x; mv x Hello.runtimeconfig.json'
is "$(ls -A "$STATE" 2>/dev/null)" "" "nothing is left"

done_testing
