/* SPDX-License-Identifier: Apache-2.0
 *
 * The ELF interpreter of the launcher in a container: it loads glibc's ld.so, which the host brings
 * along, keeps from it what an image has to say to its own, and jumps to it. Those are the file
 * /etc/ld.so.preload, whose libraries are made for another C library, and the variables LD_*, but
 * for LD_LIBRARY_PATH, which counts less than the launcher's own path and serves the application.
 *
 * There is no C library here, and nothing has been relocated: no global data, no calls out of this
 * file, no copying of structs.
 */
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "launcher.h"

#define INLINE static inline __attribute__((always_inline))

#define PAGE_DOWN(x) ((x) & ~(page - 1))
#define PAGE_UP(x) (((x) + page - 1) & ~(page - 1))

/* The entry: START gets the stack as the kernel has laid it out, and returns where to go on, with
 * the stack as it was. */
#if defined(__x86_64__)
__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"
        "\txor %ebp, %ebp\n"
        "\tmov %rsp, %rdi\n"
        "\tmov %rsp, %rbx\n"
        "\tand $-16, %rsp\n"
        "\tcall start\n"
        "\tmov %rbx, %rsp\n"
        "\txor %edx, %edx\n"
        "\tjmp *%rax\n");
#define MACHINE EM_X86_64

INLINE long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".text\n.globl _start\n.type _start,%function\n_start:\n"
        "\tmov x29, #0\n"
        "\tmov x30, #0\n"
        "\tmov x19, sp\n"
        "\tmov x0, sp\n"
        "\tbl start\n"
        "\tmov x16, x0\n"
        "\tmov sp, x19\n"
        "\tmov x0, #0\n"
        "\tbr x16\n");
#define MACHINE EM_AARCH64

INLINE long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#else
#error "the launcher knows x86_64 and aarch64"
#endif

#define IS_ERROR(result) ((unsigned long)(result) > -4096ul)

INLINE __attribute__((noreturn)) void fail(const char *text, size_t length)
{
    (void)call(SYS_write, 2, (long)text, (long)length, 0, 0, 0);
    for (;;)
        (void)call(SYS_exit_group, LAUNCH_CANNOT_START, 0, 0, 0, 0, 0);
}
#define FAIL(why)                                                                                  \
    do {                                                                                           \
        static const char text[] = "barrer: start .NET: load \"" LAUNCHER_LOADER "\": " why "\n";  \
        fail(text, sizeof(text) - 1);                                                              \
    } while (0)

INLINE int begins(const char *text, const char *with)
{
    for (; *with != '\0'; text++, with++)
        if (*text != *with)
            return 0;
    return 1;
}

