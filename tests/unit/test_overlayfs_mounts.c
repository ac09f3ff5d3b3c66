/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin overlayfs: the options of mounts, as the container sees their effects.
 */
#include "test_overlayfs_box.h"

#include <sys/resource.h>

static const char *const no_options[] = {NULL};
static const char mountinfo[] =
    "cat /proc/self/mountinfo | while read a b c d e f g; do echo \"$e=$f $g\"; done;";

#define PROC                                                                                       \
    {                                                                                              \
        .destination = "/proc", .type = "proc", .source = "proc", .options = no_options            \
    }

/* Run one mount after proc, and see SCRIPT's output. */
static void run_mount(const char *root, const struct barrer_mount *mount, const int *denied,
                      const char *script)
{
    const struct barrer_mount mounts[] = {PROC, *mount};
    struct box box = {.request = {.root = root, .bundle = box_folder, .state_fd = -1},
                      .clone_flags = CLONE_NEWPID,
                      .denied = denied,
                      .script = script};

    box.request.mounts = mounts;
    box.request.n_mounts = 2;
    (void)box_run(&box);
}

/* An option, and what mountinfo shows for it: of a new tmpfs, of a bind mount of one, and of a
 * mount below that one. The source of the bind mount has the flags that the option takes away. */
static const struct row {
    const char *option, *fresh, *top, *below;
} rows[] = {
    {"async", "rw,relatime", NULL, NULL},
    {"atime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime", "ro,"},
    {"defaults", "rw,relatime", "ro,nosuid,nodev,noexec,noatime,nodiratime", "ro,"},
    {"dev", "rw,relatime", "ro,nosuid,noexec,noatime,nodiratime", "ro,nosuid,nodev,"},
    {"diratime", "rw,relatime", "ro,nosuid,nodev,noexec,noatime ",
     "ro,nosuid,nodev,noexec,noatime,nodiratime"},
    {"dirsync", "rw,relatime", NULL, NULL},
    {"exec", "rw,relatime", "ro,nosuid,nodev,noatime,nodiratime", "ro,nosuid,nodev,noexec"},
    {"lazytime", "rw,relatime", NULL, NULL},
    {"iversion", "rw,relatime", NULL, NULL},
    {"loud", "rw,relatime", "ro,", "ro,"},
    {"mand", "rw,relatime", NULL, NULL},
    {"noatime", "rw,noatime", "ro,nosuid,nodev,noexec,noatime,nodiratime", "ro,"},
    {"nodev", "rw,nodev,relatime", "ro,nosuid,nodev,", "ro,"},
    {"nodiratime", "rw,nodiratime,relatime", "ro,nosuid,nodev,", "ro,"},
    {"noexec", "rw,noexec,relatime", "ro,nosuid,nodev,noexec", "ro,"},
    {"noiversion", "rw,relatime", "ro,", "ro,"},
    {"nolazytime", "rw,relatime", "ro,", "ro,"},
    {"nomand", "rw,relatime", "ro,", "ro,"},
    {"norelatime", "rw ", "ro,nosuid,nodev,noexec,nodiratime ", "ro,nosuid,nodev,noexec,noatime"},
    {"nostrictatime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime", "ro,"},
    {"nosuid", "rw,nosuid,relatime", "ro,nosuid", "ro,"},
    {"nosymfollow", "rw,relatime,nosymfollow",
     "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow",
     "ro,nosuid,nodev,noexec,noatime,nodiratime "},
    {"relatime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime",
     "ro,nosuid,nodev,noexec,noatime"},
    {"ro", "ro,relatime", "ro,", "ro,"},
    {"rw", "rw,relatime", "rw,nosuid", "ro,nosuid"},
    {"silent", "rw,relatime", NULL, NULL},
    {"strictatime", "rw ", "ro,nosuid,nodev,noexec,nodiratime ", "ro,nosuid,nodev,noexec,noatime"},
    {"suid", "rw,relatime", "ro,nodev,noexec", "ro,nosuid,nodev"},
    {"symfollow", "rw,relatime", "ro,", "ro,"},
    {"sync", "rw,relatime", NULL, NULL},
    {"ratime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime",
     "ro,nosuid,nodev,noexec,nodiratime,relatime"},
    {"rdev", "rw,relatime", "ro,nosuid,noexec", "ro,nosuid,noexec"},
    {"rdiratime", "rw,relatime", "ro,nosuid,nodev,noexec,noatime ",
     "ro,nosuid,nodev,noexec,noatime "},
    {"rexec", "rw,relatime", "ro,nosuid,nodev,noatime", "ro,nosuid,nodev,noatime"},
    {"rnoatime", "rw,noatime", "ro,nosuid,nodev,noexec,noatime", "ro,nosuid,nodev,noexec,noatime"},
    {"rnodev", "rw,nodev", "ro,nosuid,nodev", "ro,nosuid,nodev"},
    {"rnodiratime", "rw,nodiratime", "ro,nosuid,nodev,noexec,noatime,nodiratime",
     "ro,nosuid,nodev,noexec,noatime,nodiratime"},
    {"rnoexec", "rw,noexec", "ro,nosuid,nodev,noexec", "ro,nosuid,nodev,noexec"},
    {"rnorelatime", "rw ", "ro,nosuid,nodev,noexec,nodiratime ",
     "ro,nosuid,nodev,noexec,nodiratime "},
    {"rnostrictatime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime",
     "ro,nosuid,nodev,noexec,nodiratime,relatime"},
    {"rnosuid", "rw,nosuid", "ro,nosuid", "ro,nosuid"},
    {"rnosymfollow", "rw,relatime,nosymfollow",
     "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow",
     "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow"},
    {"rrelatime", "rw,relatime", "ro,nosuid,nodev,noexec,nodiratime,relatime",
     "ro,nosuid,nodev,noexec,nodiratime,relatime"},
    {"rro", "ro,relatime", "ro,", "ro,"},
    {"rrw", "rw,relatime", "rw,nosuid", "rw,nosuid"},
    {"rstrictatime", "rw ", "ro,nosuid,nodev,noexec,nodiratime ",
     "ro,nosuid,nodev,noexec,nodiratime "},
    {"rsuid", "rw,relatime", "ro,nodev", "ro,nodev"},
    {"rsymfollow", "rw,relatime", "ro,", "ro,"},
};

