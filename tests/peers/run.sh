#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/peers/run.sh [-n] [SUITE...]: run the test suites of runc, crun and podman against
# barrer-run and hold each result against SUITE.expected. The suites are Debian's source packages,
# fetched when they are needed and never kept in this tree. Output is TAP: a test of theirs is a test
# here, "ok" when its result is no worse than expected; "skip" gives the reason of what is expected
# to fail or to skip.
#
# RUNTIME is the installed program to test, WORK the folder for sources and results. With PEERS_ALL
# the suites run as a whole, else those files of them that SUITE.part names, where it exists. -n
# writes the results to SUITE.expected, keeping the reasons, instead of judging them.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
all=${PEERS_ALL:-} renew=''
while getopts n option; do
    case $option in
    n) renew=1 ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- crun runc podman
runtime=${RUNTIME:-$top/build-test/installed/bin/barrer-run}
work=${WORK:-$top/build-test/peers}
mkdir -p "$work/results"
work=$(realpath "$work")

# What apt knows of Debian's own packages, asked for sources instead, in lists of our own.
fetch_sources() { # PACKAGE...
    local options=(-o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache")
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/source"
    apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
        --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' >"$work/apt/sources.list"
    apt-get "${options[@]}" -q update && cd "$work/source" && apt-get "${options[@]}" -q source "$@"
}
source_of() { # PACKAGE
    local folders=("$work/source/$1"-*/)
    [ -d "${folders[0]}" ] && echo "${folders[0]%/}"
}
# recvtty and seccompagent, with Debian's Go packages instead of modules.
build_runc_helpers() { # SOURCE
    local name
    export GOPATH=$work/go:/usr/share/gocode GO111MODULE=off GOFLAGS='' GOCACHE=$work/go-cache
    mkdir -p "$work/go/src/github.com/opencontainers"
    ln -sfn "$1" "$work/go/src/github.com/opencontainers/runc"
    for name in recvtty seccompagent; do
        cd "$work/go/src/github.com/opencontainers/runc/contrib/cmd/$name" &&
            go build -tags seccomp -o $name . || return 1
    done
}
# Instead of the images that the suite would download.
make_runc_images() { # TESTDATA
    local root=$work/busybox debian=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/barrer/debian
    mkdir -p "$root"/{bin,dev,etc,tmp,root,home,var/spool/mail,var/www,usr/sbin}
    chmod 755 "$root" && chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox" && "$root/bin/busybox" --install "$root/bin"
    printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\ndaemon:x:1:\n' >"$root/etc/group"
    tar -C "$root" -cf "$1/busybox.tar" . || return 1
    # The test flow/debian_root has made and kept one, if it ran.
    if [ ! -e "$debian/.complete" ]; then
        debian=$work/debian
        debootstrap --variant=minbase bookworm "$debian" \
            "$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)" || return 1
    fi
    tar -C "$debian" --exclude='./dev/*' --exclude='./var/cache/*' -cf "$1/debian.tar" .
}
prepare() { # SUITE...
    local missing=() suite package source
    for suite; do
        package=${suite/podman/libpod}
        source_of "$package" >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || (fetch_sources "${missing[@]}") || return 1
    for suite; do
        [ "$suite" = runc ] || continue
        source=$(source_of runc)
        [ -e "$source/tests/integration/testdata/debian.tar" ] ||
            { (build_runc_helpers "$source") && make_runc_images "$source/tests/integration/testdata"; } || return 1
    done
}
run_suite() { # SUITE
    local package=${1/podman/libpod} files=()
    [ -n "$all" ] || mapfile -t files < <(grep -sv '^#' "$here/$1.part")
    "$here/box.sh" "$work/results" bash -c '
        out=$1
        shift
        "$@" >"$out.results" 2>"$out.log"' box "$work/results/$1" \
        "$here/$1.sh" "$(source_of "$package")" "$runtime" "${files[@]}"
}

# Lines of SUITE.expected and of results: VERDICT<tab>FILE: TEST[<tab>REASON]
judge() { # SUITE
    awk -F '\t' -v suite="$1" -v all="$all" '
        function say(verdict, name, more) {
            gsub(/#/, "", name)
            printf "%s %d - %s: %s%s\n", verdict, ++n, suite, name, more
        }
        /^#/ { next }
        NR == FNR { expected[$2] = $1; reason[$2] = $3; order[++m] = $2; next }
        { got[$2] = $1; file = $2; sub(/:.*/, "", file); ran[file] = 1; names[++k] = $2 }
        END {
            if (k == 0)
                say("not ok", "it runs", "")
            for (i = 1; i <= k; i++) {
                name = names[i]
                wanted = name in expected ? expected[name] : "ok"
                if (got[name] == "ok")
                    say("ok", name, wanted == "ok" ? "" : " (better than expected)")
                else if (got[name] == wanted)
                    say("ok", name, " # SKIP " (wanted == "skip" ? "skips: " : "fails: ") reason[name])
                else {
                    say("not ok", name, "")
                    printf "# wanted %s, got %s\n", wanted, got[name]
                }
            }
            for (i = 1; i <= m; i++) {
                file = order[i]
                sub(/:.*/, "", file)
                if (!(order[i] in got) && (all || file in ran)) {
                    say("not ok", order[i], "")
                    print "# it did not run"
                }
            }
        }' "$here/$1.expected" "$work/results/$1.results"
}
renewed() { # SUITE
    awk -F '\t' '
        /^#/ { if (NR == FNR) print; next }
        NR == FNR { reason[$2] = $3; next }
        { print $1 "\t" $2 ($1 == "ok" ? "" : "\t" reason[$2]) }' "$here/$1.expected" "$work/results/$1.results"
}

[ -x "$runtime" ] || {
    echo "Bail out! there is no $runtime (make install, or set RUNTIME)"
    exit 99
}
prepare "$@" >"$work/prepare.log" 2>&1 || {
    tail -n 20 "$work/prepare.log" | sed 's/^/# /'
    echo "Bail out! the suites cannot be fetched or built"
    exit 99
}
jobs=()
for suite; do
    run_suite "$suite" >"$work/results/$suite.box.log" 2>&1 &
    jobs+=($!)
done
wait "${jobs[@]}"
for suite; do
    [ -e "$here/$suite.expected" ] || : >"$here/$suite.expected"
    if [ -n "$renew" ]; then renewed "$suite" >"$work/results/$suite.expected"; else judge "$suite"; fi
done >"$work/tap"
if [ -n "$renew" ]; then
    for suite; do cp "$work/results/$suite.expected" "$here/$suite.expected"; done
    exit
fi
awk '/^(not )?ok / { $0 = gensub(/^((not )?ok) [0-9]+/, "\\1 " ++n, 1) } { print } END { print "1.." n + 0 }' "$work/tap"
! grep -q '^not ok' "$work/tap"
