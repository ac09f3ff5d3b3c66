/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of .NET's hosting interfaces that the launcher uses: of libhostfxr.so and of
 * libcoreclr.so, as .NET 8 to 10 have them. Written here so that no .NET is needed to build
 * barrer; a test compares it with the headers of an SDK.
 */
#ifndef CLR_ABI_H
#define CLR_ABI_H

#include <stddef.h>
#include <stdint.h>

/* libhostfxr.so: functions return 0 or a positive number, or a status of enum clr_status. */
typedef void *clr_hostfxr_handle;
typedef void (*clr_error_writer)(const char *message);

struct clr_hostfxr_parameters {
    size_t size;
    const char *host_path;
    const char *dotnet_root;
};

typedef clr_error_writer (*clr_hostfxr_set_error_writer)(clr_error_writer writer);
typedef int32_t (*clr_hostfxr_initialize)(int argc, const char **argv,
                                          const struct clr_hostfxr_parameters *parameters,
                                          clr_hostfxr_handle *handle);
typedef int32_t (*clr_hostfxr_get_property)(const clr_hostfxr_handle handle, const char *name,
                                            const char **value);
typedef int32_t (*clr_hostfxr_set_property)(const clr_hostfxr_handle handle, const char *name,
                                            const char *value);
typedef int32_t (*clr_hostfxr_run_app)(const clr_hostfxr_handle handle);
typedef int32_t (*clr_hostfxr_close)(const clr_hostfxr_handle handle);
typedef int32_t (*clr_hostfxr_main)(int argc, const char **argv, const char *host_path,
                                    const char *dotnet_root, const char *app_path);

/* Statuses, as error_codes.h of .NET has them. */
enum clr_status {
    CLR_INVALID_ARGUMENT = 0x81,
    CLR_LIBRARY_LOAD = 0x82,
    CLR_LIBRARY_MISSING = 0x83,
    CLR_ENTRY_POINT = 0x84,
    CLR_CURRENT_HOST = 0x85,
    CLR_RESOLVE = 0x87,
    CLR_BIND = 0x88,
    CLR_INITIALIZE = 0x89,
    CLR_EXECUTE = 0x8a,
    CLR_BAD_DEPS = 0x8b,
    CLR_RESOLVER = 0x8c,
    CLR_HOST_INITIALIZE = 0x8e,
    CLR_HOST_ARGUMENTS = 0x92,
    CLR_BAD_CONFIG = 0x93,
    CLR_NOT_RUNNABLE = 0x94,
    CLR_FRAMEWORK_MISSING = 0x96,
    CLR_FRAMEWORK_COMPATIBILITY = 0x9c,
};
#define CLR_STATUS_BASE 0x80008000u
#define CLR_IS_STATUS(r) (((uint32_t)(r)&0xffffff00u) == CLR_STATUS_BASE)

/* libcoreclr.so: functions return an HRESULT, negative for errors. */
typedef int (*clr_coreclr_initialize)(const char *exe_path, const char *domain_name, int n,
                                      const char **keys, const char **values, void **host,
                                      unsigned int *domain);
typedef int (*clr_coreclr_execute_assembly)(void *host, unsigned int domain, int argc,
                                            const char **argv, const char *path,
                                            unsigned int *exit_code);
typedef int (*clr_coreclr_create_delegate)(void *host, unsigned int domain, const char *assembly,
                                           const char *type, const char *method, void **delegate);
typedef int (*clr_coreclr_shutdown_2)(void *host, unsigned int domain, int *exit_code);
typedef int (*clr_coreclr_set_error_writer)(clr_error_writer writer);

#endif
