# SPDX-License-Identifier: Apache-2.0
#
# awk -f members.awk HEADER...: what the public headers declare, one a line:
#   struct NAME            a structure
#   member NAME MEMBER     one of its members
#   nested NAME MEMBER     the same again, where it is a structure itself
#   value NAME EXPRESSION  a constant
#   text NAME LINE         the lines of a structure without comments, for freeze.sh

function emit_members(declaration,    n, parts, i, name, is_nested) {
    is_nested = declaration ~ /struct / && declaration !~ /\*/
    gsub(/[ \t\n]+/, " ", declaration)
    if (match(declaration, /\(\*[a-z_0-9]+\)/)) {
        print "member", current, substr(declaration, RSTART + 2, RLENGTH - 3)
        return
    }
    n = split(declaration, parts, ",")
    for (i = 1; i <= n; i++) {
        name = parts[i]
        sub(/\[.*$/, "", name)
        sub(/ +$/, "", name)
        sub(/^.*[^A-Za-z0-9_]/, "", name)
        if (name == "")
            continue
        print "member", current, name
        if (is_nested)
            print "nested", current, name
    }
}

{
    line = $0
    # Comments, also those of several lines.
    while (1) {
        if (in_comment) {
            if ((at = index(line, "*/")) == 0) {
                line = ""
                break
            }
            line = substr(line, at + 2)
            in_comment = 0
        }
        if ((at = index(line, "/*")) == 0)
            break
        rest = substr(line, at + 2)
        line = substr(line, 1, at - 1)
        if ((at = index(rest, "*/")) > 0) {
            line = line " " substr(rest, at + 2)
        } else {
            in_comment = 1
            break
        }
    }
}

current == "" && line ~ /^#define BARRER_[A-Z0-9_]+ +[^ \\]/ {
    split(line, words, " ")
    name = words[2]
    sub(/^#define +[A-Z0-9_]+ +/, "", line)
    sub(/ +$/, "", line)
    if (line !~ /\\$/)
        print "value", name, line
    next
}

current == "" && line ~ /^struct barrer_[a-z_0-9]+ \{/ {
    split(line, words, " ")
    current = words[2]
    print "struct", current
    declaration = ""
    next
}

current != "" && line ~ /^\}/ {
    current = ""
    next
}

current != "" && line !~ /^[ \t]*$/ {
    sub(/[ \t]+$/, "", line)
    print "text", current, line
    declaration = declaration " " line
    while ((at = index(declaration, ";")) > 0) {
        emit_members(substr(declaration, 1, at - 1))
        declaration = substr(declaration, at + 1)
    }
}
