#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The measurements of bench/run.sh. Started by it, inside bench/sandbox.sh."""

import argparse
import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = "/run/bench"


def run(words):
    """Like subprocess.run, but with files: a container that is left would keep a pipe open."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        status = subprocess.call(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, status, out.read(), err.read())


def must(words):
    result = run(words)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(words)}: {result.stderr.strip() or result.returncode}")
    return result.stdout


def reap():
    """Wait for the processes of containers, as their monitors do: we are PID 1."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


# --- bundles ------------------------------------------------------------------------------------


def default_config(args):
    """The default of a Linux container as `spec` of today's runtimes prints it."""
    quiet = ["nosuid", "noexec", "nodev"]
    caps = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    return {
        "ociVersion": "1.0.0",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": args,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "TERM=xterm"],
            "cwd": "/",
            "capabilities": {s: caps for s in
                             ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "bench",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
                         "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": quiet + ["mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
             "options": quiet},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs",
             "options": quiet + ["ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
             "options": quiet + ["relatime", "ro"]},
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": t} for t in
                           ("pid", "network", "ipc", "uts", "cgroup", "mount")],
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
                            "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                            "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                              "/proc/sysrq-trigger"],
        },
    }


def make_root(path):
    for folder in ("bin", "proc", "sys", "dev", "m"):
        os.makedirs(os.path.join(path, folder), exist_ok=True)
    shutil.copy(shutil.which("busybox"), os.path.join(path, "bin/busybox"))
    for name in ("true", "sleep", "sh"):
        os.symlink("busybox", os.path.join(path, "bin", name))


def make_bundle(name, args, change=None):
    path = os.path.join(TOP, name)
    make_root(os.path.join(path, "rootfs"))
    config = default_config(args)
    if change is not None:
        change(config, path)
    with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    return path


# --- runtimes -----------------------------------------------------------------------------------


class Runtime:
    """One runtime: its name in the tables, and how it is called."""

    def __init__(self, name, words, version=""):
        self.name, self.words, self.version = name, words, version
        self.note = ""

    def verb(self, *words):
        return self.words + list(words)


def version_of(program):
    match = re.search(r"version:? (\S+)", run([program, "--version"]).stdout)
    return match.group(1) if match else ""


def find_runtimes(bundle):
    found = [Runtime("barrer-run", [os.environ["BARRER_RUN"], *os.environ["BARRER_FLAGS"].split(),
                                    "--root", TOP + "/state-barrer"])]
    found[0].version = version_of(os.environ["BARRER_RUN"])
    for name, variable, fallback in (("crun", "CRUN", "crun"), ("runc", "RUNC", "runc"),
                                     ("crun-new", "CRUN_NEW", "crun-new")):
        program = shutil.which(os.environ.get(variable) or fallback)
        if program is not None:
            found.append(Runtime(name, [program, "--root", f"{TOP}/state-{name}"],
                                 version_of(program)))
    for runtime in list(found):
        result = run(runtime.verb("run", "--bundle", bundle, "bench-try"))
        if result.returncode != 0 and runtime.name.startswith("crun"):
            # Debian's crun wants CAP_SYS_RESOURCE for its device filter, which a guest may lack.
            run(runtime.verb("delete", "--force", "bench-try"))
            runtime.words += ["--cgroup-manager", "disabled"]
            runtime.note = "without a cgroup, which it cannot make here"
            result = run(runtime.verb("run", "--bundle", bundle, "bench-try"))
        if result.returncode != 0:
            message = f"bench: {runtime.name} cannot run here: {result.stderr.strip()}"
            if runtime is found[0]:
                sys.exit(message)
            print(message, file=sys.stderr)
            found.remove(runtime)
    return found


# --- measuring ----------------------------------------------------------------------------------


def has_ended(log):
    """Whether the process that strace started, the one of the first line, has ended."""
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
    except FileNotFoundError:
        return False
    if not lines:
        return False
    first = lines[0].split()[0]
    return any(line.split()[:3] == [first, "+++", "exited"] for line in lines)


