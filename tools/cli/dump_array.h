/*
 * dump_array.h - prints the type, the shape and the first items of an array.
 */
#ifndef SHAREABLE__CLI_DUMP_ARRAY_H
#define SHAREABLE__CLI_DUMP_ARRAY_H

#include "cli.h"

/* The number of items that are printed by default: an array may have millions. */
#define DUMP_ARRAY_ITEMS 100

/*
 * Prints at most `count` items of an array, which was opened with SHAREABLE_KEEP_FD: the last index
 * varies fastest.
 */
void dump_array(const shareable_array *array, uint64_t count, bool json, bool noheadings);

#endif
