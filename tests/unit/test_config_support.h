/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of core/config: files in a folder of their own, and a configuration read from text.
 */
#ifndef TESTS_UNIT_TEST_CONFIG_SUPPORT_H
#define TESTS_UNIT_TEST_CONFIG_SUPPORT_H

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "tap.h"

static char top[PATH_MAX] = "";
static struct barrer_error error;

/* A path below the test's folder, in one of a few static buffers. */
__attribute__((unused)) static const char *in_top(const char *name)
{
    static char text[8][PATH_MAX + 64];
    static unsigned i;

    if (top[0] == '\0') {
        const char *folder = getenv("TMPDIR");

        (void)snprintf(top, sizeof(top), "%s/barrer-config-XXXXXX", folder ? folder : "/tmp");
        if (mkdtemp(top) == NULL)
            abort();
    }
    i = (i + 1) % 8;
    (void)snprintf(text[i], sizeof(text[i]), "%s/%s", top, name);
    return text[i];
}

__attribute__((unused)) static void make_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(in_top(name), "we");

    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
    if (chmod(in_top(name), 0644) < 0)
        abort();
}

__attribute__((unused)) static void make_text(const char *name, const char *text)
{
    make_bytes(name, text, strlen(text));
}

__attribute__((unused)) static void remove_top(void)
{
    char command[PATH_MAX + 32];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
    if (top[0] != '\0' && system(command) != 0)
        printf("# \"%s\" is left behind\n", top);
}

/* Read bytes as the file "t.conf"; NULL with the messages in `error`. The folder's name is cut from
 * the messages. */
__attribute__((unused)) static struct config *load_bytes(const char *bytes, size_t length,
                                                         const char *const *sets)
{
    const struct config_request request = {.file = in_top("t.conf"), .sets = sets};
    struct config *config = NULL;
    char *found;

    make_bytes("t.conf", bytes, length);
    error.text[0] = '\0';
    if (config_load(&request, &config, &error) >= 0)
        return config;
    while ((found = strstr(error.text, top)) != NULL)
        memmove(found, found + strlen(top) + 1, strlen(found + strlen(top) + 1) + 1);
    return NULL;
}

__attribute__((unused)) static struct config *load_text(const char *text)
{
    return load_bytes(text, strlen(text), NULL);
}

/* The messages that TEXT gives, "" for none. */
__attribute__((unused)) static const char *messages(const char *text)
{
    config_destroy(load_text(text));
    return error.text;
}

#endif
