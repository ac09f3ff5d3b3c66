/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin overlayfs against root file systems that try to make it work on the host's files.
 */
#include "test_overlayfs_box.h"

#include <stdio.h>

static const char *const no_options[] = {NULL};
static const char *const bind[] = {"bind", NULL};
static const int no_openat2[] = {SYS_openat2, -1};
static const int no_new_api[] = {SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_mount_setattr,
                                 467,           SYS_openat2,    -1};
static const int *const kernels[] = {NULL, no_openat2, no_new_api};
#define KERNELS (sizeof(kernels) / sizeof(*kernels))

#define PROC                                                                                       \
    {                                                                                              \
        .destination = "/proc", .type = "proc", .options = no_options                              \
    }
#define DEV                                                                                        \
    {                                                                                              \
        .destination = "/dev", .type = "tmpfs", .options = no_options                              \
    }

/* A folder of the host that nothing may touch; links of the images lead to it, both with the
 * path as the host has it and by climbing. */
static const char *canary;
static char canary_before[4096];

static void canary_state(char *text, size_t size)
{
    char command[512];
    FILE *pipe;
    size_t n = 0;

    (void)snprintf(
        command, sizeof(command),
        "cd %s && find . -printf '%%p %%m %%U %%s %%y\n' | sort; grep %s /proc/self/mountinfo",
        canary, canary);
    pipe = popen(command, "r");
    if (pipe != NULL) {
        n = fread(text, 1, size - 1, pipe);
        (void)pclose(pipe);
    }
    text[n] = '\0';
}

static void make_canary(void)
{
    canary = box_path("canary");
    shell("mkdir -p %s/sub && echo secret >%s/file && chmod 600 %s/file", canary, canary, canary);
    canary_state(canary_before, sizeof(canary_before));
}

static void canary_lives(const char *what)
{
    char now[4096];

    canary_state(now, sizeof(now));
    is_text(now, canary_before, what);
}

static struct box hostile_box(const char *root, const struct barrer_mount *mounts, size_t n,
                              const char *script)
{
    return (struct box){.request = {.root = root,
                                    .bundle = box_folder,
                                    .state_fd = -1,
                                    .mounts = mounts,
                                    .n_mounts = n},
                        .clone_flags = CLONE_NEWPID,
                        .script = script};
}

/* E9: procfs and sysfs go on folders only. */
static void test_proc_link(void)
{
    static const char *const types[] = {"proc", "sysfs"};

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < KERNELS; k++) {
            const char *path = i == 0 ? "/proc" : "/sys";
            const struct barrer_mount mounts[] = {
                {.destination = path, .type = types[i], .options = no_options}};
            const char *root = box_root(i == 0 ? "proc-link" : "sys-link");
            struct box box = hostile_box(root, mounts, 1, "echo no");

            shell("rm -rf %s%s && ln -s %s %s%s", root, path, canary, root, path);
            box.denied = kernels[k];
            (void)box_run(&box);
            box_has("must be mounted on ordinary directory",
                    "a link in place of procfs or sysfs is refused");
            shell("rm %s%s && mkdir -p %s/else/where && ln -sfn else %s/way", root, path, root,
                  root);
            box.request.mounts = &(const struct barrer_mount){
                .destination = "/way/where", .type = types[i], .options = no_options};
            (void)box_run(&box);
            box_has("must be mounted on ordinary directory", "so is one on the way");
            box.request.mounts = &(const struct barrer_mount){
                .destination = "/else/../way", .type = types[i], .options = no_options};
            (void)box_run(&box);
            box_has("error: \"/else/../way\" holds \"..\"", "and \"..\"");
        }
    }
    canary_lives("the host's folder is as it was");
}

