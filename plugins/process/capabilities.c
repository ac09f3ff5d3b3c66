/* SPDX-License-Identifier: Apache-2.0 */
#include "capabilities.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include <barrer/util.h>

#define BIT(n) ((uint64_t)1 << (n))

/* The number of a name, or -1. libcap also takes "12" and "chown", which config.json may not say.
 */
static int number_of(const char *name, int n_bits)
{
    cap_value_t value;

    if (strncmp(name, "CAP_", 4) != 0 || cap_from_name(name, &value) < 0)
        return -1;
    return value < n_bits ? (int)value : -1;
}

static uint64_t translate(const struct barrer_host *host, const char *set, const char *const *names,
                          int n_bits)
{
    uint64_t bits = 0;

    for (; names != NULL && *names != NULL; names++) {
        int n = number_of(*names, n_bits);

        if (n < 0)
            barrer_log(host, BARRER_LOG_WARNING,
                       "process.capabilities.%s: \"%s\" is unknown to this kernel, left out", set,
                       *names);
        else
            bits |= BIT(n);
    }
    return bits;
}

/* Return BITS without those that are not in ALLOWED, which the kernel would refuse. Callers look for
 * "can't raise ambient capability NAME: ", as runc writes it. */
static uint64_t reconcile(const struct barrer_host *host, const char *set, uint64_t bits,
                          const char *other, uint64_t allowed)
{
    const char *what = strcmp(set, "ambient") == 0 ? "can't raise ambient capability " : "";

    uint64_t refused = bits & ~allowed;

    for (int n = 0; refused >> n != 0 && n < 63; n++)
        if (refused & BIT(n)) {
            char *name = cap_to_name((cap_value_t)n);

            for (char *c = name; c != NULL && *c != '\0'; c++)
                *c = (char)toupper((unsigned char)*c);
            barrer_log(host, BARRER_LOG_WARNING,
                       "process.capabilities.%s: %s%s: not in %s, left out", set, what,
                       name ? name : "a capability", other);
            (void)cap_free(name);
        }
    return bits & allowed;
}

static int fill_flag(cap_t state, cap_flag_t flag, uint64_t bits, int n_bits)
{
    cap_value_t values[64];
    int n = 0;

    for (int i = 0; i < n_bits; i++)
        if (bits & BIT(i))
            values[n++] = (cap_value_t)i;
    return n == 0 ? 0 : cap_set_flag(state, flag, n, values, CAP_SET);
}

static int fill_state(cap_t state, const struct process_capabilities *caps, uint64_t allowed)
{
    if (cap_clear(state) < 0 ||
        fill_flag(state, CAP_EFFECTIVE, caps->effective & allowed, caps->n_bits) < 0 ||
        fill_flag(state, CAP_PERMITTED, caps->permitted & allowed, caps->n_bits) < 0)
        return -1;
    return fill_flag(state, CAP_INHERITABLE, caps->inheritable & allowed, caps->n_bits);
}

int process_capabilities_prepare(const struct barrer_host *host, struct process_capabilities *caps,
                                 const struct barrer_capabilities *wanted, struct barrer_error *err)
{
    static const struct barrer_capabilities none;
    int n = (int)cap_max_bits();

    if (wanted == NULL)
        wanted = &none;
    caps->n_bits = n < 64 ? n : 63;
    n = caps->n_bits;
    caps->bounding = translate(host, "bounding", wanted->bounding, n);
    caps->permitted = translate(host, "permitted", wanted->permitted, n);
    caps->effective =
        reconcile(host, "effective", translate(host, "effective", wanted->effective, n),
                  "permitted", caps->permitted);
    /* capset(2): nothing enters the inheritable set that the bounding set lacks. */
    caps->inheritable =
        reconcile(host, "inheritable", translate(host, "inheritable", wanted->inheritable, n),
                  "bounding", caps->bounding);
    caps->ambient =
        reconcile(host, "ambient", translate(host, "ambient", wanted->ambient, n),
                  "both permitted and inheritable", caps->permitted & caps->inheritable);
    if (caps->state == NULL)
        caps->state = cap_init();
    if (caps->state == NULL || fill_state(caps->state, caps, ~(uint64_t)0) < 0)
        return barrer_fail(host, err, errno, "translate process.capabilities");
    return 0;
}

void process_capabilities_fini(struct process_capabilities *caps)
{
    if (caps->state != NULL)
        (void)cap_free(caps->state);
    caps->state = NULL;
}

int process_capabilities_bound(const struct barrer_host *host,
                               const struct process_capabilities *caps, struct barrer_error *err)
{
    /* The kernel has no call that takes the whole set. */
    for (int n = 0; n < caps->n_bits; n++)
        if (!(caps->bounding & BIT(n)) && cap_drop_bound((cap_value_t)n) < 0)
            return barrer_fail(host, err, errno, "drop capability %d from the bounding set", n);
    return 0;
}

int process_capabilities_keep(const struct barrer_host *host, struct barrer_error *err)
{
    /* execve(2) clears the flag. */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return barrer_fail(host, err, errno, "keep capabilities over the change of the user");
    return 0;
}

/* The bits of the process' permitted set. */
static int read_permitted(int n_bits, uint64_t *ret_bits)
{
    cap_t held = cap_get_proc();
    uint64_t bits = 0;

    if (held == NULL)
        return -1;
    for (int n = 0; n < n_bits; n++) {
        cap_flag_value_t value = CAP_CLEAR;

        if (cap_get_flag(held, (cap_value_t)n, CAP_PERMITTED, &value) == 0 && value == CAP_SET)
            bits |= BIT(n);
    }
    (void)cap_free(held);
    *ret_bits = bits;
    return 0;
}

/* capset(2) refused: grant what there is. The specification wants a warning, not a failure. */
static int apply_held(const struct barrer_host *host, const struct process_capabilities *caps,
                      uint64_t *ret_held, struct barrer_error *err)
{
    uint64_t held;

    if (read_permitted(caps->n_bits, &held) < 0)
        return barrer_fail(host, err, errno, "read the capabilities of the process");
    (void)reconcile(host, "permitted", caps->permitted, "what barrer itself may use", held);
    (void)reconcile(host, "inheritable", caps->inheritable, "what barrer itself may use", held);
    if (fill_state(caps->state, caps, held) < 0 || cap_set_proc(caps->state) < 0)
        return barrer_fail(host, err, errno, "set the capabilities of the process");
    *ret_held = held;
    return 0;
}

int process_capabilities_apply(const struct barrer_host *host,
                               const struct process_capabilities *caps, struct barrer_error *err)
{
    uint64_t held = ~(uint64_t)0;
    int r;

    if (cap_set_proc(caps->state) < 0) {
        if (errno != EPERM)
            return barrer_fail(host, err, errno, "set the capabilities of the process");
        r = apply_held(host, caps, &held, err);
        if (r < 0)
            return r;
    }
    /* The kernel keeps the ambient set within permitted and inheritable, so that there is
     * nothing to clear when these have nothing in common. */
    if ((caps->permitted & caps->inheritable & held) == 0)
        return 0;
    if (cap_reset_ambient() < 0)
        return barrer_fail(host, err, errno, "clear the ambient capabilities");
    for (int n = 0; n < caps->n_bits; n++)
        if ((caps->ambient & held & BIT(n)) && cap_set_ambient((cap_value_t)n, CAP_SET) < 0)
            return barrer_fail(host, err, errno, "raise ambient capability %d", n);
    return 0;
}
