#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An ASP.NET Core app as a service of barrer-init: Microsoft.Extensions.Hosting.Systemd, which tells a
# supervisor that it is ready, speaks where its parent is named systemd or where it is process 1.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/tests/boot/support.sh"
publish web

boot_make_root
mkdir "$boot_root/app"
cp -r "$APPS/web/." "$boot_root/app"
cat >"$boot_root/etc/get.py" <<'END'
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
END
if [ ! -e "$boot_root$DOTNET_FOLDER" ]; then
    mkdir -p "$boot_root$DOTNET_FOLDER"
    mount --bind "$DOTNET_FOLDER" "$boot_root$DOTNET_FOLDER"
fi
boot_start <<END
[service web]
exec = $DOTNET_FOLDER/dotnet /app/Web.dll --urls http://127.0.0.1:8080
isolation = pid
readiness = notify
environment = DOTNET_EnableDiagnostics=0
restart = no
[service client]
type = oneshot
exec = /usr/bin/python3 /etc/get.py http://127.0.0.1:8080/add/40/2
after = web
END
ok "it is ready when it says so" is_state web running || diag "$(tail -n 20 "$boot_log")"
is_done() { is_state client done; }
ok "who comes after it asks it at once" wait_until 30 is_done || diag "$(tail -n 20 "$boot_log")"
is "$(ctl logs client)" 'client: {"sum":42}' "and has an answer"
like "$(ctl logs web)" 'started' "the app has started"
ok "barrerctl stop" ctl stop web
like "$(ctl logs web)" 'stopped' "it stops in order"
is "$(ctl_number web code)" 0 "with status 0"
ctl poweroff
boot_end 0 "the system powers off"
done_testing
