/* SPDX-License-Identifier: Apache-2.0
 *
 * barrerctl: asks PID 1 over its control socket, in the messages of docs/boot-protocol.md. It
 * needs no plugin and no configuration, so that it works in a rescue.
 */
#include "cli/barrerctl.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#define CONTROL BARRER_RUN_DIR "/control"
#define LOG_SERVICE BARRER_RUN_DIR "/log"

#define EXIT_USAGE 2

static void usage(FILE *to)
{
    fprintf(to, "Usage: barrerctl [OPTION...] VERB [SERVICE]\n"
                "\n"
                "  status [SERVICE]          what runs, and what does not and why\n"
                "  start|stop|restart SERVICE, and wait until it is done (--no-wait: do not)\n"
                "  reload [SERVICE]          let it, or PID 1, read its configuration again\n"
                "  logs [-f] [SERVICE]       what services wrote; -f: and go on\n"
                "  chart [--svg]             how long what took at boot\n"
                "  plan                      the configuration that is carried out\n"
                "  enable|disable SERVICE    start it at boot or not; also without a running system\n"
                "  poweroff|reboot|halt|kexec\n"
                "\n"
                "  --json        machine-readable\n"
                "  --socket FILE instead of " CONTROL "\n"
                "  --root FOLDER of enable and disable: the system in FOLDER\n"
                "  --help, --version\n");
}

static int complain(const char *text)
{
    fprintf(stderr, "barrerctl: %s\n", text);
    return 1;
}

