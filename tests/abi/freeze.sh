#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/abi/freeze.sh 0_1 >tests/abi/abi_0_1.h: a copy of the plugin ABI as it is now, under other
# names, for test_abi.c to compare later headers with. Run once for each version; what it wrote is
# not changed by hand.
set -eu
version=$1
here=$(dirname "$0")
include=$here/../../include/barrer
headers="plugin isolation resources filesystem process runtime"
for i in $headers; do set -- "$@" "$include/$i.h"; done
shift
awk -f "$here/members.awk" "$@" | awk -v v="$version" '
    # A structure inside another is the frozen one; pointers go to those of today, so that the
    # types of members can be compared.
    { text = $0 }
    text !~ /\*/ { gsub(/struct barrer_/, "struct abi_" v "_", text) }
    $1 == "struct" { structs[++n_structs] = $2 }
    $1 == "text" { sub(/^text [a-z_0-9]+ /, "", text); body[$2] = body[$2] text "\n" }
    $1 == "member" { members[++n_members] = $2 ", " $3 }
    $1 == "nested" { is_nested[n_members] = 1 }
    $1 == "value" && $2 !~ /^BARRER_ABI_|_H$|_HEAD$/ {
        name = $2
        sub(/^value [A-Z_0-9]+ /, "")
        values[++n_values] = name ", " $0
    }
    END {
        guard = "TESTS_ABI_" v "_H"
        print "/* SPDX-License-Identifier: Apache-2.0"
        print " *"
        print " * The plugin ABI " v ", written by freeze.sh. Do not edit."
        print " */"
        print "#ifndef " guard "\n#define " guard "\n"
        print "#include <barrer/filesystem.h>\n#include <barrer/isolation.h>\n#include <barrer/process.h>"
        print "#include <barrer/resources.h>\n#include <barrer/runtime.h>\n"
        print "/* clang-format off */"
        for (i = 1; i <= n_structs; i++) {
            name = structs[i]
            sub(/barrer_/, "abi_" v "_", name)
            print "struct " name " {\n" body[structs[i]] "};\n"
        }
        print "#define ABI_" toupper(v) "_STRUCTS(x) \\"
        for (i = 1; i <= n_structs; i++) {
            name = structs[i]
            sub(/barrer_/, "", name)
            print "    x(" name ")" (i < n_structs ? " \\" : "\n")
        }
        print "#define ABI_" toupper(v) "_MEMBERS(x, nested) \\"
        for (i = 1; i <= n_members; i++) {
            name = members[i]
            sub(/barrer_/, "", name)
            print "    " (i in is_nested ? "nested" : "x") "(" name ")" (i < n_members ? " \\" : "\n")
        }
        print "#define ABI_" toupper(v) "_VALUES(x) \\"
        for (i = 1; i <= n_values; i++)
            print "    x(" values[i] ")" (i < n_values ? " \\" : "\n")
        print "/* clang-format on */\n\n#endif"
    }'
