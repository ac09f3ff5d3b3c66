#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our own header of .NET's hosting interfaces says what the SDK's headers and libraries say.
. "$(dirname "$0")/lib.sh"
need gcc nm
ours=$top_srcdir/plugins/clrhost/launcher
theirs=$(dirname "$(find "$DOTNET_FOLDER/packs" -name hostfxr.h | sort -V | tail -n 1)")
[ "$theirs" != . ] || skip_all "the SDK has no headers for hosts"

cat >"$T/same.c" <<'END'
#include "clr_abi.h"
#include <coreclr_delegates.h>
#include <hostfxr.h>

#define SAME(a, b) _Static_assert(__builtin_types_compatible_p(a, b), #a " is not " #b)
#define FIELD(f)                                                                                  \
    _Static_assert(offsetof(struct clr_hostfxr_parameters, f) ==                                  \
                       offsetof(struct hostfxr_initialize_parameters, f), #f " is elsewhere");    \
    SAME(__typeof__(((struct clr_hostfxr_parameters *)0)->f),                                     \
         __typeof__(((struct hostfxr_initialize_parameters *)0)->f))

FIELD(size);
FIELD(host_path);
FIELD(dotnet_root);
_Static_assert(sizeof(struct clr_hostfxr_parameters) == sizeof(struct hostfxr_initialize_parameters), "size");
SAME(clr_hostfxr_handle, hostfxr_handle);
SAME(clr_error_writer, hostfxr_error_writer_fn);
SAME(clr_hostfxr_set_error_writer, hostfxr_set_error_writer_fn);
SAME(clr_hostfxr_get_property, hostfxr_get_runtime_property_value_fn);
SAME(clr_hostfxr_set_property, hostfxr_set_runtime_property_value_fn);
SAME(clr_hostfxr_run_app, hostfxr_run_app_fn);
SAME(clr_hostfxr_close, hostfxr_close_fn);
SAME(clr_hostfxr_main, hostfxr_main_startupinfo_fn);
/* The same but for the tag of the structure, which was compared above */
#define INITIALIZE(tag) int32_t (*)(int, const char **, const struct tag *, void **)
SAME(clr_hostfxr_initialize, INITIALIZE(clr_hostfxr_parameters));
SAME(hostfxr_initialize_for_dotnet_command_line_fn, INITIALIZE(hostfxr_initialize_parameters));
END
ok "types of libhostfxr.so" gcc -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$ours" -isystem "$theirs" "$T/same.c" || show
for fault in 's/size_t size;/int size;/' 's/int32_t (\*clr_hostfxr_close)/void (*clr_hostfxr_close)/'; do
    mkdir -p "$T/other"
    sed "$fault" "$ours/clr_abi.h" >"$T/other/clr_abi.h"
    not_ok "a difference is found: $fault" gcc -std=c11 -fsyntax-only -I"$T/other" -isystem "$theirs" "$T/same.c"
done

# What the launcher looks up is there.
hostfxr=$(find "$DOTNET_FOLDER/host/fxr" -name libhostfxr.so | sort -V | tail -n 1)
coreclr=$(find "$DOTNET_FOLDER/shared/Microsoft.NETCore.App" -name libcoreclr.so | sort -V | tail -n 1)
nm -D --defined-only "$hostfxr" "$coreclr" | awk '{ print $3 }' | sed 's/@.*//' >"$T/symbols"
names=$(grep -rhoE '"(hostfxr|coreclr)_[a-z0-9_]+"' "$ours" | tr -d '"' | sort -u)
isnt "$names" "" "the launcher looks up names"
for name in $names; do
    is "$(grep -cx "$name" "$T/symbols")" 1 "the runtime exports $name"
done
done_testing