static void begins(const char *key, const char *wanted, const char *option, const char *what)
{
    const char *got = box_value(key);

    if (!ok(got != NULL && strncmp(got, wanted, strlen(wanted)) == 0, "%s: %s", option, what))
        printf("# got:    %s\n# wanted: %s\n# %s\n", got == NULL ? "nothing" : got, wanted,
               strncmp(box_output, "error", 5) == 0 ? box_output : "");
}

static void test_options(const int *denied, const char *what)
{
    const char *root = box_root("root"), *source = box_path("flags");

    printf("# %s\n", what);
    shell("mkdir -p %s && mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime,nodiratime tmpfs %s && "
          "mount -o remount,rw %s && mkdir %s/below && mount -t tmpfs -o "
          "ro,nosuid,nodev,noexec,noatime,nodiratime tmpfs %s/below && mount -o "
          "remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime %s",
          source, source, source, source, source, source);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *const fresh[] = {rows[i].option, NULL};
        const char *const bound[] = {"rbind", rows[i].option, NULL};

        run_mount(root,
                  &(struct barrer_mount){.destination = "/mnt", .type = "tmpfs", .options = fresh},
                  denied, mountinfo);
        begins("/mnt", rows[i].fresh, rows[i].option, "of a new file system");
        if (rows[i].top == NULL)
            continue;
        run_mount(root,
                  &(struct barrer_mount){.destination = "/mnt", .source = source, .options = bound},
                  denied, mountinfo);
        begins("/mnt", rows[i].top, rows[i].option, "of a bind mount");
        begins("/mnt/below", rows[i].below, rows[i].option, "of what is mounted below it");
    }
    shell("umount %s/below %s && rmdir %s", source, source, source);
}

static void test_super_options(void)
{
    static const char *const names[] = {"sync", "dirsync", "lazytime", NULL};
    const char *root = box_root("root-super");

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *const options[] = {names[i], NULL};
        char wanted[64];

        run_mount(
            root,
            &(struct barrer_mount){.destination = "/mnt", .type = "tmpfs", .options = options},
            NULL, "cat /proc/mounts");
        (void)snprintf(wanted, sizeof(wanted), " /mnt tmpfs rw,%s", names[i]);
        box_has(wanted, names[i]);
    }
}

