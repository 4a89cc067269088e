/*
 * block.c - the blocks of watched lists. The handles of this process on one list share its words.
 */
#include "watch/block.h"

#include <stdlib.h>

enum { BUCKETS = 256 };

static shareable__chain buckets[BUCKETS];

static shareable__chain *bucket_of(const shareable__watch_block *block) {
  return &buckets[block->file.inode % BUCKETS];
}

/*
 * A block is identified by its file. Another process may have changed the length of the list between
 * two opens, so that the handles have different areas.
 */
static shareable__watch_block identify(const shareable__source *source) {
  const shareable__segment *segment = &source->memory->segment;
  const void *area = source->sync->area;

  return (shareable__watch_block){
    .file = shareable__segment_file(segment),
    .area = area == NULL ? 0 : (size_t)((const unsigned char *)area - (const unsigned char *)segment->base),
    .is_polled = area == NULL || source->memory->read_only,
  };
}

static bool is_same(const shareable__watch_block *a, const shareable__watch_block *b) {
  return a->file.device == b->file.device && a->file.inode == b->file.inode && a->area == b->area &&
         a->is_polled == b->is_polled;
}

shareable__watch_block *shareable__watch_block_get(const shareable__source *source) {
  shareable__watch_block wanted = identify(source), *block;

  for (shareable__link *link = bucket_of(&wanted)->first; link != NULL; link = link->next) {
    block = SHAREABLE__OBJECT(link, shareable__watch_block, of_bucket);
    if (is_same(block, &wanted))
      return block;
  }
  block = malloc(sizeof *block);
  if (block == NULL)
    return NULL;
  *block = wanted;
  shareable__chain_append(bucket_of(block), &block->of_bucket);
  return block;
}

void shareable__watch_block_release(shareable__watch_block *block) {
  if (block->words != NULL)
    return;
  shareable__chain_remove(bucket_of(block), &block->of_bucket);
  free(block);
}
