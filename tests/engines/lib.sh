# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests of engines start with: the script is executed again in a throw-away machine
# (machine.sh), with tests/lib.sh and what is here. The runtime is installed there as
# /usr/bin/barrer-run; nothing else knows of it but the lines of docs/engines.md, which a test takes
# from the page itself with `documented`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
if [ -z "${IN_MACHINE:-}" ]; then
    [ -n "${abs_top_builddir:-}" ] || export abs_top_builddir="${here%/tests/engines}/build"
    for program in ${needs:-}; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || {
            echo "1..0 # SKIP no $program here"
            exit 0
        }
    done
    if [ "$(id -u)" != 0 ] || [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" != 4294967295 ]; then
        echo "1..0 # SKIP needs real root"
        exit 0
    fi
    exec bash "$here/machine.sh" bash "$here/${0##*/}" "$@"
fi
export BARRER_TEST_NS=private BARRER_RUN=/usr/bin/barrer-run BARRER_FLAGS=
PATH=$PATH:/usr/sbin:/sbin
. "$here/../lib.sh"

# NAME: the text of the code block of docs/engines.md that "<!-- NAME -->" stands before
documented() {
    local text
    text=$(awk -v mark="<!-- $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$top_srcdir/docs/engines.md")
    [ -n "$text" ] || { fail "docs/engines.md has the lines \"$1\""; return 1; }
    printf '%s\n' "$text"
}

# LOG COMMAND...: a daemon, which ends with the machine; $daemon is its pid
start_daemon() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null 8>&- 9>&- &
    daemon=$!
}
# FOLDER: the image of all engines: a busybox, and a file that tells it from others
make_image() {
    make_rootfs "$1"
    echo barrer-test >"$1/etc/image"
}
# FOLDER TAR NAME [CONFIG]: the same as an OCI image layout in a tar file, as `ctr images import` takes
# it; CONFIG is its "config" as JSON
make_oci_image() {
    local folder=$1 tar=$2 name=$3 layout=$T/layout layer config manifest
    rm -rf "$layout"
    mkdir -p "$layout/blobs/sha256"
    tar -C "$folder" --sort=name --mtime=@0 -cf "$layout/layer" .
    add_blob() { # FILE: moved to its digest's name, which is printed
        local digest
        digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
        mv "$1" "$layout/blobs/sha256/$digest"
        echo "sha256:$digest"
    }
    described() { # DIGEST TYPE
        printf '{"mediaType": "application/vnd.oci.image.%s", "digest": "%s", "size": %d}' "$2" "$1" \
            "$(stat -c %s "$layout/blobs/sha256/${1#sha256:}")"
    }
    layer=$(add_blob "$layout/layer")
    printf '{"architecture": "amd64", "os": "linux", "config": %s, "rootfs": {"type": "layers", "diff_ids": ["%s"]}}' \
        "${4:-{\}}" "$layer" >"$layout/config"
    config=$(add_blob "$layout/config")
    printf '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": %s, "layers": [%s]}' \
        "$(described "$config" config.v1+json)" "$(described "$layer" layer.v1.tar)" >"$layout/manifest"
    manifest=$(add_blob "$layout/manifest")
    echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
    described "$manifest" manifest.v1+json | jq --arg name "$name" \
        '{schemaVersion: 2, manifests: [. + {annotations: {"io.containerd.image.name": $name}}]}' >"$layout/index.json"
    tar -C "$layout" -cf "$tar" .
}
has_left_nothing() { # FOLDER: the runtime's state
    [ -z "$(ls -A "$1" 2>/dev/null)" ]
}
cgroup_parent=/${MACHINE:?}
