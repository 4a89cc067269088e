/*
 * entry.c - what a program watches: an item, any item or the lock of a list.
 */
#include "watch/entry.h"

#include <stdlib.h>

#include "format/hash.h"
#include "watch/pin.h"
#include "watch/watch.h"

/* The size of a slot in bytes from which on its item is large. A hash of it takes some microseconds. */
#define LARGE_SIZE 16384

/* An entry, or a free place of the table. */
struct place {
  shareable__watch_entry *entry;
  size_t next_free; /* the number of the next free place; 0: none */
};

/*
 * Each entry is in one place of the table. Its id contains the number of the place, and `number` in
 * the upper 32 bits. No place has the number 0.
 */
static struct {
  struct place *places;
  size_t capacity, used; /* places from `used` on were never in use */
  size_t first_free;
  uint32_t number; /* of the last entry; later entries have other numbers, and so other ids */
} table = {.used = 1};

static bool reserve_place(void) {
  size_t capacity = table.capacity == 0 ? 16 : 2 * table.capacity;
  struct place *places;

  if (table.first_free != 0 || table.used < table.capacity)
    return true;
  places = realloc(table.places, capacity * sizeof *places);
  if (places == NULL)
    return false;
  table.places = places;
  table.capacity = capacity;
  return true;
}

static void take_place(shareable__watch_entry *entry) {
  size_t k = table.first_free;

  if (k != 0)
    table.first_free = table.places[k].next_free;
  else
    k = table.used++;
  table.number = table.number == UINT32_MAX ? 1 : table.number + 1;
  table.places[k].entry = entry;
  entry->id = (uint64_t)table.number << 32 | k;
}

static size_t place_of(uint64_t id) {
  return (size_t)(id & UINT32_MAX);
}

static void free_place(uint64_t id) {
  table.places[place_of(id)] = (struct place){.next_free = table.first_free};
  table.first_free = place_of(id);
}

shareable__watch_entry *shareable__entry_create(shareable_watch *watch, shareable__source *source,
                                                shareable__watch_word *word, shareable__watch_kind kind, size_t i) {
  shareable__watch_entry *entry = reserve_place() ? calloc(1, sizeof *entry) : NULL;

  if (entry == NULL)
    return NULL;
  take_place(entry);
  entry->watch = watch;
  entry->source = source;
  entry->word = word;
  entry->kind = kind;
  entry->i = i;
  shareable__chain_append(&watch->entries, &entry->of_watch);
  shareable__chain_append(&source->entries, &entry->of_source);
  shareable__word_insert(word, entry);
  return entry;
}

shareable__watch_entry *shareable__entry_find(uint64_t id) {
  shareable__watch_entry *entry = place_of(id) - 1 < table.used - 1 ? table.places[place_of(id)].entry : NULL;

  return entry != NULL && entry->id == id ? entry : NULL;
}

shareable__watch_entry *shareable__entry_next(size_t *k) {
  while (*k + 1 < table.used) {
    shareable__watch_entry *entry = table.places[++*k].entry;

    if (entry != NULL)
      return entry;
  }
  return NULL;
}

void shareable__entries_end(void) {
  free(table.places);
  table.places = NULL;
  table.capacity = table.first_free = 0;
  table.used = 1;
}

static void set_armed(shareable__watch_entry *entry, bool is_armed) {
  shareable__watch_word *word = entry->word;

  if (entry->is_armed == is_armed)
    return;
  entry->is_armed = is_armed;
  shareable__chain_remove(is_armed ? &word->disarmed : &word->armed, &entry->of_word);
  shareable__chain_append(is_armed ? &word->armed : &word->disarmed, &entry->of_word);
  shareable__checker_count(word->block->is_polled, is_armed);
}

static void remove_from_word(shareable__watch_entry *entry) {
  shareable__entry_disarm(entry);
  shareable__word_remove(entry->word, entry);
}

static void remove_from_source(shareable__watch_entry *entry) {
  remove_from_word(entry);
  shareable__word_release(entry->word);
  shareable__chain_remove(&entry->source->entries, &entry->of_source);
  entry->word = NULL;
}

void shareable__entry_free(shareable__watch_entry *entry) {
  if (entry->word != NULL)
    remove_from_source(entry);
  if (entry->is_changed)
    shareable__watch_forget_changed(entry->watch, entry);
  shareable__chain_remove(&entry->watch->entries, &entry->of_watch);
  free_place(entry->id);
  free(entry);
}

/* What is hashed: a slot and the version of its item, or a list if the slot has no data. */
typedef struct hash_input {
  shareable__layout layout;
  shareable__slot slot;
  uint64_t version;
} hash_input;

/* The version is loaded before the slot is read. An item whose offsets are invalid has an empty slot. */
static hash_input input_of(const shareable__watch_entry *entry) {
  const shareable__sync *sync = entry->source->sync;
  hash_input input = {.layout = *entry->source->layout};

  if (entry->kind != SHAREABLE__WATCH_ITEM)
    return input;
  input.version = __atomic_load_n(&sync->version_words[entry->i & sync->mask], __ATOMIC_ACQUIRE);
  if (!shareable__layout_slot(&input.layout, entry->i, &input.slot))
    input.slot.size = 0;
  return input;
}

