/*
 * top_sample.h - a sample of all blocks and other files: their memory, changed items and users.
 *
 * The names of all blocks are read in each sample, and the sizes of up to 1,000 blocks. To find the users of the blocks,
 * all processes must be inspected, so a sample does that only if it takes less than a hundredth of
 * the time since the last inspection. Until then, it repeats the users that are known.
 */
#ifndef SHAREABLE__CLI_TOP_SAMPLE_H
#define SHAREABLE__CLI_TOP_SAMPLE_H

#include "blocks.h"
#include "top_changes.h"

typedef struct top_block {
  block info;                /* belongs to the sample */
  const top_readings *items; /* NULL, or with count 0, if the block is not known to be a list */
  bool is_new;               /* created after the users were read: the users are unknown */
} top_block;

/* How much of /dev/shm is used. */
typedef struct top_space {
  uint64_t size, used; /* in bytes; if there is no limit, 0, and the memory of the files that were found */
  uint64_t inodes, inodes_used;
  bool is_settled;      /* false if files changed while the users were read: not_visible is unknown */
  uint64_t not_visible; /* the memory that no file explains, when the users were read; in bytes */
} top_space;

typedef struct top_sample {
  top_block *blocks; /* and other files */
  size_t count, block_count;
  top_space space;
  int64_t time;     /* when the lists were read; monotonic, in nanoseconds */
  int64_t users_at; /* when the users were read */
  bool has_users;   /* this sample has read them */
  int directory;    /* /dev/shm */

  /* The rest is private. */
  char *const *patterns;
  size_t pattern_count;
  blocks found;       /* by the last inspection; deleted blocks are last */
  size_t named_count; /* of the others */
  uint64_t number;    /* of the sample, from 1 */
  uint64_t *seen;     /* for each of the others, the number of the last sample that saw its name; or 0 */
  int64_t users_cost; /* of the last inspection; in nanoseconds of processor time */
  top_changes changes;
} top_sample;

/* Initializes a sample of the blocks whose names match one of the patterns, or of all blocks. */
void top_sample_begin(top_sample *sample, char *const *patterns, size_t count);

/* Takes the next sample. `delay` is the time between samples, in nanoseconds. */
void top_sample_take(top_sample *sample, int64_t delay);

/* Prints a message for each pattern that no block of the sample matches, and then returns false. */
bool top_sample_check_patterns(const top_sample *sample);

/* Makes the next sample read the users. */
void top_sample_expire_users(top_sample *sample);

void top_sample_end(top_sample *sample);

/* Returns the block with that name and inode, or NULL if the sample has none. */
const top_block *top_sample_find(const top_sample *sample, const char *name, uint64_t inode);

#endif
