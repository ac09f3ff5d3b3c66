/* SPDX-License-Identifier: Apache-2.0
 *
 * All that PID 1 knows, in one block that lives in a memfd: a fault executes barrer-init again,
 * which maps the block and goes on with every service still supervised. It holds numbers, texts
 * and descriptors, and no pointers.
 */
#ifndef CORE_BOOT_MACHINE_H
#define CORE_BOOT_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define MACHINE_MAGIC 0x31746f6f62726162ull
#define MACHINE_SERVICES 128
#define MACHINE_NAME 33
#define MACHINE_PLAN_TEXT (128 * 1024)
#define MACHINE_RING (64 * 1024)
#define MACHINE_CLIENTS 16
#define MACHINE_PHASES 24
#define MACHINE_MODULES 24
#define MACHINE_NONE (-1)

/* A system that boots has its configuration there, whatever prefix this was built for. */
#define BOOT_LIB_DIR "/usr/lib/barrer"
#define BOOT_CONF_DIR "/etc/barrer"

/* A set of services, by index. */
struct service_set {
    uint64_t bits[MACHINE_SERVICES / 64];
};

enum service_type { SERVICE_SIMPLE, SERVICE_ONESHOT, SERVICE_SCRIPTED };
enum service_restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum service_readiness { READINESS_NONE, READINESS_NOTIFY, READINESS_S6 };
enum service_input { INPUT_NULL, INPUT_CONSOLE };
enum service_output { OUTPUT_LOG, OUTPUT_CONSOLE, OUTPUT_NULL };

/* What the plan says of a service, as far as PID 1 itself carries it out. Times in milliseconds. */
struct service_row {
    char name[MACHINE_NAME]; /* "": the plan does not name it */
    uint8_t type, restart, readiness, input, output;
    uint8_t is_enabled, has_stop_exec, has_reload_exec;
    uint8_t n_give_up;
    uint8_t give_up[16];
    int32_t stop_signal, reload_signal;
    uint64_t restart_delay, restart_max_delay, restart_interval, restart_limit;
    uint64_t start_timeout, stop_timeout, watchdog, every, after_boot;
    struct service_set after, requires, wants;
    uint32_t modules; /* of the settings, that are loaded before its start: bits */
};

/* [flow boot], as far as PID 1 itself carries it out. */
struct boot_settings {
    int16_t init, init_fallback, logger; /* services, or MACHINE_NONE */
    uint8_t on_failure;                  /* enum machine_action, or ACTION_NONE: rescue */
    uint8_t has_root, root_overlay;
    uint32_t read_ahead; /* KiB; 0: as the kernel does */
    uint64_t init_timeout, shutdown_timeout, root_timeout, watchdog;
    char rescue[256], console[64];
    char root[128], root_type[32], root_options[128], fsck[128];
    char plugin_dir[256];
    char limits[256];
    char modules[MACHINE_MODULES][MACHINE_NAME]; /* of plugins, in the order of the flow */
};

/* One plan: the text that it was read from, and what it says. */
struct boot_plan {
    uint32_t length; /* of text */
    int32_t result;  /* of reading it: 0, or -errno with `problem` */
    char source[16]; /* static, pushed, last-good, defaults */
    char problem[2048];
    struct boot_settings settings;
    int32_t n_rows; /* those behind are zeros, in pages that nothing has touched */
    struct service_row rows[MACHINE_SERVICES];
    char text[MACHINE_PLAN_TEXT];
};

enum service_state {
    SERVICE_INACTIVE,
    SERVICE_WAITING,
    SERVICE_STARTING,
    SERVICE_RUNNING,
    SERVICE_STOPPING,
    SERVICE_BACKOFF,
    SERVICE_DONE,
    SERVICE_SKIPPED,
    SERVICE_FAILED,
};

/* What became of a service. Times in milliseconds of CLOCK_MONOTONIC; 0: not yet, none. */
struct unit {
    char name[MACHINE_NAME]; /* "": free */
    uint8_t state;
    uint8_t is_wanted;     /* it is to be up */
    uint8_t is_restarting; /* it is stopped to be started again */
    uint8_t is_killed;     /* SIGKILL was sent */
    uint8_t has_failed_start;
    uint8_t is_executing; /* the process that is being made has come to its execve */
    uint8_t is_executed;  /* the payload runs */
    uint8_t is_ready;
    uint8_t has_logger;         /* this logger reads the pipes by itself */
    pid_t pid, spawner, helper; /* the service, what makes it, stop-exec or reload-exec */
    int log_fd, log_write_fd;   /* its output pipe, both ends */
    int report_fd, ready_fd;    /* from the spawner; of s6 */
    int socket_fd;              /* to the init service or the logger */
    uint32_t restarts, in_window;
    uint64_t window_start, delay;
    uint64_t deadline, watchdog_deadline, timer;
    uint64_t requested_at, started_at, ready_at, ended_at;
    int32_t code, signal;
    uint32_t partial; /* of the line that is being read */
    char line[256];
    char text[192];
};

