/*
 * gc_totals.c - the numbers and sizes of the blocks that gc found, by result and by reason.
 */
#include "gc_totals.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Returns whether an earlier entry is another name of the block. */
static bool is_repeated(const shareable_gc *gc, size_t index) {
  const struct stat *file = &shareable__gc_entry_at(gc, index)->file;

  for (size_t i = 0; file->st_nlink > 1 && i < index; i++)
    if (shareable__gc_entry_at(gc, i)->file.st_ino == file->st_ino)
      return true;
  return false;
}

static void add(gc_total *total, uint64_t used) {
  total->blocks++;
  total->used += used;
}

static gc_total *kept_for(gc_totals *totals, const char *reason) {
  for (size_t i = 0; i < totals->kept_count; i++)
    if (strcmp(totals->kept[i].reason, reason) == 0)
      return &totals->kept[i];
  totals->kept = cli_allocate(totals->kept, totals->kept_count + 1, sizeof *totals->kept);
  totals->kept[totals->kept_count] = (gc_total){.reason = reason};
  return &totals->kept[totals->kept_count++];
}

static int by_used(const void *a, const void *b) {
  const gc_total *first = a, *second = b;

  if (first->used != second->used)
    return first->used < second->used ? 1 : -1;
  return strcmp(first->reason, second->reason);
}

gc_totals gc_totals_of(const shareable_gc *gc) {
  gc_totals totals = {0};

  for (size_t i = 0; i < shareable_gc_count(gc); i++) {
    const shareable__gc_entry *entry = shareable__gc_entry_at(gc, i);
    uint64_t used = is_repeated(gc, i) ? 0 : (uint64_t)entry->file.st_blocks * 512;

    add(&totals.results[entry->result], used);
    totals.failed += entry->has_failed;
    if (entry->result == SHAREABLE_GC_KEPT)
      add(kept_for(&totals, entry->kind), used);
  }
  if (totals.kept_count > 0)
    qsort(totals.kept, totals.kept_count, sizeof *totals.kept, by_used);
  return totals;
}

void gc_totals_free(gc_totals *totals) {
  free(totals->kept);
}