static void test_data(void)
{
    static const char *const data[] = {"size=1m", "nosuid", "nr_inodes=77", "mode=0710", NULL};
    static const char *const unknown[] = {"bind", "size=1m", NULL};
    static const char *const bad[] = {"no-such-option=1", NULL};
    const char *root = box_root("root-data");

    run_mount(root, &(struct barrer_mount){.destination = "/mnt", .type = "tmpfs", .options = data},
              NULL, mountinfo);
    box_has("/mnt=rw,nosuid,relatime - tmpfs tmpfs rw,size=1024k,nr_inodes=77,mode=710",
            "options of the file system are handed on");
    run_mount(root,
              &(struct barrer_mount){.destination = "/mnt", .source = "/bin", .options = unknown},
              NULL, mountinfo);
    box_has("error: mount \"/bin\" on \"/mnt\": a bind mount has no option \"size=1m\"",
            "a bind mount refuses them");
    run_mount(root,
              &(struct barrer_mount){
                  .destination = "/mnt", .type = "tmpfs", .source = "src", .options = bad},
              NULL, mountinfo);
    box_has("error: mount \"src\" on \"/mnt\" (type \"tmpfs\"; no-such-option=1,mode=755): Invalid "
            "argument",
            "an error names source, target, type and options");
    run_mount(root,
              &(struct barrer_mount){.destination = "/mnt", .source = "src", .options = no_options},
              NULL, mountinfo);
    box_has("it has neither a type nor \"bind\"", "a mount without a type is refused");
    run_mount(root,
              &(struct barrer_mount){.destination = "/mnt", .type = "nofs", .options = no_options},
              NULL, mountinfo);
    box_has("(type \"nofs\"): No such device", "an unknown type is refused");
    run_mount(
        root,
        &(struct barrer_mount){
            .destination = "/mnt", .source = "/no/such", .type = "bind", .options = no_options},
        NULL, mountinfo);
    box_has("error: mount \"/no/such\" on \"/mnt\" (type \"bind\"): No such file",
            "so is a missing source");
}

static void test_places(void)
{
    static const char *const masked[] = {"/proc/keys", NULL};
    const struct barrer_mount mounts[] = {
        PROC,
        {.destination = "/dev", .type = "tmpfs", .options = no_options},
        {.destination = "//dev/.", .type = "tmpfs", .options = no_options},
        {.destination = "/bin/../proc", .type = "tmpfs", .options = no_options},
        {.destination = "/./proc/", .type = "proc", .options = no_options},
    };
    struct box box = {.request = {.root = box_root("root-places"),
                                  .state_fd = -1,
                                  .mounts = mounts,
                                  .n_mounts = 5,
                                  .masked_paths = masked},
                      .clone_flags = CLONE_NEWPID,
                      .script = "echo null=$(stat -c %F /dev/null) keys=$(wc -c </proc/keys)"};

    (void)box_run(&box);
    box_is("null", "character special file keys=0",
           "devices and masks go to the mount that can be seen");
    run_mount(box.request.root,
              &(struct barrer_mount){.destination = "/.", .type = "tmpfs", .options = no_options},
              NULL, "true");
    box_has("the root itself is root.path", "a mount on the root is refused");
}

/* Without SELinux the kernel refuses the option. */
static void test_label(void)
{
    static const struct barrer_pair fscontext[] = {{"run.oci.mount_context_type", "fscontext"},
                                                   {NULL, NULL}};
    static const struct barrer_pair wrong[] = {{"run.oci.mount_context_type", "uid"}, {NULL, NULL}};
    const struct barrer_mount mounts[] = {
        PROC, {.destination = "/mnt", .type = "tmpfs", .options = no_options}};
    struct box box = {.request = {.root = box_root("root-label"),
                                  .state_fd = -1,
                                  .mounts = mounts,
                                  .n_mounts = 2,
                                  .mount_label = "system_u:object_r:container_file_t:s0:c1,c2"},
                      .clone_flags = CLONE_NEWPID,
                      .script = mountinfo};

    (void)box_run(&box);
    box_has("context=\"system_u:object_r:container_file_t:s0:c1,c2\"", "linux.mountLabel");
    box.annotations = fscontext;
    (void)box_run(&box);
    box_has("fscontext=\"system_u:object_r:container_file_t:s0:c1,c2\"",
            "run.oci.mount_context_type");
    box.annotations = wrong;
    (void)box_run(&box);
    box_has("expected context, fscontext, defcontext or rootcontext, got \"uid\"",
            "or a wrong one");
}

