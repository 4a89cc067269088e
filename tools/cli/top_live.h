/*
 * top_live.h - the live view of shareable top, on a terminal.
 */
#ifndef SHAREABLE__CLI_TOP_LIVE_H
#define SHAREABLE__CLI_TOP_LIVE_H

#include "top_order.h"

/* What the command line selects. */
typedef struct top_options {
  top_order order;
  bool shows_processes;
  int64_t delay; /* between samples, in nanoseconds */
  char *const *patterns;
  size_t pattern_count;
} top_options;

/* Shows samples until the user quits. Returns the exit status. */
int top_live(const top_options *options);

#endif
