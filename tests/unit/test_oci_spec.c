/* SPDX-License-Identifier: Apache-2.0
 *
 * What config.json says is what the requests say; what the specification forbids is refused with
 * one sentence that names the property.
 */
#include <sched.h>
#include <sys/mount.h>

#include "test_oci_support.h"

static int is_list(const char *const *list, const char *wanted)
{
    char text[1024] = "";

    for (; *list != NULL; list++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s|", *list);
    if (strcmp(text, wanted) != 0)
        printf("# got %s, wanted %s\n", text, wanted);
    return strcmp(text, wanted) == 0;
}

static void check_process(const struct barrer_process_request *p)
{
    ok(p->flags == (BARRER_PROCESS_TERMINAL | BARRER_PROCESS_NO_NEW_PRIVS | BARRER_PROCESS_USERNS),
       "process: flags");
    ok(p->uid == 1000 && p->gid == 1001 && p->n_additional_gids == 2 &&
           p->additional_gids[0] == 5 && p->additional_gids[1] == 2000,
       "process: user");
    ok(p->umask.is_set && p->umask.value == 022, "process: umask");
    ok(is_list(p->args, "/bin/sh|-c|echo \"ü\" \\ done|") &&
           is_list(p->environment, "PATH=/usr/bin:/bin|TERM=xterm|EMPTY=|"),
       "process: args and env");
    is_text(p->cwd, "/home", "process: cwd");
    ok(is_list(p->capabilities->bounding, "CAP_CHOWN|CAP_KILL|") &&
           is_list(p->capabilities->ambient, "CAP_KILL|"),
       "process: capabilities");
    ok(p->n_rlimits == 2 && strcmp(p->rlimits[0].type, "RLIMIT_NOFILE") == 0 &&
           p->rlimits[0].soft == 1024 && p->rlimits[0].hard == 4096 &&
           p->rlimits[1].hard == UINT64_MAX,
       "process: rlimits, infinity included");
    ok(p->oom_score_adj.is_set && p->oom_score_adj.value == -100, "process: oomScoreAdj");
    ok(strcmp(p->scheduler->policy, "SCHED_DEADLINE") == 0 && p->scheduler->nice == -5 &&
           p->scheduler->priority == 10 && p->scheduler->runtime == 1000000 &&
           p->scheduler->deadline == 2000000 && p->scheduler->period == 3000000 &&
           is_list(p->scheduler->flags, "SCHED_FLAG_RESET_ON_FORK|"),
       "process: scheduler");
    ok(strcmp(p->io_priority->priority_class, "IOPRIO_CLASS_BE") == 0 &&
           p->io_priority->priority == 4,
       "process: ioPriority");
    ok(strcmp(p->cpu_affinity_initial, "0-3,7") == 0 && strcmp(p->cpu_affinity_final, "0, 2") == 0,
       "process: execCPUAffinity");
    ok(p->console_width == 80 && p->console_height == 24, "process: consoleSize");
    is_text(p->personality, "LINUX32", "process: personality");
    ok(strcmp(p->apparmor_profile, "profile") == 0 &&
           strncmp(p->selinux_label, "system_u:", 9) == 0,
       "process: labels");
    is_number(p->console_socket_fd, -1, "process: no socket");
}

static void check_seccomp(const struct barrer_seccomp *s)
{
    ok(strcmp(s->default_action, "SCMP_ACT_ERRNO") == 0 && s->default_errno_ret.value == 38 &&
           is_list(s->architectures, "SCMP_ARCH_X86_64|SCMP_ARCH_X32|") &&
           is_list(s->flags, "SECCOMP_FILTER_FLAG_LOG|") &&
           strcmp(s->listener_path, "/run/seccomp.sock") == 0 &&
           strcmp(s->listener_metadata, "metadata") == 0,
       "seccomp: defaults and listener");
    ok(s->n_rules == 3 && is_list(s->rules[0].names, "read|write|") && s->rules[0].n_args == 0 &&
           !s->rules[0].errno_ret.is_set && s->rules[2].errno_ret.value == 1,
       "seccomp: rules");
    ok(s->rules[2].n_args == 2 && s->rules[2].args[0].value == UINT64_MAX &&
           s->rules[2].args[1].index == 1 && s->rules[2].args[1].value_two == 8 &&
           strcmp(s->rules[2].args[1].op, "SCMP_CMP_MASKED_EQ") == 0,
       "seccomp: arguments");
}

static void check_filesystem(const struct barrer_filesystem_request *f)
{
    ok(f->flags == (BARRER_FILESYSTEM_READONLY | BARRER_FILESYSTEM_TERMINAL), "filesystem: flags");
    is_text(f->root, "/bundle/rootfs", "filesystem: the root is below the bundle");
    is_number((long long)f->n_mounts, 4, "filesystem: mounts");
    ok(strcmp(f->mounts[0].source, "proc") == 0 && is_list(f->mounts[0].options, ""),
       "filesystem: a source that is no bind mount's is left alone; no options are an empty list");
    ok(strcmp(f->mounts[1].source, "/bundle/data") == 0 && f->mounts[1].n_uid_maps == 1 &&
           f->mounts[1].gid_maps[0].host_id == 200000,
       "filesystem: a bind mount's source is below the bundle");
    ok(f->mounts[2].type == NULL && strcmp(f->mounts[2].source, "/opt") == 0,
       "filesystem: a bind mount without a type");
    is_text(f->mounts[3].destination, "/relative/to/root", "filesystem: a relative destination");
    ok(f->n_devices == 3 && f->devices[0].type == 'c' && f->devices[0].mode == 0666 &&
           f->devices[0].uid == 1 && f->devices[0].gid == 2 && f->devices[0].minor == 229 &&
           f->devices[1].mode == 0660 && f->devices[2].type == 'p' && f->devices[2].mode == 0666,
       "filesystem: devices");
    ok(is_list(f->masked_paths, "/proc/kcore|/proc/keys|") &&
           is_list(f->readonly_paths, "/proc/sys|"),
       "filesystem: paths");
    is_number((long long)f->propagation, MS_SLAVE | MS_REC, "filesystem: propagation");
    is_number(f->created,
              CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWUSER |
                  CLONE_NEWCGROUP | 0x80,
              "filesystem: new namespaces");
    is_number(f->namespaces, f->created | CLONE_NEWNET, "filesystem: all namespaces");
    is_number(f->state_fd, -1, "filesystem: no state folder");
}

static void check_isolation(const struct barrer_isolation_request *i)
{
    ok(i->n_namespaces == 8 && i->namespaces[0].type == CLONE_NEWPID &&
           i->namespaces[0].path == NULL && i->namespaces[1].type == CLONE_NEWNET &&
           strcmp(i->namespaces[1].path, "/run/netns/a") == 0 && i->namespaces[2].path == NULL,
       "isolation: namespaces");
    ok(i->n_uid_maps == 1 && i->uid_maps[0].host_id == 1000 && i->n_gid_maps == 2 &&
           i->gid_maps[1].count == 4294867295u,
       "isolation: id maps, up to the last id");
    ok(strcmp(i->hostname, "host") == 0 && strcmp(i->domainname, "domain.example") == 0,
       "isolation: names");
    ok(i->n_sysctl == 2 && strcmp(i->sysctl[1].key, "net.core.somaxconn") == 0,
       "isolation: sysctl");
    ok(i->n_time_offsets == 2 && strcmp(i->time_offsets[1].clock, "boottime") == 0 &&
           i->time_offsets[1].seconds == -10 && i->time_offsets[1].nanoseconds == 999999999,
       "isolation: time offsets");
}

static void check_resources(const struct barrer_resources_request *r)
{
    ok(r->cpu.shares.value == 1024 && r->cpu.quota.value == 100000 && r->cpu.burst.value == 10000 &&
           r->cpu.period.value == 50000 && r->cpu.realtime_runtime.value == 95000 &&
           r->cpu.realtime_period.value == 1000000 && r->cpu.idle.value == 1 &&
           strcmp(r->cpu.cpus, "2-3") == 0 && strcmp(r->cpu.mems, "0-7") == 0,
       "resources: cpu");
    ok(r->memory.limit.value == 536870912 && r->memory.reservation.value == 268435456 &&
           r->memory.swap.value == -1 && r->memory.kernel.value == -1 &&
           r->memory.kernel_tcp.is_set && r->memory.kernel_tcp.value == 65536 &&
           r->memory.swappiness.value == 60 && r->memory.disable_oom_killer.value == 1 &&
           r->memory.use_hierarchy.is_set && r->memory.check_before_update.value == 1,
       "resources: memory");
    is_number(r->pids_limit.value, 32771, "resources: pids");
    ok(r->block_io.weight.value == 10 && r->block_io.leaf_weight.value == 11 &&
           r->block_io.n_weight_device == 2 && r->block_io.weight_device[0].weight.value == 500 &&
           !r->block_io.weight_device[1].leaf_weight.is_set && r->block_io.n_read_bps == 1 &&
           r->block_io.read_bps[0].rate == 600 && r->block_io.write_bps[0].rate == 601 &&
           r->block_io.read_iops[0].rate == 602 && r->block_io.write_iops[0].rate == UINT64_MAX,
       "resources: block io");
    ok(r->n_hugepage_limits == 2 && strcmp(r->hugepage_limits[0].page_size, "2MB") == 0,
       "resources: huge pages");
    ok(r->network_class_id.value == 1048577 && r->n_network_priorities == 2 &&
           r->network_priorities[1].priority == 1000,
       "resources: network");
    ok(r->n_rdma == 2 && strcmp(r->rdma[0].device, "mlx5_1") == 0 &&
           r->rdma[0].hca_handles.value == 3 && !r->rdma[1].hca_handles.is_set,
       "resources: rdma");
    ok(r->n_unified == 2 && strcmp(r->unified[1].key, "hugetlb.1GB.max") == 0,
       "resources: unified");
    is_text(r->path, "/path/of/group", "resources: path");
    is_number(r->flags, BARRER_RESOURCES_CGROUPNS, "resources: flags");
}

static const struct barrer_device_rule *find_rule(const struct barrer_resources_request *r,
                                                  int64_t major, int64_t minor)
{
    for (size_t i = r->n_devices; i-- > 0;)
        if (r->devices[i].major == major && r->devices[i].minor == minor)
            return &r->devices[i];
    return NULL;
}

static void check_devices(const struct barrer_resources_request *r)
{
    ok(r->n_devices == 3 + 11 && !r->devices[0].allow && r->devices[0].type == 'a' &&
           r->devices[0].major == -1 && r->devices[1].allow && r->devices[1].minor == 229 &&
           r->devices[2].type == 'b' && r->devices[2].minor == -1,
       "device rules: those of config.json come first");
    ok(find_rule(r, 1, 3) > &r->devices[2] && find_rule(r, 136, -1)->allow &&
           find_rule(r, 5, 2) != NULL,
       "device rules: the default devices follow");
}

static void check_hooks(const struct oci_spec *spec)
{
    int good = 1;

    for (size_t i = 0; i < OCI_HOOK_KINDS; i++)
        good &= spec->hooks[i].hooks[0].timeout == (int64_t)i + 1 &&
                spec->hooks[i].hooks[0].path[5] == "abcdef"[i] &&
                spec->hooks[i].hooks[0].args[0][0] == "abcdef"[i];
    ok(good, "hooks of all kinds");
    ok(spec->hooks[OCI_HOOK_POSTSTOP].n_hooks == 2 &&
           spec->hooks[OCI_HOOK_POSTSTOP].hooks[1].args == NULL &&
           spec->hooks[OCI_HOOK_POSTSTOP].hooks[1].timeout == 0,
       "a hook of a path alone");
    ok(strcmp(spec->annotations[0].value, "value1") == 0 &&
           strcmp(spec->annotations[1].key, "com.example.key2") == 0 &&
           spec->annotations[2].key == NULL,
       "annotations");
}

static void test_fixture(void)
{
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;

    if (!ok(oci_spec_load("/bundle", fixture_path(), &spec, &err) == 0, "the fixture is read")) {
        printf("# %s\n", err.text);
        return;
    }
    is_text(spec->oci_version, "1.3.0", "ociVersion");
    check_process(&spec->process);
    check_seccomp(spec->process.seccomp);
    check_filesystem(&spec->filesystem);
    check_isolation(&spec->isolation);
    check_resources(&spec->resources);
    check_devices(&spec->resources);
    check_hooks(spec);
    oci_spec_destroy(spec);
}

static void test_minimal(void)
{
    struct json_object *json = json_from("{'ociVersion': '1.0.0-rc5', 'process': {'args': ['a'], "
                                         "'cwd': '/'}, 'root': {'path': 'r'}}");
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;

    if (!ok(oci_spec_from_json("/b", json, &spec, &err) == 0, "the shortest configuration")) {
        printf("# %s\n", err.text);
        return;
    }
    ok(spec->process.environment[0] == NULL && strcmp(spec->filesystem.root, "/b/r") == 0 &&
           spec->filesystem.masked_paths[0] == NULL && spec->filesystem.readonly_paths[0] == NULL &&
           spec->annotations[0].key == NULL && spec->process.capabilities == NULL &&
           spec->process.seccomp == NULL,
       "lists are empty, never NULL");
    ok(!spec->resources.devices[0].allow && spec->resources.n_devices == 12,
       "without device rules only the default devices may be opened");
    ok(spec->process.size == sizeof(spec->process) && spec->runtime.size == sizeof(spec->runtime) &&
           spec->isolation.size == sizeof(spec->isolation) &&
           spec->resources.size == sizeof(spec->resources) &&
           spec->filesystem.size == sizeof(spec->filesystem),
       "the requests tell their sizes");
    oci_spec_destroy(spec);
    json_object_put(json);
}

static void test_defaults(void)
{
    for (int rootless = 0; rootless < 2; rootless++) {
        struct json_object *json = oci_spec_default(rootless);
        struct barrer_error err = {0};
        struct oci_spec *spec = NULL;

        if (!ok(oci_spec_from_json("/b", json, &spec, &err) == 0, "the default configuration")) {
            printf("# %s\n", err.text);
            continue;
        }
        ok(((spec->filesystem.created & CLONE_NEWUSER) != 0) == rootless &&
               ((spec->filesystem.created & CLONE_NEWNET) == 0) == rootless &&
               ((spec->filesystem.created & CLONE_NEWCGROUP) != 0) ==
                   (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0),
           "its namespaces");
        is_number((long long)spec->isolation.n_uid_maps, rootless, "its id map");
        ok(!rootless || spec->isolation.uid_maps[0].host_id == geteuid(), "of the caller");
        is_text(spec->filesystem.mounts[5].source, rootless ? "/sys" : "sysfs", "its /sys");
        is_number((long long)spec->filesystem.n_mounts, 7, "its mounts");
        ok(is_list(spec->process.args, "sh|"), "its payload");
        oci_spec_destroy(spec);
        json_object_put(json);
    }
}

static void test_versions(void)
{
    static const char *const good[] = {"1.0.0", "1.0.2-dev",  "1.1.0+dev",
                                       "1.2.1", "1.3.0-rc.1", "1.3.99"};
    static const char *const bad[] = {"",       "1",       "1.",     "1.0",   "1.0.",
                                      "1.4.0",  "1.10.0",  "2.0.0",  "0.9.0", "v1.0.0",
                                      "1.0.0x", "1.0.0.0", "1.03.0", "-1.0.0"};
    struct barrer_error err;
    struct oci_spec *spec = NULL;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]) + sizeof(bad) / sizeof(bad[0]); i++) {
        int is_good = i < sizeof(good) / sizeof(good[0]), r;
        const char *version = is_good ? good[i] : bad[i - sizeof(good) / sizeof(good[0])];
        struct json_object *json =
            json_from("{'process': {'args': ['a'], 'cwd': '/'}, 'root': {'path': 'r'}}");

        json_object_object_add(json, "ociVersion", json_object_new_string(version));
        r = oci_spec_from_json("/b", json, &spec, &err);
        if (is_good) {
            ok(r == 0, "version \"%s\" is taken", version);
            oci_spec_destroy(spec);
        } else {
            ok(r < 0 && strstr(err.text, "config.json: ociVersion: found version \"") != NULL,
               "version \"%s\" is refused", version);
        }
        json_object_put(json);
    }
}

