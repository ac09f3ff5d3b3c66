/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugins that are linked into barrer-init-static: there are no others, and no files of them.
 */
#include "plugin/opener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/linked.h"

int opener_loads_files(void)
{
    return 0;
}

int opener_has_successor(void)
{
    return 0;
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

static const struct linked_module *find(const char *name)
{
    const struct linked_module *module = linked_modules;

    while (module->name != NULL && strcmp(module->name, name) != 0)
        module++;
    return module->name != NULL ? module : NULL;
}

int opener_is_at_hand(const struct opener *opener, const char *name)
{
    (void)opener;
    return find(name) != NULL;
}

int opener_open(struct opener *opener, const char *name, char **ret_file,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    const struct linked_module *module = find(name);

    (void)opener;
    if (module == NULL)
        return error_fail(err, ENOENT,
                          "load plugin \"%s\" (this program is static and has it not linked in: "
                          "use barrer-init as it is installed)",
                          name);
    *ret_file = strdup("(built in)");
    if (*ret_file == NULL)
        return error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    *ret_plugin = module->plugin;
    return 1;
}
