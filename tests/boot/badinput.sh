#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is wrong with what a system is given: its configuration, its programs, its disk. One line says it,
# and the system takes the way on that is configured. And enabling services offline.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/support.sh"
need jq

boot_layers=yes
system_of() { ctl status --json | jq -r ".system.$1"; }
again() { rm -f "$boot_root/.used"; } # the same root

# --- enable and disable, on a folder ---------------------------------------------------------------------
boot_make_root
ok "enable offline" "$CTL" --root "$boot_root" enable off
ok "disable offline" "$CTL" --root "$boot_root" disable on
refuses "a name that is none" 'cannot be the name of a service' "$CTL" --root "$boot_root" enable ../x
boot_start <<'EOF'
[service off]
exec = /bin/sleep 1000
enabled = no
[service on]
exec = /bin/sleep 1000
EOF
is "$(ctl_state off)/$(ctl_state on)" running/inactive "they hold at the next start"
ok "and while it runs" "$CTL" --root "$boot_root" enable on
ok "after a reload" ctl reload
wait_until 10 is_state on running
is "$?" 0 "it is started"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- a broken configuration ------------------------------------------------------------------------------
boot_make_root
umount "$boot_root/usr"
make_overlay /usr "$boot_root/usr" || skip_all "no overlay here"
mkdir -p "$boot_root/usr/lib/barrer"
{
    boot_head
    printf '[service shipped]\nexec = /bin/sleep 1000\n'
} >"$boot_root/usr/lib/barrer/boot.conf"
boot_start <<'EOF'
[service good]
exec = /bin/sleep 1000
EOF
is "$(system_of plan)/$(system_of state)" static/running "one that is well"
wait_until 10 grep -q 'service good' "$boot_root/etc/barrer/last-good"
is "$?" 0 "is kept when it has become ready"
ok "poweroff" ctl poweroff
boot_end 0 "down"

again
boot_head=$(declare -f boot_head)
boot_head() { :; }
boot_start <<'EOF'
[service good]
exec = /bin/sleep 1000
resart = always
EOF
like "$(grep -c . "$boot_log")/$(cat "$boot_log")" '^3/.*/etc/barrer/boot.conf:3: \[service good\] resart: unknown key \(did you mean "restart"\?\)' \
    "a broken one: one line, with file and line"
like "$(cat "$boot_log")" 'booting with the last-good configuration' "then the last good one"
is "$(system_of plan)/$(system_of state)/$(ctl_state good)" last-good/degraded/running "which is carried out"
ok "poweroff" ctl poweroff
boot_end 0 "down"
like "$(cat "$boot_root/etc/barrer/last-good")" 'service good' "and stays the last good one"

again
printf '[service\n' >"$boot_root/etc/barrer/last-good"
boot_start <<'EOF'
exec
EOF
like "$(cat "$boot_log")" '/etc/barrer/boot.conf:1: .*
.*/etc/barrer/last-good:1: .*
.*booting with the defaults configuration' "both broken: the shipped one"
is "$(system_of plan)/$(ctl_state shipped)" defaults/running "which is carried out"
ok "poweroff" ctl poweroff
boot_end 0 "down"

again
echo '[nonsense]' >"$boot_root/usr/lib/barrer/boot.conf"
boot_launch <<'EOF'
exec
EOF
wait_until 20 grep -q 'rescue: a shell' "$boot_log"
is "$?" 0 "all three broken: a rescue"
like "$(cat "$boot_log")" '/usr/lib/barrer/boot.conf:1: ' "each with file and line"
wait_until 10 boot_is_up
is "$(system_of state)" rescue "barrerctl answers there"
ok "poweroff" ctl poweroff
boot_end 0 "down"
eval "$boot_head"

# --- programs that are not there, or no programs -----------------------------------------------------------
boot_make_root
echo 'no assembly' >"$boot_root/etc/Init.dll"
printf 'MZ' >"$boot_root/etc/Other.dll"
echo 'no program' >"$boot_root/etc/text"
chmod 755 "$boot_root/etc/text"
boot_start <<'EOF'
[flow boot]
init = init
init-fallback = second
init-timeout = 5s
[service init]
exec = /etc/Init.dll
restart-delay = 1ms
restart-limit = 1
[service second]
exec = /bin/sleep 1000
[service missing]
exec = /etc/None.dll
restart = no
[service text]
exec = /etc/text
restart = no
[service folder]
exec = /etc
restart = no
EOF
is "$(ctl_state init)/$(ctl_state second)" failed/running "a corrupt Init.dll: the fallback takes its place"
like "$(grep 'service init failed' "$boot_log")" 'Init.dll' "one line names it"
is "$(grep -c 'service init failed' "$boot_log")" 1 "once"
for i in missing text folder; do
    is "$(ctl_state $i)/$(grep -c "service $i failed: " "$boot_log")" failed/1 "$i: one line"
done
like "$(ctl_number missing text)" 'None.dll' "a program that is missing is named"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- a full disk ---------------------------------------------------------------------------------------------
boot_layers=
boot_make_root
mount -t tmpfs -o size=16k tmpfs "$boot_root/etc/barrer"
cat /dev/zero >"$boot_root/etc/barrer/full" 2>/dev/null
boot_start <<'EOF'
[service good]
exec = /bin/sleep 1000
EOF
is "$(system_of state)/$(ctl_state good)" running/running "a full disk: the system is up"
wait_until 10 grep -q 'keep the configuration as "/etc/barrer/last-good": No space left' "$boot_log"
is "$?" 0 "one line says that the configuration could not be kept"
ok "poweroff" ctl poweroff
boot_end 0 "down"
# --- on-failure ------------------------------------------------------------------------------------------
for action in poweroff reboot halt; do
    boot_make_root
    boot_launch <<CONF
[flow boot]
on-failure = $action
CONF
    boot_end 0 "on-failure = $action: a system without services ends"
    like "$(cat "$boot_log")" "boot cannot go on: as \[flow boot\] on-failure says.*barrer-init: $action" "on-failure = $action: it says so, and does it"
done
done_testing
