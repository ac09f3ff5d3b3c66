#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The completion of bash knows every verb and option that --help knows, and the containers.
. "$(dirname "$0")/../lib.sh"

# shellcheck source=/dev/null
. "$top_srcdir/completions/barrer-run"
PATH=$(dirname "$BARRER_RUN"):$PATH # which the completion asks
complete_line() { # WORD...: what comes for the last one
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _barrer_run 2>/dev/null
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
options_of() { # the long options of a help text
    "$BARRER_RUN" "$@" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' | sed 's/.*--/--/' | sort -u | tr '\n' ' '
}
verbs=$("$BARRER_RUN" --help | awk '/^Verbs:/ { v = 1; next } /^$/ { v = 0 } v { print $1 }' | sort | tr '\n' ' ')
isnt "$verbs" "" "--help lists the verbs"
is "$(complete_line barrer-run '')" "$verbs" "the verbs"
is "$(complete_line barrer-run --)" "$(options_of)" "the global options"
for verb in $verbs; do
    is "$(complete_line barrer-run "$verb" --)" "$(options_of "$verb")" "the options of $verb"
done
is "$(complete_line barrer-run --root /x sta)" "start state " "a verb behind global options"
is "$(complete_line barrer-run list --format '')" "json table " "the arguments of an option"
is "$(complete_line barrer-run kill one K)" "KILL " "signals"
mkdir "$T/bin"
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$*" = "--root /there list --quiet" ] && echo one two\n' >"$T/bin/barrer-run"
chmod +x "$T/bin/barrer-run"
PATH=$T/bin:$PATH
is "$(complete_line barrer-run --root /there delete '')" "one two " "the ids of the state root that the line names"
is "$(complete_line barrer-run --root /there delete --force t)" "two " "also behind an option"

# barrerctl and barrer-init: what their --help names.
ctl=$abs_top_builddir/bin/barrerctl init=$abs_top_builddir/sbin/barrer-init
if [ -x "$ctl" ] && [ -x "$init" ]; then
    # shellcheck source=/dev/null
    . "$top_srcdir/completions/barrerctl"
    # shellcheck source=/dev/null
    . "$top_srcdir/completions/barrer-init"
    complete_with() { # FUNCTION WORD...
        local function=$1
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        $function 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
    }
    is "$(complete_with _barrerctl barrerctl '')" \
        "$("$ctl" --help | awk '/^  [a-z]/ { gsub(/\|/, " "); for (i = 1; i <= NF && $i ~ /^[a-z]+$/; i++) print $i; }' |
            grep -xE "$("$ctl" --help | grep -oE '^  [a-z|]+' | tr -d ' ' | paste -sd'|')" | sort | tr '\n' ' ')" "the verbs of barrerctl"
    for option in $("$ctl" --help | grep -oE -- '--[a-z-]+' | sort -u); do
        all="$(complete_with _barrerctl barrerctl --) $(complete_with _barrerctl barrerctl start --) $(complete_with _barrerctl barrerctl chart --)"
        like " $all " " $option " "barrerctl $option"
    done
    for option in $("$init" --help | grep -oE -- '--[a-z-]+' | sort -u); do
        like " $(complete_with _barrer_init barrer-init --) " " $option " "barrer-init $option"
    done
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ "$*" = "--socket /s status --json" ] && echo "{\\"services\\": [{\\"name\\": \\"web\\"}]}"\n' >"$T/bin/barrerctl"
    chmod +x "$T/bin/barrerctl"
    is "$(complete_with _barrerctl barrerctl --socket /s restart '')" "web " "the services of the system that the line names"
fi
done_testing
