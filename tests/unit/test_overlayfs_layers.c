/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin overlayfs: roots from layers, their writable layer, and what delete leaves.
 */
#include "test_overlayfs_box.h"

#define ANNOTATION "org.barrer.overlayfs.layers"
#define MANY 499 /* with the root: what the kernel takes */

static const char *const no_options[] = {NULL};
static const struct barrer_mount proc[] = {
    {.destination = "/proc", .type = "proc", .source = "proc", .options = no_options}};
static const int new_api[] = {SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_mount_setattr,
                              467,           SYS_openat2,    -1};
static const struct barrer_id_map identity = {0, 0, 1};

static int state_fd = -1;

static struct box layers_box(const char *root, const struct barrer_pair *options,
                             const char *script)
{
    shell("mkdir -p %s/state", box_folder);
    if (state_fd < 0)
        state_fd = open(box_path("state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (struct box){.request = {.root = root,
                                    .state_fd = state_fd,
                                    .state_path = box_path("state"),
                                    .mounts = proc,
                                    .n_mounts = 1},
                        .options = options,
                        .clone_flags = CLONE_NEWPID,
                        .has_release = true,
                        .script = script};
}

static void rootless(struct box *box)
{
    box->request.flags |= BARRER_FILESYSTEM_ROOTLESS;
    box->clone_flags |= CLONE_NEWUSER;
    box->request.uid_maps = box->request.gid_maps = &identity;
    box->request.n_uid_maps = box->request.n_gid_maps = 1;
}

static void nothing_left(const char *what)
{
    shell("test -z \"$(ls -A %s/state)\" || ls -lR %s/state | sed 's/^/# /'", box_folder,
          box_folder);
    ok(rmdir(box_path("state")) == 0 && mkdir(box_path("state"), 0700) == 0, "%s", what);
    (void)close(state_fd);
    state_fd = -1;
}

/* Layers 1 to N, each with a file of its own and one that all have. */
static char *make_layers(int n)
{
    char *list = calloc((size_t)n, 64);

    shell(
        "mkdir -p layers && cd layers && for i in $(seq %d); do mkdir -p $i && echo $i >$i/all && "
        "echo $i >$i/only-$i; done",
        n);
    for (int i = 1; i <= n; i++)
        (void)sprintf(list + strlen(list), "%s%s/layers/%d", i == 1 ? "" : " ", box_folder, i);
    return list;
}

static const char script[] =
    "echo all=$(cat /all) one=$(cat /only-1) last=$(cat /only-499) n=$(ls / | grep -c only);"
    "echo new >/new; echo changed >/all; rm /only-2; mkdir -p /bin/d; echo after=$(cat /all) "
    "new=$(cat /new);"
    "test -e /only-2; echo gone=$?; rm -rf /dir; mkdir /dir; echo dir=$(ls /dir); echo mode=$(stat "
    "-c %a /);"
    "cat /proc/self/mountinfo;";

static void see_layers(const char *what, const char *root)
{
    char copy[512];

    printf("# %s\n", what);
    box_is("all", "1 one=1 last=499 n=499", "the first layer is on top of the others");
    box_is("after", "changed new=new", "files can be changed");
    box_is("gone", "1", "and removed");
    box_is("dir", "", "a folder that replaces another is empty");
    box_is("mode", "751", "the root has the mode of the bundle's root");
    box_has(" - overlay overlay rw,", "the root is an overlay");
    (void)snprintf(copy, sizeof(copy), "%s/new", root);
    ok(access(copy, F_OK) < 0 && access("layers/2/only-2", F_OK) == 0,
       "neither the root nor a layer changes");
    nothing_left("release leaves nothing");
}

static void test_many(void)
{
    char *list = make_layers(MANY);
    const struct barrer_pair options[] = {{"layers", list}, {NULL, NULL}};
    const char *root = box_root("root");
    struct box box = layers_box(root, options, script);
    static const int no_proc[] = {SYS_openat2, -1};

    shell("chmod 751 %s && mkdir -p layers/7/dir && touch layers/7/dir/file", root);
    (void)box_run(&box);
    see_layers("500 layers", root);
    box = layers_box(root, options, script);
    box.denied = new_api;
    (void)box_run(&box);
    see_layers("500 layers by mount(2)", root);
    box = layers_box(root, options, script);
    box.denied = no_proc;
    rootless(&box);
    (void)box_run(&box);
    see_layers("500 layers, rootless", root);
    box = layers_box(root, options, script);
    rootless(&box);
    box.denied = new_api;
    (void)box_run(&box);
    see_layers("500 layers by mount(2), rootless", root);
    free(list);
}