/* Returns whether a hash takes more than some microseconds. */
static bool is_large(const shareable__watch_entry *entry, const hash_input *input) {
  return (entry->kind == SHAREABLE__WATCH_ANY ? input->layout.data_size : input->slot.size) >= LARGE_SIZE;
}

bool shareable__entry_is_large(const shareable__watch_entry *entry) {
  const hash_input input = input_of(entry);

  return is_large(entry, &input);
}

static uint64_t hash_item(const hash_input *input) {
  uint64_t hash = 0;

  if (input->slot.size > 0)
    hash = shareable__hash_slot(&input->slot) + (input->version & SHAREABLE__VERSION_UNLOCKED);
  return hash == 0 ? 1 : hash;
}

/*
 * Records the hash of what is watched, and reports the entry if it had another one. Hashes are made by
 * several threads at once: one that was begun before the recorded one is older, and is ignored.
 */
static void compare(shareable__watch_entry *entry, uint64_t hash, uint64_t number) {
  if (number <= entry->latest)
    return;
  entry->latest = number;
  if (entry->seen == hash)
    return;
  if (entry->seen != 0)
    shareable__entry_fire(entry);
  entry->seen = hash;
}

/* Forgets the last hash, and ignores those that are being made: what they hash may have changed since. */
static void forget_hash(shareable__watch_entry *entry) {
  entry->seen = 0;
  entry->latest = entry->begun;
}

void shareable__entry_check_item(shareable__watch_entry *entry) {
  const hash_input input = input_of(entry);

  if (!is_large(entry, &input))
    compare(entry, hash_item(&input), ++entry->begun);
}

shareable_status shareable__entry_arm(shareable__watch_entry *entry, uint64_t hash, bool *is_slow) {
  shareable_status status;
  bool was_armed;

  if (entry->word == NULL)
    return SHAREABLE_E_CLOSED;
  status = shareable__checker_start();
  if (status != SHAREABLE_OK)
    return status;
  shareable__word_catch_up(entry->word);
  was_armed = entry->is_armed;
  shareable__word_answer(entry->word, entry);
  set_armed(entry, true);
  status = shareable__word_arm(entry->word);
  if (status != SHAREABLE_OK) {
    set_armed(entry, was_armed);
    return status;
  }
  if (!was_armed)
    forget_hash(entry);
  if (entry->kind == SHAREABLE__WATCH_ANY && hash != 0)
    compare(entry, hash, ++entry->begun);
  else if (entry->kind == SHAREABLE__WATCH_ITEM)
    shareable__entry_check_item(entry);
  *is_slow = entry->kind == SHAREABLE__WATCH_ANY ? hash == 0 : shareable__entry_is_large(entry);
  return SHAREABLE_OK;
}

void shareable__entry_disarm(shareable__watch_entry *entry) {
  if (entry->word == NULL)
    return;
  set_armed(entry, false);
  shareable__word_answer(entry->word, entry);
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
  entry->word = word;
  shareable__word_insert(word, entry);
}

void shareable__entry_close(shareable__watch_entry *entry) {
  remove_from_source(entry);
  shareable__entry_report(entry);
}

/*
 * Returns the entry with that id, and pins its list's memory. Returns NULL if the handle is closed.
 */
static shareable__watch_entry *pin(uint64_t id, shareable_memory **memory) {
  shareable__watch_entry *entry = shareable__entry_find(id);

  *memory = entry == NULL || entry->word == NULL ? NULL : entry->source->memory;
  return *memory != NULL && shareable__watch_pin(*memory) ? entry : NULL;
}

/* The pin and the reference to the memory keep it while the lock is not held. */
void shareable__entry_compare_slowly(uint64_t id) {
  shareable__watch_entry *entry;
  shareable_memory *memory;
  hash_input input = {0};
  uint64_t hash, number = 0;
  bool is_item = false;

  shareable__watch_lock();
  entry = pin(id, &memory);
  if (entry != NULL) {
    input = input_of(entry);
    number = ++entry->begun;
    is_item = entry->kind == SHAREABLE__WATCH_ITEM;
  }
  shareable__watch_unlock();
  if (entry == NULL)
    return;
  hash = is_item ? hash_item(&input) : shareable__hash_layout(&input.layout);
  shareable__watch_lock();
  entry = shareable__entry_find(id);
  if (entry != NULL && entry->is_armed)
    compare(entry, hash, number);
  shareable__watch_unlock();
  shareable__watch_unpin(memory);
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
  asker.file = shareable__segment_file(&memory->segment);
  asker.name = memory->name;
  is_dead = owner != 0 && !shareable__writer_is_alive(&asker, owner);
  shareable__watch_lock();
  entry = shareable__entry_find(id);
  if (entry != NULL && entry->is_armed && is_dead)
    shareable__word_offer_lock(entry->word);
  shareable__watch_unlock();
  shareable__watch_unpin(memory);
}
