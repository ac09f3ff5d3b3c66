#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Each public header compiles alone, twice over, in every language that a plugin may be written in.
. "$(dirname "$0")/../lib.sh"
need "${CC:=cc}"

include=$top_srcdir/include
warn="-Wall -Wextra -Wshadow -Werror -fsyntax-only -I$include"

compiles() { # COMPILER LANGUAGE STANDARD HEADER
    local file=$T/try.$2 flags=
    case $3 in c99 | c11) flags='-pedantic -Wstrict-prototypes' ;; esac
    # util.h is made of POSIX calls, which the strict standards hide.
    if [ "$4" = util.h ]; then flags="$flags -D_POSIX_C_SOURCE=200809L"; fi
    printf '#include <barrer/%s>\n#include <barrer/%s>\nint used(void);\nint used(void) { return 0; }\n' \
        "$4" "$4" >"$file"
    # shellcheck disable=SC2086 # flags are words
    ok "$4 in $3" $1 -std=$3 $warn $flags "$file"
}

for header in "$include"/barrer/*.h; do
    header=${header##*/}
    for standard in c99 c11 gnu17; do compiles "$CC" c $standard "$header"; done
    if command -v "${CXX:=c++}" >/dev/null; then
        compiles "$CXX" cc c++17 "$header"
    else
        skip "$header in c++17" "no C++ compiler"
    fi
done
done_testing