/* E8: targets are resolved in the root. */
static void test_targets(void)
{
    static const char script[] = "cat /proc/self/mountinfo; echo file=$(cat /target/file)";
    const char *source = box_path("source");

    shell("mkdir -p %s && echo ours >%s/file", source, source);
    for (size_t k = 0; k < KERNELS; k++) {
        const char *root = box_root("targets");
        const struct barrer_mount mounts[] = {
            PROC,
            {.destination = "/absolute", .source = source, .options = bind},
            {.destination = "/climbing", .source = source, .options = bind},
            {.destination = "/dangling/a/b", .source = source, .options = bind},
            {.destination = "/../../../../dots", .source = source, .options = bind},
            {.destination = "/linkfile", .source = box_path("source/file"), .options = bind},
            {.destination = "/through/sub/new", .type = "tmpfs", .options = no_options},
            {.destination = "/target", .source = source, .options = bind},
        };
        struct box box = hostile_box(root, mounts, sizeof(mounts) / sizeof(*mounts), script);

        shell("cd %s && rm -rf absolute climbing dangling linkfile through && ln -s %s absolute && "
              "ln -s "
              "../../../../../../..%s climbing && ln -s /new/place dangling && ln -s %s/file "
              "linkfile && ln -s %s through && mkdir -p .%s/sub && touch .%s/file",
              root, canary, canary, canary, canary, canary, canary);
        box.denied = kernels[k];
        (void)box_run(&box);
        box_is("file", "ours", "the mounts are made");
        box_has(canary, "a link leads to the same path in the root");
        box_has(" /new/place/a/b ", "a dangling link leads to a new folder in the root");
        box_has(" /dots ", "\"..\" stops at the root");
        ok(access("targets/new/place/a/b", F_OK) == 0, "which is made there");
    }
    canary_lives("the host's folder is as it was");
}

/* E5 to E7: nodes and links of /dev. */
static void test_dev(void)
{
    static const char script[] = "stat -c '%n=%F' /dev/null; echo null=$(stat -c %t:%T /dev/null)";
    const struct barrer_mount dev[] = {PROC, DEV};
    static const struct barrer_device deep[] = {{"/dev/x/node", 'c', 1, 3, 0666, 0, 0}};

    for (size_t k = 0; k < KERNELS; k++) {
        const char *root = box_root("dev-link");
        struct box box = hostile_box(root, dev, 2, script);

        shell("cd %s && rm -rf dev real && mkdir -p .%s && ln -s %s dev", root, canary, canary);
        box.denied = kernels[k];
        (void)box_run(&box);
        box_is("null", "1:3", "/dev may be a link in the root");
        box.request.n_mounts = 1;
        (void)box_run(&box);
        box_has("error: make devices in \"/dev\", which is a symbolic link",
                "but not without a mount on it");
        shell("cd %s && rm dev && mkdir dev && ln -s %s/file dev/null", root, canary);
        (void)box_run(&box);
        box_has("error: make device \"/dev/null\": something else is in its place",
                "a link in place of a device is refused");
        shell("cd %s && rm dev/* && mknod dev/null b 1 3", root);
        (void)box_run(&box);
        box_has("something else is in its place", "so is another device");
        shell("cd %s && rm dev/* && ln -s %s/new dev/console && ln -s %s dev/fd && ln -s %s dev/x",
              root, canary, canary, canary);
        box.request.flags = BARRER_FILESYSTEM_TERMINAL;
        box.request.devices = deep;
        box.request.n_devices = 1;
        (void)box_run(&box);
        box_is("null", "1:3",
               "links for the console, descriptors and folders are not followed out");
    }
    canary_lives("the host's folder is as it was");
}

/* The same where nodes are bound. */
static void test_bound_nodes(void)
{
    static const struct barrer_id_map map = {0, 0, 1};
    const struct barrer_mount mounts[] = {PROC};

    for (size_t k = 0; k < KERNELS; k++) {
        const char *root = box_root("bound-nodes");
        struct box box = hostile_box(root, mounts, 1, "echo null=$(stat -c %t:%T /dev/null)");

        shell("cd %s && rm -rf dev && mkdir dev && ln -s %s/file dev/null", root, canary);
        box.denied = kernels[k];
        box.request.flags = BARRER_FILESYSTEM_ROOTLESS;
        box.clone_flags |= CLONE_NEWUSER;
        box.request.uid_maps = box.request.gid_maps = &map;
        box.request.n_uid_maps = box.request.n_gid_maps = 1;
        (void)box_run(&box);
        box_has("error: make device \"/dev/null\": something else is in its place",
                "rootless, a link in place of a device is refused");
        shell("cd %s && rm dev/null && touch dev/null", root);
        (void)box_run(&box);
        box_is("null", "1:3", "a file is not");
    }
    canary_lives("the host's folder is as it was");
}

/* E5: masks. */
static void test_masks(void)
{
    static const char *const masked[] = {"/etc/secret", "/link", "/proc/keys", "/proc/self/environ",
                                         NULL};
    static const char *const readonly[] = {"/link2", "/proc/sys", "/etc", NULL};
    static const char script[] =
        "echo secret=$(cat /etc/secret); echo environ=$(cat /proc/1/environ | wc -c);"
        "touch /etc/x; echo touch=$?; cat /proc/self/mountinfo";
    const struct barrer_mount mounts[] = {PROC};

    for (size_t k = 0; k < KERNELS; k++) {
        const char *root = box_root("masks");
        struct box box = hostile_box(root, mounts, 1, script);

        shell("cd %s && rm -rf etc link link2 dev && mkdir -p etc && echo secret >etc/secret && "
              "ln -s %s/file link && ln -s %s/sub link2",
              root, canary, canary);
        box.request.masked_paths = masked;
        box.request.readonly_paths = readonly;
        box.denied = kernels[k];
        (void)box_run(&box);
        box_is("secret", "", "a file of the image is masked");
        box_is("touch", "1", "a folder of the image is read-only");
        box_has(" /proc/keys ", "a file of procfs is masked");
    }
    canary_lives("the host's folder is as it was");
}

