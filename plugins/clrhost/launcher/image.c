/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE_I386 0x014c
#define MACHINE_ARM 0x01c4
#define MACHINE_AMD64 0x8664
#define MACHINE_ARM64 0xaa64
#define FLAG_32BIT_REQUIRED 0x00002u
#define FLAG_32BIT_PREFERRED 0x20000u

#if defined(__aarch64__)
#define MACHINE_OWN MACHINE_ARM64
#define ELF_MACHINE EM_AARCH64
#else
#define MACHINE_OWN MACHINE_AMD64
#define ELF_MACHINE EM_X86_64
#endif

#define PE32 0x10b
#define PE32_PLUS 0x20b
#define MAX_SECTIONS 96 /* as the loader of Windows has it */
#define CLI_DIRECTORY 14
#define CLI_HEADER_SIZE 72

struct source {
    image_reader reader;
    void *arg;
    uint64_t size;
};

static uint16_t get_16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int get(const struct source *source, uint64_t offset, void *data, size_t size)
{
    if (offset > source->size || size > source->size - offset)
        return -1;
    return source->reader(source->arg, offset, data, size);
}

/* Images with native code say for which operating system it is, in the machine's bits. */
static uint16_t without_system(uint16_t machine)
{
    static const uint16_t systems[] = {0, 0x7b79, 0x4644, 0xadc4, 0x1993, 0x1992};
    static const uint16_t machines[] = {MACHINE_I386, MACHINE_ARM, MACHINE_AMD64, MACHINE_ARM64};

    for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
        for (size_t j = 0; j < sizeof(machines) / sizeof(*machines); j++)
            if ((machine ^ systems[i]) == machines[j])
                return machines[j];
    return machine;
}

/* Where the RVA is in the file; the whole of SIZE bytes has to be in one section. */
static int find_offset(const struct source *source, uint64_t sections, unsigned n, uint32_t rva,
                       uint32_t size, uint64_t *ret_offset)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t section[40];
        uint32_t address, raw_size, raw_offset;

        if (get(source, sections + (uint64_t)i * sizeof(section), section, sizeof(section)) < 0)
            return -1;
        address = get_32(section + 12);
        raw_size = get_32(section + 16);
        raw_offset = get_32(section + 20);
        if (rva < address || rva - address >= raw_size || size > raw_size - (rva - address))
            continue;
        *ret_offset = (uint64_t)raw_offset + (rva - address);
        return 0;
    }
    return -1;
}

/* A file that is cut off in a section would be mapped, and fail where nobody expects it. */
static int has_sections(const struct source *source, uint64_t sections, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t section[40];

        if (get(source, sections + (uint64_t)i * sizeof(section), section, sizeof(section)) < 0)
            return 0;
        if ((uint64_t)get_32(section + 16) + get_32(section + 20) > source->size)
            return 0;
    }
    return 1;
}

static enum image_kind read_cli(const struct source *source, uint64_t offset, struct image *image)
{
    uint8_t header[CLI_HEADER_SIZE];

    if (get(source, offset, header, sizeof(header)) < 0 || get_32(header) < CLI_HEADER_SIZE)
        return IMAGE_TRUNCATED;
    image->flags = get_32(header + 16);
    image->entry_point = get_32(header + 20);
    if (image->machine == MACHINE_I386)
        image->is_for_machine =
            !(image->flags & FLAG_32BIT_REQUIRED) || (image->flags & FLAG_32BIT_PREFERRED) != 0;
    else
        image->is_for_machine = image->machine == MACHINE_OWN;
    return IMAGE_ASSEMBLY;
}

static enum image_kind read_pe(const struct source *source, struct image *image)
{
    uint8_t dos[64], head[24], optional[240] = {0};
    uint64_t offset, cli;
    unsigned n_sections, optional_size, directories;
    uint32_t rva;

    if (get(source, 0, dos, sizeof(dos)) < 0)
        return IMAGE_TRUNCATED;
    offset = get_32(dos + 60);
    if (get(source, offset, head, sizeof(head)) < 0)
        return IMAGE_TRUNCATED;
    if (memcmp(head, "PE\0\0", 4) != 0)
        return IMAGE_NATIVE;
    image->machine = without_system(get_16(head + 4));
    n_sections = get_16(head + 6);
    optional_size = get_16(head + 20);
    if (optional_size < 2 || optional_size > sizeof(optional) || n_sections > MAX_SECTIONS)
        return IMAGE_NATIVE;
    offset += sizeof(head);
    if (get(source, offset, optional, optional_size) < 0)
        return IMAGE_TRUNCATED;
    directories = get_16(optional) == PE32 ? 96 : get_16(optional) == PE32_PLUS ? 112 : 0;
    if (directories == 0 || directories + (CLI_DIRECTORY + 1) * 8 > optional_size ||
        get_32(optional + directories - 4) <= CLI_DIRECTORY)
        return IMAGE_NATIVE;
    rva = get_32(optional + directories + CLI_DIRECTORY * 8);
    if (rva == 0)
        return IMAGE_NATIVE;
    offset += optional_size;
    if (!has_sections(source, offset, n_sections) ||
        find_offset(source, offset, n_sections, rva, CLI_HEADER_SIZE, &cli) < 0)
        return IMAGE_TRUNCATED;
    return read_cli(source, cli, image);
}

void image_read(image_reader reader, void *arg, uint64_t file_size, struct image *image)
{
    const struct source source = {reader, arg, file_size};
    uint8_t magic[4] = {0};

    *image = (struct image){.kind = IMAGE_OTHER};
    if (file_size == 0) {
        image->kind = IMAGE_EMPTY;
        return;
    }
    (void)get(&source, 0, magic, file_size < sizeof(magic) ? (size_t)file_size : sizeof(magic));
    if (memcmp(magic, ELFMAG, SELFMAG) == 0)
        image->kind = IMAGE_ELF;
    else if (magic[0] == 'M' && magic[1] == 'Z')
        image->kind = read_pe(&source, image);
}

static int read_fd(void *arg, uint64_t offset, void *data, size_t size)
{
    const int *fd = arg;

    return pread(*fd, data, size, (off_t)offset) == (ssize_t)size ? 0 : -1;
}

int image_read_fd(int fd, struct image *image)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EISDIR;
    image_read(read_fd, &fd, (uint64_t)st.st_size, image);
    return 0;
}

const char *image_machine_name(uint16_t machine)
{
    switch (machine) {
    case MACHINE_I386:
        return "x86";
    case MACHINE_ARM:
        return "arm";
    case MACHINE_AMD64:
        return "x64";
    case MACHINE_ARM64:
        return "arm64";
    default:
        return "another machine";
    }
}

int image_is_whole_elf(int fd)
{
    Elf64_Ehdr header;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_machine != ELF_MACHINE)
        return 0;
    return header.e_shoff <= (uint64_t)st.st_size &&
           (uint64_t)header.e_shnum * header.e_shentsize <= (uint64_t)st.st_size - header.e_shoff;
}
