#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The specification, property by property: each is handled or refused by name, and none is dropped
# without a word. properties.txt has them all.
. "$(dirname "$0")/../lib.sh"
need jq python3

is_real_root || spec_rootless=--rootless
make_bundle "$T/b" '.process.args = ["true"]'
cat >"$T/walk.py" <<'END'
# LIST FIXTURE BUNDLE COMMAND...: for each property of LIST, a plan for the default configuration with
# that property as FIXTURE has it, and with one of another type. Prints lines "RESULT\tTEXT".
import copy, json, os, re, subprocess, sys

listing, fixture, bundle, *command = sys.argv[1:]
full = json.load(open(fixture))
base = json.load(open(os.path.join(bundle, "config.json")))
log = os.path.join(bundle, "log")
# A part of these says nothing without its neighbours.
WHOLE = ["process.scheduler", "process.ioPriority", "process.consoleSize", "linux.memoryPolicy",
         "linux.personality", "linux.seccomp", "linux.netDevices", "linux.timeOffsets"]
# What a part needs elsewhere.
NEEDS = {"process.consoleSize": lambda c: c["process"].update(terminal=True),
         "linux.timeOffsets": lambda c: c["linux"]["namespaces"].append({"type": "time"}),
         "linux.uidMappings": lambda c: own_user(c), "linux.gidMappings": lambda c: own_user(c)}

def own_user(config):
    if not any(n["type"] == "user" for n in config["linux"]["namespaces"]):
        config["linux"]["namespaces"].append({"type": "user"})

def below(path, whole):
    return path == whole or path.startswith(whole + ".")

def real_key(value, name):
    return next(iter(value)) if name == "*" else name

def put(path, change=None):
    """The base with PATH, or CHANGE in its place; the names on the way."""
    config, names = copy.deepcopy(base), path.split(".")
    for need, act in NEEDS.items():
        if below(path, need):
            act(config)
    target, value, way, is_copied = config, full, [], False
    for i, name in enumerate(names):
        name = real_key(value, name)
        value = value[name]
        way.append(name)
        last = i == len(names) - 1
        if last and change is not None:
            target[name] = change
            break
        whole = ".".join(names[: i + 1])
        if not is_copied and (last or whole in WHOLE or isinstance(value, list)):
            target[name] = copy.deepcopy(value)
            is_copied = True
        elif not is_copied:
            target.setdefault(name, {})
        target = target[name]
        if isinstance(value, list) and not last:
            # The first item that has the next name.
            following = names[i + 1]
            k = next(k for k, item in enumerate(value) if following in item)
            value, target = value[k], target[k]
    # No flag is defined: the rest of the property is fine without.
    if below(path, "linux.personality") and not path.endswith("flags") and isinstance(config["linux"]["personality"], dict):
        config["linux"]["personality"].pop("flags", None)
    return config, way

def plan(config):
    json.dump(config, open(os.path.join(bundle, "config.json"), "w"))
    open(log, "w").close()
    done = subprocess.run(command + ["--log", log, "plan", "--bundle", bundle],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr, open(log).read()

def say(is_good, what, detail=""):
    print("%s\t%s\t%s" % ("pass" if is_good else "fail", what, detail.replace("\n", " ")))

def names_it(text, way):
    """Whether TEXT names the property or one around it; not just its first two words."""
    for n in range(len(way), min(len(way), 2) - 1, -1):
        if re.search(r"(\[[0-9]+\])?\.".join(map(re.escape, way[:n])) + r"(\W|$)", text):
            return True
    return False

OTHER = {"string": 5, "integer": "x", "boolean": "x", "array": "x", "object": "x"}
for line in open(listing):
    # "linux" is the sum of what follows it.
    if line.startswith(("#", "linux ")):
        continue
    path, kind, fate = line.split()
    config, way = put(path)
    status, error, warnings = plan(config)
    unknown = "unknown property" in warnings
    # The backends of this machine may honour fewer limits.
    may_refuse = fate == "refused" or below(path, "linux.resources") or below(path, "linux.intelRdt")
    if fate == "refused":
        say(status == 1 and names_it(error, way[:1] if way[0] == "vm" else way), path + " is refused by name", error)
    elif status == 0:
        say(not unknown, path + " is known", warnings)
    else:
        say(may_refuse and names_it(error, way), path + " is handled, or refused by name", error)
    if fate != "read":
        continue
    status, error, _ = plan(put(path, OTHER[kind])[0])
    say(status == 1 and names_it(error, way) and "expected" in error,
        "%s: another type than %s is refused by name" % (path, kind), error)
config = copy.deepcopy(base)
config["process"]["frobnicate"] = config["linux"]["frobnicate"] = 1
status, error, warnings = plan(config)
say(status == 0 and len(re.findall("frobnicate: unknown property", warnings)) == 2,
    "what the specification does not have is named in the log", warnings)
END
cp "$T/b/config.json" "$T/base.json"
# shellcheck disable=SC2086 # the flags are words
python3 "$T/walk.py" "$top_srcdir/tests/oci/properties.txt" "$top_srcdir/tests/fixtures/full.json" "$T/b" \
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" >"$T/results" 2>"$T/trouble"
is "$?$(cat "$T/trouble")" 0 "the walk comes to its end"
while IFS=$'\t' read -r result what detail; do
    if [ "$result" = pass ]; then pass "$what"; else fail "$what" "got: $detail"; fi
done <"$T/results"

# The schema of Debian's package is of an older version: what it has, the list has.
schema=/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema
if [ -e $schema/config-schema.json ]; then
    python3 - $schema >"$T/schema" <<'END'
import json, os, sys
folder, documents, found = sys.argv[1], {}, set()
OTHERS = ("windows", "solaris", "zos", "freebsd")
def load(file):
    return documents.setdefault(file, None) or documents.update(
        {file: json.load(open(os.path.join(folder, file)))}) or documents[file]
def resolve(reference, file):
    other, _, pointer = reference.partition("#")
    value = load(other or file)
    for name in filter(None, pointer.split("/")):
        value = value[name]
    return value, other or file
def walk(schema, file, path, depth=0):
    if depth > 20 or path.split(".")[0] in OTHERS:
        return
    if path:
        found.add(path)
    if "$ref" in schema:
        walk(*resolve(schema["$ref"], file), path, depth + 1)
    for part in sum((schema.get(k, []) for k in ("allOf", "anyOf", "oneOf")), []):
        walk(part, file, path, depth + 1)
    for name, part in schema.get("properties", {}).items():
        walk(part, file, (path + "." if path else "") + name, depth + 1)
    for part in list(schema.get("patternProperties", {}).values()) + [schema.get("additionalProperties"), schema.get("items")]:
        if isinstance(part, dict):
            walk(part, file, path if part is schema.get("items") else path + ".*", depth + 1)
walk(load("config-schema.json"), "config-schema.json", "")
print("\n".join(sorted(found)))
END
    isnt "$(wc -l <"$T/schema")" 1 "the schema has properties"
    # Removed from the specification since: enableCMT, enableMBM.
    is "$(grep -vE 'intelRdt\.enable(CMT|MBM)$' "$T/schema" |
        comm -23 - <(sed '/^#/d; s/ .*//' "$top_srcdir/tests/oci/properties.txt" | sort))" "" \
        "the list has every property of the schema"
else
    skip "the list has every property of the schema" "no schema of the specification here"
fi
done_testing
