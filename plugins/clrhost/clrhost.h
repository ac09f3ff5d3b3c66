/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime host "clrhost": payloads of .NET. It finds a .NET runtime on the host and answers
 * with what the container needs of it; no CLR is loaded here.
 */
#ifndef CLRHOST_H
#define CLRHOST_H

#include <stddef.h>

#include <barrer/runtime.h>
#include <barrer/util.h>

/* Where the core puts what a host brings along. */
#define CLRHOST_LAYER "/run/barrer/"
#define CLRHOST_INIT CLRHOST_LAYER "init"
#define CLRHOST_BIN CLRHOST_LAYER "bin"
#define CLRHOST_LAUNCHER CLRHOST_BIN "/dotnet"

struct clrhost {
    const struct barrer_host *host;
    struct barrer_layer_entry layer[64];
    size_t n_layer;
    /* What the payload points to. */
    const char **args, **environment;
    char *texts[160]; /* strings of our own */
    size_t n_texts;
};

/* What a command is to .NET. */
enum clrhost_form {
    CLRHOST_NONE,     /* nothing */
    CLRHOST_ASSEMBLY, /* args[0] is an assembly */
    CLRHOST_APPHOST,  /* args[0] is the program beside an assembly of its name */
    CLRHOST_MUXER,    /* "dotnet ..." */
    CLRHOST_LIBRARY,  /* args[0] is a shared library, which NativeAOT may have made */
    CLRHOST_WRAPPER,  /* something that runs "dotnet" itself */
};

struct clrhost_command {
    enum clrhost_form form;
    int has_dotnet; /* the container has a "dotnet" of its own */
};

/* command.c: look at the request, and at the container's root, which is hostile. */
void clrhost_command_read(const struct clrhost *self, const struct barrer_runtime_request *request,
                          struct clrhost_command *command);
/* The value of NAME in ENVIRONMENT, or NULL. */
const char *clrhost_variable(const char *const *environment, const char *name);

/* dotnet.c: the folder of the host's .NET, a fresh string; or why there is none. */
const char *clrhost_find_dotnet(struct clrhost *self, char **ret_root);

/* libraries.c: the host's libraries that the runtime needs go to the layer. */
int clrhost_add_libraries(struct clrhost *self, struct barrer_error *err);

/* Texts and entries that live as long as SELF. NULL, or -ENOMEM and -E2BIG with ERR filled. */
__attribute__((format(printf, 2, 3))) const char *clrhost_text(struct clrhost *self,
                                                               const char *fmt, ...);
int clrhost_add(struct clrhost *self, uint32_t type, const char *path, const char *content,
                struct barrer_error *err);

#endif
