#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-run(1) against the program: the same verbs, the same options of each verb, both ways.
. "$(dirname "$0")/../lib.sh"

page=$top_srcdir/man/barrer-run.1
# Options are lines "      --name" or "  -n, --name"; --help is everybody's.
help_of() { # [VERB]
    barrer "$@" --help | grep -oE '^ +(-[a-z], )?--[a-z0-9-]+' | tr -d ' ' | grep -vx -- '-h,--help' | sort
}
# "VERB OPTION" for each ".It Fl" below ".It Cm VERB"; the verb of global options is "-".
awk '
    /^\.Sh / && !/DESCRIPTION/ { verb = "" }
    /^\.Ss / { verb = /Global options/ ? "-" : "" }
    /^\.It Cm / { verb = $3; print verb }
    /^\.It Fl / && verb != "" {
        option = $3 ~ /^-/ ? "-" $3 : $4 == "," ? "-" $3 ",-" $6 : "-" $3
        print verb, option
    }
    /^\.Sh OUTPUT/ { exit }' "$page" >"$T/page"
page_of() { # VERB
    awk -v v="$1" '$1 == v && NF == 2 { print $2 }' "$T/page" | grep -vx -- '-h,--help' | sort
}

verbs=$(barrer --help | awk '/^Verbs:/ { inside = 1; next } inside && !NF { exit } inside { print $1 }')
like "$verbs" 'create.*run.*delete' "--help lists verbs"
is "$(awk 'NF == 1 && $1 != "-"' "$T/page" | sort)" "$(sort <<<"$verbs")" "the verbs of the page are those of --help"
is "$(page_of -)" "$(help_of)" "the global options of the page are those of --help"
for verb in $verbs; do
    documented=$(page_of "$verb")
    # "Takes the options of create, and".
    [ "$verb" != run ] || documented=$({ page_of create; page_of run; } | sort)
    is "$documented" "$(help_of "$verb")" "the options of $verb are those of its --help"
done

# What --help offers is taken: whatever else is wrong, the option is not unknown.
unknown=
cd "$T" || exit
for verb in $verbs; do
    for option in $(help_of "$verb" | tr , ' '); do
        set --
        [ "$verb" != spec ] || set -- --bundle "$T/none"
        capture barrer "$verb" "$@" "$option" </dev/null
        [[ $error != *"unknown option"* ]] || unknown="$unknown $verb:$option"
    done
done
for option in $(help_of | tr , ' '); do
    capture barrer "$option" </dev/null
    [[ $error != *"unknown option"* ]] || unknown="$unknown $option"
done
is "$unknown" "" "every option of --help is taken"
refuses "and one that is not there is not" 'unknown option' barrer create --nonesuch x

if command -v mandoc >/dev/null; then
    lint() { mandoc -T lint -W warning "$1"; }
elif command -v man >/dev/null; then
    lint() { # groff's warnings
        LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null | tee "$T/lint"
        [ ! -s "$T/lint" ]
    }
else
    lint() { false; }
fi
for file in "$top_srcdir"/man/*.[0-9]; do
    ok "${file##*/} is clean" lint "$file"
done
done_testing
