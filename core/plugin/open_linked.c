/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugins that are linked into barrer-run-static. One is used where the file of its name in the
 * plugin folder is the file of this build, which its build id tells: another file, another folder
 * or another module is what the operator wants, and the program proper loads it.
 */
#include "plugin/opener.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/program.h"
#include "plugin/linked.h"

/* The linker puts notes in front; what is farther in is not from this build. */
#define HEAD_SIZE 2048

int opener_loads_files(void)
{
    return 0;
}

int opener_has_successor(void)
{
    return 1;
}

int opener_init(struct opener *opener, char *folder, struct barrer_error *err)
{
    (void)err;
    *opener = (struct opener){.folder = folder, .read_only_fd = -1};
    return 0;
}

void opener_fini(struct opener *opener)
{
    free(opener->folder);
}

/* Look for the build id among the notes from START to END of HEAD. */
static int has_id(const unsigned char *head, size_t start, size_t end, const unsigned char *id)
{
    while (end - start >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        size_t name, content;

        memcpy(&note, head + start, sizeof(note));
        if (note.n_namesz > HEAD_SIZE || note.n_descsz > HEAD_SIZE)
            return 0;
        name = start + sizeof(note);
        content = name + ((note.n_namesz + 3u) & ~3u);
        start = content + ((note.n_descsz + 3u) & ~3u);
        if (start > end)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(head + name, "GNU", 4) == 0)
            return note.n_descsz == LINKED_ID_SIZE &&
                   memcmp(head + content, id, LINKED_ID_SIZE) == 0;
    }
    return 0;
}

static int is_file_of_id(const char *file, const unsigned char *id)
{
    unsigned char head[HEAD_SIZE];
    barrer_auto_fd int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
    Elf64_Ehdr header;

    if (length < (ssize_t)sizeof(header))
        return 0;
    memcpy(&header, head, sizeof(header));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(Elf64_Phdr))
        return 0;
    for (size_t i = 0; i < header.e_phnum; i++) {
        size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;

        if (at > (size_t)length || (size_t)length - at < sizeof(segment))
            return 0;
        memcpy(&segment, head + at, sizeof(segment));
        if (segment.p_type == PT_NOTE && segment.p_offset < (size_t)length &&
            segment.p_filesz <= (size_t)length - segment.p_offset &&
            has_id(head, segment.p_offset, segment.p_offset + segment.p_filesz, id))
            return 1;
    }
    return 0;
}

static const struct linked_module *find(const char *name)
{
    const struct linked_module *module = linked_modules;

    while (module->name != NULL && strcmp(module->name, name) != 0)
        module++;
    return module->name != NULL ? module : NULL;
}

int opener_is_at_hand(const struct opener *opener, const char *name)
{
    const struct linked_module *module = find(name);
    char *file;
    int is_here;

    if (module == NULL || asprintf(&file, "%s/%s.so", opener->folder, name) < 0)
        return 0;
    is_here = is_file_of_id(file, module->id);
    free(file);
    return is_here;
}

int opener_open(struct opener *opener, const char *name, char **ret_file,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    const struct linked_module *module = find(name);
    char *file;

    if (asprintf(&file, "%s/%s.so", opener->folder, name) < 0)
        return error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    if (module != NULL && is_file_of_id(file, module->id)) {
        *ret_plugin = module->plugin;
        *ret_file = file;
        return 1;
    }
    free(file);
    return error_fail(err, -program_succeed(),
                      "plugin \"%s\": execute the program that loads plugins from files", name);
}
