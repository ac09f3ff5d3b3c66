/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files are read, in which order, and which are refused.
 */
#include <sys/wait.h>

#include "test_config_support.h"

static const char *folders[3];

static void make_folders(void)
{
    static const char *const names[] = {
        "lib", "etc", "run", "lib/barrer.conf.d", "etc/barrer.conf.d", "run/barrer.conf.d"};
    static char paths[3][PATH_MAX + 64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (mkdir(in_top(names[i]), 0755) < 0)
            abort();
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%s", in_top(names[i]));
        folders[i] = paths[i];
    }
}

/* [plugin a] KEY of the three folders, "(none)", or the messages without the test's folder. */
static void print_value(FILE *out, const char *key)
{
    const struct config_request request = {.folders = folders};
    struct config *config = NULL;
    char *found;

    if (config_load(&request, &config, &error) < 0) {
        while ((found = strstr(error.text, top)) != NULL)
            memmove(found, found + strlen(top) + 1, strlen(found + strlen(top) + 1) + 1);
        (void)fputs(error.text, out);
        return;
    }
    (void)fputs(config_text(config, "plugin a", key, "(none)"), out);
    config_destroy(config);
}

/* The same from a process of its own, as one process does not look at a folder twice. */
static const char *value(const char *key)
{
    static char text[4096];
    int fds[2], status;
    size_t used = 0;
    ssize_t n;
    pid_t pid;

    if (pipe(fds) < 0 || (pid = fork()) < 0)
        abort();
    if (pid == 0) {
        FILE *out = fdopen(fds[1], "w");

        if (out == NULL)
            _exit(1);
        print_value(out, key);
        _exit(fclose(out) == 0 ? 0 : 1);
    }
    (void)close(fds[1]);
    while ((n = read(fds[0], text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    (void)close(fds[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        abort();
    return text;
}

static void test_order(void)
{
    is_text(value("b"), "(none)", "empty folders");
    make_text("lib/barrer.conf", "[plugin a]\nb += 1\n");
    make_text("lib/barrer.conf.d/20-x.conf", "[plugin a]\nb += 2\n");
    make_text("lib/barrer.conf.d/30-y.conf", "[plugin a]\nb += 3\n");
    make_text("etc/barrer.conf", "[plugin a]\nb += 4\n");
    make_text("etc/barrer.conf.d/10-z.conf", "[plugin a]\nb += 5\n");
    make_text("run/barrer.conf", "[plugin a]\nb += 6\n");
    make_text("run/barrer.conf.d/10-a.conf", "[plugin a]\nb += 7\n");
    is_text(value("b"), "1 2 3 4 5 6 7", "folder by folder, barrer.conf first, then by name");
    make_text("etc/barrer.conf.d/20-x.conf", "[plugin a]\nb += 8\n");
    is_text(value("b"), "1 3 4 5 8 6 7", "a file of the same name replaces the earlier one");
    make_text("etc/barrer.conf.d/.hidden.conf", "[plugin a]\nb += 9\n");
    make_text("etc/barrer.conf.d/README", "not INI");
    make_text("etc/barrer.conf.d/50-x.conf.bak", "not INI");
    is_text(value("b"), "1 3 4 5 8 6 7", "other names are not read");
}

static void test_masks(void)
{
    if (symlink("/dev/null", in_top("run/barrer.conf.d/30-y.conf")) < 0)
        abort();
    is_text(value("b"), "1 4 5 8 6 7", "a link to /dev/null masks the file of its name");
    make_text("run/barrer.conf.d/20-x.conf", "");
    is_text(value("b"), "1 4 5 6 7", "so does an empty file");
    (void)unlink(in_top("run/barrer.conf.d/30-y.conf"));
    (void)unlink(in_top("run/barrer.conf.d/20-x.conf"));
    (void)unlink(in_top("etc/barrer.conf"));
    if (symlink("/dev/null", in_top("etc/barrer.conf")) < 0)
        abort();
    is_text(value("b"), "1 3 5 8 6 7", "a barrer.conf that is such a link is empty");
    (void)unlink(in_top("etc/barrer.conf"));
}

static void test_links(void)
{
    make_text("elsewhere", "[plugin a]\nb += e\n");
    if (symlink("../elsewhere", in_top("etc/barrer.conf")) < 0)
        abort();
    is_text(value("b"), "1 3 e 5 8 6 7", "a link to a trusted file is followed");
    if (chmod(in_top("elsewhere"), 0666) < 0)
        abort();
    ok(strstr(value("b"), "\"elsewhere\": writable by everybody") != NULL,
       "not to one that others can write");
    (void)unlink(in_top("elsewhere"));
    ok(strstr(value("b"), "open \"etc/barrer.conf\": No such file or directory") != NULL,
       "a link to nothing is an error");
    (void)unlink(in_top("etc/barrer.conf"));
}

static void test_trust(void)
{
    make_text("etc/barrer.conf", "[plugin a]\nb += t\n");
    if (chmod(in_top("etc/barrer.conf"), 0664) < 0)
        abort();
    ok(strstr(value("b"), "\"etc/barrer.conf\": writable by its group") != NULL,
       "a file that its group can write");
    (void)chmod(in_top("etc/barrer.conf"), 0600);
    is_text(value("b"), "1 3 t 5 8 6 7", "mode 0600 is fine");
    (void)chmod(in_top("etc"), 0777);
    ok(strstr(value("b"), "\"etc\": writable by everybody") != NULL,
       "a file in a folder that everybody can write");
    (void)chmod(in_top("etc"), 0755);
    (void)chmod(in_top("etc/barrer.conf.d"), 0775);
    ok(strstr(value("b"), "\"etc/barrer.conf.d\": writable by its group") != NULL,
       "a drop-in folder that its group can write");
    (void)chmod(in_top("etc/barrer.conf.d"), 0755);
    if (geteuid() != 0 || chown(in_top("etc/barrer.conf"), 12345, 0) < 0) {
        skip("a file of another user", "only root can give a file away");
    } else {
        ok(strstr(value("b"), "\"etc/barrer.conf\": owned by user 12345") != NULL,
           "a file of another user");
    }
    (void)unlink(in_top("etc/barrer.conf"));
}

static void test_strange_files(void)
{
    if (mkfifo(in_top("etc/barrer.conf"), 0644) < 0)
        abort();
    is_text(value("b"), "etc/barrer.conf: not a regular file", "a FIFO does not block");
    (void)unlink(in_top("etc/barrer.conf"));
    if (mkdir(in_top("etc/barrer.conf"), 0755) < 0)
        abort();
    is_text(value("b"), "etc/barrer.conf: not a regular file", "a folder");
    (void)rmdir(in_top("etc/barrer.conf"));
    make_text("etc/barrer.conf.d/n\nl.conf", "");
    is_text(value("b"), "etc/barrer.conf.d: a name with control characters", "a name of two lines");
    (void)unlink(in_top("etc/barrer.conf.d/n\nl.conf"));
    make_text("etc/barrer.conf", "x\n");
    make_text("run/barrer.conf.d/10-a.conf", "[core]\ny = 1\n");
    is_text(value("b"),
            "etc/barrer.conf:1: x: a key before the first [section]\n"
            "run/barrer.conf.d/10-a.conf:2: [core] y: unknown key",
            "errors of all files at once");
}

static void test_one_file(void)
{
    struct config_request request = {.file = in_top("missing.conf"), .folders = folders};
    struct config *config = NULL;

    ok(config_load(&request, &config, &error) < 0 &&
           strstr(error.text, "missing.conf\": No such file") != NULL,
       "--config needs its file");
    make_text("one.conf", "[plugin a]\nb = 1\n");
    request.file = in_top("one.conf");
    ok(config_load(&request, &config, &error) == 0 &&
           strcmp(config_text(config, "plugin a", "b", ""), "1") == 0,
       "and reads it instead of the folders");
    config_destroy(config);
    config = NULL;
    if (chmod(in_top("one.conf"), 0666) < 0)
        abort();
    ok(config_load(&request, &config, &error) < 0, "it has to be trusted, too");
}

static void test_absent(void)
{
    static const char *const absent[] = {"/nonexistent/a", "/nonexistent/b", "/nonexistent/c"};
    const struct config_request request = {.folders = absent};
    struct config *config = NULL;

    ok(config_load(&request, &config, &error) == 0 &&
           strcmp(config_text(config, "flow container", "runtime", ""), "clrhost native") == 0,
       "without any file there are the defaults");
    config_destroy(config);
}

int main(void)
{
    (void)umask(022);
    make_folders();
    test_order();
    test_masks();
    test_links();
    test_trust();
    test_strange_files();
    test_one_file();
    test_absent();
    remove_top();
    return tap_done();
}
