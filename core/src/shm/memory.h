/*
 * memory.h - the public handle of a block, as lists see it.
 */
#ifndef SHAREABLE__MEMORY_H
#define SHAREABLE__MEMORY_H

#include <stdatomic.h>

#include "shm/owner.h"
#include "shm/segment.h"

struct shareable_memory {
  _Atomic(unsigned char *) address; /* NULL once closed */
  atomic_uint references;
  atomic_uint pins; /* what keeps it mapped: being open counts as one */
  bool read_only;
  void (*on_close)(void *of); /* what ends with it: a list's part in writing; NULL: nothing */
  void *on_close_context;
  shareable__segment segment;
  shareable__ownership ownership; /* that it goes when this process ends */
  char name[SHAREABLE__NAME_MAX + 1];
};

static inline bool shareable__memory_is_open(const shareable_memory *memory) {
  return atomic_load_explicit(&memory->address, memory_order_relaxed) != NULL;
}

/* Keeps it mapped until it is let go of, whoever closes it meanwhile; false where it is closed. */
bool shareable__memory_try_pin(shareable_memory *memory);
void shareable__memory_release_pin(shareable_memory *memory);

/*
 * The two halves of a creation, so that what the block holds can be written between them. `draft` makes a handle whose
 * memory nobody else sees; `publish` gives it the name it was drafted with. A draft that is dropped leaves nothing.
 */
shareable_status shareable__memory_prepare(shareable_memory **result, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error);
shareable_status shareable__memory_publish(shareable_memory *memory, shareable_error *error);

/*
 * The two halves of shareable_memory_open(): between them, the block can be peeked into. What is not settled keeps its file
 * open until it is closed.
 */
shareable_status shareable__memory_attach(shareable_memory **result, const char *name, uint32_t flags,
                                          shareable_error *error);
static inline void shareable__memory_close_fd(shareable_memory *memory) {
  shareable__segment_close_fd(&memory->segment);
}

#endif
