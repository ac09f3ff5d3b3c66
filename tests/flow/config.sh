#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-config as its users meet it, the samples in conf/, and that the manual, the sample and the
# program know the same keys.
. "$(dirname "$0")/../lib.sh"
need jq

CONFIG=$abs_top_builddir/bin/barrer-config
[ -x "$CONFIG" ] || skip_all "no barrer-config in this build"
# The files of this test are ours: to be trusted, they have to belong to root or to the owner of the
# program.
if ! is_root && [ ! -O "$CONFIG" ]; then
    cp "$CONFIG" "$T/barrer-config"
    CONFIG=$T/barrer-config
fi
: >"$T/empty.conf"
# shellcheck disable=SC2086 # the flags are words
check() { "$CONFIG" check $BARRER_FLAGS "$@"; }
# shellcheck disable=SC2086
plugins() { "$CONFIG" plugins $BARRER_FLAGS --config "$T/empty.conf" "$@"; }
conf() { printf '%s\n' "$@" >"$T/t.conf"; }

# --- check -----------------------------------------------------------------------------------------
ok "the defaults are in order" check --config "$T/empty.conf"
like "$output" '^no errors; [0-9]+ plugins checked$' "and it says so"
is "$error" "" "on standard output alone"

conf '[plugin namespace]' 'loopback = maybe' 'newuidmpa = /bin/true'
exits "wrong options of a plugin" 1 check --config "$T/t.conf"
is "$output" "" "nothing on standard output"
is "$error" "$T/t.conf:3: [plugin namespace] newuidmpa: unknown option (did you mean \"newuidmap\"?)
$T/t.conf:2: [plugin namespace] loopback: expected bool, got \"maybe\" (yes or no)" "both are named"

conf '[plugin other]' 'module = namespace' 'loopback = maybe'
exits "an option of an instance that no flow uses" 1 check --config "$T/t.conf"
is "$error" "$T/t.conf:3: [plugin other] loopback: expected bool, got \"maybe\" (yes or no)" "is checked"

conf '[flow container]' 'runtime = native nonsuch'
exits "a plugin that is missing" 1 check --config "$T/t.conf"
like "$error" "^$T/t.conf:2: \[flow container\] runtime: plugin \"nonsuch\"" "is named with its line"

conf '[flow container]' 'isolation = native'
exits "a plugin of another kind" 1 check --config "$T/t.conf"
like "$error" 'kind "runtime", wanted: "isolation"' "both kinds are named"

conf '[flow container]' 'process = seccomp process' '[plugin process]' 'nonsuch = 1'
exits "a plugin that stands in two places" 1 check --config "$T/t.conf"
is "$error" "$T/t.conf:4: [plugin process] nonsuch: unknown option" "is blamed once"

conf '[plugin process]' 'allow-annotations = org.example.nonsuch'
exits "an annotation that the plugin does not read" 1 check --config "$T/t.conf"
like "$error" "t.conf:2: \[plugin process\] allow-annotations: .*org.example.nonsuch" "is named"

conf '[croe]' '[flow container]' 'proces = x' ' indented = y'
exits "errors of the file itself" 1 check --config "$T/t.conf"
is "$(wc -l <"$T/.err")" 3 "all of them"
refuses "--set is checked, too" '^\(--set\): \[core\] log-level: expected' \
    check --config "$T/empty.conf" --set core.log-level=loud
ok "--set with a section of two words" check --config "$T/empty.conf" --set 'plugin namespace.loopback=no'
refuses "a file that is not there" 'nonsuch.conf.*No such file' check --config "$T/nonsuch.conf"
conf '[core]'
chmod 666 "$T/t.conf"
refuses "a file that everybody can write" 't.conf.*writable by everybody' check --config "$T/t.conf"
chmod 644 "$T/t.conf"

# A set-uid program takes nothing from its caller.
if is_real_root && command -v setpriv >/dev/null; then
    install -m 4755 "$CONFIG" "$T/set-uid"
    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    if [ "$(as_nobody "$T/set-uid" --version 2>&1)" = "$("$CONFIG" --version)" ] &&
        ! findmnt -no OPTIONS -T "$T" | grep -q nosuid; then
        refuses "--config for a set-uid program" '^--config: not for a program that is set-uid' \
            as_nobody "$T/set-uid" show --config /etc/hostname
        refuses "--set for a set-uid program" '^--set: not for a program that is set-uid' \
            as_nobody "$T/set-uid" show --set core.log-level=info
    else
        skip "a set-uid program" "set-uid programs do not work in $T"
    fi
else
    skip "a set-uid program" "needs root to make one"
fi

