/*
 * file_set.h - a set of files, each identified by device and inode.
 */
#ifndef SHAREABLE__FILE_SET_H
#define SHAREABLE__FILE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/descriptor.h"

/* All zero is an empty set. The caller must call shareable__file_set_free(). */
typedef struct shareable__file_set {
  shareable__file_id *files;
  size_t count;
} shareable__file_set;

/* Adds a file. Returns false if there is no memory; then the set is unchanged. */
bool shareable__file_set_add(shareable__file_set *set, const shareable__file_id *file);

/* Must be called after the last file was added and before shareable__file_set_has(). */
void shareable__file_set_sort(shareable__file_set *set);
bool shareable__file_set_has(const shareable__file_set *set, const shareable__file_id *file);

void shareable__file_set_free(shareable__file_set *set);

#endif
