/*
 * dict_index.h - the index of a dict: a table with linear probing from the home of a tag.
 *
 * Only the owner of the dict's lock changes entries. Readers load them at any time, and verify what
 * they find by the key in the list. An entry is removed by moving later ones to the hole, so the
 * table has no marks of deleted entries. A hostile process may write anything to the index: no
 * function takes more than one step for each slot.
 */
#ifndef SHAREABLE__DICT_INDEX_H
#define SHAREABLE__DICT_INDEX_H

#include <stdbool.h>

#include "format/dict_area.h"

/* A walk along the slots of one tag. */
typedef struct shareable__dict_probe {
  uint64_t slot;
  uint64_t left; /* the number of slots that were not visited */
  uint32_t tag;
} shareable__dict_probe;

/* Returns the slot at which the search for a tag begins: the tags are spread evenly over the slots. */
static inline uint64_t shareable__dict_home(const shareable__dict_parts *parts, uint32_t tag) {
  return (uint64_t)tag * parts->slots >> 32;
}

static inline shareable__dict_probe shareable__dict_probe_begin(const shareable__dict_parts *parts, uint32_t tag) {
  return (shareable__dict_probe){shareable__dict_home(parts, tag), parts->slots, tag};
}

/*
 * Finds the next entry with the tag. Returns false at the end. *place is less than the number of
 * places, whatever the index contains. An entry is a hint: the caller loads the version of the key
 * next, and checks the sequence of the index after a fence if no key was found. So a relaxed load is
 * sufficient, and the compiler keeps the parts in registers.
 */
static inline bool shareable__dict_probe_next(const shareable__dict_parts *parts, shareable__dict_probe *probe,
                                              uint64_t *place) {
  while (probe->left > 0) {
    uint64_t entry = __atomic_load_n(&parts->index[probe->slot], __ATOMIC_RELAXED);

    if (entry == 0)
      return false;
    probe->slot = probe->slot + 1 == parts->slots ? 0 : probe->slot + 1;
    probe->left--;
    *place = shareable__dict_entry_place(entry);
    if (shareable__dict_entry_tag(entry) == probe->tag && *place < parts->places)
      return true;
  }
  return false;
}

/* Returns the sequence of the index: it is odd while the index changes. */
static inline uint64_t shareable__dict_sequence(const shareable__dict_parts *parts) {
  return __atomic_load_n(&parts->area->sequence, __ATOMIC_ACQUIRE);
}

/* Returns whether the index did not change since it had that sequence. */
static inline bool shareable__dict_is_stable(const shareable__dict_parts *parts, uint64_t sequence) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return sequence % 2 == 0 && __atomic_load_n(&parts->area->sequence, __ATOMIC_RELAXED) == sequence;
}

/* For the owner of the lock. An entry that is there already, or is not there, is not an error. */
void shareable__dict_index_add(const shareable__dict_parts *parts, uint64_t entry);
void shareable__dict_index_remove(const shareable__dict_parts *parts, uint64_t entry);

#endif
