/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "oci/arena.h"
#include "oci/sections.h"

/* PATH when it is absolute, else PATH below BUNDLE. */
static int resolve(const struct node *node, const char *bundle, const char *path,
                   const char **ret_path)
{
    const char *absolute = path;

    if (path[0] != '/')
        absolute = arena_printf(node->parse->arena, "%s/%s", bundle, path);
    if (absolute == NULL)
        return node_fail_memory(node);
    *ret_path = absolute;
    return 0;
}

int root_read(const struct node *node, const char *bundle, struct oci_spec *spec)
{
    struct node path_node, readonly_node;
    const char *path = NULL;
    int is_readonly = 0, r = node_object(node);

    if (r < 0 || node->json == NULL)
        return r;
    path_node = node_member(node, "path");
    r = node_require(&path_node);
    if (r == 0)
        r = node_text(&path_node, &path);
    if (r < 0)
        return r;
    if (path == NULL || path[0] == '\0')
        return node_fail(&path_node, "expected a path, got an empty string");
    readonly_node = node_member(node, "readonly");
    r = node_bool(&readonly_node, &is_readonly);
    if (r < 0)
        return r;
    if (is_readonly)
        spec->filesystem.flags |= BARRER_FILESYSTEM_READONLY;
    return resolve(&path_node, bundle, path, &spec->filesystem.root);
}

static int read_id_map(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"containerID", FIELD_U32, offsetof(struct barrer_id_map, container_id), .is_required = 1},
        {"hostID", FIELD_U32, offsetof(struct barrer_id_map, host_id), .is_required = 1},
        {"size", FIELD_U32, offsetof(struct barrer_id_map, count), .is_required = 1},
        {NULL},
    };
    const struct barrer_id_map *map = element;
    int r = node_fields(item, fields, element);

    if (r < 0)
        return r;
    if (map->count == 0)
        return node_fail(item, "expected a size of at least 1, got 0");
    /* (uid_t)-1 is no id: the last one of a range is at most 4294967294. */
    if (map->count > UINT32_MAX - map->container_id || map->count > UINT32_MAX - map->host_id)
        return node_fail(item, "the range ends behind the last id 4294967294");
    return 0;
}

int id_maps_read(const struct node *node, const struct barrer_id_map **ret_maps, size_t *ret_n)
{
    return node_list(node, sizeof(**ret_maps), read_id_map, ret_maps, ret_n);
}

static int is_bind(const struct barrer_mount *mount)
{
    if (mount->type != NULL && strcmp(mount->type, "bind") == 0)
        return 1;
    for (const char *const *option = mount->options; *option != NULL; option++)
        if (strcmp(*option, "bind") == 0 || strcmp(*option, "rbind") == 0)
            return 1;
    return 0;
}

static int read_mount_maps(const struct node *item, struct barrer_mount *mount)
{
    struct node uid_maps = node_member(item, "uidMappings");
    struct node gid_maps = node_member(item, "gidMappings");
    int r = id_maps_read(&uid_maps, &mount->uid_maps, &mount->n_uid_maps);

    if (r == 0)
        r = id_maps_read(&gid_maps, &mount->gid_maps, &mount->n_gid_maps);
    if (r < 0)
        return r;
    if ((mount->n_uid_maps > 0) != (mount->n_gid_maps > 0))
        return node_fail(item, "uidMappings and gidMappings go together, but only %s is set",
                         mount->n_uid_maps > 0 ? "uidMappings" : "gidMappings");
    return 0;
}

static int read_destination(const struct node *item, struct barrer_mount *mount)
{
    struct node node = node_member(item, "destination");
    const char *destination = NULL;
    int r = node_require(&node);

    if (r == 0)
        r = node_text(&node, &destination);
    if (r < 0)
        return r;
    if (destination == NULL || destination[0] == '\0')
        return node_fail(&node, "expected a path, got an empty string");
    if (destination[0] != '/') {
        log_write(BARRER_LOG_WARNING,
                  "%s: mounts[%zu].destination: \"%s\" is not absolute; taken as relative to \"/\"",
                  node.parse->file, item->index, destination);
        return resolve(&node, "", destination, &mount->destination);
    }
    mount->destination = destination;
    return 0;
}

static int read_mount(const struct node *item, void *element)
{
    static const char *const no_options[] = {NULL};
    static const struct field fields[] = {
        {"type", FIELD_TEXT_OR_NULL, offsetof(struct barrer_mount, type)},
        {"source", FIELD_TEXT_OR_NULL, offsetof(struct barrer_mount, source)},
        {"options", FIELD_TEXTS, offsetof(struct barrer_mount, options)},
        {NULL},
    };
    struct barrer_mount *mount = element;
    int r = read_destination(item, mount);

    if (r == 0)
        r = node_fields(item, fields, mount);
    if (r == 0)
        r = read_mount_maps(item, mount);
    if (mount->options == NULL)
        mount->options = no_options;
    return r;
}

/* As with runc, a destination may begin with the path that the root has on the host. */
static const char *inside(const char *root, const char *destination)
{
    size_t length = root != NULL ? strlen(root) : 0;

    return length > 1 && strncmp(destination, root, length) == 0 && destination[length] == '/'
               ? destination + length
               : destination;
}

int mounts_read(const struct node *node, const char *bundle, struct oci_spec *spec)
{
    struct barrer_mount *mounts = NULL;
    size_t n = 0;
    int r = node_list(node, sizeof(*mounts), read_mount, &mounts, &n);

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct node item;

        mounts[i].destination = inside(spec->filesystem.root, mounts[i].destination);
        if (!is_bind(&mounts[i]))
            continue;
        item = node_item(node, i);
        if (mounts[i].source == NULL)
            return node_fail(&item, "a bind mount on \"%.256s\" without a source",
                             mounts[i].destination);
        r = resolve(&item, bundle, mounts[i].source, &mounts[i].source);
    }
    spec->filesystem.mounts = mounts;
    spec->filesystem.n_mounts = n;
    return r;
}
