/*
 * ls_total.h - the last line of ls: the memory of the files beside what df(1) shows.
 */
#ifndef SHAREABLE__CLI_LS_TOTAL_H
#define SHAREABLE__CLI_LS_TOTAL_H

#include "blocks.h"
#include "table.h"

/*
 * Adds the total to the table. If only some files were read, what is not visible is unknown. If a
 * filter has removed rows, the memory of the others is their sum.
 */
void ls_total_add(cli_table *table, const cli_view *view, const blocks *found, bool are_all_read, bool is_filtered);

#endif
