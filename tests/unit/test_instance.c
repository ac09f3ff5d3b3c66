/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core lends to an instance: options, annotations that both sides allow, facts,
 * descriptors, procfs, user namespaces and programs; and what it refuses inside the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/resources.h>
#include <barrer/util.h>

#include "base/log.h"
#include "config/config.h"
#include "plugin/instance.h"
#include "plugin/loader.h"
#include "tap.h"

static int closed;

static int open_sample(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    const char *fail = host->option(host, "fail");

    if (fail != NULL)
        return barrer_fail(host, err, atoi(fail), "find \"%s\"", "it");
    *ret_self = (void *)(uintptr_t)host;
    return 0;
}

static int open_silently(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)host;
    (void)ret_self;
    (void)err;
    return -EIO;
}

static void close_sample(void *self)
{
    closed += self != NULL;
}

static const char *const annotations[] = {"org.example.a", "org.example.b", NULL};
static const char *const honours[] = {"linux.resources.pids.limit", "linux.namespaces.type=time",
                                      NULL};

static const struct barrer_plugin sample = {
    BARRER_PLUGIN_HEAD,         .kind = BARRER_RESOURCES, .name = "sample",      .honours = honours,
    .annotations = annotations, .open = open_sample,      .close = close_sample,
};

static struct barrer_pair *options(const char *key, const char *value)
{
    struct barrer_pair *pairs = calloc(2, sizeof(*pairs));

    if (pairs != NULL)
        pairs[0] = (struct barrer_pair){strdup(key), strdup(value)};
    return pairs;
}

static char **words(const char *text)
{
    char **list = NULL;

    (void)config_split(text, &list, NULL);
    return list;
}

/* --- a state file that remembers one fact --- */

static char fact[256];

static int put_fact(void *arg, const char *instance, const char *name, const char *value,
                    struct barrer_error *err)
{
    (void)arg;
    (void)err;
    (void)snprintf(fact, sizeof(fact), "%s/%s=%s", instance, name, value);
    return 0;
}

static const char *get_fact(void *arg, const char *instance, const char *name)
{
    char wanted[128];
    size_t n;

    (void)arg;
    n = (size_t)snprintf(wanted, sizeof(wanted), "%s/%s=", instance, name);
    return strncmp(fact, wanted, n) == 0 ? fact + n : NULL;
}

static void test_open(struct host_context *context)
{
    struct barrer_plugin silent = sample;
    struct instance *instance = NULL;
    struct barrer_error err = {0};

    ok(instance_open(&sample, "one", options("size", "5"), NULL, context, &instance, &err) == 0 &&
           instance != NULL,
       "an instance is opened");
    is_text(instance->name, "one", "with its name");
    is_text(instance->module, "sample", "and its module's");
    is_text(instance->host.option(&instance->host, "size"), "5", "an option");
    ok(instance->host.option(&instance->host, "none") == NULL, "an option that is not set");
    ok(instance_honours(instance, "linux.resources.pids.limit") &&
           instance_honours(instance, "linux.namespaces.type=time") &&
           !instance_honours(instance, "linux.namespaces.type") &&
           !instance_honours(instance, "linux.resources.pids"),
       "what it honours");
    instance_close(instance);
    is_number(closed, 1, "close is called with what open returned");
    instance_close(NULL);

    instance = NULL;
    is_number(instance_open(&sample, "two", options("fail", "19"), words("a b"), context, &instance,
                            &err),
              -ENODEV, "a plugin that fails in open");
    is_text(err.text, "plugin \"two\": find \"it\": No such device", "says why");
    is_number(instance_open(&sample, "two", options("fail", "0"), NULL, context, &instance, &err),
              -EIO, "error number 0 is EIO");
    is_text(err.text, "plugin \"two\": find \"it\"", "without a text for it");
    ok(instance == NULL && closed == 1, "there is no instance, and nothing to close");
    silent.open = open_silently;
    is_number(instance_open(&silent, "two", NULL, NULL, context, &instance, &err), -EIO,
              "a plugin that does not say why");
    is_text(err.text, "plugin \"two\": open failed and did not say why: Input/output error",
            "is said to be silent");
}

static void test_annotations(struct host_context *context)
{
    static const struct barrer_pair set[] = {
        {"org.example.a", "1"}, {"org.example.b", "2"}, {"org.example.c", "3"}, {NULL, NULL}};
    struct instance *instance = NULL, *other = NULL;
    struct barrer_error err;

    context->annotations = set;
    (void)instance_open(&sample, "one", NULL, words("org.example.a org.example.c"), context,
                        &instance, &err);
    (void)instance_open(&sample, "two", NULL, NULL, context, &other, &err);
    is_text(instance->host.annotation(&instance->host, "org.example.a"), "1",
            "an annotation that plugin and operator name");
    ok(instance->host.annotation(&instance->host, "org.example.b") == NULL,
       "not one that the operator does not name");
    ok(instance->host.annotation(&instance->host, "org.example.c") == NULL,
       "not one that the plugin does not declare");
    ok(other->host.annotation(&other->host, "org.example.a") == NULL,
       "none where the operator names none");
    instance_close(instance);
    instance_close(other);
}

