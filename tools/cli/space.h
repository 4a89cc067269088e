/*
 * space.h - the space of a file system: what is used, as df(1) shows it, and which files use it.
 */
#ifndef SHAREABLE__CLI_SPACE_H
#define SHAREABLE__CLI_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "files.h"

/* The state of a file system at one moment. */
typedef struct space_moment {
  uint64_t used, size, available; /* as df(1) shows them */
  struct timespec changed;        /* when a file was last created or removed in the directory */
} space_moment;

typedef struct space_sums {
  bool is_limited;      /* the file system counts its memory; otherwise only `listed` is valid */
  space_moment now;     /* the last moment that was seen */
  uint64_t listed;      /* the memory of all files that were found; each counts once */
  bool is_settled;      /* false if files came and went all the time: not_visible is unknown */
  uint64_t not_visible; /* the memory that no file explains that this process can see */
} space_sums;

/* Starts, before the files are read. `directory` is the descriptor of their directory. */
void space_begin(space_sums *sums, int directory);

/*
 * Ends, after all files were read. `found` contains the files with and without a name. If the file
 * system changed since space_begin(), reads the files and processes again.
 */
void space_end(space_sums *sums, int directory, const file_set *found);

/* Ends without waiting: is_settled is false if the file system changed since space_begin(). */
void space_end_at_once(space_sums *sums, int directory, const file_set *found);

#endif
