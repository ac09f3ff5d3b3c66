/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/tune.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <linux/random.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "base/path.h"
#include "boot/cmdline.h"
#include "boot/disks.h"
#include "boot/output.h"
#include "boot/table.h"
#include "config/types.h"

#define SECTION "flow boot"
#define SEED_BYTES 512

static struct config *parse(struct machine *machine)
{
    const struct boot_plan *plan = machine_plan(machine);
    struct config *config = NULL;
    struct barrer_error err;

    if (config_parse("boot.conf", plan->text, plan->length, &config, &err) < 0)
        output_say(machine, 3, "%s", err.text);
    return config;
}

static void each_word(const struct config *config, const char *key, struct machine *machine,
                      void (*each)(struct machine *machine, char *word))
{
    const char *text = table_text(config, SECTION, key);
    barrer_auto_free char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++)
        each(machine, words[i]);
}

static int is_on(const struct config *config, const char *key)
{
    const char *text = table_text(config, SECTION, key);
    barrer_auto_free char *normal = NULL;

    return text != NULL && type_normalise("bool", text, &normal, NULL) == 0 &&
           strcmp(normal, "yes") == 0;
}

/* --- modules: modules.dep has the file of each and those that it needs, the last first ------------ */

static int load_file(const char *folder, const char *file)
{
    char path[512];
    barrer_auto_fd int fd = -1;
    size_t length = strlen(file);
    int flags = length > 3 && strcmp(file + length - 3, ".ko") != 0 ? MODULE_INIT_COMPRESSED_FILE : 0;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (syscall(SYS_finit_module, fd, "", flags) < 0 && errno != EEXIST)
        return -errno;
    return 0;
}

/* "kernel/drivers/net/virtio_net.ko.xz" is NAME; "-" and "_" are the same. */
static int is_module(const char *file, size_t length, const char *name)
{
    const char *base = memrchr(file, '/', length);
    size_t n = strlen(name);

    base = base != NULL ? base + 1 : file;
    if ((size_t)(file + length - base) <= n || base[n] != '.')
        return 0;
    for (size_t i = 0; i < n; i++)
        if (base[i] != name[i] && !(strchr("-_", base[i]) && strchr("-_", name[i])))
            return 0;
    return 1;
}

static int load_line(const char *folder, char *line)
{
    char *words[64], *rest = NULL;
    int n = 0, r = 0;

    for (char *word = strtok_r(line, ": ", &rest); word && n < 64; word = strtok_r(NULL, ": ", &rest))
        words[n++] = word;
    while (n-- > 0 && r == 0)
        r = load_file(folder, words[n]);
    return r;
}

static void load_module(struct machine *machine, char *name)
{
    barrer_auto_free char *text = NULL;
    struct utsname uts;
    char folder[256], path[300];
    size_t length;
    int r;

    (void)uname(&uts);
    (void)snprintf(folder, sizeof(folder), "/lib/modules/%s", uts.release);
    (void)snprintf(path, sizeof(path), "%s/modules.dep", folder);
    r = fd_read_file(AT_FDCWD, path, 4 << 20, &text, &length);
    if (r == 0) {
        char *next = text;

        r = -ENOENT;
        for (char *line; (line = strsep(&next, "\n")) != NULL;)
            if (is_module(line, strcspn(line, ":"), name)) {
                r = load_line(folder, line);
                break;
            }
    }
    if (r < 0)
        output_say(machine, 4, "load kernel module %s: %s", name, strerrordesc_np(-r));
}

int tune_has_modules(const struct config *config)
{
    return table_text(config, SECTION, "modules") != NULL;
}

void tune_modules(struct machine *machine, const struct config *config)
{
    each_word(config, "modules", machine, load_module);
}

/* --- the rest --------------------------------------------------------------------------------------- */

static void set_sysctl(struct machine *machine, char *word)
{
    char path[256], *value = strchr(word, '=');
    int r;

    if (value == NULL)
        return;
    *value++ = '\0';
    (void)snprintf(path, sizeof(path), "/proc/sys/%s", word);
    for (char *c = path + 10; *c != '\0'; c++)
        if (*c == '.')
            *c = '/';
    r = strstr(path, "/../") != NULL ? -EINVAL : barrer_write_at(AT_FDCWD, path, value);
    if (r < 0)
        output_say(machine, 4, "[flow boot] sysctl: set %s: %s", word, strerrordesc_np(-r));
}

static void set_hostname(struct machine *machine, const struct config *config)
{
    const char *name = table_text(config, SECTION, "hostname");
    barrer_auto_free char *text = NULL;
    size_t length;

    if (name == NULL && fd_read_file(AT_FDCWD, "/etc/hostname", 256, &text, &length) == 0) {
        text[strcspn(text, " \t\n")] = '\0';
        name = text;
    }
    if (name != NULL && name[0] != '\0' && sethostname(name, strlen(name)) < 0)
        output_say(machine, 4, "set the host name to \"%s\": %s", name, strerrordesc_np(errno));
}

static void raise_clock(struct machine *machine, const struct config *config)
{
    const char *text = table_text(config, SECTION, "clock-floor");
    struct timespec floor = {.tv_sec = text != NULL ? (time_t)strtoll(text, NULL, 10) : 0};

    if (time(NULL) < floor.tv_sec && clock_settime(CLOCK_REALTIME, &floor) < 0)
        output_say(machine, 4, "set the clock: %s", strerrordesc_np(errno));
}

