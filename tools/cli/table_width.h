/*
 * table_width.h - the widths of the columns of a table, and texts that are shortened to fit them.
 */
#ifndef SHAREABLE__CLI_TABLE_WIDTH_H
#define SHAREABLE__CLI_TABLE_WIDTH_H

#include "table.h"

/* Returns the number of columns of a terminal that an escaped text takes; 0 for NULL. */
size_t table_text_width(const char *text);

/* Returns the width of the widest cell of each column, and of its heading. The caller frees them. */
size_t *table_measure(const cli_table *table);

/* Shortens cells so that each line has at most `limit` columns of a terminal. */
void table_fit(cli_table *table, size_t limit);

#endif
