/*
 * unnamed.h - finds the memory that a file without a name uses.
 */
#ifndef SHAREABLE__CLI_UNNAMED_H
#define SHAREABLE__CLI_UNNAMED_H

#include <stddef.h>
#include <stdint.h>

#include "gc/proc_maps.h"

/*
 * Returns the bytes used by the file that these processes have mapped; 0 if this user may not read
 * that in /proc.
 */
uint64_t unnamed_used(const shareable__mapping *users, size_t count);

#endif