INLINE int protection(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

INLINE long map(uintptr_t address, size_t length, int prot, int flags, int fd, size_t offset)
{
    return call(SYS_mmap, (long)address, (long)length, prot, flags, fd, (long)offset);
}

/* The name of the file, in memory that is ours alone: an empty name is no file. */
INLINE void forget_preload(char *segment, size_t size, uintptr_t page)
{
    static const char name[] = "/etc/ld.so.preload";

    for (size_t i = 0; i + sizeof(name) <= size; i++) {
        long first = (long)PAGE_DOWN((uintptr_t)segment + i);

        if (segment[i] != '/' || !begins(segment + i, name) || segment[i + sizeof(name) - 1] != 0)
            continue;
        if (IS_ERROR(call(SYS_mprotect, first, (long)page, PROT_READ | PROT_WRITE, 0, 0, 0)))
            return;
        segment[i] = '\0';
        (void)call(SYS_mprotect, first, (long)page, PROT_READ, 0, 0, 0);
    }
}

/* What lies behind the file's bytes in the last page is zero, and so are the pages after it. */
INLINE void clear_rest(uintptr_t base, const Elf64_Phdr *segment, uintptr_t page)
{
    uintptr_t end = base + segment->p_vaddr + segment->p_filesz;
    uintptr_t last = PAGE_UP(end), memory_end = PAGE_UP(base + segment->p_vaddr + segment->p_memsz);

    if (segment->p_memsz == segment->p_filesz)
        return;
    for (uintptr_t p = end; p < last; p++)
        *(volatile char *)p = '\0';
    if (memory_end > last && IS_ERROR(map(last, memory_end - last, protection(segment->p_flags),
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)))
        FAIL("no memory");
}

INLINE void map_segment(int fd, uintptr_t base, const Elf64_Phdr *segment, uintptr_t page)
{
    uintptr_t address = PAGE_DOWN(base + segment->p_vaddr);
    uintptr_t lead = base + segment->p_vaddr - address;
    int prot = protection(segment->p_flags);

    if (IS_ERROR(map(address, lead + segment->p_filesz, prot, MAP_PRIVATE | MAP_FIXED, fd,
                     segment->p_offset - lead)))
        FAIL("its segments cannot be mapped");
    clear_rest(base, segment, page);
    if (segment->p_flags == PF_R)
        forget_preload((char *)address, lead + segment->p_filesz, page);
}

/* The whole of it at one place; where that begins. */
INLINE uintptr_t map_all(int fd, const Elf64_Phdr *segments, size_t n, uintptr_t page)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    long place;

    for (size_t i = 0; i < n; i++) {
        if (segments[i].p_type != PT_LOAD)
            continue;
        if (segments[i].p_vaddr < low)
            low = segments[i].p_vaddr;
        if (segments[i].p_vaddr + segments[i].p_memsz > high)
            high = segments[i].p_vaddr + segments[i].p_memsz;
    }
    if (high == 0)
        FAIL("it has no segments");
    low = PAGE_DOWN(low);
    place = map(0, PAGE_UP(high) - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (IS_ERROR(place))
        FAIL("no memory");
    for (size_t i = 0; i < n; i++)
        if (segments[i].p_type == PT_LOAD)
            map_segment(fd, (uintptr_t)place - low, &segments[i], page);
    return (uintptr_t)place - low;
}

/* Loads it: its base and, in RET_ENTRY, where it begins. */
INLINE uintptr_t load(uintptr_t page, uintptr_t *ret_entry)
{
    static const char path[] = LAUNCHER_LOADER;
    _Alignas(Elf64_Ehdr) char head[2048];
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)head;
    uintptr_t base;
    long fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), n;

    if (IS_ERROR(fd))
        FAIL("it cannot be opened");
    n = call(SYS_read, fd, (long)head, sizeof(head), 0, 0, 0);
    if (n < (long)sizeof(*header) || !begins(head, "\177ELF") || header->e_machine != MACHINE ||
        header->e_type != ET_DYN || header->e_phentsize != sizeof(Elf64_Phdr) ||
        header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) > (size_t)n)
        FAIL("it is no dynamic loader for this machine");
    base = map_all((int)fd, (const Elf64_Phdr *)(const void *)(head + header->e_phoff),
                   header->e_phnum, page);
    (void)call(SYS_close, fd, 0, 0, 0, 0, 0);
    *ret_entry = base + header->e_entry;
    return base;
}

/* main() of the launcher gives them back to the application. */
INLINE void hide_variables(char **environment)
{
    for (; *environment != NULL; environment++)
        if (begins(*environment, "LD_") && !begins(*environment, "LD_LIBRARY_PATH="))
            **environment = LAUNCHER_HIDDEN;
}

__attribute__((used, visibility("hidden"))) uintptr_t start(uintptr_t *stack)
{
    char **environment = (char **)stack + 1 + stack[0] + 1;
    uintptr_t page = 4096, entry = 0;
    Elf64_auxv_t *auxiliary, *base = NULL;
    char **end = environment;

    while (*end != NULL)
        end++;
    for (auxiliary = (Elf64_auxv_t *)(void *)(end + 1); auxiliary->a_type != AT_NULL; auxiliary++) {
        if (auxiliary->a_type == AT_PAGESZ)
            page = auxiliary->a_un.a_val;
        if (auxiliary->a_type == AT_BASE)
            base = auxiliary;
    }
    hide_variables(environment);
    if (base == NULL)
        FAIL("the kernel does not say where its interpreter is");
    base->a_un.a_val = load(page, &entry);
    return entry;
}
