/*
 * table_aligned.h - prints a table in aligned columns.
 */
#ifndef SHAREABLE__CLI_TABLE_ALIGNED_H
#define SHAREABLE__CLI_TABLE_ALIGNED_H

#include "table.h"

/* The cells of a row may have several lines. The table must not have a tree. */
void table_print_aligned(const cli_table *table);

#endif