static void test_binds(void)
{
    static const char *const bind[] = {"bind", NULL};
    static const char *const rbind[] = {"rbind", "ro", NULL};
    const char *root = box_root("root-binds"), *source = box_path("source");

    shell("mkdir -p %s/below && echo hello >%s/file && mount -t tmpfs tmpfs %s/below && echo deep "
          ">%s/below/file && ln -s source %s-link",
          source, source, source, source, source);
    run_mount(root,
              &(struct barrer_mount){
                  .destination = "/a/b/file", .source = box_path("source/file"), .options = bind},
              NULL, "echo file=$(cat /a/b/file)");
    box_is("file", "hello", "a file is bound on a file that was not there");
    run_mount(root,
              &(struct barrer_mount){
                  .destination = "/c/d/", .source = box_path("source/"), .options = bind},
              NULL, "echo file=$(cat /c/d/file) below=$(ls /c/d/below)");
    box_is("file", "hello below=", "\"bind\" leaves out what is mounted below");
    run_mount(root,
              &(struct barrer_mount){
                  .destination = "/e/../f", .source = box_path("source-link"), .options = rbind},
              NULL,
              "echo file=$(cat /f/below/file); touch /f/x 2>/dev/null; echo touch=$?; touch "
              "/f/below/x; echo below=$?");
    box_is("file", "deep", "\"rbind\" does not; a source that is a link is followed");
    box_is("touch", "1", "\"ro\" makes it read-only");
    box_is("below", "0", "but not what is mounted below it");
    run_mount(
        root,
        &(struct barrer_mount){.destination = "/bin/busybox", .source = source, .options = bind},
        NULL, "echo no");
    box_has("error: mount \"", "a folder is not bound on a file");
    shell("umount %s/below", source);
}

static void test_copy_up(void)
{
    static const char *const options[] = {"tmpcopyup", "ro", "mode=755", NULL};
    static const int old[] = {SYS_open_tree, SYS_mount_setattr, 467, -1};
    const char *root = box_root("root-copy");
    static const char script[] =
        "echo file=$(cat /data/sub/file) mode=$(stat -c '%a %u:%g' /data/sub/file) "
        "link=$(readlink /data/link) fifo=$(stat -c %F /data/fifo) "
        "dir=$(stat -c '%a %Y' /data/sub); touch /data/x; echo touch=$?";

    shell("cd %s && mkdir -p data/sub && echo hello >data/sub/file && chmod 4710 data/sub/file && "
          "chown 5:6 data/sub/file && chmod 4710 data/sub/file && ln -s /etc/passwd data/link && "
          "mkfifo data/fifo && chmod 1711 data/sub && touch -d @1000 data/sub",
          root);
    for (int i = 0; i < 2; i++) {
        run_mount(
            root,
            &(struct barrer_mount){.destination = "/data", .type = "tmpfs", .options = options},
            i == 0 ? NULL : old, script);
        box_is("file", "hello mode=4710 5:6 link=/etc/passwd fifo=fifo dir=1711 1000",
               "tmpcopyup copies what it hides");
        box_is("touch", "1", "and is read-only only after that");
    }
    ok(access("root-copy/data/sub/file", F_OK) == 0, "the image keeps what it has");
}

static void test_remount(void)
{
    static const char *const bind[] = {"bind", NULL};
    static const char *const again[] = {"remount", "bind", "ro", "nosuid", NULL};
    static const char *const size[] = {"remount", "size=2m", NULL};
    const struct barrer_mount mounts[] = {
        PROC,
        {.destination = "/a", .source = "/bin", .options = bind},
        {.destination = "/a", .options = again},
        {.destination = "/b", .type = "tmpfs", .options = no_options},
        {.destination = "/b", .type = "tmpfs", .options = size},
    };
    struct box box = {.request = {.root = box_root("root-remount"),
                                  .state_fd = -1,
                                  .mounts = mounts,
                                  .n_mounts = 5},
                      .clone_flags = CLONE_NEWPID,
                      .script = mountinfo};

    (void)box_run(&box);
    box_has("/a=ro,nosuid", "a bind mount gets other flags");
    box_has("/b=rw,relatime - tmpfs tmpfs rw,size=2048k", "a file system gets other options");
}

