/*
 * entry.c - what a program watches: an item, any item or the lock of a list.
 */
#include "watch/entry.h"

#include <stdlib.h>

#include "format/hash.h"
#include "watch/watch.h"

/* Each entry is in one place of the table. Its id contains the place, and `number` in the upper 32 bits. */
static struct {
  shareable__watch_entry **entries;
  size_t capacity;
  size_t free_place; /* no place before this one is free */
  uint32_t number;   /* of the last entry; later entries have other numbers, and so other ids */
} table;

static bool reserve_place(void) {
  size_t capacity = table.capacity == 0 ? 16 : 2 * table.capacity;
  shareable__watch_entry **entries;

  while (table.free_place < table.capacity && table.entries[table.free_place] != NULL)
    table.free_place++;
  if (table.free_place < table.capacity)
    return true;
  entries = realloc(table.entries, capacity * sizeof(shareable__watch_entry *));
  if (entries == NULL)
    return false;
  memset(entries + table.capacity, 0, (capacity - table.capacity) * sizeof(shareable__watch_entry *));
  table.entries = entries;
  table.capacity = capacity;
  return true;
}

static void insert_into_word(shareable__watch_entry *entry, shareable__watch_word *word) {
  entry->word = word;
  entry->next_of_word = word->entries;
  word->entries = entry;
}

shareable__watch_entry *shareable__entry_create(shareable_watch *watch, shareable__watch_word *word,
                                                shareable__watch_kind kind, size_t i) {
  shareable__watch_entry *entry = reserve_place() ? calloc(1, sizeof *entry) : NULL;

  if (entry == NULL)
    return NULL;
  table.number = table.number == UINT32_MAX ? 1 : table.number + 1;
  entry->id = (uint64_t)table.number << 32 | table.free_place;
  entry->watch = watch;
  entry->kind = kind;
  entry->i = i;
  insert_into_word(entry, word);
  table.entries[table.free_place] = entry;
  return entry;
}

static size_t place_of(uint64_t id) {
  return (size_t)(id & UINT32_MAX);
}

shareable__watch_entry *shareable__entry_find(uint64_t id) {
  shareable__watch_entry *entry = place_of(id) < table.capacity ? table.entries[place_of(id)] : NULL;

  return entry != NULL && entry->id == id ? entry : NULL;
}

shareable__watch_entry *shareable__entry_next(size_t *k) {
  while (*k < table.capacity) {
    shareable__watch_entry *entry = table.entries[(*k)++];

    if (entry != NULL)
      return entry;
  }
  return NULL;
}

void shareable__entries_end(void) {
  free(table.entries);
  table.entries = NULL;
  table.capacity = table.free_place = 0;
}

static void set_armed(shareable__watch_entry *entry, bool is_armed) {
  if (entry->is_armed == is_armed)
    return;
  entry->is_armed = is_armed;
  entry->word->armed += is_armed ? 1 : (size_t)-1;
  shareable__checker_count(entry->word->address == NULL, is_armed);
}

static void remove_from_word(shareable__watch_entry *entry) {
  shareable__watch_entry **link = &entry->word->entries;

  set_armed(entry, false);
  shareable__word_disarm(entry->word);
  while (*link != entry)
    link = &(*link)->next_of_word;
  *link = entry->next_of_word;
  entry->word = NULL;
}

void shareable__entry_free(shareable__watch_entry *entry) {
  shareable__watch_word *word = entry->word;

  if (word != NULL) {
    remove_from_word(entry);
    shareable__word_release(word);
  }
  if (entry->is_changed)
    shareable__watch_forget_changed(entry->watch, entry);
  table.entries[place_of(entry->id)] = NULL;
  if (place_of(entry->id) < table.free_place)
    table.free_place = place_of(entry->id);
  free(entry);
}

uint64_t shareable__entry_hash_item(const shareable__watch_entry *entry) {
  const shareable__source *source = entry->word->source;
  uint64_t version = __atomic_load_n(&source->sync->version_words[entry->i & source->sync->mask], __ATOMIC_ACQUIRE);
  shareable__slot slot;
  uint64_t hash = 0;

  if (shareable__layout_slot(source->layout, entry->i, &slot))
    hash = shareable__hash_slot(&slot) + (version & SHAREABLE__VERSION_UNLOCKED);
  return hash == 0 ? 1 : hash;
}

