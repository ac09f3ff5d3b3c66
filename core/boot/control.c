/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "boot/faults.h"
#include "boot/mounts.h"
#include "boot/output.h"
#include "boot/reader.h"
#include "boot/service_process.h"
#include "boot/tune.h"

#define TO_INIT (-2)
#define LAST_GOOD "last-good"

enum control_request {
    REQUEST_NONE,
    REQUEST_STATUS,
    REQUEST_CHART,
    REQUEST_PLAN,
    REQUEST_LOGS,
    REQUEST_WAIT, /* STATUS, once the service is in no state that passes by itself */
};

static const char *const machine_state_names[] = {"booting", "running", "degraded", "rescue",
                                                  "stopping"};

static int open_socket(const char *path, int type, mode_t mode, struct barrer_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, mode) < 0 ||
        (type == SOCK_DGRAM ? setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one))
                            : listen(fd, 16)) < 0) {
        int saved = errno;

        if (fd >= 0)
            (void)close(fd);
        return error_fail(err, saved, "open the socket \"%s\"", path);
    }
    return fd;
}

int control_open(struct machine *machine, struct barrer_error *err)
{
    int r = 0;

    if (machine->control_fd < 0) {
        r = open_socket(BARRER_RUN_DIR "/control", SOCK_SEQPACKET, 0600, err);
        machine->control_fd = r < 0 ? -1 : r;
    }
    if (r >= 0 && machine->notify_fd < 0) {
        r = open_socket(BARRER_RUN_DIR "/notify", SOCK_DGRAM, 0666, err);
        machine->notify_fd = r < 0 ? -1 : r;
    }
    return r < 0 ? r : 0;
}

static void close_client(struct client *client)
{
    (void)close(client->fd);
    memset(client, 0, sizeof(*client));
    client->fd = -1;
}

void control_recover(struct machine *machine)
{
    for (int i = 0; i < MACHINE_CLIENTS; i++) {
        struct client *client = &machine->clients[i];

        if (client->fd >= 0 && client->request == REQUEST_NONE &&
            (machine->job.pid == 0 || machine->job.client != i))
            close_client(client);
    }
}

/* Root, or who runs the test. */
static int is_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

