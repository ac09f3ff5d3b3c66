#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# barrer-plugin(7) against the headers: every structure, member and constant is described, and
# nothing that does not exist.
. "$(dirname "$0")/../lib.sh"

page=$top_srcdir/man/barrer-plugin.7
awk -f "$top_srcdir/tests/abi/members.awk" "$top_srcdir"/include/barrer/{plugin,isolation,resources,filesystem,process,runtime}.h >"$T/declared"

# The section of a structure begins with ".Ss struct NAME"; it ends at the next .Ss or .Sh. Macros
# and commas go, so that words are left.
section() { # STRUCT
    awk -v s="struct $1" '
        /^\.S[sh] / { inside = $0 == ".Ss " s; next }
        inside { gsub(/[^A-Za-z0-9_]+/, " "); print }' "$page"
}

for struct in $(awk '$1 == "struct" { print $2 }' "$T/declared"); do
    section "$struct" >"$T/section"
    missing=
    for member in $(awk -v s="$struct" '$1 == "member" && $2 == s { print $3 }' "$T/declared"); do
        grep -qw -- "$member" "$T/section" || missing="$missing $member"
    done
    is "$missing" "" "struct $struct: every member is in the manual"
done

missing=
for value in $(awk '$1 == "value" { print $2 }' "$T/declared" | grep -v _H$); do
    grep -qw -- "$value" "$page" || missing="$missing $value"
done
is "$missing" "" "every constant is in the manual"

unknown=
for struct in $(sed -n 's/^\.Ss struct //p' "$page"); do
    grep -qx "struct $struct" "$T/declared" || unknown="$unknown $struct"
done
is "$unknown" "" "every structure of the manual is in the headers"
done_testing
