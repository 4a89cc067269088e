/*
 * dict_index.c - the index of a dict: a table with linear probing from the home of a tag.
 */
#include "dict/dict_index.h"

static uint64_t load(const shareable__dict_parts *parts, uint64_t slot) {
  return __atomic_load_n(&parts->index[slot], __ATOMIC_RELAXED);
}

static void store(const shareable__dict_parts *parts, uint64_t slot, uint64_t entry) {
  __atomic_store_n(&parts->index[slot], entry, __ATOMIC_RELEASE);
}

static uint64_t next_slot(const shareable__dict_parts *parts, uint64_t slot) {
  return slot + 1 == parts->slots ? 0 : slot + 1;
}

/* Returns the number of steps from a slot forward to another one. */
static uint64_t distance(const shareable__dict_parts *parts, uint64_t from, uint64_t to) {
  return to >= from ? to - from : to + parts->slots - from;
}

static uint64_t home_of(const shareable__dict_parts *parts, uint64_t entry) {
  return shareable__dict_home(parts, shareable__dict_entry_tag(entry));
}

void shareable__dict_index_add(const shareable__dict_parts *parts, uint64_t entry) {
  uint64_t slot = home_of(parts, entry);

  for (uint64_t left = parts->slots; left > 0; left--) {
    uint64_t found = load(parts, slot);

    if (found == entry)
      return;
    if (found == 0) {
      store(parts, slot, entry);
      return;
    }
    slot = next_slot(parts, slot);
  }
}

/* Moves later entries to the hole as long as that brings them no nearer than their homes. */
static void close_hole(const shareable__dict_parts *parts, uint64_t hole) {
  uint64_t slot = hole;

  for (uint64_t left = parts->slots; left > 0; left--) {
    uint64_t entry;

    slot = next_slot(parts, slot);
    entry = load(parts, slot);
    if (entry == 0)
      break;
    if (distance(parts, home_of(parts, entry), slot) < distance(parts, hole, slot))
      continue;
    store(parts, hole, entry);
    hole = slot;
  }
  store(parts, hole, 0);
}

/* Returns whether the entry is in a later slot too, before the next free one: that slot is the hole. */
static bool find_duplicate(const shareable__dict_parts *parts, uint64_t slot, uint64_t *duplicate) {
  uint64_t entry = load(parts, slot), found;

  for (uint64_t left = parts->slots - 1; left > 0; left--) {
    slot = next_slot(parts, slot);
    found = load(parts, slot);
    if (found == 0)
      return false;
    if (found == entry) {
      *duplicate = slot;
      return true;
    }
  }
  return false;
}

/*
 * If an owner was killed while it removed this entry, an entry may be there twice instead: it was
 * copied to the hole, and is still where it was.
 */
void shareable__dict_index_remove(const shareable__dict_parts *parts, uint64_t entry) {
  uint64_t slot = home_of(parts, entry), hole = 0, found;
  bool has_hole = false;

  for (uint64_t left = parts->slots; left > 0 && (found = load(parts, slot)) != 0; left--) {
    if (found == entry) {
      close_hole(parts, slot);
      return;
    }
    slot = next_slot(parts, slot);
  }
  slot = home_of(parts, entry);
  for (uint64_t left = parts->slots; left > 0 && !has_hole && load(parts, slot) != 0; left--) {
    has_hole = find_duplicate(parts, slot, &hole);
    slot = next_slot(parts, slot);
  }
  if (has_hole)
    close_hole(parts, hole);
}
