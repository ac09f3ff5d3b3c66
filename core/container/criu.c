/* SPDX-License-Identifier: Apache-2.0 */
#include "container/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/plugin.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"

#define LOG_LEVEL 4
#define MESSAGE_LIMIT 4096   /* bytes of an answer */
#define LOG_LIMIT (64 << 20) /* bytes of criu's log that are searched */
#define CONFIG "/etc/criu/barrer-run.conf"
#define CONFIG_OF_RUNC "/etc/criu/runc.conf"

/* The wire format of protocol buffers: each field is its number and kind, then a number of seven
 * bits a byte, or a length and as many bytes. */
enum wire { WIRE_NUMBER = 0, WIRE_BYTES = 2 };

static void put_byte(struct criu_options *options, unsigned char byte)
{
    if (options->length < sizeof(options->bytes))
        options->bytes[options->length++] = byte;
    else
        options->is_too_long = 1;
}

static void put_varint(struct criu_options *options, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        put_byte(options, (unsigned char)(number | 0x80));
    put_byte(options, (unsigned char)number);
}

static void put_bytes(struct criu_options *options, unsigned field, const void *data, size_t length)
{
    const unsigned char *bytes = data;

    put_varint(options, field << 3 | WIRE_BYTES);
    put_varint(options, length);
    for (size_t i = 0; i < length; i++)
        put_byte(options, bytes[i]);
}

void criu_put_number(struct criu_options *options, enum criu_field field, int64_t number)
{
    put_varint(options, (uint64_t)field << 3 | WIRE_NUMBER);
    put_varint(options, (uint64_t)number);
}

void criu_put_text(struct criu_options *options, enum criu_field field, const char *text)
{
    if (text != NULL)
        put_bytes(options, field, text, strlen(text));
}

static size_t varint_length(uint64_t number)
{
    size_t n = 1;

    for (; number > 0x7f; number >>= 7)
        n++;
    return n;
}

static size_t bytes_length(size_t length)
{
    return 1 + varint_length(length) + length;
}

void criu_put_pair(struct criu_options *options, enum criu_field field, const char *text,
                   const char *second, int64_t number)
{
    size_t length = text != NULL ? bytes_length(strlen(text)) : 0;

    length += second != NULL ? bytes_length(strlen(second)) : 1 + varint_length((uint64_t)number);
    put_varint(options, (uint64_t)field << 3 | WIRE_BYTES);
    put_varint(options, length);
    if (text != NULL)
        put_bytes(options, 1, text, strlen(text));
    if (second != NULL) {
        put_bytes(options, 2, second, strlen(second));
    } else {
        put_varint(options, 2 << 3 | WIRE_NUMBER);
        put_varint(options, (uint64_t)number);
    }
}

/* What is left of a message that was received. */
struct reader {
    const unsigned char *next, *end;
};

static int get_varint(struct reader *reader, uint64_t *ret_number)
{
    *ret_number = 0;
    for (unsigned shift = 0; shift < 64 && reader->next < reader->end; shift += 7) {
        unsigned char byte = *reader->next++;

        *ret_number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return 1;
    }
    return 0;
}

/* The next field: a number, or bytes. 0 at the end, and for what is no such message. */
static int get_field(struct reader *reader, unsigned *ret_field, uint64_t *ret_number,
                     struct reader *ret_bytes)
{
    uint64_t key;

    if (!get_varint(reader, &key) || !get_varint(reader, ret_number))
        return 0;
    *ret_field = (unsigned)(key >> 3);
    *ret_bytes = (struct reader){NULL, NULL};
    if ((key & 7) == WIRE_NUMBER)
        return 1;
    if ((key & 7) != WIRE_BYTES || *ret_number > (uint64_t)(reader->end - reader->next))
        return 0;
    *ret_bytes = (struct reader){reader->next, reader->next + *ret_number};
    reader->next = ret_bytes->end;
    return 1;
}

enum { TYPE_NOTIFY = 6 };

