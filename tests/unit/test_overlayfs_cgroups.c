/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin overlayfs: mounts of type "cgroup", from the views of the resources plugins.
 */
#include "test_overlayfs_box.h"

static const char *const no_options[] = {NULL};
static const char *const readonly[] = {"ro", "nosuid", "noexec", "nodev", NULL};
static const char *const writable[] = {"nosuid", "noexec", "nodev", NULL};
static const char script[] =
    "cat /proc/self/mountinfo | while read a b c d e f g; do echo \"$e=$f $g\"; done;"
    "echo marker=$(ls /cg) memory=$(ls /cg/memory) unified=$(ls /cg/unified);"
    "echo link=$(readlink /cg/cpu)/$(readlink /cg/cpuacct); touch /cg/x; echo touch=$?";

static void run(const struct barrer_cgroup_view *views, size_t n, const char *const *options,
                unsigned long flags)
{
    const struct barrer_mount mounts[] = {
        {.destination = "/proc", .type = "proc", .options = no_options},
        {.destination = "/cg", .type = "cgroup", .source = "cgroup", .options = options},
    };
    struct box box = {.request = {.root = box_root("root"),
                                  .state_fd = -1,
                                  .mounts = mounts,
                                  .n_mounts = 2,
                                  .views = views,
                                  .n_views = n},
                      .clone_flags = CLONE_NEWPID | flags,
                      .script = script};

    (void)box_run(&box);
}

static void test_unified(void)
{
    const struct barrer_cgroup_view view = {"", box_path("view")};

    shell("mkdir -p view && touch view/here");
    run(&view, 1, readonly, 0);
    box_is("marker",
           "here memory= unified=", "the view is bound where the namespace is the host's");
    box_has("/cg=ro,nosuid,nodev,noexec", "read-only");
    run(&view, 1, readonly, CLONE_NEWCGROUP);
    box_has("/cg=ro,nosuid,nodev,noexec,relatime - cgroup2", "a new namespace gets a new mount");
    run(&view, 1, writable, CLONE_NEWCGROUP);
    box_has("/cg=rw,nosuid,nodev,noexec,relatime - cgroup2", "which can be writable");
    run(NULL, 0, readonly, CLONE_NEWCGROUP);
    box_has("/cg=ro,nosuid,nodev,noexec,relatime - cgroup2", "also without views");
    run(NULL, 0, readonly, 0);
    box_has("/cg=ro,nosuid,nodev,noexec",
            "without views and namespace the host's is shown, read-only");
}

static void test_hierarchies(void)
{
    const struct barrer_cgroup_view views[] = {{"memory", box_path("v1/memory")},
                                               {"cpu,cpuacct", box_path("v1/cpu")},
                                               {"systemd", box_path("v1/systemd")},
                                               {"", box_path("v1/unified")}};

    shell("mkdir -p v1/memory v1/cpu v1/systemd v1/unified && touch v1/memory/here v1/unified/too");
    run(views, 4, readonly, 0);
    box_has("memory=here unified=too", "each hierarchy has a folder");
    box_is("link", "cpu,cpuacct/cpu,cpuacct", "controllers that share one have links");
    box_is("touch", "1", "the folder above them is read-only");
    box_has("/cg/memory=ro,nosuid,nodev,noexec", "and so are they");
    run(views, 4, writable, 0);
    box_is("touch", "0", "without \"ro\" it is writable");
    box_has("/cg/memory=rw,nosuid,nodev,noexec", "and so are they");
}

static void test_mounted(void)
{
    const struct barrer_cgroup_view views[] = {{"memory", "/sys/fs/cgroup/memory"},
                                               {"systemd", "/sys/fs/cgroup/systemd"}};

    if (system("grep -q ' - cgroup .*name=systemd' /proc/self/mountinfo && grep -q ' - cgroup "
               ".*memory' /proc/self/mountinfo") != 0) {
        skip("hierarchies of version 1", "the host has none");
        return;
    }
    run(views, 2, readonly, CLONE_NEWCGROUP);
    box_has("/cg/memory=ro,nosuid,nodev,noexec,relatime - cgroup cgroup rw,memory",
            "a hierarchy is mounted in a new namespace");
    box_has("/cg/systemd=ro,nosuid,nodev,noexec,relatime - cgroup cgroup rw,name=systemd",
            "a named one too");
}

int main(void)
{
    if (box_setup()) {
        test_unified();
        test_hierarchies();
        test_mounted();
    }
    return tap_done();
}
