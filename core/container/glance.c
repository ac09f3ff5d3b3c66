/* SPDX-License-Identifier: Apache-2.0 */
#include "container/glance.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/line.h"

enum { ID, BUNDLE, CREATED, OWNER, PID, START_TIME, PAUSED_FILE, PAUSED_LINE, N_KEYS };
static const char *const keys[N_KEYS] = {"id",  "bundle",    "created",    "owner",
                                         "pid", "startTime", "pausedFile", "pausedLine"};

/* All whole lines; what is written but once, and long, needs no look. */
static int read_lines(char *text, const char **values)
{
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (line[0] != '{' || strncmp(line, "{\"instances\":", 13) == 0 ||
            strncmp(line, "{\"config\":", 10) == 0)
            continue;
        if (!line_pick(line, N_KEYS, keys, values))
            return 0;
    }
    return 1;
}

int glance(int root_fd, const char *id, struct glance *ret_glance)
{
    const char *values[N_KEYS] = {0};
    struct container_process process;
    char path[300];
    ssize_t n;

    if (snprintf(path, sizeof(path), "%s/state.json", id) >= (int)sizeof(path))
        return 0;
    n = fd_read_once(root_fd, path, ret_glance->text, sizeof(ret_glance->text));
    if (n <= 0 || n == (ssize_t)sizeof(ret_glance->text) - 1 ||
        strlen(ret_glance->text) != (size_t)n || !read_lines(ret_glance->text, values))
        return 0;
    for (size_t i = ID; i <= START_TIME; i++)
        if (i != OWNER && values[i] == NULL)
            return 0;
    process = (struct container_process){(pid_t)strtol(values[PID], NULL, 10),
                                         strtoull(values[START_TIME], NULL, 10),
                                         values[PAUSED_FILE], values[PAUSED_LINE]};
    if (strcmp(values[ID], id) != 0 || process.pid <= 0)
        return 0;
    (void)snprintf(path, sizeof(path), "%s/start", id);
    ret_glance->status = container_process_status(&process, root_fd, path);
    ret_glance->pid = ret_glance->status == CONTAINER_STOPPED ? 0 : process.pid;
    ret_glance->bundle = values[BUNDLE];
    ret_glance->created = values[CREATED];
    ret_glance->owner = values[OWNER] != NULL ? values[OWNER] : "";
    return 1;
}