static int connect_to(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int saved = errno;

        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int open_control(struct ctl *ctl)
{
    ctl->fd = connect_to(ctl->socket, SOCK_SEQPACKET);
    if (ctl->fd >= 0)
        return 0;
    fprintf(stderr, "barrerctl: connect to PID 1 at \"%s\": %s%s\n", ctl->socket, strerror(errno),
            errno == ENOENT || errno == ECONNREFUSED ? " (is barrer-init PID 1 here?)"
            : errno == EACCES                        ? " (this is for root)"
                                                     : "");
    return 1;
}

/* The next packet: 1, or 0 with a complaint. */
static int receive(struct ctl *ctl, struct message *message)
{
    struct pollfd wait = {.fd = ctl->fd, .events = POLLIN};
    int r;

    do {
        (void)poll(&wait, 1, -1);
        r = message_receive(ctl->fd, message);
    } while (r == -EAGAIN);
    if (r <= 0)
        (void)complain("PID 1 ended the conversation");
    return r > 0;
}

static int ask(struct ctl *ctl, const char *request, const char *name, const char *key,
               const char *value)
{
    struct message message;
    int r;

    message_start(&message, request);
    if (name != NULL)
        message_put(&message, "NAME", "%s", name);
    if (key != NULL)
        message_put(&message, key, "%s", value);
    r = message_send(ctl->fd, &message, -1);
    if (r < 0)
        fprintf(stderr, "barrerctl: ask PID 1: %s\n", strerror(-r));
    return r < 0;
}

/* Whether MESSAGE is an error, which is then printed. */
static int is_error(const struct message *message)
{
    char text[MESSAGE_SIZE];

    if (!message_is(message, "ERROR"))
        return 0;
    (void)message_get(message, "TEXT", text, sizeof(text));
    (void)complain(text);
    return 1;
}

static unsigned long long number_of(const struct message *message, const char *key)
{
    char text[32];

    return message_get(message, key, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

/* --- status ----------------------------------------------------------------------------------------- */

static int has_colour(void)
{
    const char *no = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

static const char *colour_of(const char *state)
{
    if (!has_colour())
        return "";
    if (strcmp(state, "failed") == 0)
        return "\033[31m";
    if (strcmp(state, "running") == 0 || strcmp(state, "done") == 0)
        return "\033[32m";
    return "\033[33m";
}

static void print_row(const struct message *message)
{
    char name[64], state[16], text[300];
    unsigned long long pid = number_of(message, "PID");

    (void)message_get(message, "NAME", name, sizeof(name));
    (void)message_get(message, "STATE", state, sizeof(state));
    (void)message_get(message, "TEXT", text, sizeof(text));
    printf("%-20s %s%-9s%s %7.0llu %8llu  %s\n", name, colour_of(state), state,
           has_colour() ? "\033[0m" : "", pid, number_of(message, "RESTARTS"), text);
}

/* KEY=VALUE as members of an object, numbers as numbers. */
static struct json_object *object_of(const struct message *message)
{
    struct json_object *object = json_object_new_object();

    for (const char *line = message_body(message); *line != '\0';) {
        size_t length = strcspn(line, "\n"), n = strcspn(line, "=");
        char key[40], value[MESSAGE_SIZE];

        if (n < length && n < sizeof(key)) {
            for (size_t i = 0; i < n; i++)
                key[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + 32 : line[i]);
            key[n] = '\0';
            memcpy(value, line + n + 1, length - n - 1);
            value[length - n - 1] = '\0';
            json_object_object_add(object, key,
                                   value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' &&
                                           strcmp(key, "name") != 0 && strcmp(key, "text") != 0
                                       ? json_object_new_int64(strtoll(value, NULL, 10))
                                       : json_object_new_string(value));
        }
        line += length + (line[length] == '\n');
    }
    return object;
}

static void print_json(struct json_object *json)
{
    printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(json);
}

static int status(struct ctl *ctl, const char *name)
{
    struct json_object *json = json_object_new_object(), *services = json_object_new_array();
    struct message message;
    int n_failed = 0;

    json_object_object_add(json, "services", services);
    if (ask(ctl, "STATUS", name, NULL, NULL))
        return 1;
    if (!ctl->is_json)
        printf("%-20s %-9s %7s %8s  %s\n", "SERVICE", "STATE", "PID", "RESTARTS", "");
    while (receive(ctl, &message)) {
        char state[16];

        if (is_error(&message))
            return 1;
        if (message_is(&message, "END")) {
            if (ctl->is_json)
                print_json(json);
            return name != NULL && n_failed > 0 ? 3 : 0;
        }
        (void)message_get(&message, "STATE", state, sizeof(state));
        n_failed += message_is(&message, "SERVICE") && strcmp(state, "running") != 0 &&
                    strcmp(state, "done") != 0;
        if (ctl->is_json && message_is(&message, "SERVICE"))
            json_object_array_add(services, object_of(&message));
        else if (ctl->is_json)
            json_object_object_add(json, "system", object_of(&message));
        else if (message_is(&message, "SERVICE"))
            print_row(&message);
        else
            printf("\nsystem %s, PID 1 resumed %llu times\n", state, number_of(&message, "FAULTS"));
    }
    return 1;
}

/* --- verbs of one service ---------------------------------------------------------------------------- */

static int expect_ok(struct ctl *ctl)
{
    struct message message;

    return !receive(ctl, &message) || is_error(&message) || !message_is(&message, "OK");
}

/* Until the service has become what was asked, or something else for good. */
static int wait_for(struct ctl *ctl, const char *name, int is_stop)
{
    struct message message;
    char state[16] = "", text[300] = "";
    int is_right;

    if (ask(ctl, "WAIT", name, NULL, NULL))
        return 1;
    do {
        if (!receive(ctl, &message) || is_error(&message))
            return 1;
        if (message_is(&message, "SERVICE")) {
            (void)message_get(&message, "STATE", state, sizeof(state));
            (void)message_get(&message, "TEXT", text, sizeof(text));
        }
    } while (!message_is(&message, "END"));
    is_right = is_stop ? strcmp(state, "running") != 0
                       : strcmp(state, "running") == 0 || strcmp(state, "done") == 0;
    if (!is_right)
        fprintf(stderr, "barrerctl: service %s is %s%s%s\n", name, state,
                text[0] != '\0' ? ": " : "", text);
    return !is_right;
}

static int change(struct ctl *ctl, const char *verb, const char *request, const char *name)
{
    if (name == NULL) {
        fprintf(stderr, "barrerctl: %s: expected the name of a service\n", verb);
        return EXIT_USAGE;
    }
    if (ask(ctl, request, name, NULL, NULL) || expect_ok(ctl))
        return 1;
    if (ctl->is_not_waiting || strcmp(request, "RELOAD") == 0)
        return 0;
    return wait_for(ctl, name, strcmp(request, "STOP") == 0);
}

static int reload(struct ctl *ctl, const char *name)
{
    if (name != NULL)
        return change(ctl, "reload", "RELOAD", name);
    return ask(ctl, "RELOAD-CONFIG", NULL, NULL, NULL) || expect_ok(ctl);
}

/* --- logs, plan, chart ------------------------------------------------------------------------------- */

/* The log service has all of it; 1 when it answered. */
static int logs_of_service(const struct ctl *ctl, const char *name)
{
    char request[200], buffer[4096];
    int fd = strcmp(ctl->socket, CONTROL) == 0 ? connect_to(LOG_SERVICE, SOCK_STREAM) : -1, n;
    ssize_t got;

    if (fd < 0)
        return 0;
    n = snprintf(request, sizeof(request), "logs%s%s%s\n", name != NULL ? " NAME=" : "",
                 name != NULL ? name : "", ctl->is_following ? " FOLLOW=1" : "");
    if (n < 0 || write(fd, request, (size_t)n) != n) {
        (void)close(fd);
        return 0;
    }
    while ((got = read(fd, buffer, sizeof(buffer))) > 0)
        if (fwrite(buffer, 1, (size_t)got, stdout) != (size_t)got || fflush(stdout) != 0)
            break;
    (void)close(fd);
    return 1;
}

static int logs(struct ctl *ctl, const char *name)
{
    struct message message;

    if (logs_of_service(ctl, name))
        return 0;
    if (open_control(ctl) ||
        ask(ctl, "LOGS", name, ctl->is_following ? "FOLLOW" : NULL, "1"))
        return 1;
    while (receive(ctl, &message)) {
        char service[64], line[1024];

        if (is_error(&message))
            return 1;
        if (message_is(&message, "END"))
            return 0;
        (void)message_get(&message, "NAME", service, sizeof(service));
        (void)message_get(&message, "LINE", line, sizeof(line));
        printf("%s: %s\n", service, line);
        if (fflush(stdout) != 0)
            return 1;
    }
    return 1;
}

static int plan(struct ctl *ctl)
{
    struct message message;

    if (ask(ctl, "PLAN", NULL, NULL, NULL))
        return 1;
    while (receive(ctl, &message)) {
        if (is_error(&message))
            return 1;
        if (message_is(&message, "END"))
            return 0;
        (void)fputs(message_body(&message), stdout);
    }
    return 1;
}

static int add_bar(struct chart *chart, const struct message *message)
{
    struct bar *bars = reallocarray(chart->bars, chart->n_bars + 1, sizeof(*bars)), *bar;

    if (bars == NULL)
        return -1;
    chart->bars = bars;
    bar = &bars[chart->n_bars++];
    memset(bar, 0, sizeof(*bar));
    bar->is_phase = message_is(message, "PHASE");
    (void)message_get(message, "NAME", bar->name, sizeof(bar->name));
    (void)message_get(message, "STATE", bar->state, sizeof(bar->state));
    bar->start = number_of(message, "START_US");
    bar->exec = number_of(message, "EXEC_US");
    bar->ready = number_of(message, "READY_US");
    bar->end = number_of(message, "END_US");
    return 0;
}

static int chart(struct ctl *ctl)
{
    struct json_object *array = json_object_new_array();
    struct chart chart = {NULL, 0};
    struct message message;
    int r = 1;

    if (ask(ctl, "CHART", NULL, NULL, NULL))
        return 1;
    while (receive(ctl, &message) && !is_error(&message)) {
        if (message_is(&message, "END")) {
            r = 0;
            break;
        }
        if (message_is(&message, "SYSTEM"))
            continue;
        json_object_array_add(array, object_of(&message));
        if (add_bar(&chart, &message) < 0)
            break;
    }
    if (r == 0 && ctl->is_json)
        print_json(json_object_get(array));
    else if (r == 0 && ctl->is_svg)
        chart_print_svg(&chart, stdout);
    else if (r == 0)
        chart_print(&chart, stdout);
    json_object_put(array);
    free(chart.bars);
    return r;
}

static int shut_down(struct ctl *ctl, const char *action)
{
    return ask(ctl, "SHUTDOWN", NULL, "ACTION", action) || expect_ok(ctl);
}

static int run(struct ctl *ctl, const char *verb, const char *name)
{
    static const char *const changes[][2] = {
        {"start", "START"}, {"stop", "STOP"}, {"restart", "RESTART"}};
    static const char *const actions[] = {"poweroff", "reboot", "halt", "kexec"};

    if (strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0) {
        if (name == NULL)
            return complain("expected the name of a service"), EXIT_USAGE;
        return enable_service(ctl->root, name, verb[0] == 'e');
    }
    if (strcmp(verb, "logs") == 0)
        return logs(ctl, name);
    if (open_control(ctl))
        return 1;
    if (strcmp(verb, "status") == 0)
        return status(ctl, name);
    if (strcmp(verb, "reload") == 0)
        return reload(ctl, name);
    if (strcmp(verb, "plan") == 0)
        return plan(ctl);
    if (strcmp(verb, "chart") == 0)
        return chart(ctl);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        if (strcmp(verb, changes[i][0]) == 0)
            return change(ctl, verb, changes[i][1], name);
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
        if (strcmp(verb, actions[i]) == 0)
            return shut_down(ctl, verb);
    fprintf(stderr, "barrerctl: \"%s\" is no verb\n", verb);
    usage(stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},    {"svg", no_argument, NULL, 's'},
        {"follow", no_argument, NULL, 'f'},  {"no-wait", no_argument, NULL, 'n'},
        {"socket", required_argument, NULL, 'S'}, {"root", required_argument, NULL, 'R'},
        {"help", no_argument, NULL, 'h'},    {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0}};
    struct ctl ctl = {.socket = CONTROL, .root = "/", .fd = -1};
    const char *self = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];
    int option;

    while ((option = getopt_long(argc, argv, "fh", options, NULL)) >= 0) {
        switch (option) {
        case 'j': ctl.is_json = 1; break;
        case 's': ctl.is_svg = 1; break;
        case 'f': ctl.is_following = 1; break;
        case 'n': ctl.is_not_waiting = 1; break;
        case 'S': ctl.socket = optarg; break;
        case 'R': ctl.root = optarg; break;
        case 'h': usage(stdout); return 0;
        case 'V': printf("barrerctl %s\n", PACKAGE_VERSION); return 0;
        default: usage(stderr); return EXIT_USAGE;
        }
    }
    /* Linked as poweroff, reboot, halt: it is that verb. */
    if (strcmp(self, "poweroff") == 0 || strcmp(self, "reboot") == 0 || strcmp(self, "halt") == 0)
        return run(&ctl, self, NULL);
    if (optind == argc || argc - optind > 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    return run(&ctl, argv[optind], argv[optind + 1]);
}