/* A member of the fixture, what it is set to (NULL: removed), and the error. */
struct refusal {
    const char *path, *text, *wanted;
};

static const struct refusal refusals[] = {
    {"/process", NULL, "config.json: process: missing"},
    {"/ociVersion", NULL, "config.json: ociVersion: missing"},
    {"/process/args", NULL, "config.json: process.args: missing"},
    {"/process/args", "[]", "config.json: process.args: expected at least one string"},
    {"/process/args/2", "7", "config.json: process.args[2]: expected a string, got a number"},
    {"/process/args", "'sh'", "config.json: process.args: expected an array of strings, got a str"},
    {"/process/cwd", NULL, "config.json: process.cwd: missing"},
    {"/process/cwd", "'home'", "process.cwd: expected an absolute path, got \"home\""},
    {"/process/cwd", "''", "process.cwd: expected an absolute path"},
    {"/process/user/uid", "4294967295", "process.user.uid: expected a number from 0 to 4294967294"},
    {"/process/user/uid", "-1", "process.user.uid: expected a number from 0 to 4294967294, got -1"},
    {"/process/user/uid", "0.5", "process.user.uid: expected an integer, got a number with a frac"},
    {"/process/user/gid", "18446744073709551615", "process.user.gid: expected a number from 0"},
    {"/process/user/umask", "512", "process.user.umask: expected a number from 0 to 511, got 512"},
    {"/process/user/additionalGids/1", "4294967295", "process.user.additionalGids[1]: expected"},
    {"/process/user/additionalGids/1", "null", "process.user.additionalGids[1]: expected"},
    {"/process/rlimits/1", "{'type': 'RLIMIT_NOFILE', 'soft': 1, 'hard': 1}",
     "process.rlimits: \"RLIMIT_NOFILE\" is listed twice"},
    {"/process/rlimits/0/soft", "5000", "process.rlimits[0]: the soft limit 5000"},
    {"/process/rlimits/0/hard", NULL, "process.rlimits[0].hard: missing"},
    {"/process/rlimits/0/hard", "-1", "process.rlimits[0].hard: expected a number from 0"},
    {"/process/oomScoreAdj", "1001", "process.oomScoreAdj: expected a number from -1000 to 1000"},
    {"/process/scheduler/policy", NULL, "process.scheduler.policy: missing"},
    {"/process/scheduler/nice", "20", "process.scheduler.nice: expected"},
    {"/process/ioPriority/priority", "8", "process.ioPriority.priority: expected"},
    {"/process/execCPUAffinity/initial", "'0x3'", "process.execCPUAffinity.initial: expected a li"},
    {"/process/consoleSize/width", "65536", "process.consoleSize.width: expected"},
    {"/root", NULL, "root: missing"},
    {"/process/env/0", "'FOO'", "process.env[0]: expected \"NAME=VALUE\", got \"FOO\""},
    {"/process/env/1", "'=x'", "process.env[1]: expected \"NAME=VALUE\""},
    {"/root/path", NULL, "root.path: missing"},
    {"/root/path", "''", "root.path: expected a path"},
    {"/mounts/0/destination", NULL, "mounts[0].destination: missing"},
    {"/mounts/0/destination", "''", "mounts[0].destination: expected a path"},
    {"/mounts/1/gidMappings", NULL, "mounts[1]: uidMappings and gidMappings go together"},
    {"/mounts/1/uidMappings/0/size", "0", "mounts[1].uidMappings[0]: expected a size"},
    {"/mounts/1/source", NULL, "mounts[1]: a bind mount on \"/data\" without a source"},
    {"/mounts/1/options/0", "5", "mounts[1].options[0]: expected a string, got a number"},
    {"/mounts/0", "null", "mounts[0]: expected an object, got null"},
    {"/hooks/poststop/1/path", "'g'", "hooks.poststop[1].path: expected an absolute path"},
    {"/hooks/prestart/0/timeout", "0", "hooks.prestart[0].timeout: expected a number from 1"},
    {"/annotations/a", "1", "annotations.a: expected a string, got a number"},
    {"/annotations/a", "null", "annotations.a: expected a string, got null"},
    {"/linux/namespaces/1/type", "'net'", "linux.namespaces[1].type: expected pid, network"},
    {"/linux/namespaces/1/type", "'ipc'", "linux.namespaces[3]: a second namespace"},
    {"/linux/namespaces/1/path", "'a'", "linux.namespaces[1].path: expected an absolute path"},
    {"/linux/namespaces/5/type", NULL, "linux.namespaces[5].type: missing"},
    {"/linux/uidMappings/0/size", "4294967295", "linux.uidMappings[0]: the range ends"},
    {"/linux/uidMappings/0/hostID", "4294967296", "linux.uidMappings[0].hostID: expected"},
    {"/linux/timeOffsets/boottime/nanosecs", "1000000000", "linux.timeOffsets.boottime.nanosecs: "},
    {"/linux/devices/0/path", "'dev'", "linux.devices[0].path: expected an absolute path"},
    {"/linux/devices/0/type", "'a'", "linux.devices[0].type: expected b, c, u or p"},
    {"/linux/devices/0/major", NULL, "linux.devices[0].major: missing"},
    {"/linux/devices/0/fileMode", "65536", "linux.devices[0].fileMode: expected"},
    {"/linux/maskedPaths/1", "'a'", "linux.maskedPaths[1]: expected an absolute path, got \"a\""},
    {"/linux/rootfsPropagation", "'slaves'", "linux.rootfsPropagation: expected shared, slave"},
    {"/linux/personality/domain", NULL, "linux.personality.domain: missing"},
    {"/linux/seccomp/defaultAction", NULL, "linux.seccomp.defaultAction: missing"},
    {"/linux/seccomp/listenerPath", NULL, "linux.seccomp.listenerMetadata: set without"},
    {"/linux/seccomp/syscalls/0/names", "[]", "linux.seccomp.syscalls[0].names: expected at least"},
    {"/linux/seccomp/syscalls/2/args/0/index", "6", "linux.seccomp.syscalls[2].args[0].index: "},
    {"/linux/resources/devices/0/allow", NULL, "linux.resources.devices[0].allow: missing"},
    {"/linux/resources/devices/0/type", "'p'", "linux.resources.devices[0].type: expected a, b"},
    {"/linux/resources/devices/0/access", "'rx'", "linux.resources.devices[0].access: expected"},
    {"/linux/resources/devices/0/access", "'rr'", "linux.resources.devices[0].access: expected"},
    {"/linux/resources/devices/0/major", "-2", "linux.resources.devices[0].major: expected"},
    {"/linux/resources/memory/limit", "-2", "linux.resources.memory.limit: expected a number"},
    {"/linux/resources/memory/limit", "9223372036854775808", "linux.resources.memory.limit: expec"},
    {"/linux/resources/cpu/shares", "18446744073709551615", "linux.resources.cpu.shares: expected"},
    {"/linux/resources/cpu/idle", "2", "linux.resources.cpu.idle: expected a number from 0 to 1"},
    {"/linux/resources/blockIO/weight", "65536", "linux.resources.blockIO.weight: expected"},
    {"/linux/resources/blockIO/weightDevice/1/weight", NULL,
     "linux.resources.blockIO.weightDevice[1]: neither weight nor leafWeight"},
    {"/linux/resources/blockIO/throttleReadBpsDevice/0/rate", NULL,
     "linux.resources.blockIO.throttleReadBpsDevice[0].rate: missing"},
    {"/linux/resources/hugepageLimits/0/pageSize", "'../2MB'",
     "linux.resources.hugepageLimits[0].pageSize: expected a size such as \"2MB\""},
    {"/linux/resources/network/classID", "4294967296", "linux.resources.network.classID: expected"},
    {"/linux/resources/rdma/mlx4_0", "{}", "linux.resources.rdma.mlx4_0: neither hcaHandles"},
    {"/annotations", "{'a\\nb': 1}", "annotations.a?b: expected a string, got a number"},
    {"/process/execCPUAffinity/initial", "'a\\nb'", "got \"a?b\""},
    {"/linux/resources/unified", "{'a/b': '1'}", "linux.resources.unified: \"a"},
};

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct json_object *json = read_fixture();
        struct barrer_error err = {0};
        struct oci_spec *spec = NULL;
        int r;

        json_set(json, refusals[i].path, refusals[i].text);
        r = oci_spec_from_json("/bundle", json, &spec, &err);
        if (!ok(r < 0 && spec == NULL && strstr(err.text, refusals[i].wanted) != NULL &&
                    strncmp(err.text, "config.json: ", 13) == 0 && is_sentence(err.text),
                "%s = %s is refused", refusals[i].path,
                refusals[i].text ? refusals[i].text : "nothing"))
            printf("# %d %s\n", r, err.text);
        json_object_put(json);
    }
}