static void test_idmap(void)
{
    static const struct barrer_id_map map[] = {{0, 1000, 10}, {100, 2000, 5}};
    static const char *const idmap[] = {"rbind", "idmap", NULL};
    static const char *const ridmap[] = {"rbind", "ridmap", NULL};
    static const char *const plain[] = {"rbind", NULL};
    static const int old[] = {SYS_mount_setattr, 467, -1};
    const char *root = box_root("root-idmap"), *source = box_path("ids");
    static const char script[] =
        "echo top=$(stat -c %u:%g /mnt/file) below=$(stat -c %u:%g /mnt/below/file)";
    struct barrer_mount mount = {.destination = "/mnt",
                                 .source = source,
                                 .options = idmap,
                                 .uid_maps = map,
                                 .n_uid_maps = 2,
                                 .gid_maps = map,
                                 .n_gid_maps = 2};

    shell("mkdir -p %s/below && mount -t tmpfs tmpfs %s && mkdir %s/below && mount -t tmpfs tmpfs "
          "%s/below && touch %s/file %s/below/file && chown 3:102 %s/file %s/below/file",
          source, source, source, source, source, source, source, source);
    run_mount(root, &mount, NULL, script);
    box_is("top", "1003:2002 below=3:102", "\"idmap\" maps the ids of the mount");
    mount.options = ridmap;
    run_mount(root, &mount, NULL, script);
    box_is("top", "1003:2002 below=1003:2002", "\"ridmap\" also those below it");
    mount.options = plain;
    run_mount(root, &mount, NULL, script);
    box_is("top", "1003:2002 below=3:102", "maps alone mean \"idmap\"");
    mount.options = idmap;
    run_mount(root, &mount, old, script);
    box_has("error: mount", "without mount_setattr it is refused");
    mount.n_uid_maps = mount.n_gid_maps = 0;
    run_mount(root, &mount, NULL, script);
    box_has("needs uidMappings", "without any maps too");
    mount = (struct barrer_mount){.destination = "/mnt", .type = "tmpfs", .options = idmap + 1};
    run_mount(root, &mount, NULL, script);
    box_has("only bind mounts can be id-mapped", "and a new file system too");
    shell("umount %s/below %s", source, source);
}

/* In a user namespace the flags of a mount from outside are locked. */
static void test_locked(void)
{
    static const struct barrer_id_map map = {0, 0, 1};
    static const char *const options[] = {"rbind", "rw", "exec", "nosuid", NULL};
    const char *source = box_path("locked");
    const struct barrer_mount mounts[] = {
        PROC, {.destination = "/mnt", .source = source, .options = options}};
    struct box box = {.request = {.root = box_root("root-locked"),
                                  .state_fd = -1,
                                  .mounts = mounts,
                                  .n_mounts = 2,
                                  .flags = BARRER_FILESYSTEM_ROOTLESS,
                                  .uid_maps = &map,
                                  .n_uid_maps = 1,
                                  .gid_maps = &map,
                                  .n_gid_maps = 1},
                      .clone_flags = CLONE_NEWPID | CLONE_NEWUSER,
                      .script = mountinfo};
    static const int old[] = {SYS_mount_setattr, 467, -1};

    shell("mkdir -p %s && mount -t tmpfs -o ro,noexec,nodev tmpfs %s", source, source);
    (void)box_run(&box);
    box_has("/mnt=ro,nosuid,nodev,noexec", "locked flags stay, the others are set");
    box.denied = old;
    (void)box_run(&box);
    box_has("/mnt=ro,nosuid,nodev,noexec", "also by mount(2)");
    shell("umount %s", source);
}

static void test_many(void)
{
    enum { MANY = 1500 };
    static const char *const bind[] = {"bind", "ro", NULL};
    static struct barrer_mount mounts[MANY];
    static char paths[MANY][32];
    struct box box = {.request = {.root = box_root("root-many"), .state_fd = -1, .n_mounts = MANY},
                      .clone_flags = CLONE_NEWPID,
                      .script = "echo n=$(grep -c ' /many/' /proc/self/mountinfo)"};
    struct rlimit limit = {1024, 1024};

    (void)setrlimit(RLIMIT_NOFILE, &limit);
    mounts[0] = (struct barrer_mount)PROC;
    for (int i = 1; i < MANY; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/many/%d", i);
        mounts[i] =
            (struct barrer_mount){.destination = paths[i], .source = "/bin", .options = bind};
    }
    box.request.mounts = mounts;
    (void)box_run(&box);
    box_is("n", "1499", "more mounts than descriptors");
}

int main(void)
{
    static const int linux_5_10[] = {SYS_mount_setattr, 467, -1};
    static const int new_api[] = {SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_mount_setattr,
                                  467,           SYS_openat2,    -1};

    if (box_setup()) {
        test_options(NULL, "options");
        test_options(linux_5_10, "options as on Linux 5.10");
        test_options(new_api, "options by mount(2)");
        test_super_options();
        test_data();
        test_places();
        test_label();
        test_binds();
        test_copy_up();
        test_remount();
        test_idmap();
        test_locked();
        test_many();
    }
    return tap_done();
}
