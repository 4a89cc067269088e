/*
 * top_changes.h - counts the items of lists that differ between two readings.
 *
 * A number that replaces a number changes no counter of the layout, so the items themselves are
 * compared, by a hash of 32 bits for each item. A reading of a list may take several samples: each
 * sample has a budget of time, and a list that is larger than its part of the budget is continued
 * in the next sample. A list with more items than there are hashes has a hash for several items.
 */
#ifndef SHAREABLE__CLI_TOP_CHANGES_H
#define SHAREABLE__CLI_TOP_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The readings of one list. */
typedef struct top_readings {
  uint64_t inode;
  const char *name;          /* belongs to the sample; valid during top_changes_read() */
  uint64_t count, data_size; /* of the list when the hashes were allocated; 0: no hashes */
  uint32_t *hashes;
  size_t hash_count;
  uint64_t step;      /* the number of items for each hash */
  uint64_t next;      /* the item at which the reading continues */
  uint64_t hash;      /* of the items before it that share its hash */
  uint64_t differing; /* the hashes that have changed so far in this reading */
  uint64_t finished;  /* the sample in which the last complete reading ended; 0: none */
  uint64_t changes;   /* of the last two complete readings */
  bool has_changes;   /* two readings are complete */
  bool is_exact;      /* these readings ended in successive samples, and compared each item */
  bool is_listed;     /* the sample contains the list */
  bool is_read;       /* the reading has been completed in this sample */
} top_readings;

typedef struct top_changes {
  top_readings *lists; /* sorted by inode, except for those that this sample has added */
  size_t count, sorted;
  size_t hash_count;   /* of all lists */
  uint64_t sample;     /* counted from 1 */
  uint64_t last_inode; /* of the list that was read last */
} top_changes;

/*
 * A sample calls top_changes_begin(), adds each file that may be a list, and calls
 * top_changes_read(), which takes about `budget` nanoseconds of processor time.
 */
void top_changes_begin(top_changes *changes);
void top_changes_add(top_changes *changes, const char *name, uint64_t inode);
void top_changes_read(top_changes *changes, int directory, int64_t budget);
void top_changes_free(top_changes *changes);

/* Returns the readings of a list, or NULL. If the file is not a list, its count is 0. */
const top_readings *top_changes_of(const top_changes *changes, uint64_t inode);

#endif
