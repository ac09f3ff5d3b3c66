/* SPDX-License-Identifier: Apache-2.0
 *
 * kexec KERNEL INITRD WORDS: load the kernel that "barrerctl kexec" starts; in a guest, so linked statically.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int kernel_fd, initrd_fd;

    if (argc != 4)
        return 2;
    kernel_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    initrd_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(argv[3]) + 1, argv[3], 0UL) < 0) {
        perror("kexec_file_load");
        return 1;
    }
    return 0;
}
