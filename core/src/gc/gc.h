/*
 * gc.h - what the command prints of a run of gc, beside what shareable.h declares.
 */
#ifndef SHAREABLE__GC_H
#define SHAREABLE__GC_H

#include <stdbool.h>
#include <sys/stat.h>

#include "shareable.h"
#include "shm/name.h"

typedef struct shareable__gc_entry {
  char name[SHAREABLE__NAME_MAX + 1];
  char reason[120];
  const char *kind; /* the reason without what differs between blocks: a process, or an errno */
  shareable_gc_result result;
  bool lease_refused; /* only the lease shows that the block is in use: perhaps for a moment */
  bool has_failed;    /* the block is garbage, but its removal failed */
  struct stat file;   /* zeros if `errnum` is not 0 */
  int64_t age;        /* in seconds, since its creation or, if that is unknown, since the last write */
  int errnum;         /* the errno of lstat() if it failed */
} shareable__gc_entry;

/*
 * Does what shareable_gc_run() does, but keeps garbage that is younger than `min_age` seconds. No
 * block becomes garbage by its age.
 */
shareable_status shareable__gc_run(shareable_gc **result, uint32_t flags, int64_t min_age, shareable_error *error);

/* Returns the entry of a block. The index must be less than shareable_gc_count(). */
const shareable__gc_entry *shareable__gc_entry_at(const shareable_gc *gc, size_t index);

#endif
