/* SPDX-License-Identifier: Apache-2.0
 *
 * A process plugin that goes wrong: in the stage and in the way that the name of the container or
 * service tells, "prepare-segv", "drop-hang". Others it leaves alone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/process.h>
#include <barrer/util.h>

static int go_wrong(const struct barrer_host *host, const char *id, const char *stage,
                    struct barrer_error *err)
{
    size_t length = strlen(stage);
    const char *how = id + length + 1;

    if (strncmp(id, stage, length) != 0 || id[length] != '-')
        return 0;
    if (strcmp(how, "segv") == 0)
        (void)raise(SIGSEGV);
    if (strcmp(how, "abort") == 0)
        abort();
    while (strcmp(how, "hang") == 0)
        (void)pause();
    if (strcmp(how, "exit") == 0)
        _exit(3);
    return barrer_fail(host, err, EIO, "go wrong in %s", stage);
}

static int faulty_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)err;
    *ret_self = (void *)(size_t)host;
    return 0;
}

static void faulty_close(void *self)
{
    (void)self;
}

static int faulty_prepare(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    return go_wrong((const struct barrer_host *)self, request->id, "prepare", err);
}

static int faulty_attach(void *self, const struct barrer_process_request *request,
                         const struct barrer_target *target, struct barrer_error *err)
{
    (void)target;
    return go_wrong((const struct barrer_host *)self, request->id, "attach", err);
}

static int faulty_confine(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    return go_wrong((const struct barrer_host *)self, request->id, "confine", err);
}

static int faulty_drop(void *self, const struct barrer_process_request *request,
                       struct barrer_error *err)
{
    return go_wrong((const struct barrer_host *)self, request->id, "drop", err);
}

static const struct barrer_process_ops faulty_ops = {
    .size = sizeof(struct barrer_process_ops),
    .probe = NULL,
    .prepare = faulty_prepare,
    .attach = faulty_attach,
    .confine = faulty_confine,
    .drop = faulty_drop,
    .release = NULL,
};

BARRER_PLUGIN(faulty) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_PROCESS,
    .flags = 0,
    .reserved = 0,
    .name = "faulty",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .options = NULL,
    .honours = NULL,
    .annotations = NULL,
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
