/* SPDX-License-Identifier: Apache-2.0
 *
 * trace: in a container, try to trace each process that comes into its pid namespace while it is still
 * the runtime's, again and again, until killed. Writes a line when it has begun, and "TRACED EXE" for
 * each one that it got hold of while it executed what is not below "/bin".
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void try_one(pid_t pid)
{
    char path[64], exe[PATH_MAX];
    ssize_t n;

    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    n = readlink(path, exe, sizeof(exe) - 1);
    if (n > 0 && strncmp(exe, "/bin/", 5) != 0)
        (void)dprintf(STDOUT_FILENO, "TRACED %.*s\n", (int)n, exe);
    if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 && waitpid(pid, NULL, __WALL) == pid)
        (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

int main(void)
{
    pid_t next = getpid();

    (void)dprintf(STDOUT_FILENO, "tracing\n");
    /* Process ids are given one after the other: those to come, without the time that /proc takes. */
    for (unsigned round = 0;; round++) {
        for (pid_t pid = next + 1; pid < next + 4; pid++)
            try_one(pid);
        if (round % 64 == 0) {
            DIR *proc = opendir("/proc");

            for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;)
                if (atoi(entry->d_name) > next)
                    next = atoi(entry->d_name);
            (void)closedir(proc);
        }
    }
}
