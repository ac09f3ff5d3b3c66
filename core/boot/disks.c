/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/disks.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <linux/fs.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "boot/output.h"

#define UUID_TEXT 37

static uint32_t number_at(const unsigned char *block, size_t at)
{
    uint32_t number;

    memcpy(&number, block + at, sizeof(number));
    return le32toh(number);
}

static int open_device(const char *name)
{
    char path[300];

    (void)snprintf(path, sizeof(path), "/dev/%s", name);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* A GPT's entry NUMBER (from 1): its own GUID, the first three fields of which are little-endian.
 */
static int read_gpt(int fd, unsigned number, char uuid[UUID_TEXT])
{
    static const int order[] = {3,  2, 1, 0,  -1, 5,  4,  -1, 7,  6,
                                -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};
    unsigned char header[92], entry[32];
    int sector = 512, at = 0;
    uint64_t start;

    (void)ioctl(fd, BLKSSZGET, &sector);
    if (pread(fd, header, sizeof(header), sector) != sizeof(header) ||
        memcmp(header, "EFI PART", 8) != 0 || number > number_at(header, 80))
        return 0;
    memcpy(&start, header + 72, sizeof(start));
    start = le64toh(start) * (uint64_t)sector + (uint64_t)(number - 1) * number_at(header, 84);
    if (pread(fd, entry, sizeof(entry), (off_t)start) != sizeof(entry))
        return 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        at += order[i] < 0 ? snprintf(uuid + at, 2, "-")
                           : snprintf(uuid + at, 3, "%02x", entry[16 + order[i]]);
    return 1;
}

/* As the kernel names it: a GUID, or the disk's signature and the number. Linux tells it in sysfs
 * only since 6.9, so it is read from the table on the disk that NAME is a part of. */
static int read_partuuid(const char *name, char uuid[UUID_TEXT])
{
    char path[300], target[PATH_MAX], text[16], *disk;
    unsigned char table[512];
    barrer_auto_fd int fd = -1;
    unsigned number;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/sys/class/block/%s/partition", name);
    if (fd_read_once(AT_FDCWD, path, text, sizeof(text)) <= 0)
        return 0;
    number = (unsigned)strtoul(text, NULL, 10);
    (void)snprintf(path, sizeof(path), "/sys/class/block/%s", name);
    n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0 || number == 0)
        return 0;
    target[n] = '\0';
    *strrchr(target, '/') = '\0';
    disk = strrchr(target, '/');
    fd = disk != NULL ? open_device(disk + 1) : -1;
    if (fd < 0 || pread(fd, table, sizeof(table), 0) != sizeof(table) || table[510] != 0x55 ||
        table[511] != 0xaa)
        return 0;
    if (table[450] == 0xee)
        return read_gpt(fd, number, uuid);
    (void)snprintf(uuid, UUID_TEXT, "%08x-%02x", number_at(table, 440), number);
    return 1;
}

/* ext's superblock holds label and UUID at known places. */
static int matches_ext(const char *name, const char *wanted)
{
    unsigned char block[1024 + 256];
    char uuid[UUID_TEXT];
    barrer_auto_fd int fd = open_device(name);

    if (fd < 0 || pread(fd, block, sizeof(block), 0) != sizeof(block) || block[1080] != 0x53 ||
        block[1081] != 0xef)
        return 0;
    if (strncmp(wanted, "LABEL=", 6) == 0)
        return strncmp((const char *)block + 1024 + 120, wanted + 6, 16) == 0;
    for (int i = 0, at = 0; i < 16; i++)
        at += snprintf(uuid + at, sizeof(uuid) - (size_t)at, "%s%02x",
                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", block[1024 + 104 + i]);
    return strcasecmp(uuid, wanted + 5) == 0;
}

static int matches(const char *name, const char *wanted)
{
    char uuid[UUID_TEXT];

    if (strncmp(wanted, "PARTUUID=", 9) == 0)
        return read_partuuid(name, uuid) && strcasecmp(uuid, wanted + 9) == 0;
    return matches_ext(name, wanted);
}

int disks_find(const char *wanted, char *path, size_t size)
{
    struct dirent *entry;
    DIR *folder;
    int found = 0;

    if (strncmp(wanted, "PARTUUID=", 9) != 0 && strncmp(wanted, "LABEL=", 6) != 0 &&
        strncmp(wanted, "UUID=", 5) != 0) {
        (void)snprintf(path, size, "%s", wanted);
        return wanted[0] != '/' || access(path, F_OK) == 0;
    }
    folder = opendir("/sys/class/block");
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && matches(entry->d_name, wanted)) {
            (void)snprintf(path, size, "/dev/%s", entry->d_name);
            found = 1;
        }
    if (folder != NULL)
        (void)closedir(folder);
    return found;
}

/* In less memory than programs have pages, what is read beside a page that is wanted takes the
 * place of another one that is. */
void disks_set_read_ahead(struct machine *machine, const char *root)
{
    /* A partition's is that of its disk, which is the folder above. */
    static const char *const folders[] = {"", "../"};
    char path[96], value[16];
    struct stat st;
    int r = -ENOENT;

    if (machine_plan(machine)->settings.read_ahead == 0)
        return;
    (void)snprintf(value, sizeof(value), "%u", machine_plan(machine)->settings.read_ahead);
    if (stat(root, &st) < 0 || major(st.st_dev) == 0) {
        output_say(machine, 4, "[flow boot] read-ahead: the root is on no disk");
        return;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && r == -ENOENT; i++) {
        (void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%squeue/read_ahead_kb",
                       major(st.st_dev), minor(st.st_dev), folders[i]);
        r = barrer_write_at(AT_FDCWD, path, value);
    }
    if (r < 0)
        output_say(machine, 4, "[flow boot] read-ahead: write %s to \"%s\": %s", value, path,
                   strerrordesc_np(-r));
}