# --- show ------------------------------------------------------------------------------------------
conf '[flow container]' 'process += landlock' 'process += other' 'isolation =' '[plugin a]' 'b += 1'
ok "show" "$CONFIG" show --config "$T/t.conf"
like "$output" $'\nprocess = process seccomp landlock other\n' "prints merged values"
like "$output" $'\nisolation = namespace\n' "and defaults"
unlike "$output" $'\033' "without colour in a pipe"
cp "$T/.out" "$T/shown.conf"
ok "what it prints can be read" "$CONFIG" show --config "$T/shown.conf"
is "$output" "$(cat "$T/shown.conf")" "and means the same"
ok "show --origin" "$CONFIG" show --origin --config "$T/t.conf"
like "$output" "# \(built in\)
process = process seccomp
# $T/t.conf:2
process \+= landlock
# $T/t.conf:3
process \+= other
" "prints where each part comes from"
ok "show as JSON" "$CONFIG" show --format json --config "$T/t.conf"
is "$(json '."flow container".process')" "process seccomp landlock other" "has the values"
ok "show as JSON with origins" "$CONFIG" show --format json --origin --config "$T/t.conf" --set 'plugin a.b=2'
is "$(json '."flow container".process.origins[2] | "\(.file):\(.line) \(.append)"')" "$T/t.conf:3 true" "has file and line"
is "$(json '."plugin a".b | "\(.value) \(.origins[0].file)"')" "2 (--set)" "also of --set"

# script(1) gives the program a terminal.
if command -v script >/dev/null; then
    coloured=$(TERM=xterm NO_COLOR='' script -qec "'$CONFIG' show --config '$T/empty.conf'" /dev/null </dev/null)
    like "$coloured" $'\033' "colour on a terminal"
    coloured=$(TERM=xterm NO_COLOR=1 script -qec "'$CONFIG' show --config '$T/empty.conf'" /dev/null </dev/null)
    unlike "$coloured" $'\033' "but not with NO_COLOR"
else
    skip "colour on a terminal" "no script(1) here"
fi

# --- plugins and keys ------------------------------------------------------------------------------
ok "plugins" plugins
like "$output" $'(^|\n)namespace +isolation ' "lists a plugin with its kind"
like "$output" $'\n +loopback +bool +yes ' "and its options"
ok "plugins, by name" plugins namespace
unlike "$output" $'(^|\n)native ' "lists this one alone"
exits "plugins, a name that is none" 1 plugins ../namespace
ok "plugins as JSON" plugins --format json
cp "$T/.out" "$T/plugins.json"
is "$(json '.[] | select(.name == "namespace") | .kind')" isolation "has the kind"
is "$(json '.[] | select(.name == "native") | .honours | type')" array "and what it honours"
ok "keys as JSON" "$CONFIG" keys --format json
cp "$T/.out" "$T/keys.json"

# --- the command line ------------------------------------------------------------------------------
for command in '' check show plugins keys; do
    # shellcheck disable=SC2086
    ok "$command --help" "$CONFIG" $command --help
    like "$output" "^Usage: barrer-config ${command:-COMMAND}" "says how it is used"
done
ok "--version" "$CONFIG" --version
like "$output" '^barrer-config [0-9]' "has the version"
exits "no command" 2 "$CONFIG"
exits "a mistyped command" 2 "$CONFIG" chekc
like "$error" 'did you mean "check"' "the nearest one is named"
exits "an unknown option" 2 "$CONFIG" check --nonsuch
exits "an option of another command" 2 "$CONFIG" check --origin
exits "an option without its value" 2 "$CONFIG" check --config
exits "an argument too many" 2 "$CONFIG" show all
exits "an unknown format" 2 "$CONFIG" show --format xml
if [ -w /dev/full ]; then
    # shellcheck disable=SC2016 # the inner shell expands
    capture sh -c '"$0" show --config "$1" >/dev/full' "$CONFIG" "$T/empty.conf"
    is "$status" 1 "a full disk"
    like "$error" 'No space left on device' "is said"
fi

# --- the samples -----------------------------------------------------------------------------------
for sample in "$top_srcdir"/conf/barrer.conf "$top_srcdir"/conf/barrer.conf.d/*.conf \
    "$top_srcdir"/conf/boot.conf; do
    cp "$sample" "$T/sample.conf"
    chmod 644 "$T/sample.conf"
    ok "conf/${sample#"$top_srcdir"/conf/} is in order" check --config "$T/sample.conf"
done
# Sample, manual and program: SECTION.KEY = DEFAULT of the core.
jq -r 'to_entries[] | .key as $s | .value[] | select(.key != "plugin-dir" and ($s | IN("core", "flow container"))) |
    "\($s).\(.key) =\(if .default then " " + .default else "" end)"' "$T/keys.json" | sort >"$T/known"
awk '/^\[/ { gsub(/[][]/, ""); s = $0 } /^#\[/ { exit } /^#[a-z]/ && !/plugin-dir/ { print s "." substr($0, 2) }' \
    "$top_srcdir/conf/barrer.conf" | sort >"$T/sample"
# A build without libsystemd has no default for one of them.
has_systemd() { [ -e "$abs_top_builddir/tests/stage/plugins/systemd.so" ]; }
has_systemd || sed -i 's/\(resources-systemd =\) .*/\1/' "$T/sample"
is "$(cat "$T/sample")" "$(cat "$T/known")" "the sample has every key with its default"
manual=$top_srcdir/man/barrer.conf.5
jq -r '[to_entries[] | select(.key | IN("flow boot", "service NAME") | not) | .value[].key] | unique[]' \
    "$T/keys.json" >"$T/known"
