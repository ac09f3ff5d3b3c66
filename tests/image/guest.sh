# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: what image.sh tells from the console is said here, one line "GUEST ok|FAILED WHAT".
PATH=/bin:/sbin:/usr/bin:/usr/sbin
b=/bin/busybox
say() { echo "GUEST $1 $2"; }
try() { # WHAT COMMAND...: asked again until it holds
    local what=$1 i=0
    shift
    while ! "$@" >/dev/null 2>&1; do
        i=$((i + 1))
        [ $i -lt 600 ] || {
            say FAILED "$what"
            return
        }
    done
    say ok "$what"
}
hears() { # WHAT SERVICE N TEXT: until the service has said it N times, or half a minute is over
    local follower
    $b mkfifo /run/heard
    barrerctl logs -f "$2" >/run/heard &
    follower=$!
    if [ "$($b timeout 30 $b grep -c -m "$3" "$4" </run/heard)" = "$3" ]; then say ok "$1"; else say FAILED "$1"; fi
    $b kill "$follower" 2>/dev/null
    $b rm /run/heard
}
has() { barrerctl status --json "$1" >/dev/null 2>&1; }
pid_of() { barrerctl status --json "$1" 2>/dev/null | $b sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | $b head -n 1; }
has_address() { $b ip addr show eth0 | $b grep -q 10.9.0.50/24; }
is_new() { # SERVICE OLD
    local now
    now=$(pid_of "$1")
    [ -n "$now" ] && [ "$now" != 0 ] && [ "$now" != "$2" ]
}
# Where init and the services are one process, it says what they say.
net=net
has net || net=init
lease='eth0: address 10.9.0.50/24 by DHCP from 10.9.0.1'
hears "an address by DHCP" $net 1 "$lease"
hears "a name resolved" $net 1 'name www.test is 10.9.0.1'
hears "an HTTP GET answered" $net 1 'GET http://www.test/: status 200'
try "the address is the kernel's" has_address
try "resolv.conf names the server" $b grep -q 'nameserver 10.9.0.1' /run/barrer/net/resolv.conf

boxed() { # SERVICE: filtered, without new privileges, its mounts and its capabilities its own
    local status=/proc/$(pid_of "$1")/status
    $b grep -q 'Seccomp:.*2' "$status" && $b grep -q 'NoNewPrivs:.*1' "$status" || return 1
    [ "$($b readlink "/proc/$(pid_of "$1")/ns/mnt")" != "$($b readlink /proc/1/ns/mnt)" ] || return 1
    $b grep -q 'CapBnd:.*000[0-9a-f]\{9\}$' "$status" && ! $b grep -q '^[^ ]* / [^ ]* rw' "/proc/$(pid_of "$1")/mounts"
}
for i in log devmgr net; do if has $i; then try "$i is sandboxed" boxed $i; fi; done
if has devmgr; then
    old=$(pid_of devmgr)
    $b kill -9 "$old"
    try "a service killed is restarted" is_new devmgr "$old"
    barrerctl stop net
    has_address && say FAILED "an address given back is gone" || say ok "an address given back is gone"
    barrerctl start net
    hears "a lease is taken again" net 2 "$lease"
    try "it comes back" has_address
fi
others="$(pid_of log) $(pid_of net) $(pid_of netpeer)" init=$(pid_of init)
$b kill -9 "$init"
try "init killed is restarted" is_new init "$init"
[ "$(pid_of log) $(pid_of net) $(pid_of netpeer)" = "$others" ] && say ok "services untouched" || say FAILED "services untouched"
# Again and again: the log service may have been init's process.
try "/dev/log is read" $b sh -c '/bin/busybox logger -t tester "to /dev/log"; barrerctl logs | /bin/busybox grep -q "tester.*to /dev/log"'

if [ -e /srv/hello/Hello.dll ]; then
    [ "$(dotnet /srv/hello/Hello.dll)" = 'Hello, World!' ] && say ok "an assembly runs from the shell" || say FAILED "an assembly runs from the shell"
    hears "an assembly runs as a service" hello 1 'Hello, World!'
fi
barrerctl chart
say done done
barrerctl poweroff
