/*
 * memory.h - the public handle of a block, as the list modules use it.
 */
#ifndef SHAREABLE__MEMORY_H
#define SHAREABLE__MEMORY_H

#include <stdatomic.h>

#include "base/chain.h"
#include "shm/owner.h"
#include "shm/segment.h"

struct shareable_memory {
  _Atomic(unsigned char *) address; /* NULL once closed */
  atomic_uint references;
  atomic_uint pins;    /* the block stays mapped until this is 0; an open handle counts as one */
  unsigned watch_pins; /* those of threads that a child of a fork does not have (watch/pin.h) */
  shareable__link of_pinned;
  bool read_only;
  bool keeps_fd;                   /* SHAREABLE_KEEP_FD */
  bool replaces;                   /* the block that has the name, when it is published */
  atomic_bool keeps_range;         /* the addresses stay mapped until the handle is freed */
  void (*on_close)(void *context); /* called before the block is unmapped; or NULL */
  void *on_close_context;
  shareable__segment segment;
  shareable__ownership ownership; /* all zero if this process does not own the block */
  char name[SHAREABLE__NAME_MAX + 1];
};

static inline bool shareable__memory_is_open(const shareable_memory *memory) {
  return atomic_load_explicit(&memory->address, memory_order_relaxed) != NULL;
}

/*
 * Keeps the block mapped until shareable__memory_release_pin(), even if another thread closes the
 * handle. Returns false if it is closed.
 */
bool shareable__memory_try_pin(shareable_memory *memory);
void shareable__memory_release_pin(shareable_memory *memory);

/*
 * The two steps of shareable_memory_create(), so that the caller can fill the block between them.
 * `prepare` makes a handle whose memory no other process sees; `publish` gives the block its name.
 * A handle that is dropped before leaves nothing. If `replaces` is set, the name is not NULL, the
 * flags do not contain SHAREABLE_OWNED, and `publish` replaces the block that has the name.
 */
shareable_status shareable__memory_prepare(shareable_memory **result, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, bool replaces, shareable_error *error);
shareable_status shareable__memory_publish(shareable_memory *memory, shareable_error *error);

/*
 * The two steps of shareable_memory_open(): between them, shareable__segment_read() can read
 * the block. The second step, which shareable_memory_create() has too, closes the file, or keeps it
 * open for SHAREABLE_KEEP_FD. Without that step, the file stays open until the handle is closed.
 */
shareable_status shareable__memory_attach(shareable_memory **result, const char *name, uint32_t flags,
                                          shareable_error *error);
void shareable__memory_finish(shareable_memory *memory);

#endif