/* Without the namespace that it would act on. */
static void test_missing_namespaces(void)
{
    static const struct {
        size_t index;
        const char *wanted;
    } cases[] = {
        {4, "config.json: hostname: set without a uts namespace"},
        {5, "config.json: linux.uidMappings: set without a user namespace"},
        {7, "config.json: linux.timeOffsets: set without a time namespace"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_object *json = read_fixture(), *namespaces;
        struct barrer_error err = {0};
        struct oci_spec *spec = NULL;

        json_pointer_get(json, "/linux/namespaces", &namespaces);
        json_object_array_del_idx(namespaces, cases[i].index, 1);
        if (!ok(oci_spec_from_json("/bundle", json, &spec, &err) < 0 &&
                    strstr(err.text, cases[i].wanted) != NULL,
                "%s", cases[i].wanted))
            printf("# %s\n", err.text);
        json_object_put(json);
    }
}

static void test_parts(void)
{
    struct json_object *json = json_from("{'args': ['a', 'b'], 'cwd': '/', 'terminal': true}");
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;

    ok(oci_process_from_json(json, &spec, &err) == 0 && is_list(spec->runtime.args, "a|b|") &&
           strcmp(spec->properties[0].path, "process.args") == 0,
       "a process object of its own");
    oci_spec_destroy(spec);
    spec = NULL;
    json_set(json, "/args/1", "{}");
    ok(oci_process_from_json(json, &spec, &err) < 0 &&
           strcmp(err.text, "process: args[1]: expected a string, got an object") == 0,
       "and its errors");
    json_object_put(json);
    json = json_from("{'pids': {'limit': 5}, 'devices': [{'allow': false}]}");
    ok(oci_resources_from_json(json, &spec, &err) == 0 && spec->resources.pids_limit.value == 5 &&
           spec->resources.n_devices == 1 &&
           strcmp(spec->properties[0].path, "linux.resources.pids.limit") == 0,
       "resources of their own, without default devices");
    oci_spec_destroy(spec);
    json_object_put(json);
    json = json_from("[1]");
    ok(oci_resources_from_json(json, &spec, &err) < 0 && oci_process_from_json(json, &spec, &err) &&
           oci_spec_from_json("/b", json, &spec, &err) < 0,
       "what is no object is refused");
    json_object_put(json);
    ok(oci_spec_load("/nonexistent", NULL, &spec, &err) == -ENOENT &&
           strstr(err.text, "/nonexistent/config.json") != NULL,
       "a missing bundle");
}

static void test_device_rules(void)
{
    static const struct {
        const char *rules;
        size_t n;
    } cases[] = {
        {"[{'allow': true, 'access': 'rwm'}]", 1},
        {"[{'allow': false}, {'allow': true}, {'allow': true, 'type': 'c', 'major': 1}]", 3},
        {"[{'allow': true}, {'allow': false, 'type': 'c', 'major': 1}]", 2 + 11},
        {"[{'allow': true, 'access': 'rw'}]", 1 + 11},
        {"[{'allow': true, 'type': 'c', 'major': 1}]", 1 + 11},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_object *json = json_from(
            "{'ociVersion': '1.0.0', 'process': {'args': ['a'], 'cwd': '/'}, 'root': {'path': 'r'},"
            " 'linux': {'resources': {}}}");
        struct barrer_error err = {0};
        struct oci_spec *spec = NULL;

        json_set(json, "/linux/resources/devices", cases[i].rules);
        ok(oci_spec_from_json("/b", json, &spec, &err) == 0, "device rules %zu", i);
        is_number((long long)spec->resources.n_devices, (long long)cases[i].n,
                  "the default devices follow where they change anything");
        oci_spec_destroy(spec);
        json_object_put(json);
    }
}

static void test_ids(void)
{
    static const char *const good[] = {"a", "A-b_c+d.e", "0", "-", "+a", "_", "a..b", "a."};
    static const char *const bad[] = {"",    ".",   "..",   ".a",       "a/b",   "/",   "../x",
                                      "a b", "a\n", "\x01", "\xc3\xbc", "a\x7f", "a:b", "a%b"};
    struct barrer_error err;
    char id[1026];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ok(oci_id_check(good[i], &err) == 0, "id \"%s\"", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ok(oci_id_check(bad[i], &err) == -EINVAL && is_sentence(err.text), "bad id %zu", i);
    memset(id, 'a', sizeof(id));
    id[1024] = '\0';
    ok(oci_id_check(id, &err) == 0, "an id of 1024 characters");
    id[1024] = 'a';
    id[1025] = '\0';
    ok(oci_id_check(id, &err) == -EINVAL, "and no longer");
}

int main(void)
{
    test_fixture();
    test_minimal();
    test_defaults();
    test_versions();
    test_refusals();
    test_missing_namespaces();
    test_parts();
    test_device_rules();
    test_ids();
    return tap_done();
}
