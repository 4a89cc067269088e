/*
 * file_set.c - a set of files, each identified by device and inode.
 */
#include "base/file_set.h"

#include <stdlib.h>

bool shareable__file_set_add(shareable__file_set *set, const shareable__file_id *file) {
  if (set->count % 64 == 0) {
    shareable__file_id *more = reallocarray(set->files, set->count + 64, sizeof *more);
    if (more == NULL)
      return false;
    set->files = more;
  }
  set->files[set->count++] = *file;
  return true;
}

static int by_id(const void *a, const void *b) {
  const shareable__file_id *first = a, *second = b;

  if (first->inode != second->inode)
    return first->inode < second->inode ? -1 : 1;
  return first->device < second->device ? -1 : first->device > second->device;
}

void shareable__file_set_sort(shareable__file_set *set) {
  if (set->count > 0)
    qsort(set->files, set->count, sizeof *set->files, by_id);
}

bool shareable__file_set_has(const shareable__file_set *set, const shareable__file_id *file) {
  return set->count > 0 && bsearch(file, set->files, set->count, sizeof *set->files, by_id) != NULL;
}

void shareable__file_set_free(shareable__file_set *set) {
  free(set->files);
  *set = (shareable__file_set){0};
}
