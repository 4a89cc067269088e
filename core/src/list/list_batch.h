/*
 * list_batch.h - many neighbouring items of a list that are numbers of one type, read together.
 */
#ifndef SHAREABLE__LIST_BATCH_H
#define SHAREABLE__LIST_BATCH_H

#include "list/list.h"

/* The number of items in a batch. */
#define SHAREABLE__BATCH 64

typedef struct shareable__batch {
  const unsigned char *data; /* the numbers */
  uint64_t versions;         /* the sum of the version words: each write adds to it, so an equal sum means no write */
} shareable__batch;

/*
 * Begins to read the batch from item `first` on. Returns false if there are fewer items, an item is
 * being written or is corrupt, an item has another format, or the data of the items are not
 * contiguous.
 */
bool shareable__batch_read(const shareable_list *list, size_t first, uint64_t format, shareable__batch *batch);

/*
 * Returns whether no item has been written since, except for numbers over numbers of the same type.
 */
bool shareable__batch_is_unchanged(const shareable_list *list, size_t first, const shareable__batch *batch);

#endif