void shareable__entry_compare(shareable__watch_entry *entry, uint64_t hash) {
  if (entry->seen == hash)
    return;
  if (entry->seen != 0)
    shareable__entry_fire(entry);
  entry->seen = hash;
}

shareable_status shareable__entry_arm(shareable__watch_entry *entry, uint64_t hash) {
  bool was_armed = entry->is_armed;
  shareable_status status;

  if (entry->word == NULL)
    return SHAREABLE_E_CLOSED;
  status = shareable__checker_start();
  if (status != SHAREABLE_OK)
    return status;
  set_armed(entry, true);
  status = shareable__word_arm(entry->word);
  if (status != SHAREABLE_OK) {
    set_armed(entry, was_armed);
    return status;
  }
  if (!was_armed)
    entry->seen = 0;
  if (entry->kind == SHAREABLE__WATCH_ITEM)
    shareable__entry_compare(entry, shareable__entry_hash_item(entry));
  else if (entry->kind == SHAREABLE__WATCH_ANY && hash != 0)
    shareable__entry_compare(entry, hash);
  return SHAREABLE_OK;
}

void shareable__entry_disarm(shareable__watch_entry *entry) {
  if (entry->word == NULL)
    return;
  set_armed(entry, false);
  shareable__word_disarm(entry->word);
}

void shareable__entry_report(shareable__watch_entry *entry) {
  if (entry->is_changed)
    return;
  entry->is_changed = true;
  shareable__watch_report(entry->watch, entry);
}

void shareable__entry_fire(shareable__watch_entry *entry) {
  if (!entry->is_armed)
    return;
  set_armed(entry, false);
  shareable__entry_report(entry);
}

void shareable__entry_move(shareable__watch_entry *entry, shareable__watch_word *word) {
  shareable__entry_fire(entry);
  remove_from_word(entry);
  insert_into_word(entry, word);
}

void shareable__entry_close(shareable__watch_entry *entry) {
  remove_from_word(entry);
  shareable__entry_report(entry);
}

/*
 * Returns the entry with that id, and pins its list's memory. Returns NULL if the handle is closed.
 */
static shareable__watch_entry *pin(uint64_t id, shareable_memory **memory) {
  shareable__watch_entry *entry = shareable__entry_find(id);

  *memory = entry == NULL || entry->word == NULL ? NULL : entry->word->source->memory;
  return *memory != NULL && shareable_memory_pin(*memory) == SHAREABLE_OK ? entry : NULL;
}

/* The pin and the reference to the memory keep it while the lock is not held. */
void shareable__entry_compare_list(uint64_t id) {
  shareable__watch_entry *entry;
  shareable__layout layout;
  shareable_memory *memory;
  uint64_t hash;

  shareable__watch_lock();
  entry = pin(id, &memory);
  if (entry != NULL)
    layout = *entry->word->source->layout;
  shareable__watch_unlock();
  if (entry == NULL)
    return;
  hash = shareable__hash_layout(&layout);
  shareable__watch_lock();
  entry = shareable__entry_find(id);
  if (entry != NULL && entry->is_armed)
    shareable__entry_compare(entry, hash);
  shareable__watch_unlock();
  shareable_memory_unpin(memory);
}

void shareable__entry_check_owner(uint64_t id) {
  shareable__writer asker = {0};
  shareable__watch_entry *entry;
  shareable_memory *memory;
  uint32_t owner = 0;
  bool is_dead;

  shareable__watch_lock();
  entry = pin(id, &memory);
  if (entry != NULL)
    owner = __atomic_load_n(entry->word->address, __ATOMIC_RELAXED) & ~SHAREABLE__LOCK_WAITERS;
  shareable__watch_unlock();
  if (entry == NULL)
    return;
  asker.fd = &memory->segment.fd;
  asker.file = (shareable__file_id){memory->segment.device, memory->segment.inode};
  asker.name = memory->name;
  is_dead = owner != 0 && !shareable__writer_is_alive(&asker, owner);
  shareable__watch_lock();
  entry = shareable__entry_find(id);
  if (entry != NULL && is_dead)
    shareable__entry_fire(entry);
  shareable__watch_unlock();
  shareable_memory_unpin(memory);
}
