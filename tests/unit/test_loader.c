/* SPDX-License-Identifier: Apache-2.0
 *
 * The loader against real modules: tests/plugins/bad-*.c are refused with a message of their own,
 * files and folders that others may write are not opened, and what is fine is loaded once.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/process.h>
#include <barrer/util.h>

#include "base/path.h"
#include "plugin/loader.h"
#include "tap.h"

static char top[] = "/tmp/barrer-loader-XXXXXX";

static const char *in_top(const char *name)
{
    static char text[4][PATH_MAX];
    static unsigned i;

    i = (i + 1) % 4;
    (void)snprintf(text[i], sizeof(text[i]), "%s/%s", top, name);
    return text[i];
}

static void write_data(const char *to, const char *data, size_t length, mode_t mode)
{
    barrer_auto_fd int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, length) != (ssize_t)length || fchmod(fd, mode) < 0)
        printf("Bail out! cannot write %s\n", to);
}

static void copy_file(const char *from, const char *to, mode_t mode, size_t limit)
{
    static char data[16 << 20];
    barrer_auto_fd int fd = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));

    if (n < 0)
        printf("Bail out! cannot read %s\n", from);
    else
        write_data(to, data, limit > 0 && limit < (size_t)n ? limit : (size_t)n, mode);
}

static void write_file(const char *to, const char *text)
{
    write_data(to, text, strlen(text), 0644);
}

static struct loader *new_loader(const char *folder)
{
    struct barrer_error err;
    struct loader *loader = NULL;

    if (loader_create(folder, &loader, &err) < 0)
        printf("Bail out! %s\n", err.text);
    return loader;
}

/* FOLDER's MODULE is refused with a text that has all of WORDS, separated by "|". */
static void refuses(const char *folder, const char *module, unsigned kind, const char *words)
{
    struct barrer_error err = {0};
    const struct barrer_plugin *plugin = NULL;
    struct loader *loader = new_loader(folder);
    int r = loader_load(loader, module, kind, &plugin, &err), missing = 0;
    char copy[512], *save = NULL;

    (void)snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save))
        if (strstr(err.text, word) == NULL) {
            printf("# not there: %s\n", word);
            missing++;
        }
    ok(r < 0 && plugin == NULL && missing == 0, "%s: %s", module, err.text);
    loader_destroy(loader);
}