enum machine_action {
    ACTION_NONE,
    ACTION_POWEROFF,
    ACTION_REBOOT,
    ACTION_HALT,
    ACTION_KEXEC,
};

enum machine_state {
    MACHINE_BOOTING,
    MACHINE_RUNNING,
    MACHINE_DEGRADED,
    MACHINE_RESCUE,
    MACHINE_STOPPING,
};

struct phase {
    char name[24];
    uint64_t start, end; /* microseconds of CLOCK_MONOTONIC */
    int32_t result;
};

/* A client of the control socket, and how far its answer is. */
struct client {
    int fd;
    uint8_t request; /* enum control_request; 0: none */
    uint8_t is_following;
    int16_t service; /* or MACHINE_NONE */
    uint32_t step;
    uint64_t offset;
    char id[33];
};

enum job_kind { JOB_NONE, JOB_PLAN, JOB_RELOAD, JOB_SAVE, JOB_FINISH };

/* Work that may hang or fail, in a child with a deadline. */
struct job {
    pid_t pid;
    uint8_t kind;
    int16_t client; /* who is to be told, or MACHINE_NONE; -2: the init service */
    uint64_t deadline;
    char id[33];
};

/* Steps of boot, in order. */
enum boot_step {
    BOOT_MOUNTS,
    BOOT_CONFIGURATION,
    BOOT_MODULES,
    BOOT_ROOT,
    BOOT_CGROUP,
    BOOT_PLUGINS,
    BOOT_TUNE,
    BOOT_CONTROL,
    BOOT_SERVICES,
    BOOT_DONE,
};

struct machine {
    uint64_t magic;
    uint32_t size;
    int fd;     /* of this block */
    int exe_fd; /* of the program */
    uint32_t faults, faults_in_window;
    uint64_t fault_window, loops;
    uint8_t is_test;      /* in namespaces, not a machine's PID 1 */
    uint8_t is_contained; /* not in the first pid namespace */
    uint8_t is_initial;   /* the root is the initial RAM disk */
    uint8_t has_cgroups;
    uint8_t state, action, was_ready, has_plan;
    uint8_t shutdown_step;
    uint8_t is_degraded;  /* the configuration is not the one that was asked for */
    uint8_t wants_good;   /* it is to be kept as the last good one */
    uint8_t boot_step;    /* enum boot_step: the one that is next, or at work */
    uint8_t is_stepping;  /* it is at work */
    uint8_t n_sources;    /* of the configuration, that were tried */
    uint8_t loading;      /* the module that is being loaded, from 1 */
    uint8_t is_limited;   /* SIGALRM is a fault: what PID 1 does by itself takes too long */
    uint32_t bad_modules; /* those that failed or were a fault when they were loaded: bits */
    int32_t current;      /* plan: 0 or 1 */
    uint64_t boot_at, init_deadline, shutdown_deadline, step_deadline, watchdog_at;
    uint64_t settle_at; /* what boot needed is given back; 0: it was */
    uint64_t control_at; /* its socket is tried again */
    uint64_t interrupts_at;
    uint32_t interrupts;
    pid_t rescue;
    int control_fd, notify_fd, kmsg_fd, console_fd, cgroup_fd, watchdog_fd;
    uint32_t push_length; /* of the text that the init service is sending */
    uint8_t is_pushing, is_push_broken;
    uint32_t lost;
    int32_t
        n_units; /* those behind are free: loops over units touch no more pages than there are */
    struct job job;
    struct client clients[MACHINE_CLIENTS];
    struct unit units[MACHINE_SERVICES];
    struct phase phases[MACHINE_PHASES];
    uint32_t n_phases;
    uint64_t ring_head;    /* bytes that were ever written to it */
    char config_file[256]; /* "": the layers */
    char ring[MACHINE_RING];
    char push[64 * 1024];
    struct boot_plan plans[2];
};

/* A fresh one, in a new memfd. */
int machine_create(struct machine **ret_machine, struct barrer_error *err);
/* The one behind FD, from before a fault. */
int machine_resume(int fd, struct machine **ret_machine, struct barrer_error *err);

static inline struct boot_plan *machine_plan(struct machine *machine)
{
    return &machine->plans[machine->current];
}
static inline struct boot_plan *machine_other_plan(struct machine *machine)
{
    return &machine->plans[!machine->current];
}
static inline struct service_row *machine_row(struct machine *machine, int index)
{
    return &machine_plan(machine)->rows[index];
}
/* The unit of that name, or MACHINE_NONE. */
int machine_find(const struct machine *machine, const char *name);
void unit_init(struct unit *unit);

static inline int set_has(const struct service_set *set, int i)
{
    return (set->bits[i / 64] >> (i % 64)) & 1;
}
static inline void set_add(struct service_set *set, int i)
{
    set->bits[i / 64] |= 1ull << (i % 64);
}

uint64_t machine_now(void);    /* milliseconds of CLOCK_MONOTONIC */
uint64_t machine_now_us(void); /* microseconds */

/* The boot chart's phases. */
void phase_begin(struct machine *machine, const char *name);
void phase_end(struct machine *machine, int result);

#endif
