/*
 * nameless.h - how much memory a file without a name takes.
 */
#ifndef SHAREABLE__CLI_NAMELESS_H
#define SHAREABLE__CLI_NAMELESS_H

#include <stddef.h>
#include <stdint.h>

#include "gc/proc_maps.h"

/* In bytes, of the file that these processes have mapped; 0 if /proc does not show it to this user. */
uint64_t nameless_used(const shareable__mapping *users, size_t count);

#endif
