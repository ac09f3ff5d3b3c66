/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads the shared objects that it is given, as the core loads plugins, and ends. The time that it
 * takes beyond a run without arguments is what loading costs.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (dlopen(argv[i], RTLD_NOW | RTLD_LOCAL) == NULL) {
            fprintf(stderr, "load: %s\n", dlerror());
            return 1;
        }
    return 0;
}