void control_accept(struct supervisor *s)
{
    int fd = accept4(s->machine->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    for (int i = 0; i < MACHINE_CLIENTS && is_allowed(fd); i++) {
        if (s->machine->clients[i].fd >= 0)
            continue;
        memset(&s->machine->clients[i], 0, sizeof(s->machine->clients[i]));
        s->machine->clients[i].fd = fd;
        return;
    }
    (void)close(fd);
}

/* --- answers ---------------------------------------------------------------------------------------- */

/* Where an answer goes: a client's place, or the init service. */
struct peer {
    struct supervisor *s;
    int client; /* or TO_INIT */
    char id[33];
};

static int peer_fd(const struct peer *peer)
{
    int init = supervisor_init_unit(peer->s);

    if (peer->client != TO_INIT)
        return peer->client >= 0 ? peer->s->machine->clients[peer->client].fd : -1;
    return init != MACHINE_NONE ? peer->s->machine->units[init].socket_fd : -1;
}

static void start(struct message *message, const char *name, const char *id)
{
    message_start(message, name);
    if (id[0] != '\0')
        message_put(message, "ID", "%s", id);
}

static void answer(const struct peer *peer, const char *name, const char *text)
{
    struct message message;

    if (peer_fd(peer) < 0)
        return;
    start(&message, name, peer->id);
    if (text != NULL)
        message_put(&message, "TEXT", "%s", text);
    (void)message_send(peer_fd(peer), &message, -1);
}

static void describe_system(const struct supervisor *s, const char *id, struct message *message)
{
    struct machine *machine = s->machine;

    start(message, "SYSTEM", id);
    message_put(message, "STATE", "%s", machine_state_names[machine->state]);
    message_put(message, "VERSION", "%s", PACKAGE_VERSION);
    message_put(message, "FAULTS", "%u", machine->faults);
    message_put(message, "PLAN", "%s", machine_plan(machine)->source);
    message_put(message, "LOST", "%u", machine->lost);
    message_put(message, "UPTIME_US", "%llu", (unsigned long long)machine_now_us());
    message_put(message, "BOOT_US", "%llu", (unsigned long long)machine->boot_at * 1000);
}

static void describe_phase(const struct phase *phase, const char *id, struct message *message)
{
    start(message, "PHASE", id);
    message_put(message, "NAME", "%s", phase->name);
    message_put(message, "START_US", "%llu", (unsigned long long)phase->start);
    message_put(message, "END_US", "%llu", (unsigned long long)phase->end);
    message_put(message, "RESULT", "%d", phase->result);
}

/* The next packet of a client's answer: 1; 0: nothing now; -1: it was the last, END. */
static int next_packet(struct supervisor *s, struct client *client, struct message *message)
{
    struct machine *machine = s->machine;
    const struct boot_plan *plan = machine_plan(machine);
    char name[MACHINE_NAME], line[512];

    if (client->request == REQUEST_LOGS) {
        while (output_next(machine, &client->offset, name, line, sizeof(line))) {
            if (client->service != MACHINE_NONE &&
                strcmp(name, machine->units[client->service].name) != 0)
                continue;
            start(message, "LOG", client->id);
            message_put(message, "NAME", "%s", name);
            message_put(message, "LINE", "%s", line);
            return 1;
        }
        return client->is_following ? 0 : -1;
    }
    if (client->request == REQUEST_PLAN) {
        if (client->offset >= plan->length)
            return -1;
        message_start(message, "TEXT");
        client->offset +=
            message_put_text(message, plan->text + client->offset, plan->length - client->offset);
        return 1;
    }
    if (client->request == REQUEST_CHART && client->step < machine->n_phases) {
        describe_phase(&machine->phases[client->step++], client->id, message);
        return 1;
    }
    if (client->step < MACHINE_PHASES)
        client->step = MACHINE_PHASES;
    for (; client->step < MACHINE_PHASES + (uint32_t)machine->n_units; client->step++) {
        int i = (int)client->step - MACHINE_PHASES;

        if (machine->units[i].name[0] == '\0' ||
            (client->service != MACHINE_NONE && client->service != i))
            continue;
        supervisor_describe(s, i, client->id, message);
        client->step++;
        return 1;
    }
    if (client->step == MACHINE_PHASES + (uint32_t)machine->n_units) {
        client->step++;
        describe_system(s, client->id, message);
        return 1;
    }
    return -1;
}

static int is_passing(const struct unit *unit)
{
    return unit->state == SERVICE_WAITING || unit->state == SERVICE_STARTING ||
           unit->state == SERVICE_STOPPING || unit->state == SERVICE_BACKOFF;
}

int control_wants_write(const struct supervisor *s, int client)
{
    const struct client *c = &s->machine->clients[client];

    if (c->request == REQUEST_WAIT && c->service != MACHINE_NONE &&
        is_passing(&s->machine->units[c->service]))
        return 0;
    return c->request != REQUEST_NONE && !(c->request == REQUEST_LOGS && c->is_following &&
                                           c->offset >= s->machine->ring_head);
}

void control_write(struct supervisor *s, int index)
{
    struct client *client = &s->machine->clients[index];
    struct message message;

    for (int i = 0; i < 64 && client->request != REQUEST_NONE; i++) {
        struct client before = *client;
        int r = next_packet(s, client, &message);

        if (r == 0)
            return;
        if (r < 0)
            start(&message, "END", client->id);
        r = r < 0 ? -1 : 1;
        switch (message_send(client->fd, &message, -1)) {
        case 0:
            if (r < 0)
                client->request = REQUEST_NONE;
            break;
        case -EAGAIN:
            *client = before;
            return;
        default:
            close_client(client);
            return;
        }
    }
}

/* --- jobs ------------------------------------------------------------------------------------------- */

/* What this boot has reached READY with, for one that cannot read what it is asked for. */
static void keep_good(struct machine *machine, const struct boot_plan *plan)
{
    struct barrer_error err;
    barrer_auto_fd int fd = open(BOOT_CONF_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (fd < 0 && path_make_folders(BOOT_CONF_DIR, 0755, &err) == 0)
        fd = open(BOOT_CONF_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = fd < 0 ? -errno : fd_replace_file(fd, LAST_GOOD, plan->text, plan->length, 0600);
    if (r < 0)
        output_say(machine, r == -EROFS ? 6 : 4, "keep the configuration as \"%s/%s\": %s",
                   BOOT_CONF_DIR, LAST_GOOD, strerrordesc_np(-r));
}

__attribute__((noreturn)) static void run_job(struct machine *machine, enum job_kind kind)
{
    const struct boot_plan *plan = machine_plan(machine);

    faults_reset();
    switch (kind) {
    case JOB_PLAN:
        reader_read(machine, READER_PUSHED, NULL);
        _exit(0);
    case JOB_RELOAD:
        reader_read(machine, READER_STATIC, NULL);
        _exit(0);
    case JOB_SAVE:
        keep_good(machine, plan);
        _exit(0);
    default:
        tune_save_seed(machine);
        if (!machine->is_test && !machine->is_contained)
            mounts_undo();
        sync();
        /* What was written to the console last is seen before the machine goes. */
        (void)tcdrain(machine->console_fd);
        _exit(0);
    }
}

int control_begin_job(struct supervisor *s, enum job_kind kind, int client, const char *id)
{
    struct job *job = &s->machine->job;
    pid_t pid;

    if (job->pid != 0)
        return -EBUSY;
    pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        run_job(s->machine, kind);
    if (pid < 0)
        return -errno;
    *job = (struct job){.pid = pid,
                        .kind = (uint8_t)kind,
                        .client = (int16_t)client,
                        .deadline = machine_now() + 10000};
    (void)snprintf(job->id, sizeof(job->id), "%s", id);
    return 0;
}

void control_job_ended(struct supervisor *s, int status)
{
    struct machine *machine = s->machine;
    struct job job = machine->job;
    struct peer peer = {.s = s, .client = job.client};
    const struct boot_plan *other = machine_other_plan(machine);

    machine->job = (struct job){0};
    memcpy(peer.id, job.id, sizeof(peer.id));
    if (job.kind != JOB_PLAN && job.kind != JOB_RELOAD)
        return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        answer(&peer, "ERROR", "the process that reads the configuration failed");
        return;
    }
    if (other->result < 0) {
        output_say(machine, 3, "%s", other->problem);
        answer(&peer, "ERROR", other->problem);
        return;
    }
    supervisor_forget_config(s);
    machine->current = !machine->current;
    machine->has_plan |= job.kind == JOB_PLAN;
    supervisor_take_plan(s, 1);
    answer(&peer, "OK", NULL);
}

/* --- requests --------------------------------------------------------------------------------------- */

static void request_shutdown(const struct peer *peer, const struct message *message)
{
    static const char *const names[] = {"", "poweroff", "reboot", "halt", "kexec"};
    char action[16];

    (void)message_get(message, "ACTION", action, sizeof(action));
    for (uint8_t i = ACTION_POWEROFF; i <= ACTION_KEXEC; i++)
        if (strcmp(action, names[i]) == 0) {
            if (peer->s->machine->action == ACTION_NONE)
                peer->s->machine->action = i;
            answer(peer, "OK", NULL);
            return;
        }
    answer(peer, "ERROR", "ACTION: expected poweroff, reboot, halt or kexec");
}

/* START STOP RESTART RELOAD of NAME. */
static void request_service(const struct peer *peer, const struct message *message, int index)
{
    struct supervisor *s = peer->s;
    struct barrer_error err;

    if (s->machine->state == MACHINE_STOPPING) {
        answer(peer, "ERROR", "the machine is shutting down");
        return;
    }
    if (message_is(message, "START")) {
        supervisor_start(s, index);
    } else if (message_is(message, "STOP")) {
        supervisor_stop(s, index);
    } else if (message_is(message, "RESTART")) {
        supervisor_restart(s, index);
    } else if (supervisor_reload(s, index, &err) < 0) {
        answer(peer, "ERROR", err.text);
        return;
    }
    answer(peer, "OK", NULL);
}

static void request_plan(const struct peer *peer, const struct message *message)
{
    struct machine *machine = peer->s->machine;
    size_t length;

    if (message_is(message, "PLAN-BEGIN")) {
        machine->push_length = 0;
        machine->push[0] = '\0';
        machine->is_pushing = 1;
        machine->is_push_broken = 0;
        return;
    }
    if (message_is(message, "PLAN-DATA")) {
        const char *body = message_body(message);

        length = strlen(body);
        if (!machine->is_pushing || machine->push_length + length >= sizeof(machine->push)) {
            machine->is_push_broken = 1;
            return;
        }
        memcpy(machine->push + machine->push_length, body, length + 1);
        machine->push_length += (uint32_t)length;
        return;
    }
    if (!machine->is_pushing || machine->is_push_broken)
        answer(peer, "ERROR", "plan: no PLAN-BEGIN, or larger than 64 KiB");
    else if (control_begin_job(peer->s, JOB_PLAN, peer->client, peer->id) < 0)
        answer(peer, "ERROR", "plan: another is being read");
    machine->is_pushing = 0;
}

static void request_reload(const struct peer *peer)
{
    struct supervisor *s = peer->s;
    int init = supervisor_init_unit(s);
    struct message message;

    if (init != MACHINE_NONE && s->machine->has_plan && s->machine->units[init].socket_fd >= 0) {
        start(&message, "SIGNAL", "");
        message_put(&message, "NAME", "SIGHUP");
        supervisor_tell_init(s, &message);
        answer(peer, "OK", NULL);
    } else if (control_begin_job(s, JOB_RELOAD, peer->client, peer->id) < 0) {
        answer(peer, "ERROR", "another configuration is being read");
    }
}

/* Requests whose answer is many packets. */
static int begin_answer(const struct peer *peer, const struct message *message, int service)
{
    static const char *const names[] = {"", "STATUS", "CHART", "PLAN", "LOGS", "WAIT"};
    struct machine *machine = peer->s->machine;
    struct client *client;
    char flag[4];

    for (uint8_t i = REQUEST_STATUS; i <= REQUEST_WAIT; i++) {
        if (!message_is(message, names[i]))
            continue;
        if (peer->client == TO_INIT) {
            if (i != REQUEST_STATUS) {
                answer(peer, "ERROR", "the init service gets STATUS alone: clients are asked on the "
                                      "control socket");
                return 1;
            }
            /* Its socket takes what it takes: the services, as they are. */
            struct message description;

            for (int j = 0; j < machine->n_units; j++)
                if (machine->units[j].name[0] != '\0' &&
                    (service == MACHINE_NONE || service == j)) {
                    supervisor_describe(peer->s, j, peer->id, &description);
                    supervisor_tell_init(peer->s, &description);
                }
            describe_system(peer->s, peer->id, &description);
            supervisor_tell_init(peer->s, &description);
            answer(peer, "END", NULL);
            return 1;
        }
        client = &machine->clients[peer->client];
        client->request = i;
        client->step = 0;
        client->offset = 0;
        client->service = (int16_t)service;
        client->is_following = (uint8_t)message_get(message, "FOLLOW", flag, sizeof(flag));
        memcpy(client->id, peer->id, sizeof(client->id));
        return 1;
    }
    return 0;
}

static void handle(const struct peer *peer, const struct message *message)
{
    struct supervisor *s = peer->s;
    char name[64], text[128];
    int service = MACHINE_NONE;

    if (message->is_broken) {
        answer(peer, "ERROR", "not a message: expected NAME, and lines KEY=VALUE");
        return;
    }
    if (message_get(message, "NAME", name, sizeof(name))) {
        service = machine_find(s->machine, name);
        if (service == MACHINE_NONE) {
            (void)snprintf(text, sizeof(text), "no service \"%s\"", name);
            answer(peer, "ERROR", text);
            return;
        }
    }
    if (message_is(message, "WAIT") && service == MACHINE_NONE) {
        answer(peer, "ERROR", "NAME: expected the name of a service");
        return;
    }
    if (begin_answer(peer, message, service))
        return;
    if (message_is(message, "START") || message_is(message, "STOP") ||
        message_is(message, "RESTART") || message_is(message, "RELOAD")) {
        if (service == MACHINE_NONE)
            answer(peer, "ERROR", "NAME: expected the name of a service");
        else
            request_service(peer, message, service);
    } else if (message_is(message, "SHUTDOWN")) {
        request_shutdown(peer, message);
    } else if (message_is(message, "RELOAD-CONFIG")) {
        request_reload(peer);
    } else if (message_is(message, "PING")) {
        answer(peer, "OK", NULL);
    } else if (peer->client == TO_INIT && strncmp(message->text, "PLAN-", 5) == 0) {
        request_plan(peer, message);
    } else if (peer->client == TO_INIT && message_is(message, "READY")) {
        supervisor_set_ready(s, supervisor_init_unit(s));
    } else {
        answer(peer, "ERROR", "unknown request, or not one of this socket");
    }
}

void control_read_client(struct supervisor *s, int index)
{
    struct client *client = &s->machine->clients[index];
    struct peer peer = {.s = s, .client = index};
    struct message message;
    int r = message_receive(client->fd, &message);

    if (r == -EAGAIN)
        return;
    if (r <= 0) {
        close_client(client);
        return;
    }
    (void)message_get(&message, "ID", peer.id, sizeof(peer.id));
    handle(&peer, &message);
}

void control_read_service(struct supervisor *s, int index)
{
    struct unit *unit = &s->machine->units[index];
    struct message message;

    for (int i = 0; i < 64 && unit->socket_fd >= 0; i++) {
        struct peer peer = {.s = s, .client = TO_INIT};
        int r = message_receive(unit->socket_fd, &message);

        if (r == -EAGAIN)
            return;
        if (r <= 0) {
            service_process_end_socket(s, index);
        } else if (index == machine_plan(s->machine)->settings.logger) {
            unit->has_logger = 1;
        } else {
            (void)message_get(&message, "ID", peer.id, sizeof(peer.id));
            handle(&peer, &message);
        }
    }
}

void control_read_notify(struct supervisor *s)
{
    char text[4097], control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(16 * sizeof(int))]
        __attribute__((aligned(8)));

    for (int i = 0; i < 64; i++) {
        struct iovec part = {.iov_base = text, .iov_len = sizeof(text) - 1};
        struct msghdr header = {.msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = control,
                                .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(s->machine->notify_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        pid_t pid = 0;

        if (n < 0)
            return;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
            struct ucred peer;

            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
                memcpy(&peer, CMSG_DATA(c), sizeof(peer));
                pid = peer.pid;
            } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                size_t n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                int fds[64];

                if (n_fds > 64)
                    n_fds = 64;
                memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
                for (size_t j = 0; j < n_fds; j++)
                    (void)close(fds[j]); /* nobody asked for descriptors */
            }
        }
        text[n] = '\0';
        if (pid > 0 && memchr(text, '\0', (size_t)n) == NULL && !(header.msg_flags & MSG_TRUNC))
            supervisor_notified(s, pid, text);
    }
}
