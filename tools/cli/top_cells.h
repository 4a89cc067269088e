/*
 * top_cells.h - the columns of the tables of blocks and of processes, and the texts of their cells.
 */
#ifndef SHAREABLE__CLI_TOP_CELLS_H
#define SHAREABLE__CLI_TOP_CELLS_H

#include "columns.h"
#include "top_processes.h"

/* The columns of ls (columns.h), and two more. */
enum { TOP_CHANGES = COLUMN_COUNT, TOP_EXACT, TOP_BLOCK_COLUMNS };
enum { TOP_PID, TOP_USER, TOP_MEMORY, TOP_BLOCKS, TOP_COMMAND, TOP_PROCESS_COLUMNS };

extern const cli_column top_process_columns[TOP_PROCESS_COLUMNS];

/* Returns the columns of blocks, an array of TOP_BLOCK_COLUMNS. */
const cli_column *top_block_columns(void);

/* These are functions of type cli_cell: a row is a top_block or a top_process. */
char *top_block_cell(const void *row, size_t column, const cli_view *view);
char *top_process_cell(const void *row, size_t column, const cli_view *view);

/*
 * Return the fill of /dev/shm, as in "5.9G of 7.8G used (76%)", and the numbers of rows, as in
 * "4 blocks, 1 other file, 2 processes visible". The caller frees the texts.
 */
char *top_space_text(const top_space *space);
char *top_counts_text(const top_sample *sample, const top_processes *processes);

/* Returns how many hundredths of a whole are used, rounded up. */
unsigned top_percent(uint64_t used, uint64_t size);

#endif