/* The container's own /dev/null is not used as a mask, whatever it is. */
static void test_null(void)
{
    static const char *const masked[] = {"/proc/keys", NULL};
    const struct barrer_mount mounts[] = {
        PROC, {.destination = "/dev", .source = box_path("dev"), .options = bind}};
    struct box box =
        hostile_box(box_root("null"), mounts, 2, "echo keys=$(stat -c %t:%T /proc/keys)");

    shell("mkdir -p %s/dev && ln -s /proc/sys/kernel/core_pattern %s/dev/null", box_folder,
          box_folder);
    box.request.masked_paths = masked;
    (void)box_run(&box);
    box_is("keys", "1:3", "the mask is the host's null device");
}

/* A /dev that config.json binds is the host's: nothing is made in it. */
static void test_bound_dev(void)
{
    const struct barrer_mount mounts[] = {
        PROC, {.destination = "/dev/", .source = box_path("hostdev"), .options = bind}};
    struct box box = hostile_box(box_root("bound"), mounts, 2, "echo ls=$(ls /dev)");

    shell("mkdir %s/hostdev && touch %s/hostdev/marker", box_folder, box_folder);
    (void)box_run(&box);
    box_is("ls", "marker", "nothing is made in a /dev that is bound");
}

/* E16: a mount that fails never turns into one of another place. The source is replaced by a
 * link to something else after prepare. */
static void replace_source(void *arg)
{
    (void)arg;
    (void)!chdir(box_folder);
    if (rename("moving", "moved") < 0 || symlink(canary, "moving") < 0)
        printf("error: cannot replace the source\n");
}

static void test_replaced_source(void)
{
    const char *source = box_path("moving");
    const struct barrer_mount mounts[] = {
        PROC, {.destination = "/mnt", .source = source, .options = bind}};
    struct box box = hostile_box(box_root("replaced"), mounts, 2, "echo file=$(cat /mnt/file)");

    shell("mkdir %s && echo ours >%s/file", source, source);
    box.on_host = replace_source;
    (void)box_run(&box);
    box_is("file", "ours", "the source is what prepare opened");
}

/* E10: another container with the same root exchanges a folder and a link while this one is
 * created. Whatever happens, nothing happens outside the root. */
static void test_race(void)
{
    static const struct barrer_device devices[] = {{"/race/deep/null", 'c', 1, 3, 0666, 0, 0}};
    static const char *const masked[] = {"/race/file", NULL};
    static const char *const readonly[] = {"/race/sub", NULL};
    const char *root = box_root("race"), *source = box_path("source");
    const struct barrer_mount mounts[] = {
        PROC,
        {.destination = "/race/sub", .source = source, .options = bind},
        {.destination = "/race/new/folder", .type = "tmpfs", .options = no_options},
    };
    struct box box = hostile_box(root, mounts, 3, NULL);
    char folder[512], link[512];
    pid_t pid;

    (void)snprintf(folder, sizeof(folder), "%s/race", root);
    (void)snprintf(link, sizeof(link), "%s/other", root);
    shell("mkdir -p %s/sub && touch %s/file && ln -s %s %s", folder, folder, canary, link);
    box.request.devices = devices;
    box.request.n_devices = 1;
    box.request.masked_paths = masked;
    box.request.readonly_paths = readonly;
    pid = fork();
    if (pid == 0)
        for (;;)
            (void)renameat2(AT_FDCWD, folder, AT_FDCWD, link, RENAME_EXCHANGE);
    for (int i = 0; i < 600; i++) {
        box.denied = i % 3 == 2 ? no_openat2 : NULL;
        (void)box_run(&box);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    canary_lives("a race for a folder never touches the host's");
}

int main(void)
{
    if (box_setup()) {
        make_canary();
        test_proc_link();
        test_targets();
        test_dev();
        test_bound_nodes();
        test_masks();
        test_null();
        test_bound_dev();
        test_replaced_source();
        test_race();
    }
    return tap_done();
}
