/*
 * unnamed.h - memory without a name: files that were unlinked, but that processes have mapped or
 * open.
 */
#ifndef SHAREABLE__CLI_UNNAMED_H
#define SHAREABLE__CLI_UNNAMED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "files.h"
#include "gc/proc_maps.h"

typedef struct unnamed_file {
  const char *name; /* that it had; "#INODE" if it never had one */
  uint64_t inode;
  uint64_t size, used; /* in bytes */
  uid_t uid;
  bool is_estimated; /* this user may not read the file: used is the size, and uid is unknown */
  const shareable__mapping *users;
  size_t user_count;
} unnamed_file;

/*
 * Finds the next file without a name on the device, from *position on, which is 0 at first. Such a
 * file can be found only through the processes that use it. `named` must contain all files that have
 * names, and be sorted. Returns false at the end.
 */
bool unnamed_next(const shareable__proc_maps *maps, size_t *position, dev_t device, const file_set *named,
                  unnamed_file *file);

/* Adds all of them to the set, which contains the files that have names, and is sorted. */
void unnamed_add(file_set *set, const shareable__proc_maps *maps, dev_t device);

#endif
