/* SPDX-License-Identifier: Apache-2.0
 *
 * A runtime that is damaged crashes while it starts, or gives up with abort(3): a sentence and a
 * status of ours then, as for all else that keeps a runtime from starting. Once the application is
 * loaded a crash is its own affair.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

static const struct launch *guarded;

/* The kernel lists what is mapped, the application's file among it from when it is loaded. */
static int is_loaded(const char *path)
{
    static char text[1 << 16];
    size_t length = strlen(path), kept = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    while (fd >= 0 && (n = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
        kept += (size_t)n;
        text[kept] = '\0';
        if (strstr(text, path) != NULL)
            return 1;
        /* A name may go on in the next piece. */
        if (kept > length) {
            memmove(text, text + kept - length, length);
            kept = length;
        }
    }
    return fd < 0;
}

/* .NET has handlers of its own, which call this one and then do what they do about a crash. */
static void handle_crash(int number)
{
    if (is_loaded(guarded->path)) {
        (void)signal(number, SIG_DFL);
        return;
    }
    launch_fail_now(
        LAUNCH_CANNOT_START,
        "start .NET for \"%s\": the runtime ended itself by signal %d (%s) while it was "
        "initialised: %s (install it again)",
        guarded->app, number, sigdescr_np(number), launch_quoted());
}

void launch_guard(const struct launch *launch)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

    guarded = launch;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        (void)signal(signals[i], handle_crash);
}
