/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor of the plugin "cgroup".
 */
#include "cgroup.h"

static const struct barrer_option options[] = {
    {"mount", "path", "/sys/fs/cgroup", "where cgroup v2 is mounted"},
    {"parent", "string", "barrer",
     "the cgroup below which containers without an absolute cgroupsPath are put"},
    {"timeout", "duration", "10s", "how long to wait for processes to freeze or to end"},
    {NULL, NULL, NULL, NULL},
};

static const char *const honours[] = {
    "linux.cgroupsPath",
    "linux.resources.hierarchy=v2",
    CGROUP_HONOURS,
    NULL,
};

BARRER_PLUGIN(cgroup) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "cgroup",
    .version = "0.1",
    .summary = "limits, accounting, freezing and killing through cgroup v2",
    .options = options,
    .honours = honours,
    .open = cgroup_plugin_open,
    .close = cgroup_plugin_close,
    .ops = &cgroup_ops,
};
