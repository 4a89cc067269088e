/*
 * gc_view.h - prints what gc found: each block, or a summary that fits a small terminal.
 */
#ifndef SHAREABLE__CLI_GC_VIEW_H
#define SHAREABLE__CLI_GC_VIEW_H

#include "gc_totals.h"
#include "table.h"

typedef struct gc_view {
  cli_view table;
  bool is_verbose; /* a row for each block */
  bool is_quiet;   /* no kept blocks */
  bool removes;
} gc_view;

/* Creates the table that gc_view_print() prints. Reports a usage error if a column is wrong. */
cli_table *gc_view_table(const gc_view *view);

/* Prints the blocks and the totals, and frees the table. */
void gc_view_print(const gc_view *view, cli_table *table, const shareable_gc *gc, const gc_totals *totals);

#endif
