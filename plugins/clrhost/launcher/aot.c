/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared libraries of NativeAOT: one C function of it is the program.
 */
#include <dlfcn.h>
#include <string.h>

#include "launcher.h"

int launch_aot(struct launch *launch)
{
    const char *symbol_name = launch->entry != NULL ? launch->entry : "barrer_main";
    int (*function)(int argc, char **argv);
    void *library, *symbol;

    if (!launch_exists(launch->app))
        launch_fail(LAUNCH_NOT_FOUND, "run \"%s\": there is no such library", launch->app);
    library = dlopen(launch->app, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        launch_fail(LAUNCH_NOT_RUNNABLE, "load \"%s\": %s", launch->app, dlerror());
    symbol = dlsym(library, symbol_name);
    if (symbol == NULL)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": it exports no function \"%s\" (mark one with "
                    "UnmanagedCallersOnly(EntryPoint = \"%s\"), or name another with --entry)",
                    launch->app, symbol_name, symbol_name);
    memcpy(&function, &symbol, sizeof(symbol));
    return function(launch->argc - launch->app_index, launch->argv + launch->app_index);
}