is "$(sed -n 's/^\.It Ic \([a-z][a-z-]*\) .*/\1/p' "$manual" | sort -u)" "$(cat "$T/known")" \
    "barrer.conf(5) describes every key, and no other"
# SECTION KEY TYPE DEFAULT: ".Ss [SECTION]", ".It Ic KEY No = Ar TYPE", "The default is", ".Dq DEFAULT .".
jq -r 'to_entries[] | select(.key | IN("flow boot", "service NAME")) | .key as $s | .value[] |
    "[\($s)] \(.key) \(.type | gsub(" ?[|] ?"; "|")) \(.default // "")"' "$T/keys.json" | sed 's/ *$//' | sort >"$T/known"
awk '/^\.Ss/ { s = $0; sub(/^\.Ss /, "", s); key = "" }
    function flush() { if (key != "") print s, key, type, dflt; key = "" }
    /^\.(It|El)/ { flush() }
    /^\.It Ic/ { key = $3; type = $0; sub(/.* = Ar /, "", type); gsub(/ [|] /, "|", type); dflt = "" }
    /^\.Dq .* \.$/ && previous == "The default is" { dflt = $0; sub(/^\.Dq /, "", dflt); sub(/ \.$/, "", dflt) }
    { previous = $0 }' "$top_srcdir/man/barrer-boot.conf.5" | sed 's/ *$//' | sort >"$T/documented"
is "$(cat "$T/documented")" "$(cat "$T/known")" "barrer-boot.conf(5) has every key with its type and default"
# The manual's list per plugin: ".Ss NAME" and ".It Cm OPTION No = Ar TYPE Pq default DEFAULT".
jq -r '.[] | .name as $n | .options[] | "\($n) \(.key) \(.type) \(.default // "")"' "$T/plugins.json" |
    sed 's/ *$//' | sort >"$T/known"
awk '/^\.Sh/ { inside = $2 == "PLUGINS" } inside && /^\.Ss/ { name = $2 }
    inside && /^\.It Cm/ { key = $3; sub(/.* = Ar /, ""); sub(/Pq default /, ""); print name, key, $0 }' "$manual" |
    sort >"$T/documented"
has_systemd || sed -i '/^systemd /d' "$T/documented"
is "$(cat "$T/documented")" "$(cat "$T/known")" \
    "barrer.conf(5) has the options of all plugins, with their types and defaults"
if command -v mandoc >/dev/null; then
    lint() { mandoc -T lint -W warning "$1"; }
elif command -v man >/dev/null; then
    lint() { # groff's warnings
        LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null | tee "$T/lint"
        [ ! -s "$T/lint" ]
    }
else
    lint() { false; }
fi
for page in barrer.conf.5 barrer-config.1; do
    ok "$page is clean" lint "$top_srcdir/man/$page"
done

# --- completion ------------------------------------------------------------------------------------
# WORD...: what the completion offers for the last word
complete_words() {
    PATH=${CONFIG%/*}:$PATH bash -c '. "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _barrer_config
        echo "${COMPREPLY[*]}"' bash "$top_srcdir/completions/barrer-config" "$@"
}
is "$(complete_words barrer-config '')" "$("$CONFIG" --help | sed -n 's/^barrer-config \([a-z]*\).*/\1/p' | tr '\n' ' ')--help --version" \
    "completion knows the commands"
for command in check show plugins keys; do
    is "$(complete_words barrer-config $command -- | tr ' ' '\n' | sort)" \
        "$("$CONFIG" $command --help | sed -n 's/.* \(--[a-z-]*\) .*/\1/p' | sort)" \
        "completion knows the options of $command"
done
is "$(complete_words barrer-config show --format j)" json "and formats"
is "$(complete_words barrer-config show --set core.log)" core.log-level= "and keys"
is "$(complete_words barrer-config show --set 'flow container.proc')" "'flow container.process=" "quoted, where the section has a blank"

# --- the system calls of an absent configuration ---------------------------------------------------
if ! command -v strace >/dev/null || ! strace -o /dev/null true 2>/dev/null; then
    skip "one system call for an absent folder" "strace cannot trace here"
elif [ -e /run/barrer ]; then
    skip "one system call for an absent folder" "there is a configuration in /run/barrer"
else
    strace -f -e trace=file -o "$T/trace" "$CONFIG" show >/dev/null 2>&1
    is "$(grep -c '"/run/barrer["/]' "$T/trace")" 1 "one system call for an absent folder"
fi

done_testing