static void write_seed(struct machine *machine, const char *path)
{
    char seed[SEED_BYTES];
    barrer_auto_fd int fd = -1;

    if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, seed, sizeof(seed)) != sizeof(seed) || fsync(fd) < 0)
        output_say(machine, 5, "keep the random seed in \"%s\": %s", path, strerrordesc_np(errno));
}

/* A seed is credited once: a new one is in its place before it counts. */
static void load_seed(struct machine *machine, const char *path)
{
    struct {
        int entropy_count, buf_size;
        char bytes[SEED_BYTES];
    } pool = {.entropy_count = 256, .buf_size = SEED_BYTES};
    barrer_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    barrer_auto_fd int random_fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, pool.bytes, sizeof(pool.bytes)) : -1;

    /* Mixed in without credit first, so that the new seed depends on the old one. */
    if (n == sizeof(pool.bytes) && random_fd >= 0 && write(random_fd, pool.bytes, (size_t)n) == n &&
        unlink(path) == 0)
        (void)ioctl(random_fd, RNDADDENTROPY, &pool);
    write_seed(machine, path);
}

static void make_machine_id(struct machine *machine)
{
    unsigned char bytes[16];
    char text[40];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return;
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    text[32] = '\n';
    if (fd_replace_file(AT_FDCWD, "/etc/machine-id", text, 33, 0444) < 0)
        output_say(machine, 4, "make /etc/machine-id: %s", strerrordesc_np(errno));
}

static void raise_loopback(struct machine *machine)
{
    barrer_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo"};

    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
        output_say(machine, 5, "bring up lo: %s", strerrordesc_np(errno));
        return;
    }
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        output_say(machine, 4, "bring up lo: %s", strerrordesc_np(errno));
}

static const struct {
    const char *name;
    unsigned long flag;
} mount_flags[] = {{"ro", MS_RDONLY},         {"nosuid", MS_NOSUID},   {"nodev", MS_NODEV},
                   {"noexec", MS_NOEXEC},     {"noatime", MS_NOATIME}, {"relatime", MS_RELATIME},
                   {"bind", MS_BIND},         {"rbind", MS_BIND | MS_REC}, {"sync", MS_SYNCHRONOUS},
                   {"rw", 0}};

/* SOURCE:TARGET:TYPE[:OPTIONS] */
static void mount_one(struct machine *machine, char *word)
{
    char *fields[4] = {NULL}, data[256] = "", *rest = NULL;
    unsigned long flags = 0;
    struct barrer_error err;

    for (int i = 0; i < 4 && word != NULL; i++)
        fields[i] = i < 3 ? strsep(&word, ":") : word;
    if (fields[2] == NULL || fields[1][0] != '/') {
        output_say(machine, 3, "[flow boot] mount: expected SOURCE:TARGET:TYPE[:OPTIONS]");
        return;
    }
    for (char *o = fields[3] != NULL ? strtok_r(fields[3], ",", &rest) : NULL; o != NULL;
         o = strtok_r(NULL, ",", &rest)) {
        size_t i = 0, n = sizeof(mount_flags) / sizeof(*mount_flags);

        while (i < n && strcmp(mount_flags[i].name, o) != 0)
            i++;
        if (i < n)
            flags |= mount_flags[i].flag;
        else if (strlen(data) + strlen(o) + 2 < sizeof(data))
            (void)snprintf(data + strlen(data), sizeof(data) - strlen(data), "%s%s",
                           data[0] != '\0' ? "," : "", o);
    }
    (void)path_make_folders(fields[1], 0755, &err);
    if (mount(fields[0], fields[1], fields[2], flags, data) < 0)
        output_say(machine, 3, "mount %s on %s: %s", fields[0], fields[1], strerrordesc_np(errno));
    else if (flags & MS_BIND && flags & ~(unsigned long)(MS_BIND | MS_REC))
        (void)mount(NULL, fields[1], NULL, flags | MS_REMOUNT, NULL);
}

void tune_at_once(struct machine *machine, const struct config *config)
{
    raise_clock(machine, config);
    set_hostname(machine, config);
    /* The output of services goes there while no logger takes it: not only ten lines in five seconds. */
    if (machine->kmsg_fd >= 0)
        (void)barrer_write_at(AT_FDCWD, "/proc/sys/kernel/printk_devkmsg", "on");
    each_word(config, "sysctl", machine, set_sysctl);
    if (!machine->is_test)
        disks_set_read_ahead(machine, "/");
    if (is_on(config, "loopback"))
        raise_loopback(machine);
}

static int wants_machine_id(const struct config *config)
{
    struct stat st;

    return is_on(config, "machine-id") && (stat("/etc/machine-id", &st) < 0 || st.st_size == 0);
}

int tune_waits(const struct machine *machine, const struct config *config)
{
    return table_text(config, SECTION, "mount") != NULL || wants_machine_id(config) ||
           (table_text(config, SECTION, "seed") != NULL && !machine->is_test);
}

void tune_what_waits(struct machine *machine, const struct config *config)
{
    const char *seed = table_text(config, SECTION, "seed");

    each_word(config, "mount", machine, mount_one);
    if (seed != NULL && !machine->is_test)
        load_seed(machine, seed);
    if (wants_machine_id(config))
        make_machine_id(machine);
}

void tune_save_seed(struct machine *machine)
{
    struct config *config = parse(machine);
    const char *seed = config != NULL ? table_text(config, SECTION, "seed") : NULL;

    if (seed != NULL && !machine->is_test)
        write_seed(machine, seed);
}
