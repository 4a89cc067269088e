/*
 * snapshot.c - the bytes of a list at one point in time, without memory for its holes.
 *
 * To read an item through the mapping, as the library does, would give memory to the whole slot. So
 * this reads the file twice. The versions of the items show whether a text has changed meanwhile, and
 * the bytes show whether a number has.
 */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "list/list.h"
#include "sparse.h"

/* The number of times that a list is read until it does not change meanwhile. */
enum { ATTEMPTS_MAX = 10 };

/* What the second reading returns if a byte has changed. */
enum { CHANGED = -1 };

static int store_page(void *context, uint64_t offset, const void *bytes, size_t length) {
  const snapshot *taken = context;

  memcpy(taken->bytes + offset, bytes, length);
  return 0;
}

static int store(void *context, uint64_t offset, const void *bytes, size_t length) {
  return sparse_visit_pages(offset, bytes, length, store_page, context);
}

static int compare(void *context, uint64_t offset, const void *bytes, size_t length) {
  const snapshot *taken = context;

  return memcmp(taken->bytes + offset, bytes, length) == 0 ? 0 : CHANGED;
}

/* Memory that is only read is not allocated. */
static void allocate(snapshot *taken) {
  taken->bytes = mmap(NULL, taken->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (taken->bytes == MAP_FAILED)
    cli_die("out of memory");
}

void snapshot_free(snapshot *taken) {
  munmap(taken->bytes, taken->size);
}

static void require(const shareable_list *list, int errnum) {
  if (errnum != 0 && errnum != CHANGED)
    cli_die_memory(list->memory, errnum);
}

static void read_versions(const shareable_list *list, shareable__word *versions) {
  const shareable__sync *sync = &list->sync;
  uint64_t offset = (uint64_t)((const unsigned char *)sync->version_words - list->memory->segment.base);

  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  require(list, cli_read_memory(list->memory, offset, versions, list->layout.count * sizeof *versions));
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool are_readable(const shareable__word *versions, size_t count) {
  for (size_t i = 0; i < count; i++)
    if ((versions[i] & (SHAREABLE__LOCKED | SHAREABLE__CORRUPT)) != 0)
      return false;
  return true;
}

/* Returns whether the list did not change meanwhile. */
static bool try_to_take(snapshot *taken, const shareable_list *list, shareable__word *before, shareable__word *after) {
  size_t count = list->layout.count;
  int result;

  read_versions(list, before);
  if (!are_readable(before, count))
    return false;
  require(list, sparse_read(list->memory, taken->size, store, taken));
  result = sparse_read(list->memory, taken->size, compare, taken);
  require(list, result);
  read_versions(list, after);
  return result == 0 && memcmp(before, after, count * sizeof *before) == 0;
}

/* Returns whether these bytes are a list in which each item is valid. */
static bool is_valid(const snapshot *taken, const shareable_list *list) {
  size_t count = list->layout.count, data_size = list->layout.data_size;
  shareable__layout layout;
  shareable__item_info info;
  shareable__slot slot;

  if (shareable__load(taken->bytes) != count ||
      !shareable__layout_read(&layout, taken->bytes, taken->size, count, data_size) ||
      shareable__load(layout.offsets + 8 * count) != data_size)
    return false;
  for (size_t i = 0; i < count; i++)
    if (!shareable__layout_slot(&layout, i, &slot) || !shareable__item_inspect(&slot, &info))
      return false;
  return true;
}

bool snapshot_take(snapshot *taken, const shareable_list *list) {
  const shareable__layout *layout = &list->layout;
  shareable__word *versions = cli_allocate(NULL, layout->count, 2 * sizeof *versions);
  bool is_taken = false;

  taken->size = (size_t)(layout->codes - list->memory->segment.base) + layout->count;
  for (int i = 0; i < ATTEMPTS_MAX && !is_taken; i++) {
    allocate(taken);
    is_taken = try_to_take(taken, list, versions, versions + layout->count) && is_valid(taken, list);
    if (!is_taken)
      snapshot_free(taken);
  }
  free(versions);
  return is_taken;
}