static void test_user_namespace(void)
{
    static const struct barrer_id_map map = {0, 100000, 65536};
    char *list = make_layers(3);
    const struct barrer_pair options[] = {{"layers", list}, {NULL, NULL}};
    struct box box =
        layers_box(box_root("root-user"), options,
                   "echo all=$(cat /all); echo x >/new; echo owner=$(stat -c %u / /new)");

    shell("chown -R 100000:100000 %s layers", box_path("root-user"));
    box.clone_flags |= CLONE_NEWUSER;
    box.request.uid_maps = box.request.gid_maps = &map;
    box.request.n_uid_maps = box.request.n_gid_maps = 1;
    (void)box_run(&box);
    box_is("all", "1", "an overlay that the host assembles for a user namespace");
    box_is("owner", "0 0", "its root belongs to the container's root user");
    nothing_left("release leaves nothing");
    shell("chown -R 0:0 layers");
    free(list);
}

static void test_annotation(void)
{
    static const char *const refused[] = {"../layers/1", "1:..", "/etc", "", "1::2", "a/./b", "1:"};
    const struct barrer_pair options[] = {{"layer-root", box_path("layers")}, {NULL, NULL}};
    const struct barrer_pair both[] = {
        {"layer-root", box_path("layers")}, {"layers", box_path("layers/3")}, {NULL, NULL}};
    const struct barrer_pair names[] = {{ANNOTATION, "2:out"}, {NULL, NULL}};
    struct box box = layers_box(
        box_root("root-names"), both,
        "echo all=$(cat /all) $(ls / | grep only | sort); echo etc=$(ls /hostname /passwd)");
    const int *const kernels[] = {NULL, new_api};

    free(make_layers(3));
    shell("rm -f layers/out && ln -s ../../../../../../etc layers/out && mkdir -p layers/etc && "
          "touch layers/etc/inside");
    for (size_t i = 0; i < 2; i++) {
        box.annotations = names;
        box.denied = kernels[i];
        (void)box_run(&box);
        box_is("all", "2 only-2 only-3", "named layers come before configured ones");
        box_is("etc", "", "a link among the layers does not lead out");
    }
    box.denied = NULL;
    box.options = options;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        const struct barrer_pair bad[] = {{ANNOTATION, refused[i]}, {NULL, NULL}};

        if (*refused[i] == '\0')
            continue;
        box.annotations = bad;
        (void)box_run(&box);
        box_has("is no path below \"layer-root\"", refused[i]);
    }
    box.annotations = names;
    box.options = NULL;
    (void)box_run(&box);
    box_has("error: annotation \"" ANNOTATION
            "\": no layers may be named, since \"layer-root\" is not set",
            "without layer-root the annotation is refused");
    nothing_left("nothing is left");
}

