/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "oci/spec.h"

static const struct option table[] = {{"bundle", required_argument, NULL, 'b'},
                                      {"file", required_argument, NULL, 'f'},
                                      {"rootless", no_argument, NULL, 'r'},
                                      {0}};

/* Never over an existing file. */
static int write_spec(const char *bundle, const char *file, struct json_object *json,
                      struct barrer_error *err)
{
    const char *text = json_object_to_json_string_ext(
        json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    barrer_auto_fd int folder_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
    barrer_auto_fd int fd = -1;
    int r;

    if (folder_fd < 0)
        return error_fail(err, errno, "open bundle \"%s\"", bundle);
    fd = openat(folder_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_fail(err, errno, "create \"%s/%s\"", bundle, file);
    r = fd_write_all(fd, text, strlen(text));
    if (r == 0)
        r = fd_write_all(fd, "\n", 1);
    return r < 0 ? error_fail(err, -r, "write \"%s/%s\"", bundle, file) : 0;
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    const char *bundle = ".", *file = "config.json";
    int c, r, is_rootless = 0;
    struct json_object *json;

    (void)cli;
    while ((c = cli_option(argc, argv, "b:f:", table, err)) != -1) {
        if (c == '?')
            return -EINVAL;
        if (c == 'b')
            bundle = optarg;
        else if (c == 'f')
            file = optarg;
        else
            is_rootless = 1;
    }
    if (optind < argc)
        return error_fail(err, 0, "spec: expected no operand, got \"%s\"", argv[optind]);
    json = oci_spec_default(is_rootless);
    if (json == NULL)
        return error_fail(err, ENOMEM, "make a configuration");
    r = write_spec(bundle, file, json, err);
    json_object_put(json);
    return r;
}

const struct cli_verb verb_spec = {
    "spec", "[OPTIONS]", "Write a config.json to start from",
    "Options:\n"
    "  -b, --bundle DIR           where (default: the working directory)\n"
    "  -f, --file NAME            the file's name (default: config.json)\n"
    "      --rootless             for a caller who is not root\n",
    run};
