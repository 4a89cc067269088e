/*
 * filter.h - chooses blocks by their state, user, kind and size.
 */
#ifndef SHAREABLE__CLI_FILTER_H
#define SHAREABLE__CLI_FILTER_H

#include "blocks.h"

/* Everything passes an empty filter. */
typedef struct block_filter {
  unsigned states, kinds; /* sets of 1 << BLOCK_…; 0: all */
  uid_t *users;           /* none: all */
  size_t user_count;
  uint64_t min_size;
} block_filter;

/*
 * These add a condition. `list` contains names that are separated by commas; each adds to the set.
 * A wrong name is a usage error.
 */
void filter_states(block_filter *wanted, const char *list);
void filter_kinds(block_filter *wanted, const char *list);
void filter_users(block_filter *wanted, const char *list);
void filter_min_size(block_filter *wanted, const char *size);

bool filter_is_empty(const block_filter *wanted);

/* Removes the rows that do not pass. */
void filter_apply(const block_filter *wanted, blocks *found);
void filter_free(block_filter *wanted);

#endif
