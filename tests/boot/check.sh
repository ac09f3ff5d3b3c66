#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# "barrer-config check --boot": a boot configuration against the folder that an image is made of.
. "$(dirname "$0")/../lib.sh"

config=$abs_top_builddir/bin/barrer-config
root=$T/root
mkdir -p "$root"/usr/bin "$root"/usr/lib/barrer "$root"/etc/barrer/boot.conf.d
ln -s usr/bin "$root/bin"
install -m 755 /bin/busybox "$root/usr/bin/sh"
install -m 644 /bin/busybox "$root/usr/lib/barrer/App.dll"
check() { capture "$config" check --boot --root "$root" "$@"; }
conf() { cat >"$root/etc/barrer/boot.conf"; }

conf <<'EOF2'
[service app]
exec = /usr/lib/barrer/App.dll
after = shell
[service shell]
exec = sh -c "echo hello"
stop-exec = /bin/sh -c true
EOF2
check
is "$status $output" "0 no errors; 2 services checked" "what is in order" || diag "$error"

printf '[service more]\nexec = /bin/none\n' >"$root/etc/barrer/boot.conf.d/more.conf"
check
is "$status" 1 "a program that is not there"
like "$error" "boot.conf.d/more.conf:2: \[service more\] exec: \"/bin/none\" is no program in $root" "is told with its line"
rm "$root/etc/barrer/boot.conf.d/more.conf"

printf '[service app]\nexec = /escape\n' >"$root/etc/barrer/boot.conf"
ln -s /bin/ls "$root/escape"
check
is "$status" 1 "a link is followed in the root, not out of it"
printf '[service app]\nexec = /usr/lib\n' | conf
check
is "$status" 1 "a folder is no program"

conf <<'EOF2'
[service a]
exec = sh
after = b
[service b]
exec = sh
after = a
EOF2
check
is "$status" 1 "a cycle"
like "$error" "cycle" "is told"

printf '[service a]\nexec = sh\nrestrat = always\n' | conf
check
is "$status" 1 "a key that does not exist"
like "$error" 'boot.conf:3: .*restart' "is told with its line and the nearest name"

printf '[flow boot]\nread-ahead = 1000\n' | conf
check
is "$status" 1 "a size that the kernel cannot set"
like "$error" 'boot.conf:2: .*read-ahead: expected a multiple of 1K below 2T, got "1000"' "is not taken as none"

printf '[service a]\nexec = sh\n' >"$T/one.conf"
check --config "$T/one.conf"
is "$status $output" "0 no errors; 1 services checked" "--config is the one file" || diag "$error"
check --root "$T/nothing"
is "$status" 1 "a root that does not exist"
capture "$config" check --root "$root"
is "$status" 2 "--root without --boot is a wrong command line"
capture "$config" show --boot
is "$status" 2 "--boot is for check"
done_testing