static void test_upper(void)
{
    const struct barrer_pair kept[] = {{"layers", box_path("layers/1")},
                                       {"upper", box_path("uppers")},
                                       {"keep-upper", "yes"},
                                       {NULL, NULL}};
    const struct barrer_pair removed[] = {{"layers", box_path("layers/1")},
                                          {"upper", box_path("uppers")},
                                          {"volatile", "yes"},
                                          {"metacopy", "yes"},
                                          {"index", "no"},
                                          {"redirect-dir", "on"},
                                          {"xino", "off"},
                                          {NULL, NULL}};
    const struct barrer_pair wrong[] = {
        {"layers", box_path("layers/1")}, {"keep-upper", "yes"}, {NULL, NULL}};
    struct box box =
        layers_box(box_root("root-upper"), kept,
                   "echo before=$(cat /kept); echo x >/kept; cat /proc/self/mountinfo");

    shell("mkdir uppers");
    (void)box_run(&box);
    box_is("before", "", "an upper layer that is kept is empty at first");
    ok(access("uppers/box/upper/kept", F_OK) == 0, "it is in the folder of \"upper\"");
    (void)box_run(&box);
    box_is("before", "x", "and is there the next time");
    box.options = removed;
    (void)box_run(&box);
    box_has("error: make folder", "a folder that is there already is not taken over");
    ok(access("uppers/box/upper/kept", F_OK) == 0, "nor removed");
    box.request.id = "other";
    (void)box_run(&box);
    box_has("volatile", "the options arrive at the kernel");
    box_has("metacopy=on", "metacopy");
    box_has("redirect_dir=on", "redirect_dir");
    ok(access("uppers/other", F_OK) < 0, "release removes it");
    box.denied = new_api;
    (void)box_run(&box);
    box_has("metacopy=on", "also by mount(2)");
    box.denied = NULL;
    box.options = wrong;
    (void)box_run(&box);
    box_has("\"keep-upper\" needs \"upper\"", "the state folder is not kept");
    nothing_left("nothing is left");
}

/* What a container can leave in its upper layer. */
static void test_release(void)
{
    const struct barrer_pair options[] = {{"layers", box_path("layers/1")}, {NULL, NULL}};
    struct box box = layers_box(box_root("root-release"), options,
                                "i=0; while test $i -lt 1500; do mkdir d && cd d || exit 1; "
                                "i=$((i+1)); done; echo deep=$i; cd /; "
                                "ln -s / /slash; mkdir /closed; touch /closed/x; chmod 0 /closed; "
                                "touch '/a\nb'; mkfifo /fifo; "
                                "mkdir barrer-0; touch barrer-0/x");

    shell("mkdir -p precious && touch precious/file");
    (void)box_run(&box);
    box_is("deep", "1500", "folders deeper than there are descriptors");
    nothing_left("are removed");
    rootless(&box);
    box.request.state_fd = state_fd = open(box_path("state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)box_run(&box);
    box_is("deep", "1500", "rootless too");
    nothing_left("are removed too");
}

/* Something of the host's is mounted in the folder that is to be removed. */
static void mount_precious(void *arg)
{
    (void)arg;
    shell("mkdir -p state/overlay/upper/mnt && mount --bind precious state/overlay/upper/mnt");
}

static void test_release_mounts(void)
{
    const struct barrer_pair options[] = {{"layers", box_path("layers/1")}, {NULL, NULL}};
    struct box box = layers_box(box_root("root-precious"), options, "true");

    box.on_host = mount_precious;
    (void)box_run(&box);
    box_has("error: release: remove the upper layer", "release says what it cannot remove");
    ok(access("precious/file", F_OK) == 0, "and never deletes through a mount");
    shell("umount state/overlay/upper/mnt && rm -rf state/overlay");
}

static void test_errors(void)
{
    const struct barrer_pair missing[] = {{"layers", "/no/such/layer"}, {NULL, NULL}};
    char *list = make_layers(MANY + 1);
    const struct barrer_pair many[] = {{"layers", list}, {NULL, NULL}};
    struct box box = layers_box(box_root("root-errors"), missing, "true");

    (void)box_run(&box);
    box_has("error: assemble the root's layers: lower layer \"/no/such/layer\"",
            "a missing layer is named");
    rootless(&box);
    (void)box_run(&box);
    box_has("error: assemble the root's layers: lower layer \"/no/such/layer\"", "rootless too");
    nothing_left("and nothing is left");
    box = layers_box(box.request.root, many, "true");
    (void)box_run(&box);
    box_has("error: assemble the root's layers: 500 beside the bundle's root, at most 499",
            "more layers than the kernel takes are counted");
    free(list);
    box = layers_box("/no/such/root", NULL, "true");
    (void)box_run(&box);
    box_has("error: open the root \"/no/such/root\": No such file", "so is a missing root");
    box.request.root = NULL;
    (void)box_run(&box);
    box_has("error: config.json has no root.path", "and a root that is not set");
}

int main(void)
{
    if (box_setup()) {
        test_many();
        test_user_namespace();
        test_annotation();
        test_upper();
        test_release();
        test_release_mounts();
        test_errors();
    }
    return tap_done();
}
