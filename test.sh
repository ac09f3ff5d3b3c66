#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# ./test.sh [STAGE...]: install what the tests need (Debian packages only) and run them all: three
# builds, sanitizers, static analysis, fuzzing, and the flows as root, in a plain cgroup v2, without
# root, in a virtual machine with all of cgroup v2, under container engines, and those of the test
# suites of runc, crun and podman that are quick. Ends with "N passed, N failed, N skipped".
# Not part of all: "./test.sh dynamic peers-all races", those suites as a whole, and races for
# thousands of rounds.
# "./test.sh --list" names the stages. As root, or as a user who may use sudo.
#
# Builds and logs go to ./build-test/STAGE. With CI=true, a skip that tests/skips.txt does not
# explain is a failure. The user "barrer-test" exists while the stage "user" runs.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
[ "$(id -u)" = 0 ] || exec sudo --preserve-env=CI "$0" "$@"

all_stages=(dynamic root install cgroup2 userns user engines peers vm builtin static sanitize analyze fuzz dotnet image dist)
if [ "${1:-}" = --list ]; then
    printf '%s\n' "${all_stages[@]}"
    exit
fi
stages=("${@:-${all_stages[@]}}")
[ $# -gt 0 ] || stages=("${all_stages[@]}")
top=$PWD
out=$top/build-test
export CI=${CI:-} DEBIAN_FRONTEND=noninteractive
export PATH=$PATH:/usr/sbin:/sbin
jobs=-j$(nproc)
passed=0 failed=0 skipped=0
times=()

packages=(autoconf automake libtool pkg-config make gcc g++ libc6-dev libltdl-dev libcap-dev
    libseccomp-dev libinih-dev libjson-c-dev busybox-static
    jq strace xz-utils file man-db uidmap util-linux python3 attr libcap2-bin procps
    podman crun runc conmon criu debootstrap musl-tools
    docker.io containerd iptables iproute2
    python3-grpcio python3-yaml systemd-sysv libsystemd-dev dbus dbus-user-session
    clang-14 libclang-rt-14-dev libasan8 libubsan1
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    qemu-system-x86 cpio kmod zstd e2fsprogs dash binutils
    golang-github-opencontainers-specs-dev
    bats gawk socat dpkg-dev containernetworking-plugins catatonit
    golang-go golang-github-containerd-console-dev
    golang-github-urfave-cli-dev golang-github-sirupsen-logrus-dev golang-golang-x-sys-dev
    golang-github-cyphar-filepath-securejoin-dev golang-github-seccomp-libseccomp-golang-dev)

say() { printf '\n==> %s\n' "$*"; }
is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
install_packages() {
    local missing=() package
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "packages: ${missing[*]}"
    { apt-get -q update && apt-get -q install -y --no-install-recommends "${missing[@]}"; } >"$out/packages.log" 2>&1 || {
        tail -n 20 "$out/packages.log"
        echo "cannot install what the tests need" >&2
        exit 1
    }
}

# NAME COMMAND...: one thing that passes or fails; its output goes to a log
check() {
    local name=$1 log=$out/$stage.${1//[ \/]/-}.log start=$SECONDS
    shift
    if "$@" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        echo "ok     $name ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        echo "FAILED $name ($((SECONDS - start)) s), the end of $log:"
        tail -n 30 "$log" | sed 's/^/    /'
        return 1
    fi
}
# The output of tests/run.sh on stdin: shown and added up; skips are held against the list.
tally() {
    local line p f s
    while IFS= read -r line; do
        case $line in
        [0-9]*' passed, '*' failed, '*' skipped')
            read -r p _ f _ s _ <<<"$line"
            passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
            tallied=1
            continue
            ;;
        '  SKIP '*)
            is_expected_skip "${line#  SKIP }" || {
                line="$line (not in tests/skips.txt)"
                if [ "$CI" = true ]; then
                    failed=$((failed + 1))
                    line="  FAIL ${line#  SKIP }"
                fi
            }
            ;;
        esac
        printf '%s\n' "$line"
    done
}
is_expected_skip() { # "TEST: WHAT: REASON"
    local where pattern
    while IFS=$'\t' read -r where pattern; do
        case $where in '' | '#'*) continue ;; esac
        # shellcheck disable=SC2053 # a pattern
        [[ $stage == $where && $1 =~ $pattern ]] && return 0
    done <"$top/tests/skips.txt"
    return 1
}
run_tests() { # COMMAND... that ends in tests/run.sh and tests
    tallied=
    tally < <("$@" 2>&1 </dev/null)
    [ -n "$tallied" ] || {
        failed=$((failed + 1))
        echo "FAILED $stage: the tests did not get to their end"
    }
}
build() { # FOLDER CONFIGURE-OPTION...
    local folder=$out/$1
    shift
    mkdir -p "$folder"
    cd "$folder" || return 1
    check "configure $*" "$top/configure" "$@" && check "make" make "$jobs" && cd "$top"
}
# What "make check" runs, told by its logs
make_check() { # FOLDER [MAKE-ARGUMENT...]
    local folder=$out/$1 log=$out/$stage.check.log
    shift
    make -C "$folder" "$jobs" check "$@" >"$log" 2>&1 </dev/null
    local rc=$? logs
    logs=$(make -s -C "$folder" print-test-logs "$@" 2>/dev/null)
    if [ -z "$logs" ] || { [ $rc != 0 ] && ! grep -q '^# TOTAL:' "$log"; }; then
        failed=$((failed + 1))
        echo "FAILED make check, the end of $log:"
        tail -n 30 "$log" | sed 's/^/    /'
        return 1
    fi
    # shellcheck disable=SC2086 # a list
    run_tests tests/run.sh -r "$folder" $logs
}
shell_tests() { # the tests of whole flows, for the places where make check does not run
    echo "$top"/tests/flow/*.sh "$top"/tests/oci/*.sh
}

stage_dynamic() {
    build dynamic --prefix="$out/installed" CFLAGS='-O2 -g -Werror' &&
        check "make what the tests need" make -C "$out/dynamic" "$jobs" check TESTS=
}
stage_root() { BARRER_FAULT_STEP=1 BARRER_RACE_ROUNDS=20 make_check dynamic; }
stage_install() {
    check "make install" make -C "$out/dynamic" install
    check "make installcheck" make -C "$out/dynamic" installcheck
}
stage_cgroup2() {
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
        echo "this host has cgroup v2 already: stage root was the test"
        return
    fi
    # shellcheck disable=SC2046
    abs_top_builddir=$out/dynamic run_tests tests/cgroup2.sh tests/run.sh $(shell_tests)
}
stage_userns() {
    # shellcheck disable=SC2046
    abs_top_builddir=$out/dynamic run_tests unshare -r -m --propagation private tests/run.sh $(shell_tests)
}
stage_user() {
    id barrer-test >/dev/null 2>&1 || useradd --create-home --shell /bin/bash barrer-test || return 1
    # The tree may be below a folder that only root may enter: it is shown in another place. The
    # build is the user's own there, since only the owner of the program may own plugins and INI files.
    run_tests unshare -m --propagation private bash -c '
        mkdir -p /run/barrer-test && mount -t tmpfs -o mode=755 tmpfs /run/barrer-test || exit 1
        mkdir /run/barrer-test/{source,build,runtime} && chown barrer-test: /run/barrer-test/runtime
        chmod 700 /run/barrer-test/runtime
        mount --bind "$1" /run/barrer-test/source || exit 1
        (cd "$2" && cp -a --parents bin libexec tests/stage tests/tools /run/barrer-test/build) || exit 1
        (cd "$2" && cp -a --parents tests/plugins/.libs /run/barrer-test/build 2>/dev/null)
        chown -R barrer-test: /run/barrer-test/build
        as_user() { setpriv --reuid barrer-test --regid barrer-test --init-groups "$@"; }
        # The folders that barrer was configured for stay where they are: of a folder above them
        # that the user may not enter, nothing else is left.
        mkdir -p "$3" /run/barrer-test/installed && mount --bind "$3" /run/barrer-test/installed || exit 1
        closed=$3
        while ! as_user test -x "${closed%/*}/"; do closed=${closed%/*}; done
        as_user test -x "$closed" || {
            mount -t tmpfs -o mode=755 tmpfs "$closed" && mkdir -p "$3" &&
                mount --bind /run/barrer-test/installed "$3" || exit 1
        }
        cd /run/barrer-test/source
        as_user env -i PATH="$PATH" CI="$CI" HOME=/home/barrer-test USER=barrer-test LANG=C.UTF-8 \
            XDG_RUNTIME_DIR=/run/barrer-test/runtime abs_top_builddir=/run/barrer-test/build \
            bash -c "exec tests/run.sh tests/flow/*.sh tests/oci/*.sh"' user "$top" "$out/dynamic" "$out/installed"
    rmdir /run/barrer-test 2>/dev/null
    userdel --remove barrer-test >/dev/null 2>&1
}
stage_engines() {
    # shellcheck disable=SC2046
    abs_top_builddir=$out/dynamic run_tests tests/run.sh -t 600 $(make -s -C "$out/dynamic" print-engine-tests)
    # With systemd as PID 1, on cgroup v2 and on its hybrid of v1 and v2.
    abs_top_builddir=$out/dynamic run_tests tests/vm.sh -m 3072 -t 1500 -s apparmor=0 \
        tests/run.sh -t 1000 tests/engines/systemd.sh tests/engines/unified.sh
    abs_top_builddir=$out/dynamic run_tests tests/vm.sh -t 900 -s systemd.unified_cgroup_hierarchy=0 \
        tests/run.sh -t 800 tests/engines/systemd.sh
}
stage_peers() {
    [ -x "$out/installed/bin/barrer-run" ] ||
        check "make install" make -C "$out/dynamic" install || return 1
    RUNTIME=$out/installed/bin/barrer-run WORK=$out/peers PEERS_ALL=${1:-} run_tests tests/run.sh -t 3600 tests/peers/run.sh
}
stage_peers-all() { stage_peers all; }
stage_races() {
    BARRER_RACE_ROUNDS=100 abs_top_builddir=$out/dynamic run_tests tests/run.sh -t 3600 tests/flow/races.sh
}
stage_vm() {
    abs_top_builddir=$out/dynamic run_tests tests/vm.sh -t 1200 tests/run.sh -t 600 \
        $(make -s -C "$out/dynamic" print-vm-tests)
    abs_top_builddir=$out/dynamic run_tests tests/run.sh -t 900 tests/boot/machine.sh
}
stage_builtin() { build builtin --enable-builtin-plugins CFLAGS='-O2 -g -Werror' && make_check builtin; }
stage_static() { build static --enable-static-programs --disable-shared --enable-static CFLAGS='-O2 -g -Werror' && make_check static; }
stage_sanitize() {
    build sanitize --disable-static-first-stage \
        CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined' &&
        ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=86 UBSAN_OPTIONS=print_stacktrace=1 make_check sanitize
}
stage_analyze() {
    mkdir -p "$out/analyze"
    cd "$out/analyze" || return 1
    # gcc 12 loses memory that is kept in an array or a list; stage sanitize finds true leaks.
    check configure "$top/configure" CFLAGS='-O2 -g -fanalyzer -Wno-analyzer-malloc-leak -Werror' && check "gcc -fanalyzer" make "$jobs"
    cd "$top" || return 1
}
stage_fuzz() { check "fuzz corpus and 20 s for each target" tests/fuzz/run.sh "$out/fuzz" 20; }
# The SDK is not Debian's: it is there, or the stage is one skip; continuous integration needs it.
has_sdk() { # a skip without one, but in continuous integration
    [ -z "$(dotnet --list-sdks 2>/dev/null)" ] || return 0
    if [ "$CI" = true ]; then
        failed=$((failed + 1))
        echo "FAILED $stage: no .NET SDK here"
    else
        skipped=$((skipped + 1))
        echo "  SKIP $stage: all: no .NET SDK here (https://learn.microsoft.com/dotnet/core/install/linux-debian)"
    fi
    return 1
}
stage_dotnet() {
    has_sdk || return
    # shellcheck disable=SC2046
    check "dotnet publish of the apps" tests/dotnet/publish.sh "$out/dotnet" $(tests/dotnet/publish.sh --list) &&
        BARRER_APPS=$out/dotnet abs_top_builddir=$out/dynamic run_tests tests/run.sh -t 600 \
            $(make -s -C "$out/dynamic" print-dotnet-tests)
    # shellcheck disable=SC2046
    BARRER_APPS=$out/dotnet abs_top_builddir=$out/dynamic run_tests $(
        [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || echo tests/vm.sh -t 600
    ) tests/run.sh -t 400 tests/dotnet/cgroup2.sh
}
# Images are made of the build and of the C# programs, and booted.
stage_image() {
    has_sdk || return
    check "the unit tests of the C# programs" dotnet test managed/tests/unit/unit.csproj -nologo \
        -nodeReuse:false \
        -p:BarrerFlavour=unit -p:BarrerObjects="$out/dynamic/dotnet/objects" -p:UseSharedCompilation=false
    check "make managed" make -C "$out/dynamic" managed &&
        check "the netpeer of the tests" managed/build.sh --netpeer "$out/dynamic/dotnet" &&
        BARRER_APPS=$out/dotnet abs_top_builddir=$out/dynamic run_tests tests/run.sh -t 1800 tests/image/image.sh
}
stage_dist() { check "make distcheck" make -C "$out/dynamic" "$jobs" distcheck; }

mkdir -p "$out"
install_packages
[ -e configure ] || ./autogen.sh >"$out/autogen.log" 2>&1 || {
    tail -n 20 "$out/autogen.log"
    exit 1
}
for stage in "${stages[@]}"; do
    say "$stage"
    start=$SECONDS
    case $stage in
    dynamic | builtin | static | sanitize | analyze | fuzz) ;;
    *) [ -x "$out/dynamic/bin/barrer-run" ] || {
        failed=$((failed + 1))
        echo "FAILED $stage: needs the build of stage dynamic"
        continue
    } ;;
    esac
    "stage_$stage"
    cd "$top" || exit 2
    times+=("$(printf '%6d s  %s' $((SECONDS - start)) "$stage")")
done

say "time for each stage"
printf '%s\n' "${times[@]}"
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
