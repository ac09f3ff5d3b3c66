#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/peers/runc.sh SOURCE RUNTIME [FILE...]: run runc's own suite (tests/integration/*.bats of its
# source package) against a runtime, inside the box; a line "VERDICT<tab>FILE: TEST" per test on
# stdout. SOURCE has the helper programs built and the images in tests/integration/testdata.
set -eu
source=$1 runtime=$2 here=$(cd "$(dirname "$0")" && pwd)
shift 2

. "$here/conf.sh"
configure_runtime "$runtime"
hide_criu
work=$(mktemp -d)
chmod 755 "$work"
cp -a "$source/tests" "$source/contrib" "$work"
cd "$work/tests/integration"
cat >get-images.sh <<END
#!/bin/sh
echo BUSYBOX_IMAGE=$PWD/testdata/busybox.tar
echo DEBIAN_IMAGE=$PWD/testdata/debian.tar
END
# The suite does not wait for recvtty, written in Go, to listen; a quick runtime may be earlier.
cat >>helpers.bash <<'END'
eval "their_$(declare -f setup_recvtty)"
function setup_recvtty() {
	their_setup_recvtty
	until [ -S "$CONSOLE_SOCKET" ]; do :; done
}
END
export RUNC=$runtime
[ $# -gt 0 ] || set -- *.bats
. "$here/bats.sh"
run_bats /dev/tty "$@"
