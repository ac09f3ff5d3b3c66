/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures commands against each other: round after round, each case once, so that what disturbs
 * the machine disturbs all of them alike. Reads cases from standard input, one word list a line:
 *
 *   case LABEL
 *   before WORD...     not measured; any number of lines
 *   timed WORD...      measured: from the start to the end of the process; of several lines the sum
 *   after WORD...      not measured
 *
 * "%" in a word is the number of the round. Before `timed`, every process that `before` left is
 * waited for, unless the case has the line "leave". Prints for each case, separated by tabs: label;
 * minimum, median and 90th percentile of the time in nanoseconds; the greatest resident set in kB;
 * minimum and median of the processor time of the process and of what it waited for.
 *
 * Linked statically and small, since the peak memory that wait4(2) tells of a process is never
 * below that of the one which started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CASES 64
#define MAX_STEPS 8
#define MAX_WORDS 64
#define MAX_WORD 512

struct step {
    char *words[MAX_WORDS];
};

struct measured_case {
    char *label;
    struct step before[MAX_STEPS], timed[MAX_STEPS], after[MAX_STEPS];
    int n_before, n_timed, n_after, is_left;
    int64_t *times, *cpu_times;
    long peak;
};

static struct measured_case cases[MAX_CASES];
static int n_cases;

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "time: %s: %s\n", what, which);
    exit(1);
}

static void split(char *text, struct step *step)
{
    int n = 0;

    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        if (n == MAX_WORDS - 1)
            die("too many words", step->words[0]);
        step->words[n++] = strdup(word);
    }
    if (n == 0)
        die("a line without a command", text);
}

static void read_line(char *line)
{
    char *rest = strchr(line, ' ');
    struct measured_case *c = &cases[n_cases - 1];

    if (rest != NULL)
        *rest++ = '\0';
    if (strcmp(line, "case") == 0 && rest != NULL && n_cases < MAX_CASES)
        cases[n_cases++].label = strdup(rest);
    else if (n_cases == 0)
        die("expected \"case LABEL\" first, got", line);
    else if (strcmp(line, "leave") == 0)
        c->is_left = 1;
    else if (strcmp(line, "before") == 0 && rest != NULL && c->n_before < MAX_STEPS)
        split(rest, &c->before[c->n_before++]);
    else if (strcmp(line, "after") == 0 && rest != NULL && c->n_after < MAX_STEPS)
        split(rest, &c->after[c->n_after++]);
    else if (strcmp(line, "timed") == 0 && rest != NULL && c->n_timed < MAX_STEPS)
        split(rest, &c->timed[c->n_timed++]);
    else
        die("cannot use the line", line);
}

static void read_cases(void)
{
    static char line[1 << 14];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            read_line(line);
    }
    for (int i = 0; i < n_cases; i++)
        if (cases[i].n_timed == 0)
            die("nothing to time in the case", cases[i].label);
}

/* The words of STEP with "%" replaced, in static memory, so that no allocation disturbs. */
static char **fill_in(const struct step *step, int round)
{
    static char texts[MAX_WORDS][MAX_WORD];
    static char *words[MAX_WORDS];
    int n;

    for (n = 0; step->words[n] != NULL; n++) {
        const char *percent = strchr(step->words[n], '%');
        int length;

        if (percent == NULL) {
            words[n] = step->words[n];
            continue;
        }
        length = snprintf(texts[n], MAX_WORD, "%.*s%d%s", (int)(percent - step->words[n]),
                          step->words[n], round, percent + 1);
        if (length >= MAX_WORD)
            die("too long", step->words[n]);
        words[n] = texts[n];
    }
    words[n] = NULL;
    return words;
}

static int64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t in_ns(const struct timeval *t)
{
    return (int64_t)t->tv_sec * 1000000000 + (int64_t)t->tv_usec * 1000;
}

static int64_t run(const struct step *step, const char *label, int round, struct rusage *ret_usage)
{
    static posix_spawn_file_actions_t actions;
    static int is_ready;
    extern char **environ;
    char **words = fill_in(step, round);
    struct rusage usage = { 0 };
    int64_t start, end;
    int status = 0, r;
    pid_t pid;

    if (!is_ready) {
        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        is_ready = 1;
    }
    start = now();
    r = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
    if (r != 0)
        die(words[0], strerror(r));
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            die("wait4", strerror(errno));
    end = now();
    if (status != 0) {
        fprintf(stderr, "time: %s: %s ended with status %d in round %d\n", label, words[0],
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), round);
        exit(1);
    }
    if (ret_usage != NULL)
        *ret_usage = usage;
    return end - start;
}

/* Containers that a command left are ours, since we are their sub-reaper. */
static void wait_for_orphans(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void run_case(struct measured_case *c, int round, int is_warm_up)
{
    int64_t time = 0, cpu_time = 0;
    struct rusage usage;

    for (int i = 0; i < c->n_before; i++)
        (void)run(&c->before[i], c->label, round, NULL);
    if (c->n_before > 0 && !c->is_left)
        wait_for_orphans();
    for (int i = 0; i < c->n_timed; i++) {
        time += run(&c->timed[i], c->label, round, &usage);
        cpu_time += in_ns(&usage.ru_utime) + in_ns(&usage.ru_stime);
        if (!is_warm_up && usage.ru_maxrss > c->peak)
            c->peak = usage.ru_maxrss;
    }
    if (!is_warm_up) {
        c->times[round] = time;
        c->cpu_times[round] = cpu_time;
    }
    for (int i = 0; i < c->n_after; i++)
        (void)run(&c->after[i], c->label, round, NULL);
    if (c->n_after > 0)
        wait_for_orphans();
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    int rounds = argc == 2 ? atoi(argv[1]) : 0;

    if (rounds < 1) {
        fprintf(stderr, "usage: time ROUNDS <CASES\n");
        return 2;
    }
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    read_cases();
    for (int i = 0; i < n_cases; i++) {
        cases[i].times = calloc((size_t)rounds, sizeof(int64_t));
        cases[i].cpu_times = calloc((size_t)rounds, sizeof(int64_t));
        if (cases[i].times == NULL || cases[i].cpu_times == NULL)
            die("calloc", strerror(errno));
        /* Once before it counts: caches, and the state folders that a first run makes. */
        run_case(&cases[i], rounds, 1);
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < n_cases; i++)
            run_case(&cases[i], round, 0);
    for (int i = 0; i < n_cases; i++) {
        int64_t *t = cases[i].times, *cpu = cases[i].cpu_times;

        qsort(t, (size_t)rounds, sizeof(*t), compare);
        qsort(cpu, (size_t)rounds, sizeof(*cpu), compare);
        printf("%s\t%lld\t%lld\t%lld\t%ld\t%lld\t%lld\n", cases[i].label, (long long)t[0],
               (long long)t[rounds / 2], (long long)t[(int64_t)rounds * 9 / 10], cases[i].peak,
               (long long)cpu[0], (long long)cpu[rounds / 2]);
    }
    return 0;
}