static const struct {
    const char *module, *words;
} bad[] = {
    {"bad_magic", "bad_magic.so\": its descriptor begins with 0x464c457f, wanted: 0x31525242|not a "
                  "barrer plugin"},
    {"bad_size", "bad_size.so\": its descriptor has 40 bytes, wanted: at least|rebuild"},
    {"bad_major", "built for plugin ABI 2.1, this barrer provides 0.1|rebuild"},
    {"bad_minor", "built for plugin ABI 0.7, this barrer provides 0.1|rebuild"},
    {"bad_need", "needs plugin ABI 0.9 or later, this barrer provides 0.1|upgrade barrer"},
    {"bad_kind", "is of kind 77, which this barrer does not know|upgrade barrer"},
    {"bad_flags", "sets flags 0x4, which this barrer does not know"},
    {"bad_reserved", "its member \"reserved\" is 3, wanted: 0"},
    {"bad_name", "calls itself \"area\", wanted: \"bad_name\"|rename"},
    {"bad_symbol", "exports no symbol \"bad_symbol_LTX_barrer\"|BARRER_PLUGIN(bad_symbol)"},
    {"bad_summary", "its summary is missing or not one printable line"},
    {"bad_opener", "has no \"open\""},
    {"bad_ops", "has no table of operations"},
    {"bad_table", "its table of operations has 24 bytes, wanted: at least|rebuild"},
    {"bad_operation", "has no operation \"join\", which a plugin of kind \"resources\" needs"},
    {"bad_key", "its option \"Size\" is no valid key"},
    {"bad_reserved_key", "its option \"module\" is a key that barrer reads itself"},
    {"bad_type", "its option \"size\" is of type \"integer\", wanted: bool"},
    {"bad_default", "default of its option \"size\"|\"much\""},
    {"bad_twice", "declares its option \"size\" twice"},
    {"bad_honours", "an entry of its list \"honours\" is empty or not printable"},
    {"bad_undefined", "bad_undefined.so\": cannot be loaded: undefined symbol: "
                      "cgroup_of_nobody|link what it uses"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        refuses(TEST_PLUGIN_DIR, bad[i].module, BARRER_RESOURCES, bad[i].words);
    refuses(TEST_PLUGIN_DIR, "tally", BARRER_ISOLATION,
            "is a plugin of kind \"resources\", wanted: \"isolation\"|\"resources =\"");
}

static void test_names(void)
{
    static const char *const names[] = {"",       "../tally", "tally.so",
                                        "Tally",  "/tally",   "a-b",
                                        "tal ly", "1tally",   "a_name_of_more_than_32_characters"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        refuses(TEST_PLUGIN_DIR, names[i], 0, "not a module name, wanted:");
}

static void test_good(void)
{
    struct barrer_error err;
    const struct barrer_plugin *plugin = NULL, *again = NULL;
    struct loader *loader = new_loader(TEST_PLUGIN_DIR);

    is_text(loader_folder(loader), TEST_PLUGIN_DIR, "the folder");
    ok(loader_load(loader, "tally", BARRER_RESOURCES, &plugin, &err) == 0 && plugin != NULL,
       "a fine plugin is loaded");
    if (plugin == NULL) {
        printf("# %s\n", err.text);
        return;
    }
    is_text(plugin->name, "tally", "and is the one that was asked for");
    is_text(loader_file(loader, plugin), TEST_PLUGIN_DIR "/tally.so", "its file is known");
    ok(loader_load(loader, "tally", 0, &again, &err) == 0 && again == plugin,
       "a second load is the first one");
    again = NULL;
    ok(loader_load(loader, "tally", BARRER_RUNTIME, &again, &err) < 0 && again == NULL,
       "but not as another kind: %s", err.text);
    ok(loader_load(loader, "marker", BARRER_PROCESS, &again, &err) == 0 && again != plugin,
       "two modules in one loader");
    is_number(loader_check_provider(loader, again, &err), 0, "it could be a provider");
    loader_destroy(loader);
    is_text(plugin->name, "tally", "nothing is unloaded");
    loader = new_loader(TEST_PLUGIN_DIR);
    ok(loader_load(loader, "tally", 0, &again, &err) == 0 && again == plugin,
       "a second loader finds the same");
    loader_destroy(loader);
}

static void test_files(void)
{
    struct barrer_error err;
    const struct barrer_plugin *plugin = NULL;
    struct loader *loader;

    refuses(top, "tally", 0,
            "plugin \"tally\": no file \"tally.so\" in \"/tmp/barrer-loader-|install");
    refuses("/nowhere/at/all", "tally", 0, "no file \"tally.so\" in \"/nowhere/at/all\"");
    write_file(in_top("garbage.so"), "this is no shared object");
    refuses(top, "garbage", 0, "garbage.so\": cannot be loaded: file too short|reinstall");
    copy_file(TEST_PLUGIN_DIR "/tally.so", in_top("cut.so"), 0644, 40);
    refuses(top, "cut", 0, "cut.so\": cannot be loaded: file too short");
    (void)mkdir(in_top("folder.so"), 0755);
    refuses(top, "folder", 0, "folder.so\": cannot be loaded: ");
    copy_file(TEST_PLUGIN_DIR "/tally.so", in_top("renamed.so"), 0644, 0);
    refuses(top, "renamed", 0, "exports no symbol \"renamed_LTX_barrer\"");
    /* What libltdl alone would follow to a file elsewhere. */
    write_file(in_top("archive.la"), "dlname='marker.so'\nlibrary_names='marker.so'\n"
                                     "installed=yes\nlibdir='" TEST_PLUGIN_DIR "'\n");
    refuses(top, "archive", 0, "no file \"archive.so\"");
    (void)setenv("LTDL_LIBRARY_PATH", TEST_PLUGIN_DIR, 1);
    (void)setenv("LD_LIBRARY_PATH", TEST_PLUGIN_DIR, 1);
    refuses(top, "marker", 0, "no file \"marker.so\"");

    copy_file(TEST_PLUGIN_DIR "/marker.so", in_top("marker.so"), 0644, 0);
    (void)chdir("/tmp");
    loader = new_loader(top + strlen("/tmp/"));
    is_text(loader_folder(loader), top, "a relative folder is made absolute");
    ok(loader_load(loader, "marker", 0, &plugin, &err) == 0, "and used");
    is_text(loader_file(loader, plugin), in_top("marker.so"), "the file is the copy");
    loader_destroy(loader);
}

static void test_trust(void)
{
    char untrusted[PATH_MAX];

    copy_file(TEST_PLUGIN_DIR "/tally.so", in_top("tally.so"), 0646, 0);
    refuses(top, "tally", 0,
            "plugin \"tally\": \"/tmp/barrer-loader-|/tally.so\": writable by "
            "everybody (mode 0646)|chmod o-w");
    (void)chmod(in_top("tally.so"), 0664);
    refuses(top, "tally", 0, "tally.so\": writable by its group (mode 0664)|chmod g-w");
    (void)unlink(in_top("tally.so"));
    (void)snprintf(untrusted, sizeof(untrusted), "%s", in_top("open"));
    (void)mkdir(untrusted, 0777);
    (void)chmod(untrusted, 0777);
    copy_file(TEST_PLUGIN_DIR "/tally.so", in_top("open/tally.so"), 0644, 0);
    refuses(untrusted, "tally", 0, "/open\": writable by everybody (mode 0777)|chmod go-w");
    (void)symlink(in_top("open/tally.so"), in_top("tally.so"));
    refuses(top, "tally", 0, "/open\": writable by everybody");
    (void)unlink(in_top("tally.so"));
    copy_file(TEST_PLUGIN_DIR "/tally.so", in_top("tally.so"), 0644, 0);
    if (chown(in_top("tally.so"), 4242, 4242) < 0) {
        skip("foreign owners", "cannot change owners here");
        return;
    }
    refuses(top, "tally", 0, "tally.so\": owned by user 4242, wanted: root|chown root");
}

/* A set-uid copy of this program, started by nobody. */
static int be_secure(void)
{
    struct barrer_error err;
    struct loader *loader = NULL;

    if (!getauxval(AT_SECURE))
        return 77;
    if (loader_create("/tmp/elsewhere", &loader, &err) != -EPERM ||
        strstr(err.text, "set-uid") == NULL)
        return 1;
    if (loader_create(NULL, &loader, &err) < 0)
        return 2;
    loader_destroy(loader);
    return 0;
}

static void test_secure(void)
{
    int status = -1;
    pid_t pid;

    if (geteuid() != 0) {
        skip("set-uid use", "needs root");
        return;
    }
    copy_file("/proc/self/exe", in_top("secure"), 04755, 0);
    pid = fork();
    if (pid == 0) {
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(77);
        (void)execl(in_top("secure"), "secure", "--secure", (char *)NULL);
        _exit(77);
    }
    (void)waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip("set-uid use", "no set-uid programs in /tmp");
    else
        is_number(status, 0, "a set-uid program takes plugins from its own folder only");
}

#ifdef BARRER_BUILTIN_PLUGINS
static void test_builtin(void)
{
    struct barrer_error err = {0};
    const struct barrer_plugin *plugin = NULL;
    struct loader *loader = new_loader(top);

    write_file(in_top("native.so"), "not to be opened");
    ok(loader_load(loader, "native", BARRER_RUNTIME, &plugin, &err) == 0,
       "a built-in plugin comes before a file of its name %s", err.text);
    if (plugin != NULL) {
        is_text(plugin->name, "native", "it is the right one");
        is_text(loader_file(loader, plugin), "(built in)", "it says that it is built in");
    }
    ok(loader_load(loader, "seccomp", BARRER_PROCESS, &plugin, &err) == 0 &&
           strcmp(plugin->name, "seccomp") == 0,
       "another one is told apart from it %s", err.text);
    loader_destroy(loader);
    (void)unlink(in_top("native.so"));
}
#endif

static void remove_top(void)
{
    static const char *const names[] = {"garbage.so", "cut.so",   "renamed.so", "archive.la",
                                        "marker.so",  "tally.so", "secure",     "open/tally.so"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)unlink(in_top(names[i]));
    (void)rmdir(in_top("open"));
    (void)rmdir(in_top("folder.so"));
    (void)rmdir(top);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--secure") == 0)
        return be_secure();
    if (mkdtemp(top) == NULL)
        printf("Bail out! mkdtemp: %s\n", strerror(errno));
    (void)umask(022);
    (void)chmod(top, 0755);
    test_bad();
    test_names();
    test_good();
    if (getuid() == 0 || getuid() == path_trusted_owner()) {
        test_files();
        test_trust();
    } else {
        skip("own files", "this program belongs to somebody else, so they are not trusted");
    }
    test_secure();
#ifdef BARRER_BUILTIN_PLUGINS
    test_builtin();
#endif
    remove_top();
    return tap_done();
}
