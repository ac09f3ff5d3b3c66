/* SPDX-License-Identifier: Apache-2.0
 *
 * swap A B: exchange what two names stand for, again and again, until killed: the other side of a
 * race for a path. Writes a line when it has begun.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int is_begun = 0;

    if (argc != 3)
        return 2;
    for (;;) {
        if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0) {
            perror("swap");
            return 1;
        }
        if (!is_begun++ && write(STDOUT_FILENO, "swapping\n", 9) != 9)
            return 1;
    }
}
