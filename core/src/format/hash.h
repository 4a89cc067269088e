/*
 * hash.h - hashes of the bytes of an item and of a whole list.
 */
#ifndef SHAREABLE__HASH_H
#define SHAREABLE__HASH_H

#include "format/layout.h"

/* Returns a hash of all slots, formats and codes. It is never 0. */
uint64_t shareable__hash_layout(const shareable__layout *layout);

/* Returns a hash of the slot, the format and the code of one item. It is never 0. */
uint64_t shareable__hash_slot(const shareable__slot *slot);

#endif