def count_calls(words, after=None):
    """System calls of a command and all that it starts. AFTER ends what it leaves running."""
    log = TOP + "/strace"
    if os.path.exists(log):
        os.unlink(log)
    with tempfile.TemporaryFile("w+") as err:
        tracer = subprocess.Popen(["strace", "-f", "-q", "-o", log, *words],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        if after is not None:
            while tracer.poll() is None and not has_ended(log):
                time.sleep(0.02)
            must(after)
        if tracer.wait() != 0:
            err.seek(0)
            sys.exit(f"bench: strace {' '.join(words)}: {err.read().strip()}")
    with open(log, encoding="utf-8", errors="replace") as file:
        return sum(1 for line in file if not re.match(r"\d+ +(\+\+\+|---|<\.\.\.)", line))


class Group:
    """Cases that are measured in one interleaved run."""

    def __init__(self, title, rounds, timer):
        self.title, self.rounds, self.timer = title, rounds, timer
        self.lines, self.figures = [], {}

    def add(self, label, *timed, before=(), after=(), leave=False):
        self.lines.append(f"case {label}")
        self.lines += ["leave"] if leave else []
        self.lines += ["before " + " ".join(words) for words in before]
        self.lines += ["timed " + " ".join(words) for words in timed]
        self.lines += ["after " + " ".join(words) for words in after]

    def measure(self):
        result = subprocess.run([self.timer, str(self.rounds)], input="\n".join(self.lines) + "\n",
                                stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            sys.exit(f"bench: the group \"{self.title}\" failed")
        for line in result.stdout.splitlines():
            label, *numbers = line.split("\t")
            low, median, high, peak = map(int, numbers[:4])
            self.figures[label] = {"min": low, "median": median, "p90": high, "peak_kb": peak}
        return self.figures


def ratio(a, b):
    return round(a / b, 3) if b else None


def relative(figures, base):
    """Times as ratios to those of the case BASE; what is no time stays as it is."""
    one = figures[base]
    for each in figures.values():
        each["ratio"] = {k: ratio(each[k], one[k]) for k in ("min", "median", "p90", "peak_kb")}


# --- groups -------------------------------------------------------------------------------------


def measure_run(bench, bundle):
    group = bench.group("run", bench.rounds)
    calls = {}
    for r in bench.runtimes:
        group.add(r.name, r.verb("run", "--bundle", bundle, "bench-%"))
        words = r.verb("run", "--bundle", bundle, "bench-count")
        # The first one makes folders that stay: the state root, the parent of cgroups.
        must(words)
        calls[r.name] = count_calls(words)
    bare = [bench.work + "/bare", bundle + "/rootfs", "/bin/true"]
    group.add("bare system calls", bare)
    calls["bare system calls"] = count_calls(bare)
    payload = [bundle + "/rootfs/bin/true"]
    group.add("the payload alone", payload)
    calls["the payload alone"] = count_calls(payload)
    figures = group.measure()
    for label, number in calls.items():
        figures[label]["calls"] = number
    relative(figures, bench.base)
    return figures


def count_delete(runtime, bundle):
    must(runtime.verb("create", "--bundle", bundle, "bench-count"))
    must(runtime.verb("start", "bench-count"))
    while json.loads(must(runtime.verb("state", "bench-count")))["status"] != "stopped":
        time.sleep(0.02)
    return count_calls(runtime.verb("delete", "bench-count"))


def measure_verbs(bench):
    forever = make_bundle("forever", ["sleep", "1000000"])
    short = make_bundle("short", ["true"])
    result = {}
    for verb in ("create + start + delete", "create", "exec", "state", "kill", "delete"):
        group = bench.group(verb, max(20, bench.rounds // 2))
        calls = {}
        for r in bench.runtimes:
            create = r.verb("create", "--bundle", short, "bench-%")
            force = r.verb("delete", "--force", "bench-%")
            if verb == "create + start + delete":
                group.add(r.name, create, r.verb("start", "bench-%"),
                          r.verb("delete", "--force", "bench-%"))
                continue
            if verb == "create":
                group.add(r.name, create, after=[force], leave=True)
                calls[r.name] = count_calls([w.replace("%", "count") for w in create],
                                            [w.replace("%", "count") for w in force])
                continue
            if verb == "delete":
                start = r.verb("start", "bench-%")
                plain = r.verb("delete", "bench-%")
                group.add(r.name, plain, before=[create, start])
                calls[r.name] = count_delete(r, short)
                continue
            if verb == "exec":
                must(r.verb("create", "--bundle", forever, "bench-forever"))
                must(r.verb("start", "bench-forever"))
            words = r.verb(verb, "bench-forever", *{"kill": ["CONT"], "exec": ["true"]}.get(verb, []))
            group.add(r.name, words)
            calls[r.name] = count_calls(words)
        figures = group.measure()
        for label, number in calls.items():
            figures[label]["calls"] = number
        relative(figures, bench.base)
        result[verb] = figures
    for r in bench.runtimes:
        must(r.verb("delete", "--force", "bench-forever"))
    return result


LIST = (1, 100, 1000)


def measure_list(bench):
    """`list` of containers that have ended: there may be many, and a running one costs memory."""
    short = make_bundle("listed", ["true"])
    made = 0
    result = {r.name: {} for r in bench.runtimes}
    roots = {r.name: Runtime(r.name, r.words + ["--root", f"{TOP}/list-{r.name}"])
             for r in bench.runtimes}
    for size in LIST:
        for i in range(made, size):
            for r in roots.values():
                must(r.verb("create", "--bundle", short, f"list-{i}"))
                must(r.verb("start", f"list-{i}"))
                reap()
        made = size
        group = bench.group(f"list {size}", max(10, bench.rounds // 5))
        for r in roots.values():
            group.add(r.name, r.verb("list"))
        figures = group.measure()
        relative(figures, bench.base)
        for name, each in figures.items():
            result[name][size] = each
    for name, r in roots.items():
        for i in range(made):
            must(r.verb("delete", "--force", f"list-{i}"))
        own = result[name]
        own["growth"] = growth({n: own[n] for n in LIST}, "median")
    return result


PARALLEL = 100


def measure_parallel(bench):
    """The time until so many `run` that are started at once have all ended."""
    script = TOP + "/parallel.sh"
    with open(script, "w", encoding="utf-8") as file:
        file.write("prefix=$1; shift; pids=\n"
                   f"for i in $(seq {PARALLEL}); do \"$@\" $prefix-$i & pids=\"$pids $!\"; done\n"
                   "for pid in $pids; do wait $pid || exit 1; done\n")
    group = bench.group("parallel", max(5, bench.rounds // 20))
    for r in bench.runtimes:
        group.add(r.name, ["sh", script, "bench-p%", *r.verb("run", "--bundle", bench.bundle)])
    figures = group.measure()
    relative(figures, bench.base)
    return figures


def large_filter(config, path):
    """A filter of the size of Docker's default profile: what it allows of today's calls."""
    del path
    header = must(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"])
    calls = sorted(set(re.findall(r"#define __NR_(\w+)", header)) - {
        "acct", "add_key", "bpf", "clone", "clone3", "create_module", "delete_module",
        "finit_module", "fsconfig", "fsmount", "fsopen", "init_module", "ioperm", "iopl",
        "kexec_load", "keyctl", "mount", "move_mount", "open_tree", "perf_event_open",
        "personality", "pivot_root", "ptrace", "quotactl", "reboot", "request_key", "setns",
        "socket", "swapoff", "swapon", "umount2", "unshare", "userfaultfd", "vhangup"})
    config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [
            {"names": calls, "action": "SCMP_ACT_ALLOW"},
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [
                {"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}]},
            {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
                {"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
            *({"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [
                {"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]}
              for value in (0, 8, 131072, 131080, 4294967295))]}


def measure_filter(bench):
    """What a large seccomp filter costs a start after the first, in milliseconds."""
    bundle = make_bundle("filter", ["/bin/true"], large_filter)
    group = bench.group("filter", bench.rounds)
    for r in bench.runtimes:
        group.add(r.name, r.verb("run", "--bundle", bench.bundle, "bench-%"))
        group.add(r.name + " with it", r.verb("run", "--bundle", bundle, "bench-%"))
    figures = group.measure()
    return {r.name: {k + "_ms": round((figures[r.name + " with it"][k] - figures[r.name][k]) / 1e6, 2)
                     for k in ("min", "median")} for r in bench.runtimes}


def measure_libraries(bench):
    """What each shared library costs a program that starts, and each plugin that is loaded."""
    group = bench.group("libraries", bench.rounds)
    source = TOP + "/nothing.c"
    with open(source, "w", encoding="utf-8") as file:
        file.write("int main(void) { return 0; }\n")
    must(["cc", "-O2", "-static", "-o", TOP + "/nothing-static", source])
    group.add("static program", [TOP + "/nothing-static"])
    must(["cc", "-O2", "-o", TOP + "/nothing", source])
    group.add("libc", [TOP + "/nothing"])
    for library in ("ltdl", "inih", "json-c", "cap", "seccomp"):
        out = TOP + "/nothing-" + library
        if run(["cc", "-O2", "-o", out, source, "-Wl,--no-as-needed", "-l" + library]).returncode:
            print(f"bench: lib{library} is not installed for linking", file=sys.stderr)
            continue
        group.add("libc + lib" + library, [out])
    load = bench.work + "/load"
    group.add("loader", [load])
    flags = os.environ["BARRER_FLAGS"].split()
    folder = flags[flags.index("--plugin-dir") + 1] if "--plugin-dir" in flags else ""
    for plugin in sorted(glob.glob(folder + "/*.so")) if folder else []:
        group.add("loader + " + os.path.basename(plugin), [load, plugin])
    figures = group.measure()
    for label, each in figures.items():
        without = ("loader" if label.startswith("loader +") else
                   "libc" if label.startswith("libc +") else
                   "static program" if label in ("libc", "loader") else None)
        if without is not None:
            each["share"] = ratio(each["min"] - figures[without]["min"], bench.least)
    return figures


MOUNTS = (1, 100, 500)
# The kernel's overlay takes 500 lower layers, and the bundle's root is one of them.
LAYERS = (1, 100, 499)


def add_mounts(number):
    def change(config, path):
        source = os.path.join(path, "source")
        os.makedirs(source)
        for i in range(number):
            os.makedirs(os.path.join(path, "rootfs/m", str(i)))
            config["mounts"].append({"destination": f"/m/{i}", "type": "bind", "source": source,
                                     "options": ["bind", "ro", "nosuid"]})
    return change


def growth(figures, key):
    """The cost of one more at the large end, against that at the small end: 1 is linear."""
    sizes = sorted(figures)
    small, middle, large = (figures[n][key] for n in sizes)
    first = (middle - small) / (sizes[1] - sizes[0])
    second = (large - middle) / (sizes[2] - sizes[1])
    return ratio(second, first)


def measure_growth(bench, title, sizes, runtimes, words):
    """WORDS(runtime, number) is the command of one case."""
    group = bench.group(title, max(10, bench.rounds // 5))
    for r in runtimes:
        for n in sizes:
            group.add(f"{r.name} {n}", words(r, n))
    figures = group.measure()
    result = {}
    for r in runtimes:
        own = {n: figures[f"{r.name} {n}"] for n in sizes}
        result[r.name] = {"growth": growth(own, "median"), "growth_min": growth(own, "min"),
                          "times": {n: ratio(own[n]["median"], bench.crun_run) for n in sizes},
                          "calls": {n: count_calls([w.replace("%", "count") for w in words(r, n)])
                                    for n in sizes}}
    return result


def measure_mounts(bench):
    bundles = {n: make_bundle(f"mounts-{n}", ["true"], add_mounts(n)) for n in MOUNTS}
    return measure_growth(bench, "mounts", MOUNTS, bench.runtimes, lambda r, n: r.verb(
        "run", "--bundle", bundles[n], f"bench-m{n}-%"))


def measure_layers(bench):
    bundle = make_bundle("layers", ["true"])
    for i in range(LAYERS[-1]):
        os.makedirs(f"{TOP}/layers/{i}")
        with open(f"{TOP}/layers/{i}/file", "w", encoding="utf-8") as file:
            file.write(str(i))
    barrer = bench.runtimes[0]

    for n in LAYERS:
        with open(f"{TOP}/layers-{n}.conf", "w", encoding="utf-8") as file:
            file.write("[plugin overlayfs]\n")
            for i in range(n):
                file.write(f"layers += {TOP}/layers/{i}\n")
    return measure_growth(bench, "layers", LAYERS, [barrer], lambda r, n: r.verb(
        "--config", f"{TOP}/layers-{n}.conf", "run", "--bundle", bundle, f"bench-l{n}-%"))


# --- report -------------------------------------------------------------------------------------


class Bench:
    def __init__(self, options):
        self.work, self.rounds = options.work, options.rounds
        self.bundle = make_bundle("default", ["/bin/true"])
        self.runtimes = find_runtimes(self.bundle)
        names = [r.name for r in self.runtimes]
        self.base = "crun" if "crun" in names else names[0]
        self.crun_run = self.least = None

    def group(self, title, rounds):
        return Group(title, rounds, self.work + "/time")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c) if c is not None else "" for c in row) + " |"
              for row in rows]
    return "\n".join(lines) + "\n"


def times(number):
    return "" if number is None else f"{number:.2f}x"


def print_tables(bench, result):
    out = [f"Times and memory as ratios to {bench.base}; Linux {platform.release()}, "
           f"{os.cpu_count()} CPUs, {bench.rounds} interleaved rounds.\n"]
    out += [f"{r.name} {r.version}{' (' + r.note + ')' if r.note else ''}" +
            ("." if r is bench.runtimes[-1] else ",") for r in bench.runtimes]
    if "run" in result:
        out.append("\n`run` of the default bundle\n")
        out.append(table(["", "minimum", "median", "system calls", "peak memory"],
                         [[label, times(f["ratio"]["min"]), times(f["ratio"]["median"]),
                           f["calls"], f"{f['peak_kb']} kB, {times(f['ratio']['peak_kb'])}"]
                          for label, f in result["run"].items()]))
    if "verbs" in result:
        out.append("Other verbs\n")
        out.append(table(["", "", "minimum", "median", "system calls", "peak memory"],
                         [[verb, label, times(f["ratio"]["min"]), times(f["ratio"]["median"]),
                           f.get("calls"), f"{f['peak_kb']} kB, {times(f['ratio']['peak_kb'])}"]
                          for verb, figures in result["verbs"].items()
                          for label, f in figures.items()]))
    if "list" in result:
        out.append(f"`list` with {', '.join(map(str, LIST))} containers, each as a ratio to "
                   f"{bench.base}'s (medians); the cost of one more between the last two, against "
                   "that between the first two (1 is linear)\n")
        out.append(table(["", *map(str, LIST), "growth"],
                         [[name, *(times(f[n]["ratio"]["median"]) for n in LIST), f["growth"]]
                          for name, f in result["list"].items()]))
    if "parallel" in result:
        out.append(f"{PARALLEL} `run` started at once\n")
        out.append(table(["", "minimum", "median"],
                         [[name, times(f["ratio"]["min"]), times(f["ratio"]["median"])]
                          for name, f in result["parallel"].items()]))
    if "filter" in result:
        out.append("A seccomp filter like Docker's default: more time for `run` with it, after the "
                   "first\n")
        out.append(table(["", "minimum", "median"],
                         [[name, f"{f['min_ms']} ms", f"{f['median_ms']} ms"]
                          for name, f in result["filter"].items()]))
    if "libraries" in result:
        out.append("Cost of a shared library or plugin, as a share of "
                   f"{bench.base}'s `run` (minima)\n")
        out.append(table(["", "share"],
                         [[label, f"{100 * f['share']:.1f} %"]
                          for label, f in result["libraries"].items() if "share" in f]))
    for title, what, sizes in (("mounts", "bind mounts", MOUNTS),
                              ("layers", "overlay layers", LAYERS)):
        if title in result:
            out.append(f"{what.capitalize()}: `run` with {', '.join(map(str, sizes))} of them, as "
                       f"ratios to {bench.base}'s default `run`; the cost of one more between "
                       "the last two, against that between the first two (1 is linear)\n")
            out.append(table(["", *map(str, sizes), "system calls", "growth"],
                             [[name, *(times(f["times"][n]) for n in sizes),
                               ", ".join(str(f["calls"][n]) for n in sizes), f["growth"]]
                              for name, f in result[title].items()]))
    return "\n".join(out)


def strip_times(value):
    """Nanoseconds of this machine mean nothing elsewhere: figures.json keeps ratios."""
    if not isinstance(value, dict):
        return value
    return {k: strip_times(v) for k, v in value.items() if k not in ("min", "median", "p90")
            or isinstance(v, dict) or (isinstance(v, float))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--only", required=True)
    options = parser.parse_args()
    groups = options.only.split(",")
    os.makedirs(TOP)
    bench = Bench(options)
    result = {"run": measure_run(bench, bench.bundle)}
    bench.crun_run = result["run"][bench.base]["median"]
    bench.least = result["run"][bench.base]["min"]
    for name, measure in (("verbs", measure_verbs), ("list", measure_list),
                          ("parallel", measure_parallel), ("filter", measure_filter),
                          ("libraries", measure_libraries),
                          ("mounts", measure_mounts), ("layers", measure_layers)):
        if name in groups:
            result[name] = measure(bench)
    with open(options.work + "/tables.md", "w", encoding="utf-8") as file:
        file.write(print_tables(bench, result))
    with open(options.work + "/figures.json", "w", encoding="utf-8") as file:
        json.dump({"kernel": platform.release(), "cpus": os.cpu_count(), "rounds": bench.rounds,
                   "base": bench.base,
                   "runtimes": [{"name": r.name, "version": r.version, "note": r.note}
                                for r in bench.runtimes],
                   "groups": strip_times(result)}, file, indent=1)


if __name__ == "__main__":
    main()
