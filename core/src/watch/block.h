/*
 * block.h - the blocks of watched lists. The handles of this process on one list share its words.
 */
#ifndef SHAREABLE__WATCH_BLOCK_H
#define SHAREABLE__WATCH_BLOCK_H

#include "base/chain.h"
#include "watch/source.h"

/* The caller of the functions below holds the watch lock, which guards all fields. */
typedef struct shareable__watch_block {
  shareable__link of_bucket;
  shareable__file_id file;
  size_t area;       /* the offset of the sync area */
  bool is_polled;    /* no writer wakes the handles: they are checked at intervals */
  bool is_collapsed; /* all items use the word of any item */
  struct shareable__watch_word *words;
} shareable__watch_block;

/*
 * Returns the block of the handle, which is new if it has no words. Returns NULL if there is no
 * memory.
 */
shareable__watch_block *shareable__watch_block_get(const shareable__source *source);

/* Frees the block if it has no words. */
void shareable__watch_block_release(shareable__watch_block *block);

#endif
