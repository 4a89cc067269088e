/*
 * list_batch.h - many items of a list looked at together, where they are numbers of one type that lie side by side.
 */
#ifndef SHAREABLE__LIST_BATCH_H
#define SHAREABLE__LIST_BATCH_H

#include "list/list.h"

#define SHAREABLE__BATCH 64

typedef struct shareable__batch {
  const unsigned char *data; /* the numbers */
  uint64_t words; /* the sum of the items' words: each write adds to it, so if it is the same there was none */
} shareable__batch;

/* Whether the block of items from `first` on is one, all of that format, and nobody writes any of them. */
bool shareable__batch_read(const shareable_list *list, size_t first, uint64_t format, shareable__batch *seen);

/* Whether nobody has written any since, but numbers over numbers of the same type. */
bool shareable__batch_is_unchanged(const shareable_list *list, size_t first, const shareable__batch *seen);

#endif
