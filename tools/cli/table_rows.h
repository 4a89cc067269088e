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
  size_t *shown, count;      /* the indexes of the columns that are shown, each once */
  const size_t *dispensable; /* the indexes of columns that a narrow terminal need not show */
  size_t dispensable_count;
  char *total, *total_json; /* or NULL */
};

/* Returns an iterator over the lines of a table. */
struct libscols_iter *table_iterator(void);

bool table_is_hidden(const cli_table *table, size_t i);

/* Does not show a column, which is given by its index in table->columns. */
void table_hide(cli_table *table, size_t column);

/* Returns whether the user has not chosen the columns. */
bool table_is_default(const cli_table *table);

#endif
