/*
 * top_order.h - the order of the blocks and the processes of a sample, and the filter.
 */
#ifndef SHAREABLE__CLI_TOP_ORDER_H
#define SHAREABLE__CLI_TOP_ORDER_H

#include "top_processes.h"

typedef enum top_key {
  TOP_BY_USED,
  TOP_BY_SIZE,
  TOP_BY_CHANGES,
  TOP_BY_NAME,
  TOP_BY_USERS,
  TOP_BY_AGE,
  TOP_KEY_COUNT
} top_key;

/* The names of the keys, in that order, as --sort takes them: those of ls, and changes. */
extern const char *const top_key_names[TOP_KEY_COUNT];

typedef struct top_order {
  top_key key;
  bool is_reversed;
  char filter[64]; /* only names, commands, users or pids that contain it, in any case; or "" */
  int64_t pid;     /* only blocks that this process holds; 0: all blocks */
} top_order;

/* Returns the name of what the processes are sorted by for that key. */
const char *top_key_of_processes(top_key key);

/* Returns the key with that name, in any case. Reports a usage error if there is none. */
top_key top_key_of(const char *name);

/*
 * These return the blocks or processes that the filter selects, sorted. The largest are first, but
 * names are in alphabetical order. The caller frees the array.
 *
 * Processes are sorted by the memory of their blocks instead of a size, by their command instead of a
 * name, by the number of their blocks instead of users or changes, and by pid instead of age.
 */
const top_block **top_order_blocks(const top_order *order, const top_sample *sample, size_t *count);
const top_process **top_order_processes(const top_order *order, const top_processes *found, size_t *count);

#endif
