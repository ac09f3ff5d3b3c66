/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/seccomp: an agent receives the listener of a filter, and answers its calls.
 */
#include <json-c/json.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "test_process_support.h"

extern const struct barrer_plugin seccomp_LTX_barrer;

#define ANSWER 4711

static char folder[] = "/tmp/barrer-listener-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int receive(int socket_fd, char *text, size_t size)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = text, .iov_len = size - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    ssize_t n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    int fd = -1;

    text[n > 0 ? n : 0] = '\0';
    if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    return fd;
}

/* Answer every notified call until the process is gone: getppid by ANSWER, others by "go on". */
static void answer_calls(int listener_fd, int out_fd)
{
    for (;;) {
        struct seccomp_notif call = {0};
        struct seccomp_notif_resp reply = {0};
        struct pollfd poll_fd = {.fd = listener_fd, .events = POLLIN};

        /* POLLHUP, Linux 5.8: nobody is left. (Receiving returns for that since 6.11 only.) */
        if (poll(&poll_fd, 1, -1) < 0 || !(poll_fd.revents & POLLIN))
            return;
        if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        reply.id = call.id;
        if (call.data.nr == SYS_getppid) {
            reply.val = ANSWER;
            (void)dprintf(out_fd, "caller: %u\n", call.pid);
        } else {
            reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        }
        (void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

static void be_agent(int listening_fd, int out_fd)
{
    char text[8192];
    int socket_fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC);
    int fd = receive(socket_fd, text, sizeof(text));

    (void)dprintf(out_fd, "message: %s\n", text);
    if (fd >= 0)
        answer_calls(fd, out_fd);
    _exit(0);
}

/* Run JOURNEY with an agent at the listener's path, and put what it saw into SEEN. */
static void run_with_agent(struct journey *journey, char *seen, size_t size)
{
    int listening_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), out[2];
    pid_t agent;

    if (listening_fd < 0 || pipe2(out, O_CLOEXEC) < 0 ||
        bind(listening_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listening_fd, 1) < 0)
        abort();
    fflush(stdout);
    agent = fork();
    if (agent == 0) {
        (void)close(out[0]);
        be_agent(listening_fd, out[1]);
    }
    (void)close(out[1]);
    run_journey(journey);
    /* An agent that nobody called is still waiting. */
    if (journey->is_refused)
        (void)kill(agent, SIGKILL);
    read_all(out[0], seen, size);
    (void)waitpid(agent, NULL, 0);
    (void)close(out[0]);
    (void)close(listening_fd);
    (void)unlink(address.sun_path);
}

static void tell_getppid(FILE *out)
{
    (void)fprintf(out, "pid: %d\nparent: %ld\n", getpid(), syscall(SYS_getppid));
}

static void is_message(const char *text, const struct journey *journey)
{
    struct json_object *message = json_tokener_parse(text), *member, *state;

    ok(message != NULL, "the message is JSON");
    ok(json_object_object_get_ex(message, "ociVersion", &member), "ociVersion");
    ok(json_object_object_get_ex(message, "fds", &member) &&
           json_object_array_length(member) == 1 &&
           strcmp(json_object_get_string(json_object_array_get_idx(member, 0)), "seccompFd") == 0,
       "fds");
    ok(json_object_object_get_ex(message, "pid", &member) &&
           json_object_get_int(member) == atoi(value_of(journey->text, "pid:")),
       "pid: that of the process, on the host");
    is_text(json_object_object_get_ex(message, "metadata", &member) ? json_object_get_string(member)
                                                                    : NULL,
            journey->request.seccomp->listener_metadata, "metadata");
    ok(json_object_object_get_ex(message, "state", &state) &&
           json_object_object_get_ex(state, "id", &member) &&
           strcmp(json_object_get_string(member), "test") == 0,
       "state");
    json_object_put(message);
}

static void round_trip(struct journey *journey, const char *what)
{
    char seen[16384];

    run_with_agent(journey, seen, sizeof(seen));
    is_done(journey, what);
    is_number(atol(value_of(journey->text, "parent:")), ANSWER, "the agent's answer arrives");
    is_text(value_of(seen, "caller:"), value_of(journey->text, "pid:"),
            "the agent knows the caller");
    if (strlen(seen) > 9)
        seen[strcspn(seen, "\n")] = '\0';
    is_message(seen + strlen("message: "), journey);
}

/* Whichever of the 256 files it is. */
static void remove_cache(void)
{
    for (unsigned slot = 0; slot < 256; slot++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/%02x", folder, slot);
        (void)unlink(path);
    }
}

int main(void)
{
    static const char *const none[] = {NULL};
    static const char *const getppid_only[] = {"getppid", NULL};
    /* What the runtime may do on its way, and what the way of the listener itself takes. */
    static const char *const important[] = {
        "open",   "openat", "close",  "read",      "fstat",     "newfstatat", "mmap",
        "munmap", "fcntl",  "chdir",  "setgroups", "setresuid", "setresgid",  "capset",
        "capget", "getcwd", "execve", "prctl",     "seccomp",   "ioctl",      "getpid",
        "exit",   "umask",  "brk",    NULL};
    static const char *const sends[] = {"sendmsg", "seccomp", NULL};
    static const char *const flags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                        NULL};
    struct barrer_seccomp_rule rules[] = {
        {.names = getppid_only, .action = "SCMP_ACT_NOTIFY"},
        {.names = sends, .action = "SCMP_ACT_ERRNO"},
    };
    struct barrer_seccomp profile = {.default_action = "SCMP_ACT_ALLOW",
                                     .architectures = none,
                                     .flags = none,
                                     .listener_path = address.sun_path,
                                     .listener_metadata = "with \"quotes\", \\ and \t\x01",
                                     .rules = rules,
                                     .n_rules = 1};
    static const struct barrer_pair options[] = {{"cache", "no"}, {NULL, NULL}};
    const struct barrer_pair cached[] = {{"cache-folder", folder}, {NULL, NULL}};
    struct journey journey = journey_of(&seccomp_LTX_barrer);

    if (!is_root()) {
        skip("all of it", "needs root");
        return tap_done();
    }
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    journey.after = tell_getppid;
    journey.options = options;
    journey.request.seccomp = &profile;
    journey.request.state_json = "{\"ociVersion\":\"1.3.0\",\"id\":\"test\"}";
    round_trip(&journey, "a listener");
    journey.request.flags = BARRER_PROCESS_NO_NEW_PRIVS;
    round_trip(&journey, "a listener, with no_new_privs");
    profile.flags = flags;
    profile.n_rules = 2;
    round_trip(&journey, "a profile that forbids to send the listener");
    rules[1] = (struct barrer_seccomp_rule){.names = important, .action = "SCMP_ACT_NOTIFY"};
    round_trip(&journey, "a profile that notifies of nearly everything");
    journey.options = cached;
    round_trip(&journey, "the same, kept for the next container");
    round_trip(&journey, "the same, from the cache");
    journey.options = options;
    profile.listener_metadata = NULL;
    profile.flags = none;
    rules[1] = (struct barrer_seccomp_rule){.names = sends, .action = "SCMP_ACT_NOTIFY"};
    run_journey(&journey);
    is_refused(&journey, "cannot be used for the sendmsg syscall", "notifying of sendmsg");
    remove_cache();
    ok(rmdir(folder) == 0, "the cache is one file");
    return tap_done();
}
