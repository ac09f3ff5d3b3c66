/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command line says, as the verbs hand it on. Pointers are borrowed from argv.
 */
#ifndef CORE_CONTAINER_OPTIONS_H
#define CORE_CONTAINER_OPTIONS_H

enum cgroup_manager { CGROUPS_DEFAULT, CGROUPS_SYSTEMD, CGROUPS_DISABLED };
/* auto: by the caller's user id and user namespace. */
enum rootless_mode { ROOTLESS_AUTO, ROOTLESS_TRUE, ROOTLESS_FALSE };

/* Before the verb. */
struct global_options {
    char *root;              /* the state root, resolved */
    const char *config_file; /* --config: one INI file instead of the three folders */
    const char **sets;       /* --set; NULL ends it */
    const char *plugin_dir;
    enum cgroup_manager cgroup_manager;
    enum rootless_mode rootless;
    const char *criu; /* --criu: the program, or NULL */
};

/* checkpoint and restore. */
struct criu_common {
    const char *image_path, *work_path;
    int tcp_established, tcp_close, ext_unix_sk, shell_job, file_locks, auto_dedup, lazy_pages;
    int link_remap;
    int cgroups_mode;  /* criu_cg_mode of CRIU's rpc.proto */
    int network_lock;  /* criu_network_lock_method; 0: CRIU's default */
    unsigned empty_ns; /* CLONE_NEWNET, or 0 */
};

struct checkpoint_options {
    const char *id;
    struct criu_common common;
    const char *parent_path;
    const char *page_server; /* ADDRESS:PORT */
    int leave_running, pre_dump, tcp_skip_in_flight;
    int status_fd; /* -1: none */
};

struct restore_options {
    struct criu_common common;
    const char *lsm_profile, *lsm_mount_context;
};

/* create, run and restore. */
struct create_options {
    const char *id;
    const char *bundle;
    const char *file; /* --config: another config.json */
    const char *console_socket;
    const char *pid_file;
    const char *pidfd_socket;
    int preserve_fds;
    int no_pivot;
    int no_new_keyring;
    int is_run;
    int detach;
    int keep;
    const struct restore_options *restore; /* the process is one that was saved; else NULL */
    int owns_bundle; /* the bundle was made for this container (bundle.h), and goes with it */
};

struct exec_options {
    const char *id;
    const char *process_file; /* --process, or NULL: the rest and args */
    const char *console_socket;
    const char *pid_file;
    const char *pidfd_socket;
    const char *cwd;
    const char *user;
    const char *process_label;
    const char *apparmor;
    const char **cgroups;
    const char **environment; /* NULL ends each list */
    const char **capabilities;
    const char **additional_gids;
    char **args;
    int tty;
    int detach;
    int no_new_privs;
    int preserve_fds;
    int ignore_paused;
};

#endif
