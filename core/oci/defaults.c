/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include <json-c/json.h>

#include "oci/spec.h"

/* json-c takes single quotes where it is not told to be strict, which C strings do not need to
 * escape. */
/* clang-format off */
static const char head_json[] =
    "{'ociVersion': '1.3.0', "
    "'process': {'terminal': true, "
    "'user': {'uid': 0, 'gid': 0}, "
    "'args': ['sh'], "
    "'env': ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', "
    " 'TERM=xterm'], "
    "'cwd': '/', "
    "'capabilities': {'bounding': ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'], "
    "'effective': ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'], "
    "'permitted': ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']}, "
    "'rlimits': [{'type': 'RLIMIT_NOFILE', 'hard': 1024, 'soft': 1024}], "
    "'noNewPrivileges': true}, "
    "'root': {'path': 'rootfs', 'readonly': true}, "
    "'hostname': 'barrer'}";

static const char mounts_json[] =
    "[{'destination': '/proc', 'type': 'proc', 'source': 'proc'}, "
    "{'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', "
    " 'strictatime', 'mode=755', 'size=65536k']}, "
    "{'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts', 'options': ['nosuid', "
    " 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']}, "
    "{'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm', 'options': ['nosuid', "
    " 'noexec', 'nodev', 'mode=1777', 'size=65536k']}, "
    "{'destination': '/dev/mqueue', 'type': 'mqueue', 'source': 'mqueue', 'options': "
    " ['nosuid', 'noexec', 'nodev']}, "
    "{'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs', 'options': ['nosuid', "
    " 'noexec', 'nodev', 'ro']}, "
    "{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup', 'options': "
    " ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']}]";

/* Without the group 5 of devpts, which one mapped id does not cover, and with the host's /sys,
 * since a sysfs can only be mounted by the owner of the network namespace. */
static const char rootless_mounts_json[] =
    "[{'destination': '/proc', 'type': 'proc', 'source': 'proc'}, "
    "{'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', "
    " 'strictatime', 'mode=755', 'size=65536k']}, "
    "{'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts', 'options': ['nosuid', "
    " 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']}, "
    "{'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm', 'options': ['nosuid', "
    " 'noexec', 'nodev', 'mode=1777', 'size=65536k']}, "
    "{'destination': '/dev/mqueue', 'type': 'mqueue', 'source': 'mqueue', 'options': "
    " ['nosuid', 'noexec', 'nodev']}, "
    "{'destination': '/sys', 'type': 'none', 'source': '/sys', 'options': ['rbind', 'nosuid', "
    " 'noexec', 'nodev', 'ro']}, "
    "{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup', 'options': "
    " ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']}]";

static const char resources_json[] =
    "{'devices': [{'allow': false, 'access': 'rwm'}]}";

static const char paths_json[] =
    "{'maskedPaths': ['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', "
    " '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', "
    " '/sys/firmware', '/proc/scsi'], "
    "'readonlyPaths': ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', "
    " '/proc/sysrq-trigger']}";

static const char namespaces_json[] =
    "[{'type': 'pid'}, "
    "{'type': 'network'}, "
    "{'type': 'ipc'}, "
    "{'type': 'uts'}, "
    "{'type': 'mount'}]";

static const char rootless_namespaces_json[] =
    "[{'type': 'pid'}, "
    "{'type': 'ipc'}, "
    "{'type': 'uts'}, "
    "{'type': 'mount'}, "
    "{'type': 'user'}]";
/* clang-format on */

/* Add the value of JSON text; -1 when memory is out, as the texts above are right. */
static int add_text(struct json_object *object, const char *name, const char *text)
{
    struct json_object *value = json_tokener_parse(text);

    if (value != NULL && json_object_object_add(object, name, value) == 0)
        return 0;
    json_object_put(value);
    return -1;
}

static int add_number(struct json_object *object, const char *name, int64_t number)
{
    struct json_object *value = json_object_new_int64(number);

    if (value != NULL && json_object_object_add(object, name, value) == 0)
        return 0;
    json_object_put(value);
    return -1;
}

static int add_map(struct json_object *object, const char *name, id_t host_id)
{
    struct json_object *maps = NULL, *map;

    if (add_text(object, name, "[{'containerID': 0}]") < 0)
        return -1;
    maps = json_object_object_get(object, name);
    map = json_object_array_get_idx(maps, 0);
    if (add_number(map, "hostID", host_id) < 0)
        return -1;
    return add_number(map, "size", 1);
}

/* With cgroup v1, runc and crun leave the cgroup namespace out, and callers add it. */
static int add_namespaces(struct json_object *platform, const char *text)
{
    struct json_object *namespaces = NULL, *cgroup;

    if (add_text(platform, "namespaces", text) < 0)
        return -1;
    if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
        return 0;
    namespaces = json_object_object_get(platform, "namespaces");
    cgroup = json_tokener_parse("{'type': 'cgroup'}");
    if (cgroup != NULL && json_object_array_add(namespaces, cgroup) == 0)
        return 0;
    json_object_put(cgroup);
    return -1;
}

static int fill_rootless(struct json_object *spec, struct json_object *platform)
{
    if (add_text(spec, "mounts", rootless_mounts_json) < 0)
        return -1;
    if (add_map(platform, "uidMappings", geteuid()) < 0)
        return -1;
    if (add_map(platform, "gidMappings", getegid()) < 0)
        return -1;
    return add_namespaces(platform, rootless_namespaces_json);
}

static int fill(struct json_object *spec, struct json_object *platform)
{
    if (add_text(spec, "mounts", mounts_json) < 0)
        return -1;
    if (add_text(platform, "resources", resources_json) < 0)
        return -1;
    return add_namespaces(platform, namespaces_json);
}

struct json_object *oci_spec_default(int rootless)
{
    struct json_object *spec = json_tokener_parse(head_json);
    struct json_object *platform = json_tokener_parse(paths_json);
    int r = -1;

    if (spec != NULL && platform != NULL)
        r = rootless ? fill_rootless(spec, platform) : fill(spec, platform);
    if (r == 0 && json_object_object_add(spec, "linux", platform) == 0)
        return spec;
    json_object_put(platform);
    json_object_put(spec);
    return NULL;
}