static void test_facts_and_fds(struct host_context *context)
{
    struct instance *one = NULL, *two = NULL;
    struct barrer_error err;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), again;

    (void)instance_open(&sample, "one", NULL, NULL, context, &one, &err);
    (void)instance_open(&sample, "two", NULL, NULL, context, &two, &err);
    is_number(one->host.put_fact(&one->host, "path", "/x", &err), -EPERM,
              "no fact where nothing keeps it");
    ok(one->host.get_fact(&one->host, "path") == NULL, "nor is there one");
    context->put_fact = put_fact;
    context->get_fact = get_fact;
    is_number(one->host.put_fact(&one->host, "path", "/x", &err), 0, "a fact is recorded");
    is_text(one->host.get_fact(&one->host, "path"), "/x", "and read back");
    ok(two->host.get_fact(&two->host, "path") == NULL, "by its own instance only");

    is_number(one->host.put_fd(&one->host, "null", fd, &err), 0, "a descriptor is handed over");
    is_number(two->host.get_fd(&two->host, "null"), fd, "and lent to another instance");
    is_number(two->host.get_fd(&two->host, "zero"), -ENOENT, "one that is not there");
    again = dup(fd);
    is_number(one->host.put_fd(&one->host, "null", again, &err), -EEXIST, "the name is taken");
    ok(fcntl(again, F_GETFD) < 0, "the refused descriptor is closed");

    context->in_child = 1;
    again = dup(fd);
    is_number(one->host.put_fd(&one->host, "late", again, &err), -EPERM,
              "in the container no descriptor is handed over");
    ok(fcntl(again, F_GETFD) < 0, "it is closed as well");
    is_number(one->host.put_fact(&one->host, "path", "/y", &err), -EPERM,
              "in the container no fact is recorded");
    is_text(err.text,
            "plugin \"one\": a fact cannot be recorded inside the container: Operation not "
            "permitted",
            "the message");
    is_number(one->host.run_program(&one->host, (const char *const[]){"/bin/true", NULL}, &err),
              -EPERM, "in the container no program is run");
    is_number(one->host.open_userns(&one->host, NULL, 0, NULL, 0, &err), -EPERM,
              "in the container no user namespace is made");
    is_text(one->host.get_fact(&one->host, "path"), "/x", "but facts can be read");
    context->in_child = 0;
    instance_close(one);
    instance_close(two);
}

static void test_paths(struct host_context *context)
{
    struct instance *instance = NULL;
    struct barrer_error err;
    char text[64] = "";
    int fd, root_fd = open("/", O_PATH | O_CLOEXEC);

    (void)instance_open(&sample, "one", NULL, NULL, context, &instance, &err);
    fd = instance->host.open_proc(&instance->host, "self/comm", O_RDONLY, &err);
    ok(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, "test_instance", 13) == 0,
       "a file of procfs");
    barrer_close_fd(&fd);
    ok(context->proc_fd >= 0, "procfs is kept open");
    is_number(instance->host.open_proc(&instance->host, "self/exe", O_RDONLY, &err), -ELOOP,
              "a magic link is refused");
    ok(strstr(err.text, "open \"/proc/self/exe\" (something is mounted over it") != NULL, "%s",
       err.text);
    fd = instance->host.open_in_root(&instance->host, root_fd, "../../etc", O_PATH, 0, &err);
    ok(fd >= 0, "a path in a root");
    barrer_close_fd(&fd);
    is_number(instance->host.open_in_root(&instance->host, root_fd, "none", O_PATH, 0, &err),
              -ENOENT, "a path that is not there");
    is_text(err.text, "open \"none\" in the container's root: No such file or directory",
            "the message");
    (void)close(root_fd);
    instance_close(instance);
}

/* The number of the process's descriptors: what a service leaves behind is seen. */
static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* A child that enters the namespace sees its own uid through the map. */
static long long uid_inside(int fd)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (setns(fd, CLONE_NEWUSER) < 0)
            _exit(99);
        _exit((int)getuid());
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_userns(struct host_context *context)
{
    struct barrer_id_map map = {.container_id = 7, .host_id = getuid(), .count = 1};
    struct barrer_id_map bad = {.container_id = 7, .host_id = getuid(), .count = 0};
    struct instance *instance = NULL;
    struct barrer_error err;
    int fd, before;

    (void)instance_open(&sample, "one", NULL, NULL, context, &instance, &err);
    before = count_fds();
    fd = instance->host.open_userns(&instance->host, &map, 1, &map, 1, &err);
    if (fd < 0) {
        skip("a user namespace", err.text);
        instance_close(instance);
        return;
    }
    is_number(ioctl(fd, NS_GET_NSTYPE), CLONE_NEWUSER, "a user namespace is made");
    is_number(uid_inside(fd), 7, "with its map");
    ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "the descriptor is close-on-exec");
    barrer_close_fd(&fd);
    fd = instance->host.open_userns(&instance->host, &bad, 1, &map, 1, &err);
    ok(fd < 0 && strstr(err.text, "uid_map") != NULL, "a wrong map: %s", err.text);
    is_number(instance->host.open_userns(&instance->host, &map, 0, &map, 1, &err), -EINVAL,
              "no map at all");
    is_number(count_fds(), before, "no descriptor is left");
    ok(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD, "no process is left");
    instance_close(instance);
}

