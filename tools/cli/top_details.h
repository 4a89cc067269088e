/*
 * top_details.h - the lines of the page that shows one block, its users and its items.
 */
#ifndef SHAREABLE__CLI_TOP_DETAILS_H
#define SHAREABLE__CLI_TOP_DETAILS_H

#include "top_list.h"
#include "top_processes.h"

typedef struct top_details {
  char **lines; /* before those of the items */
  size_t count;
  bool has_items; /* the list is open */
  top_list list;
} top_details;

/* Initializes the page of a block of the sample, or of none if the block is gone: NULL. */
void top_details_begin(top_details *details, const top_sample *sample, const top_processes *processes,
                       const top_block *shown);
void top_details_end(top_details *details);

/* Returns the number of lines, and line `i`, which is escaped. The caller frees the line. */
uint64_t top_details_count(const top_details *details);
char *top_details_line(top_details *details, uint64_t i);

#endif
