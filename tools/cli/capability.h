/*
 * capability.h - the capabilities of this process, which root may lack in a container.
 */
#ifndef SHAREABLE__CLI_CAPABILITY_H
#define SHAREABLE__CLI_CAPABILITY_H

#include <linux/capability.h>
#include <stdbool.h>

/* Returns whether this process has a capability, such as CAP_LEASE, in its effective set. */
bool capability_has(int capability);

/* Returns what the user can do if this process may not inspect another one. */
const char *capability_advice(void);

#endif
