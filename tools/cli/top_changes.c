/*
 * top_changes.c - counts the items of lists that differ between two readings.
 */
#include "top_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli.h"
#include "top_list.h"

/* 64 MiB of hashes, and at most a quarter of them for one list. */
#define HASHES_MAX ((size_t)16 << 20)
#define LIST_HASHES_MAX (HASHES_MAX / 4)

/* The bytes after which another list is read, so that a large list does not delay it. */
#define TURN_BYTES ((uint64_t)256 << 10)
#define ITEM_BYTES 17 /* offset, format and code */
#define SLOT_MAX UINT64_C(9999992)

static int by_inode(const void *a, const void *b) {
  uint64_t first = ((const top_readings *)a)->inode, second = ((const top_readings *)b)->inode;

  return first < second ? -1 : first > second;
}

static top_readings *find(const top_changes *changes, uint64_t inode) {
  const top_readings key = {.inode = inode};

  return changes->sorted == 0 ? NULL : bsearch(&key, changes->lists, changes->sorted, sizeof key, by_inode);
}

const top_readings *top_changes_of(const top_changes *changes, uint64_t inode) {
  return find(changes, inode);
}

void top_changes_begin(top_changes *changes) {
  changes->sample++;
  for (size_t i = 0; i < changes->count; i++)
    changes->lists[i].is_listed = changes->lists[i].is_read = false;
}

void top_changes_add(top_changes *changes, const char *name, uint64_t inode) {
  top_readings *list = find(changes, inode);

  if (list == NULL) {
    if (changes->count % 64 == 0)
      changes->lists = cli_allocate(changes->lists, changes->count + 64, sizeof *changes->lists);
    list = &changes->lists[changes->count++];
    *list = (top_readings){.inode = inode};
  }
  list->name = name;
  list->is_listed = true;
}

/* Forgets what was read of a list, also how it was read in this sample. */
static void forget(top_changes *changes, top_readings *list) {
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): sort() overwrites an element after this call */
  free(list->hashes);
  changes->hash_count -= list->hash_count;
  list->hashes = NULL;
  list->hash_count = 0;
  list->count = list->data_size = list->next = list->hash = list->differing = list->finished = 0;
  list->has_changes = list->is_read = false;
}

/* Removes the lists that are gone, and second entries of files with several names. */
static void sort(top_changes *changes) {
  top_readings *lists = changes->lists;
  size_t kept = 0;

  if (changes->count > 0)
    qsort(lists, changes->count, sizeof *lists, by_inode);
  for (size_t i = 0; i < changes->count; i++)
    if (lists[i].is_listed && (kept == 0 || lists[kept - 1].inode != lists[i].inode))
      lists[kept++] = lists[i];
    else
      forget(changes, &lists[i]);
  changes->count = changes->sorted = kept;
}

/* Allocates the hashes of a list. Returns false if other lists have all of them. */
static bool begin(top_changes *changes, top_readings *list, const top_list *read) {
  size_t free_hashes = HASHES_MAX - changes->hash_count;
  size_t hashes = free_hashes < LIST_HASHES_MAX ? free_hashes : LIST_HASHES_MAX;

  if (hashes == 0 || read->count == 0)
    return false;
  list->count = read->count;
  list->data_size = read->data_size;
  list->step = (read->count + hashes - 1) / hashes;
  list->hash_count = (size_t)((read->count + list->step - 1) / list->step);
  list->hashes = cli_allocate(NULL, list->hash_count, sizeof *list->hashes);
  changes->hash_count += list->hash_count;
  return true;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

/* Hashes the slot of an item, in parts. No valid slot is longer than SLOT_MAX (layout.md). */
static bool hash_slot(top_list *read, const top_slot *slot, uint64_t *hash) {
  uint64_t size = slot->size < SLOT_MAX ? slot->size : SLOT_MAX, word;
  const unsigned char *part;
  size_t length;

  for (uint64_t done = 0; done < size; done += length) {
    length = size - done < TOP_PART_MAX ? (size_t)(size - done) : TOP_PART_MAX;
    part = top_list_data(read, slot->data + done, length);
    if (part == NULL)
      return false;
    for (size_t i = 0; i < length; i += sizeof word) {
      memcpy(&word, part + i, sizeof word);
      *hash = mix(*hash, word);
    }
  }
  return true;
}

/* Compares the hash of the items up to this one with that of the last reading. */
static void compare(top_readings *list) {
  uint32_t *old = &list->hashes[list->next / list->step], hash = (uint32_t)(list->hash >> 32);

  list->differing += list->finished != 0 && hash != *old;
  *old = hash;
  list->hash = 0;
}

/* Reads the next item. Returns false if the list has been truncated. */
static bool read_item(top_readings *list, top_list *read, uint64_t *bytes) {
  top_slot slot;

  if (!top_list_slot(read, list->next, &slot))
    return false;
  list->hash = mix(mix(list->hash, slot.format), slot.code);
  if (!hash_slot(read, &slot, &list->hash))
    return false;
  if ((list->next + 1) % list->step == 0 || list->next + 1 == list->count)
    compare(list);
  list->next++;
  *bytes += slot.size + ITEM_BYTES;
  return true;
}

static void finish(top_changes *changes, top_readings *list) {
  list->changes = list->differing;
  list->has_changes = list->finished != 0;
  list->is_exact = list->step == 1 && changes->sample - list->finished == 1;
  list->finished = changes->sample;
  list->is_read = true;
  list->next = 0;
  list->differing = 0;
}

/* Reads a part of the list. Returns false if the list has been truncated. */
static bool read_turn(top_changes *changes, top_readings *list, top_list *read) {
  uint64_t bytes = 0;

  while (list->next < list->count && bytes < TURN_BYTES)
    if (!read_item(list, read, &bytes))
      return false;
  if (list->next == list->count)
    finish(changes, list);
  return true;
}

/* The count and the data size of a list are constant, unless a hostile process changes them. */
static void read_list(top_changes *changes, top_readings *list, int directory) {
  static top_list read;

  if (!top_list_open(&read, directory, list->name, list->inode)) {
    forget(changes, list);
    list->is_read = true;
    return;
  }
  if (list->count != read.count || list->data_size != read.data_size)
    forget(changes, list);
  if (list->count == 0 && !begin(changes, list, &read))
    list->is_read = true;
  else if (!read_turn(changes, list, &read))
    forget(changes, list);
  top_list_close(&read);
}

/* Gives each list a turn, beginning after the list that was read last. Returns whether all ended. */
static bool read_all(top_changes *changes, int directory, int64_t end) {
  size_t first = 0, i, done;
  bool all_read = true;

  while (first < changes->count && changes->lists[first].inode <= changes->last_inode)
    first++;
  for (done = 0; done < changes->count && (done == 0 || shareable__thread_time() < end); done++) {
    i = (first + done) % changes->count;
    if (changes->lists[i].is_read)
      continue;
    read_list(changes, &changes->lists[i], directory);
    changes->last_inode = changes->lists[i].inode;
    all_read = all_read && changes->lists[i].is_read;
  }
  return all_read;
}

void top_changes_read(top_changes *changes, int directory, int64_t budget) {
  int64_t end = shareable__thread_time() + budget;

  sort(changes);
  while (!read_all(changes, directory, end) && shareable__thread_time() < end)
    ;
}

void top_changes_free(top_changes *changes) {
  for (size_t i = 0; i < changes->count; i++)
    free(changes->lists[i].hashes);
  free(changes->lists);
}
