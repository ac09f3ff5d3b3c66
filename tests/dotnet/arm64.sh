#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is different on arm64, without such a machine: the launcher's interpreter under qemu-user, the
# names of files, and which assemblies are for it.
. "$(dirname "$0")/lib.sh"
need aarch64-linux-gnu-gcc qemu-aarch64 readelf
publish hello
source=$top_srcdir/plugins/clrhost
arm64_root=/usr/aarch64-linux-gnu
options=$(make -s -C "$abs_top_builddir" print-interpreter-flags)

# --- the interpreter: ld.so is loaded, and hears nothing of what an image preloads ---
cat >"$T/program.c" <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    const char *loader = (const char *)getauxval(AT_BASE);
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e + 1, "D_", 2) == 0)
            printf("%d%s\n", **e, *e + 1);
    printf("%s %s\n", memcmp(loader, "\177ELF", 4) == 0 ? "loader" : "no loader",
           memmem(loader, 128 * 1024, "/etc/ld.so.preload", 18) != NULL ? "with a list" : "without a list");
    return argc == 2 && strcmp(argv[1], "two words") == 0 ? 3 : 1;
}
END
interpret() { # COMPILER LOADER RUN...: RUN is followed by variables and a program
    local compiler=$1 loader=$2
    shift 2
    # shellcheck disable=SC2086 # words
    ok "$compiler compiles the interpreter" $compiler $options -DLAUNCHER_LOADER="\"$loader\"" -o "$T/interpreter" \
        "$source/launcher/interpreter.c" || show
    $compiler -o "$T/program" "$T/program.c" -Wl,--dynamic-linker="$T/interpreter" -Wl,-rpath,"${loader%/*}" || show
    is "$(readelf -rW "$T/interpreter" | grep -c R_)" 0 "which needs no relocation"
    capture "$@" "$T/program" "two words"
    is "$status $(sort <<<"$output")" "3 $(printf '1D_DEBUG=all\n1D_PRELOAD=/none\n76D_LIBRARY_PATH=/none\nloader without a list')" \
        "which loads a program, and its loader without preloads" || show
    is "$error" "" "and says nothing"
}
case $(uname -m) in
x86_64) loader=/lib64/ld-linux-x86-64.so.2 ;;
*) loader=/lib/ld-linux-aarch64.so.1 ;;
esac
interpret gcc $loader env LD_PRELOAD=/none LD_DEBUG=all LD_LIBRARY_PATH=/none
interpret aarch64-linux-gnu-gcc "$arm64_root/lib/ld-linux-aarch64.so.1" \
    qemu-aarch64 -E LD_PRELOAD=/none -E LD_DEBUG=all -E LD_LIBRARY_PATH=/none

# --- names ---
for file in dotnet libraries; do
    aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE -I"$top_srcdir/include" -c -o "$T/$file.o" "$source/$file.c" || fail "compile $file.c"
    strings -a "$T/$file.o" >>"$T/names"
done
for name in ld-linux-aarch64.so.1 DOTNET_ROOT_ARM64 /etc/dotnet/install_location_arm64; do
    ok "arm64 has $name" grep -qx "$name" "$T/names"
done
ok "and its folders" grep -q '^/lib/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu ' "$T/names"
is "$(grep -ci 'x86\|x64' "$T/names")" 0 "and nothing of x86-64" || diag "$(grep -i 'x86\|x64' "$T/names")"

# --- assemblies ---
cat >"$T/judge.c" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include "image.h"
int main(int argc, char **argv)
{
    struct image image;
    int r = image_read_fd(open(argv[argc - 1], O_RDONLY), &image);
    return printf("%d %d %s\n", r, image.is_for_machine, image_machine_name(image.machine)) < 0;
}
END
ok "the reader of assemblies is compiled" aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE -I"$top_srcdir/include" -I"$source/launcher" \
    -static -o "$T/judge" "$T/judge.c" "$source/launcher/image.c" || show
judge() { # MACHINE
    cp "$APPS/hello/Hello.dll" "$T/assembly"
    python3 -c 'import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
struct.pack_into("<H", data, struct.unpack_from("<I", data, 60)[0] + 4, int(sys.argv[2], 16))
open(sys.argv[1], "wb").write(data)' "$T/assembly" "$1"
    qemu-aarch64 "$T/judge" "$T/assembly"
}
is "$(judge 014c | cut -d ' ' -f 1-2)" "0 1" "an assembly for any machine is for arm64"
is "$(judge aa64)" "0 1 arm64" "so is one for arm64"
is "$(judge 8664)" "0 0 x64" "one for x64 is not"
done_testing
