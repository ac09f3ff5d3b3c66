#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may include and export what: plugins -> include/barrer <- core. And what source files hold.
. "$(dirname "$0")/../lib.sh"
cd "$top_srcdir" || exit 99

headers='plugin|isolation|resources|filesystem|process|runtime|util'
includes() { grep -rnE '^ *# *include *"' --include='*.[ch]' "$@"; }

# A plugin's own folder is all that a quoted include may name, but for the library of control groups.
found=$(includes plugins | while IFS=: read -r file line text; do
    name=$(sed 's/.*"\(.*\)".*/\1/' <<<"$text")
    [ "$name" != ../cgroup/backend.h ] || continue
    [ -e "$(dirname "$file")/$name" ] && [[ $name != */* ]] || echo "$file:$line: $text"
done)
is "$found" "" "plugins include only headers of their own folder in quotes"
found=$(grep -rnE '^ *# *include *<barrer/' --include='*.[ch]' plugins core | grep -vE "<barrer/($headers)\.h>")
is "$found" "" "only the public headers are included as <barrer/...>"
found=$(grep -rnE '^ *# *include' include/barrer | grep -E '"|<(core|base|config|flow|oci|plugin|container)/')
is "$found" "" "public headers include nothing private"
# Of a plugin's folder, what is a program of its own: it runs in containers, and is no plugin.
programs='^plugins/clrhost/launcher/'
found=$(grep -rnE 'json-c|ini\.h|ltdl\.h' --include='*.[ch]' plugins | grep -v "$programs")
is "$found" "" "no plugin parses JSON or INI, or loads anything"
found=$(grep -rnE '\b(clone3?|unshare|setns|fork|vfork|execveat|execve|execv|execvp|posix_spawn|system|popen)\(' --include='*.c' plugins |
    grep -vE '^[^:]*:[0-9]+: *(/?\*|//)' | grep -v "$programs")
is "$found" "" "no plugin clones, joins, forks or executes"
found=$(grep -rnE '\b(dlopen|setlocale|getpw(nam|uid)|getgr(nam|gid)|iconv_open|sprintf|gets|tmpnam|mktemp)\(' \
    --include='*.c' core plugins | grep -v "$programs" | grep -vE '^core/(plugin/open_file|cli/[a-z_]*|base/log|container/[a-z_]*)\.c:')
is "$found" "" "none of the functions that have no place here"
found=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b|\b[Ff]or now\b|not yet implemented' --include='*.[ch]' --include='*.sh' \
    --include='*.mk' --include='*.md' core plugins include tests bench docs conf man README.md NEWS.md 2>/dev/null |
    grep -v '^tests/lint/layers.sh:')
is "$found" "" "nothing unfinished"
found=$(grep -rLE 'SPDX-License-Identifier: Apache-2.0' --include='*.[ch]' --include='*.sh' --include='*.mk' core plugins include tests bench try.sh test.sh)
is "$found" "" "every source names its licence"

# What is exported, where this build has shared modules.
if has_dynamic_plugins && command -v nm >/dev/null; then
    for module in "$abs_top_builddir"/tests/stage/plugins/*.so; do
        name=$(basename "$module" .so)
        is "$(nm -D --defined-only "$module" | awk '{ print $2, $3 }')" "D ${name}_LTX_barrer" "$name.so exports its descriptor alone"
        is "$(readelf -d "$module" | grep -cE 'RPATH|RUNPATH|TEXTREL')" 0 "$name.so has no run path and no text relocations"
        # The linker says so only where there is something to bind.
        like "$(readelf -d "$module" | grep -E 'PLTRELSZ|NOW' || echo NOW)" 'NOW' "$name.so binds at once"
        is "$(nm -D --undefined-only "$module" | awk '{ print $2 }' | grep -E '^(barrer|error|config|oci|loader|flow|state|log)_')" "" \
            "$name.so needs nothing of the core"
    done
    for program in "$abs_top_builddir"/libexec/barrer/barrer-run "$abs_top_builddir"/bin/barrer-config; do
        [ -e "$program" ] || continue
        is "$(nm -D --defined-only "$program" 2>/dev/null | grep -cE ' T | D ')" 0 "$(basename "$program") exports nothing to plugins"
    done
else
    skip "what modules export" "this build has no shared modules"
fi
done_testing
