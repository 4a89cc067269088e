/*
 * files.c - a set of files, with the size of each and the memory that it uses.
 */
#include "files.h"

#include <stdlib.h>

#include "cli.h"

void files_add(file_set *set, file_entry entry) {
  if (set->count == set->places) {
    set->places = set->places == 0 ? 64 : set->places * 2;
    set->entries = cli_allocate(set->entries, set->places, sizeof *set->entries);
  }
  set->entries[set->count++] = entry;
}

void files_add_all(file_set *set, const file_set *others) {
  for (size_t i = 0; i < others->count; i++)
    files_add(set, others->entries[i]);
}

static int by_inode(const void *a, const void *b) {
  const file_entry *first = a, *second = b;

  return first->inode < second->inode ? -1 : first->inode > second->inode;
}

void files_sort(file_set *set) {
  size_t kept = 0;

  if (set->count == 0)
    return;
  qsort(set->entries, set->count, sizeof *set->entries, by_inode);
  for (size_t i = 1; i < set->count; i++)
    if (set->entries[i].inode != set->entries[kept].inode)
      set->entries[++kept] = set->entries[i];
  set->count = kept + 1;
}

bool files_has(const file_set *set, uint64_t inode) {
  const file_entry key = {.inode = inode};

  return set->count > 0 && bsearch(&key, set->entries, set->count, sizeof key, by_inode) != NULL;
}

uint64_t files_size(const file_set *set) {
  uint64_t size = 0;

  for (size_t i = 0; i < set->count; i++)
    size += set->entries[i].size;
  return size;
}

uint64_t files_used(const file_set *set) {
  uint64_t used = 0;

  for (size_t i = 0; i < set->count; i++)
    used += set->entries[i].used;
  return used;
}

void files_free(file_set *set) {
  free(set->entries);
  *set = (file_set){0};
}
