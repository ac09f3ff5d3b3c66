/* SPDX-License-Identifier: Apache-2.0
 *
 * What an executable file says of itself in its headers. The file is hostile: every offset is
 * checked against its size.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

enum image_kind {
    IMAGE_ASSEMBLY, /* a .NET assembly */
    IMAGE_EMPTY,
    IMAGE_ELF,
    IMAGE_OTHER,     /* no PE file */
    IMAGE_NATIVE,    /* a PE file without a CLI header */
    IMAGE_TRUNCATED, /* headers point behind the file's end */
};

struct image {
    enum image_kind kind;
    uint16_t machine;     /* of the PE header, without what names its operating system */
    int is_for_machine;   /* it can be loaded on this machine */
    uint32_t flags;       /* COMIMAGE_FLAGS of the CLI header */
    uint32_t entry_point; /* a token; 0: a library */
};

/* Read SIZE bytes at OFFSET: 0, or -1 when the file has fewer. */
typedef int (*image_reader)(void *arg, uint64_t offset, void *data, size_t size);

/* FILE_SIZE: of what READER reads. */
void image_read(image_reader reader, void *arg, uint64_t file_size, struct image *image);
/* The same of an open file; -errno when it cannot be read. */
int image_read_fd(int fd, struct image *image);
/* "x64", "arm64", ..., or a number: for messages. */
const char *image_machine_name(uint16_t machine);

/* Whether the ELF file FD ends before its section headers do: mapped all the same, it would end the
 * process with SIGBUS. 1 whole, 0 not an ELF file of this machine or cut off, -errno. */
int image_is_whole_elf(int fd);

#endif