/* criu_resp. */
struct answer {
    unsigned type;
    int is_success, errnum;
    pid_t pid; /* restored, or of the notification */
    char step[64];
};

static void get_text(const struct reader *bytes, char *text, size_t size)
{
    size_t length = (size_t)(bytes->end - bytes->next);

    if (length >= size)
        length = size - 1;
    if (length > 0)
        memcpy(text, bytes->next, length);
    text[length] = '\0';
}

/* criu_restore_resp: pid 1; criu_notify: script 1, pid 2. */
static void get_process(struct reader reader, struct answer *answer)
{
    struct reader bytes;
    uint64_t number;
    unsigned field;

    while (get_field(&reader, &field, &number, &bytes)) {
        if (bytes.next == NULL)
            answer->pid = (pid_t)number;
        else
            get_text(&bytes, answer->step, sizeof(answer->step));
    }
}

static void get_answer(struct reader reader, struct answer *answer)
{
    struct reader bytes;
    uint64_t number;
    unsigned field;

    *answer = (struct answer){0};
    while (get_field(&reader, &field, &number, &bytes)) {
        if (field == 1)
            answer->type = (unsigned)number;
        else if (field == 2)
            answer->is_success = number != 0;
        else if (field == 4 || field == 5)
            get_process(bytes, answer);
        else if (field == 7)
            answer->errnum = (int)number;
    }
}

char *criu_find(const char *program)
{
    const char *path = getenv("PATH"), *end;
    char *found;

    if (program == NULL)
        program = "criu";
    if (strchr(program, '/') != NULL)
        return access(program, X_OK) == 0 ? realpath(program, NULL) : NULL;
    for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        if (end == path)
            continue;
        if (asprintf(&found, "%.*s/%s", (int)(end - path), path, program) < 0)
            return NULL;
        if (access(found, X_OK) == 0)
            return found;
        free(found);
    }
    return NULL;
}

static int keep_open(int fd)
{
    return fcntl(fd, F_SETFD, 0);
}

/* In criu's own process, which makes the pair of sockets: criu looks for the descriptors of a
 * request in the process that did, and our own may be in another mount namespace. */
__attribute__((noreturn)) static void execute(const struct criu *criu, int control_fd)
{
    struct barrer_error err;
    sigset_t none;
    char number[16];
    int fds[2];

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (criu->set_up != NULL && criu->set_up(criu->arg, &err) < 0) {
        (void)fprintf(stderr, "barrer-run: %s\n", err.text);
        _exit(126);
    }
    for (size_t i = 0; i < criu->n_inherited; i++)
        (void)keep_open(criu->inherited[i]);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
        fd_send(control_fd, fds[0], "criu") < 0 || keep_open(fds[1]) < 0)
        _exit(126);
    (void)snprintf(number, sizeof(number), "%d", fds[1]);
    (void)execl(criu->path, "criu", "swrk", number, NULL);
    (void)fprintf(stderr, "barrer-run: execute \"%s\": %s\n", criu->path, strerror(errno));
    _exit(127);
}

int criu_start(struct criu *criu, struct barrer_error *err)
{
    int fds[2], r;

    criu->path = criu_find(criu->program);
    if (criu->path == NULL)
        return error_fail(err, ENOENT, "find CRIU's program \"%s\"",
                          criu->program != NULL ? criu->program : "criu");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return error_fail(err, errno, "make a pair of sockets for CRIU");
    criu->pid = fork();
    if (criu->pid == 0)
        execute(criu, fds[1]);
    r = criu->pid < 0 ? -errno : 0;
    (void)close(fds[1]);
    if (r == 0)
        r = fd_receive(fds[0], &criu->socket_fd);
    (void)close(fds[0]);
    return r < 0 ? error_fail(err, -r, "start CRIU (\"%s\")", criu->path) : 0;
}

