/* SPDX-License-Identifier: Apache-2.0
 *
 * "barrer-config check --boot": what barrer-init would say of a boot configuration, without
 * booting it, and whether what it executes is in the root that it is for.
 */
#include "cli/barrer_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/path.h"
#include "boot/table.h"
#include "boot/words.h"

/* Where a name without a slash is looked for; barrer-boot.conf(5) has the same list. */
static const char *const search_folders[] = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                                             "/usr/bin/",        "/sbin/",          "/bin/"};

/* A regular file of the root; an assembly needs no execute bit. */
static int is_payload(int root_fd, const char *path)
{
    size_t length = strlen(path);
    int is_assembly = length > 4 && strcmp(path + length - 4, ".dll") == 0;
    barrer_auto_fd int fd = path_open_in_root(root_fd, path, O_PATH | O_CLOEXEC, 0);
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (is_assembly || st.st_mode & 0111);
}

static int is_in_root(int root_fd, const char *name)
{
    char path[512];

    if (strchr(name, '/') != NULL)
        return is_payload(root_fd, name);
    for (size_t i = 0; i < sizeof(search_folders) / sizeof(*search_folders); i++) {
        int length = snprintf(path, sizeof(path), "%s%s", search_folders[i], name);

        if (length < (int)sizeof(path) && is_payload(root_fd, path))
            return 1;
    }
    return 0;
}

/* The number of messages: 0 or 1. */
static unsigned check_command(const struct tool *tool, int root_fd,
                              const struct config_value *value)
{
    char text[1024], message[1536], *words[64];

    /* Those that cannot be split were complained about. */
    (void)snprintf(text, sizeof(text), "%s", value->value);
    if (words_split(text, words, sizeof(words) / sizeof(*words)) < 1 ||
        is_in_root(root_fd, words[0]))
        return 0;
    (void)snprintf(message, sizeof(message),
                   "%s:%u: [%s] %s: \"%s\" is no program in %s (correct the name, or add the file)",
                   value->file, value->line, value->section, value->key, words[0],
                   tool->root != NULL ? tool->root : "/");
    tool_complain(tool, message);
    return 1;
}

static int is_command(const struct config_value *value)
{
    static const char *const keys[] = {"exec", "stop-exec", "reload-exec"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (strncmp(value->section, "service ", 8) == 0 && strcmp(value->key, keys[i]) == 0)
            return 1;
    return strcmp(value->section, "flow boot") == 0 && strcmp(value->key, "rescue") == 0;
}

/* A service with a root of its own is looked up by the one who makes that. */
static int has_own_root(const struct config *config, const struct config_value *value)
{
    return config_text(config, value->section, "root", NULL) != NULL &&
           strncmp(value->section, "service ", 8) == 0;
}

static unsigned check_commands(const struct tool *tool, const struct config *config)
{
    const char *root = tool->root != NULL ? tool->root : "/";
    barrer_auto_fd int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct config_value *value;
    unsigned errors = 0;
    char message[512];

    if (root_fd < 0) {
        (void)snprintf(message, sizeof(message), "open the root \"%s\": %s", root,
                       strerror(errno));
        tool_complain(tool, message);
        return 1;
    }
    for (size_t i = 0; (value = config_at(config, i)) != NULL; i++)
        if (is_command(value) && value->line > 0 && !has_own_root(config, value))
            errors += check_command(tool, root_fd, value);
    return errors;
}

/* The number of services that the table has, or -1 after its errors. */
static int check_table(const struct tool *tool, const struct config *config)
{
    struct boot_plan *plan = calloc(1, sizeof(*plan));
    struct barrer_error err;
    int n = 0;

    if (plan == NULL) {
        tool_complain(tool, "read the boot configuration: out of memory");
        n = -1;
    } else if (table_compile(config, NULL, 0, plan, &err) < 0) {
        tool_complain(tool, err.text);
        n = -1;
    }
    for (int i = 0; n >= 0 && i < plan->n_rows; i++)
        n += plan->rows[i].name[0] != '\0';
    free(plan);
    return n;
}

static int load_boot(const struct tool *tool, struct config **ret_config)
{
    const char *root = tool->root != NULL ? tool->root : "";
    char shipped[4096], own[4096];
    const char *const folders[] = {shipped, own, NULL};
    struct config_request request = tool->request;
    struct barrer_error err;

    if (snprintf(shipped, sizeof(shipped), "%s" BOOT_LIB_DIR, root) >= (int)sizeof(shipped) ||
        snprintf(own, sizeof(own), "%s" BOOT_CONF_DIR, root) >= (int)sizeof(own)) {
        tool_complain(tool, "the name of the root is too long");
        return -1;
    }
    request.name = "boot";
    request.folders = folders;
    if (config_load(&request, ret_config, &err) == 0)
        return 0;
    tool_complain(tool, err.text);
    return -1;
}

int tool_check_boot(const struct tool *tool)
{
    struct config *config = NULL;
    unsigned errors = 1;
    int n = load_boot(tool, &config) == 0 ? check_table(tool, config) : -1;

    if (n >= 0)
        errors = check_commands(tool, config);
    if (errors == 0)
        printf("no errors; %d services checked\n", n);
    config_destroy(config);
    return errors == 0 ? TOOL_OK : TOOL_ERRORS;
}
