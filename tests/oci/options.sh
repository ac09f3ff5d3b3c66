#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every option of every verb of runc and crun, as their own --help tells, is one of ours.
. "$(dirname "$0")/../lib.sh"
PATH=$PATH:/usr/sbin:/sbin

options_of() { # PROGRAM [VERB]
    "$@" --help 2>/dev/null | grep -oE '^ +(-[a-zA-Z?], )*--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u
}
short_of() {
    "$@" --help 2>/dev/null | grep -oE '^ +(-[a-zA-Z], )*--[a-z0-9-]+.*' | grep -oE -- '(^|[ ,])-[a-zA-Z]\b' | tr -d ' ,' | sort -u
}
verbs_of() { # PROGRAM
    "$1" --help 2>/dev/null | awk '
        /^COMMANDS:/ { inside = 1; next } inside && !NF { exit } inside { print $1 }' | sed 's/,$//'
}
# Not options of a runtime: of the library that reads crun's command line, and of runc's list, where
# the one before the verb does.
nobodys='crun .*:--usage|runc list:--root'
is_ours() { # VERB OPTION
    local answer
    answer=$(cd "$T" && barrer ${1:+"$1"} "$2" </dev/null 2>&1)
    [[ $answer != *"unknown option"* ]]
}
for peer in runc crun; do
    if ! command -v $peer >/dev/null; then
        skip "the options of $peer" "no $peer here"
        continue
    fi
    missing=
    for verb in $(verbs_of $peer); do
        [ "$verb" != help ] || continue
        [[ $(barrer --help) = *"  $verb "* ]] || missing="$missing $verb"
        for option in $(options_of $peer "$verb"; short_of $peer "$verb"); do
            [[ ! "$peer $verb:$option" =~ ^($nobodys)$ ]] || continue
            is_ours "$verb" "$option" || missing="$missing $verb:$option"
        done
    done
    for option in $(options_of $peer); do
        [ "$option" = --usage ] || is_ours '' "$option" || missing="$missing $option"
    done
    is "$missing" "" "every verb and option of $peer is one of ours"
done
# What newer ones have than those that Debian has.
missing=
for one in create:--pidfd-socket run:--pidfd-socket exec:--pidfd-socket run:--keep update:--cpu-burst update:--cpu-idle \
    checkpoint:--link-remap checkpoint:--tcp-skip-in-flight checkpoint:--network-lock restore:--tcp-close restore:--network-lock \
    restore:--lsm-profile restore:--lsm-mount-context kill:--regex delete:--regex spec:--file create:--config \
    update:--kernel-memory update:--kernel-memory-tcp exec:--ignore-paused exec:--additional-gids mounts: events: \
    :--cgroup-manager :--rootless :--criu :--log-level; do
    if [ "${one#*:}" = "" ]; then [[ $(barrer --help) = *"  ${one%:*} "* ]] || missing="$missing $one"
    else is_ours "${one%%:*}" "${one#*:}" || missing="$missing $one"; fi
done
is "$missing" "" "and those of newer ones"
done_testing