static int run(struct instance *instance, const char *script, struct barrer_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    err->text[0] = '\0';
    return instance->host.run_program(&instance->host, argv, err);
}

static void test_programs(struct host_context *context)
{
    const char *const relative[] = {"sh", NULL}, *const missing[] = {"/nowhere/tool", NULL};
    struct instance *instance = NULL;
    struct barrer_error err;
    int before, leaked = dup(0);

    (void)instance_open(&sample, "one", NULL, NULL, context, &instance, &err);
    before = count_fds();
    is_number(run(instance, "exit 0", &err), 0, "a program that succeeds");
    is_number(run(instance, "echo 'newuidmap: not so' >&2; echo '  twice.' >&2; exit 3", &err), 3,
              "its exit status");
    is_text(err.text, "\"/bin/sh\" exited with status 3: newuidmap: not so   twice",
            "and what it said, as one line");
    is_number(run(instance, "kill -9 $$", &err), 128 + 9, "a program that a signal ends");
    is_number(run(instance, "head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1", &err), 1,
              "one that says too much");
    is_number(run(instance, "test \"$LC_ALL\" = C && test -z \"$HOME$BARRER_TEST\"", &err), 0,
              "the environment is the core's own");
    is_number(
        run(instance, "for i in 3 4 5 6 7 8 9; do test ! -e /proc/$$/fd/$i || exit $i; done", &err),
        0, "no descriptor is passed on");
    is_number(instance->host.run_program(&instance->host, relative, &err), -EINVAL,
              "a relative path");
    is_number(instance->host.run_program(&instance->host, missing, &err), -ENOENT,
              "a program that is not there");
    is_text(err.text, "run \"/nowhere/tool\": No such file or directory", "the message");
    is_number(count_fds(), before, "no descriptor is left");
    (void)close(leaked);
    instance_close(instance);
}

static void test_signals(struct host_context *context)
{
    struct instance *instance = NULL;
    struct barrer_error err;
    sigset_t block;

    (void)instance_open(&sample, "one", NULL, NULL, context, &instance, &err);
    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &block, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    is_number(run(instance, "kill -TERM $$; exit 0", &err), 128 + SIGTERM,
              "a blocked signal is not blocked in it");
    is_number(run(instance, "kill -HUP $$; exit 0", &err), 128 + SIGHUP,
              "an ignored signal is not ignored in it");
    instance_close(instance);
}

static void test_log(struct host_context *context)
{
    char path[] = "/tmp/barrer-log-XXXXXX", text[256] = "";
    struct instance *instance = NULL;
    struct barrer_error err;
    int fd = mkstemp(path);

    (void)instance_open(&sample, "one", NULL, NULL, context, &instance, &err);
    (void)log_open(path, LOG_FORMAT_TEXT, BARRER_LOG_NOTICE, &err);
    barrer_log(&instance->host, BARRER_LOG_DEBUG, "not this");
    barrer_log(&instance->host, BARRER_LOG_NOTICE, "found %d", 5);
    log_close();
    ok(read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "one: found 5") != NULL &&
           strstr(text, "not this") == NULL,
       "a message carries the instance's name");
    (void)close(fd);
    (void)unlink(path);
    instance_close(instance);
}

/* The two modules of tests/plugins whose open fails. */
static void test_modules(struct host_context *context)
{
    struct instance *instance = NULL;
    const struct barrer_plugin *plugin = NULL;
    struct loader *loader = NULL;
    struct barrer_error err;

    (void)loader_create(TEST_PLUGIN_DIR, &loader, &err);
    if (ok(loader_load(loader, "bad_open", BARRER_RESOURCES, &plugin, &err) == 0, "bad_open")) {
        is_number(instance_open(plugin, "first", NULL, NULL, context, &instance, &err), -ENODEV,
                  "fails in open");
        is_text(err.text, "plugin \"first\": find \"/dev/abacus\" for the plugin: No such device",
                "and says why");
    }
    if (ok(loader_load(loader, "bad_silent", BARRER_RESOURCES, &plugin, &err) == 0, "bad_silent"))
        is_number(instance_open(plugin, "first", NULL, NULL, context, &instance, &err), -EIO,
                  "fails without a word");
    loader_destroy(loader);
}

int main(void)
{
    struct host_context context;

    (void)setenv("BARRER_TEST", "yes", 1);
    host_context_init(&context);
    test_open(&context);
    test_annotations(&context);
    test_facts_and_fds(&context);
    test_paths(&context);
    test_userns(&context);
    test_programs(&context);
    test_signals(&context);
    test_log(&context);
    test_modules(&context);
    host_context_fini(&context);
    ok(context.proc_fd == -1 && context.n_fds == 0, "the context lets go of its descriptors");
    return tap_done();
}
