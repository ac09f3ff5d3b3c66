#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# ./try.sh: from a fresh clone on Debian 12 to a running container. It installs the packages that
# the build needs, builds in ./build, makes a bundle of a static busybox in ./build/try, shows which
# plugin does what (barrer-run plan), and runs the container (barrer-run run). Nothing is installed
# but Debian's packages; running it again is quick. As root, or as a user who may use sudo.
set -euo pipefail
cd "$(dirname "$0")"
top=$PWD
build=$top/build
log=$build/try.log
mkdir -p "$build"

packages=(autoconf automake libtool pkg-config make gcc g++ libc6-dev libltdl-dev libcap-dev
    libseccomp-dev libinih-dev libjson-c-dev busybox-static)

step() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n==> %s\n' "$*"; }
quietly() { # COMMAND...: its output goes to the log, and is shown when it fails
    printf '    %s\n' "$*"
    "$@" >>"$log" 2>&1 && return
    echo "failed: $*; the end of $log:" >&2
    tail -n 25 "$log" >&2
    exit 1
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

: >"$log"
[ "$(id -u)" = 0 ] || command -v sudo >/dev/null || {
    echo "run this as root: there is no sudo here" >&2
    exit 1
}

step "1/5 Debian packages"
missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
    echo "    all there"
else
    quietly as_root apt-get -q update
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

step "2/5 Build in ./build"
[ -e configure ] || quietly ./autogen.sh
cd "$build"
[ -e config.status ] || quietly ../configure
quietly make -j"$(nproc)"
quietly make stage-plugins
barrer=("$build/bin/barrer-run")
[ ! -d tests/stage/plugins ] || barrer+=(--plugin-dir "$build/tests/stage/plugins")

step "3/5 A bundle: a root file system and a config.json"
bundle=$build/try
mkdir -p "$bundle"/rootfs/{bin,dev,etc,proc,sys,tmp,root}
cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox"
"$bundle/rootfs/bin/busybox" --install "$bundle/rootfs/bin"
echo root:x:0:0:root:/root:/bin/sh >"$bundle/rootfs/etc/passwd"
cat >"$bundle/rootfs/hello" <<'END'
#!/bin/sh
echo "Hello from $(hostname): I am $(id -un), process $$, and this is all that I see:"
echo; ps -o pid,user,args
echo; echo "/ holds: $(ls / | tr '\n' ' ')"
echo "mounts: $(wc -l </proc/self/mounts); network devices: $(ls /sys/class/net | tr '\n' ' ')"
grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status
END
chmod +x "$bundle/rootfs/hello"
rm -f "$bundle/config.json"
"${barrer[@]}" spec --bundle "$bundle"
sed -i -e 's/"terminal": *true/"terminal": false/' -e 's/"sh"/"\/hello"/' "$bundle/config.json"
echo "    $bundle"

step "4/5 barrer-run plan: which plugin does what, and which line of the configuration says so"
as_root "${barrer[@]}" plan --bundle "$bundle"

step "5/5 barrer-run run: the container"
as_root "${barrer[@]}" run --bundle "$bundle" "try-$$"

cat <<END

That was a container. Next:
    ${barrer[*]} --help
    edit $bundle/config.json (or rootfs/hello) and run it again:
    $([ "$(id -u)" = 0 ] || echo sudo )${barrer[*]} run --bundle $bundle again
    ./test.sh runs all tests.
END