void criu_fini(struct criu *criu)
{
    barrer_close_fd(&criu->socket_fd);
    /* Without a request it ends by itself. */
    if (criu->pid > 0)
        while (waitpid(criu->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    criu->pid = 0;
    free(criu->path);
    criu->path = NULL;
}

/* A message in one piece, since each is one datagram. */
static int send_request(const struct criu *criu, const struct criu_options *message,
                        struct barrer_error *err)
{
    if (message->is_too_long)
        return error_fail(err, E2BIG, "write a request to CRIU");
    /* Where it has ended, the answer that is not there says so. */
    if (send(criu->socket_fd, message->bytes, message->length, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        return error_fail(err, errno, "send a request to CRIU (\"%s\")", criu->path);
    return 0;
}

/* criu_req: type 1, opts 2, notify_success 3. */
static int send_options(const struct criu *criu, enum criu_request request,
                        const struct criu_options *options, struct barrer_error *err)
{
    struct criu_options *message = calloc(1, sizeof(*message));
    int r;

    if (message == NULL)
        return error_fail(err, ENOMEM, "write a request to CRIU");
    put_varint(message, 1 << 3 | WIRE_NUMBER);
    put_varint(message, request);
    put_bytes(message, 2, options->bytes, options->length);
    message->is_too_long |= options->is_too_long;
    r = send_request(criu, message, err);
    free(message);
    return r;
}

static int acknowledge(const struct criu *criu, int is_success, struct barrer_error *err)
{
    const unsigned char message[] = {1 << 3, TYPE_NOTIFY, 3 << 3, (unsigned char)!!is_success};

    if (send(criu->socket_fd, message, sizeof(message), MSG_NOSIGNAL) < 0)
        return error_fail(err, errno, "answer CRIU");
    return 0;
}

/* An answer, and the descriptor that may come with it. */
static int receive(const struct criu *criu, struct answer *answer, int *ret_fd,
                   struct barrer_error *err)
{
    unsigned char bytes[MESSAGE_LIMIT];
    ssize_t n = fd_receive_data(criu->socket_fd, bytes, sizeof(bytes), ret_fd);

    if (n < 0 && n != -ECONNRESET)
        return error_fail(err, (int)-n, "receive CRIU's answer");
    if (n <= 0)
        return error_fail(err, 0, "CRIU (\"%s\") ended without an answer", criu->path);
    get_answer((struct reader){bytes, bytes + n}, answer);
    return 0;
}

/* A failure of ours is what is told, not what criu makes of it. */
static int serve(struct criu *criu, const struct answer *answer, int fd, int *failure,
                 struct barrer_error *failed)
{
    int r = 0;

    log_write(BARRER_LOG_DEBUG, "criu %s", answer->step);
    if (criu->notify != NULL && *failure == 0)
        *failure = r = criu->notify(criu->arg, answer->step, answer->pid, fd, failed);
    return r == 0;
}

int criu_call(struct criu *criu, enum criu_request request, const struct criu_options *options,
              pid_t *ret_pid, struct barrer_error *err)
{
    struct barrer_error failed;
    struct answer answer;
    int failure = 0, r = send_options(criu, request, options, err);

    while (r == 0) {
        barrer_auto_fd int fd = -1;

        r = receive(criu, &answer, &fd, err);
        if (r < 0 || answer.type != TYPE_NOTIFY)
            break;
        r = acknowledge(criu, serve(criu, &answer, fd, &failure, &failed), err);
    }
    if (failure < 0)
        *err = failed;
    if (failure < 0 || r < 0)
        return failure < 0 ? failure : r;
    if (!answer.is_success)
        return error_fail(err, answer.errnum, "CRIU failed");
    *ret_pid = answer.pid;
    return 0;
}

static int open_folder(const char *path, int makes, int *ret_fd, struct barrer_error *err)
{
    int r = makes ? path_make_folders(path, 0700, err) : 0;

    if (r < 0)
        return r;
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? error_fail(err, errno, "open the folder \"%s\"", path) : 0;
}

int criu_open_places(const struct criu_common *common, const char *log, struct criu_places *places,
                     struct barrer_error *err)
{
    int makes_images = strcmp(log, "dump.log") == 0, r;

    *places = (struct criu_places){.images_fd = -1, .work_fd = -1, .log = log};
    places->images = common->image_path;
    places->work = common->work_path != NULL ? common->work_path : common->image_path;
    r = open_folder(common->image_path, makes_images, &places->images_fd, err);
    if (r == 0)
        r = open_folder(places->work, 1, &places->work_fd, err);
    /* Of an earlier run. */
    if (r == 0)
        (void)unlinkat(places->work_fd, log, 0);
    return r;
}

static int reopen(const char *path, int fd, struct barrer_error *err)
{
    int other = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (other < 0 || dup2(other, fd) < 0)
        return error_fail(err, errno, "open the folder \"%s\"", path);
    return 0;
}

int criu_reopen_places(const struct criu_places *places, struct barrer_error *err)
{
    int r = reopen(places->images, places->images_fd, err);

    return r < 0 ? r : reopen(places->work, places->work_fd, err);
}

void criu_close_places(struct criu_places *places)
{
    barrer_close_fd(&places->images_fd);
    barrer_close_fd(&places->work_fd);
}

/* As runc and crun have it: what the container names, or else what the machine has for us. */
static const char *config_file(const char *annotation)
{
    if (annotation != NULL)
        return annotation[0] != '\0' ? annotation : NULL;
    if (access(CONFIG, R_OK) == 0)
        return CONFIG;
    return access(CONFIG_OF_RUNC, R_OK) == 0 ? CONFIG_OF_RUNC : NULL;
}

void criu_put_common(struct criu_options *options, const struct criu_common *common,
                     const struct criu_places *places, const char *config)
{
    const struct {
        enum criu_field field;
        int is_set;
    } switches[] = {
        {CRIU_TCP_ESTABLISHED, common->tcp_established},
        {CRIU_TCP_CLOSE, common->tcp_close},
        {CRIU_EXT_UNIX_SK, common->ext_unix_sk},
        {CRIU_SHELL_JOB, common->shell_job},
        {CRIU_FILE_LOCKS, common->file_locks},
        {CRIU_AUTO_DEDUP, common->auto_dedup},
        {CRIU_LAZY_PAGES, common->lazy_pages},
        {CRIU_LINK_REMAP, common->link_remap},
        {CRIU_EVASIVE_DEVICES, 1},
        {CRIU_ORPHAN_PTS_MASTER, 1},
        {CRIU_MANAGE_CGROUPS, 1},
    };

    criu_put_number(options, CRIU_IMAGES_DIR_FD, places->images_fd);
    criu_put_number(options, CRIU_WORK_DIR_FD, places->work_fd);
    criu_put_number(options, CRIU_LOG_LEVEL, LOG_LEVEL);
    criu_put_text(options, CRIU_LOG_FILE, places->log);
    for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
        if (switches[i].is_set)
            criu_put_number(options, switches[i].field, 1);
    criu_put_number(options, CRIU_MANAGE_CGROUPS_MODE, common->cgroups_mode);
    if (common->network_lock != 0)
        criu_put_number(options, CRIU_NETWORK_LOCK, common->network_lock);
    if (common->empty_ns != 0)
        criu_put_number(options, CRIU_EMPTY_NS, common->empty_ns);
    criu_put_text(options, CRIU_CONFIG_FILE, config_file(config));
}

int criu_explain(const struct criu_places *places, int r, struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    size_t length;
    char *line;

    if (places->work_fd < 0 ||
        fd_read_regular(places->work_fd, places->log, LOG_LIMIT, &text, &length) < 0)
        return r;
    line = strstr(text, "Error (");
    if (line == NULL)
        return r;
    line[strcspn(line, "\n")] = '\0';
    return error_append(err, r, ": %.300s (\"%s/%s\" has more)", line, places->work, places->log);
}
