/*
 * table_rows.h - what a table contains, for the files that print it.
 */
#ifndef SHAREABLE__CLI_TABLE_ROWS_H
#define SHAREABLE__CLI_TABLE_ROWS_H

#include "table.h"

struct cli_table {
  struct libscols_table *table;
  const char *name;
  const cli_column *columns;
  cli_cell *cell;
  const cli_view *view;
  size_t *shown, count;     /* the indexes of the columns that are shown, each once */
  char *total, *total_json; /* or NULL */
};

/* Returns an iterator over the lines of a table. */
struct libscols_iter *table_iterator(void);

bool table_is_hidden(const cli_table *table, size_t i);

#endif
