/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of the readers of config.json, process.json and the resources of `update`. With
 * libFuzzer:
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -DBARRER_LIBFUZZER -Iinclude \
 *       -Icore tests/fuzz/fuzz_spec.c core/oci/[a-z]*.c core/base/{clock,error,fd,log}.c -ljson-c
 *
 * Without BARRER_LIBFUZZER it is a TAP test that replays the files and folders it is given, each
 * also in some hundreds of random variants, the same ones every time. What is accepted has to be
 * accepted again, with the same properties, from the copy that the state keeps.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read what the requests point to, so that a sanitizer sees a pointer that is not good. */
static size_t touched;

static void touch_text(const char *text)
{
    touched += text != NULL ? strlen(text) : 0;
}

static void touch_texts(const char *const *texts)
{
    for (; texts != NULL && *texts != NULL; texts++)
        touch_text(*texts);
}

static void touch_process(const struct barrer_process_request *request)
{
    touch_texts(request->args);
    touch_texts(request->environment);
    touch_text(request->cwd);
    touch_text(request->cpu_affinity_initial);
    for (size_t i = 0; i < request->n_rlimits; i++)
        touch_text(request->rlimits[i].type);
    for (size_t i = 0; i < request->n_additional_gids; i++)
        touched += request->additional_gids[i];
    if (request->capabilities != NULL)
        touch_texts(request->capabilities->ambient);
    if (request->scheduler != NULL)
        touch_texts(request->scheduler->flags);
    for (size_t i = 0; request->seccomp != NULL && i < request->seccomp->n_rules; i++) {
        const struct barrer_seccomp_rule *rule = &request->seccomp->rules[i];

        touch_texts(rule->names);
        touch_text(rule->action);
        for (size_t k = 0; k < rule->n_args; k++)
            touch_text(rule->args[k].op);
    }
}

static void touch_filesystem(const struct barrer_filesystem_request *request)
{
    touch_text(request->root);
    touch_texts(request->masked_paths);
    touch_texts(request->readonly_paths);
    for (size_t i = 0; i < request->n_mounts; i++) {
        touch_text(request->mounts[i].destination);
        touch_text(request->mounts[i].source);
        touch_texts(request->mounts[i].options);
        for (size_t k = 0; k < request->mounts[i].n_uid_maps; k++)
            touched += request->mounts[i].uid_maps[k].host_id;
    }
    for (size_t i = 0; i < request->n_devices; i++)
        touch_text(request->devices[i].path);
}

static void touch_resources(const struct barrer_resources_request *request)
{
    for (size_t i = 0; i < request->n_devices; i++)
        touch_text(request->devices[i].access);
    for (size_t i = 0; i < request->n_hugepage_limits; i++)
        touch_text(request->hugepage_limits[i].page_size);
    for (size_t i = 0; i < request->n_rdma; i++)
        touch_text(request->rdma[i].device);
    for (size_t i = 0; i < request->n_unified; i++)
        touch_text(request->unified[i].value);
}

static void touch_spec(const struct oci_spec *spec)
{
    touch_process(&spec->process);
    touch_filesystem(&spec->filesystem);
    touch_resources(&spec->resources);
    for (size_t i = 0; i < spec->isolation.n_sysctl; i++)
        touch_text(spec->isolation.sysctl[i].value);
    for (size_t i = 0; i < OCI_HOOK_KINDS; i++)
        for (size_t k = 0; k < spec->hooks[i].n_hooks; k++)
            touch_texts(spec->hooks[i].hooks[k].args);
    for (const struct barrer_pair *pair = spec->annotations; pair->key != NULL; pair++)
        touch_text(pair->value);
}

/* A refusal is one line. */
static void check_refusal(const struct barrer_error *err)
{
    if (err->errnum <= 0 || err->text[0] == '\0' || strchr(err->text, '\n') != NULL)
        abort();
}

static void check_same(const struct oci_spec *a, const struct oci_spec *b)
{
    size_t i;

    for (i = 0; a->properties[i].path != NULL && b->properties[i].path != NULL; i++)
        if (strcmp(a->properties[i].path, b->properties[i].path) != 0)
            abort();
    if (a->properties[i].path != b->properties[i].path)
        abort();
}

static void check_copy(const struct oci_spec *spec)
{
    const char *text = json_object_to_json_string_ext(spec->json, JSON_C_TO_STRING_PLAIN);
    struct json_object *json = NULL;
    struct oci_spec *copy = NULL;
    struct barrer_error err = {.errnum = 0};

    if (text == NULL)
        return;
    if (oci_json_parse("copy", text, strlen(text), &json, &err) < 0 ||
        oci_spec_from_json("/bundle", json, &copy, &err) < 0) {
        fprintf(stderr, "%s\n%s\n", err.text, text);
        abort();
    }
    check_same(spec, copy);
    oci_spec_destroy(copy);
    json_object_put(json);
}

static void read_json(struct json_object *json)
{
    struct barrer_error err = {.errnum = 0};
    struct oci_spec *spec = NULL;

    if (oci_spec_from_json("/bundle", json, &spec, &err) < 0) {
        check_refusal(&err);
    } else {
        touch_spec(spec);
        check_copy(spec);
        oci_spec_destroy(spec);
    }
    err.errnum = 0;
    if (oci_process_from_json(json, &spec, &err) < 0) {
        check_refusal(&err);
    } else {
        touch_process(&spec->process);
        oci_spec_destroy(spec);
    }
    err.errnum = 0;
    if (oci_resources_from_json(json, &spec, &err) < 0) {
        check_refusal(&err);
    } else {
        touch_resources(&spec->resources);
        oci_spec_destroy(spec);
    }
}

/* In a block of exactly its size, so that a sanitizer sees a byte too many. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct barrer_error err = {.errnum = 0};
    struct json_object *json = NULL;
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (oci_json_parse("fuzz", text, size, &json, &err) < 0)
        check_refusal(&err);
    else
        read_json(json);
    json_object_put(json);
    free(text);
    return 0;
}

#ifndef BARRER_LIBFUZZER
#include "replay.h"

int main(int argc, char **argv)
{
    static const char *const words[] = {
        "{",    "}",    "[",    "]",          "\"",      ",",  ":",
        "null", "\"\"", "-1",   "4294967295", "\\u0000", "{}", "[]",
        "true", "1e9",  "\xff", "[[[[",       "/",       "\n", "999999999999999999999",
        NULL};
    static const char *const standard[] = {"fuzz/corpus/spec", "fixtures/full.json", NULL};

    return replay_all(words, 0, standard, argc, argv);
}
#endif
