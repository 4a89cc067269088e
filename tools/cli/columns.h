/*
 * columns.h - the columns of a table of blocks, for ls and info.
 */
#ifndef SHAREABLE__CLI_COLUMNS_H
#define SHAREABLE__CLI_COLUMNS_H

#include "blocks.h"
#include "table.h"

enum {
  COLUMN_NAME,
  COLUMN_KIND,
  COLUMN_ITEMS,
  COLUMN_SIZE,
  COLUMN_USED,
  COLUMN_USERS,
  COLUMN_OWNER,
  COLUMN_AGE,
  COLUMN_STATE,
  COLUMN_REASON,
  COLUMN_USER,
  COLUMN_MODE,
  COLUMN_SYNC,
  COLUMN_PLACES, /* this one and the next six: of a dict */
  COLUMN_KEYS,
  COLUMN_EXPIRED,
  COLUMN_KEY_SIZE,
  COLUMN_VALUE_SIZE,
  COLUMN_EVICT,
  COLUMN_INDEX,
  COLUMN_DTYPE, /* this one and the next four: of an array */
  COLUMN_SHAPE,
  COLUMN_ORDER,
  COLUMN_NBYTES,
  COLUMN_OFFSET,
  COLUMN_COMMAND,
  COLUMN_OWNERCMD,
  COLUMN_COUNT
};

/* Those that ls shows. In a table of lines, REASON is shown only if it is not empty. */
#define COLUMNS_RAW "NAME,KIND,ITEMS,SIZE,USED,USERS,OWNER,AGE,STATE"
#define COLUMNS_SHOWN COLUMNS_RAW ",REASON"
#define COLUMNS_JSON COLUMNS_SHOWN ",COMMAND,OWNERCMD"
#define COLUMNS_ALL                                                                                                    \
  COLUMNS_SHOWN                                                                                                        \
  ",USER,MODE,SYNC,PLACES,KEYS,EXPIRED,KEY_SIZE,VALUE_SIZE,EVICT,INDEX,DTYPE,SHAPE,ORDER,NBYTES,OFFSET,COMMAND,"       \
  "OWNERCMD"

extern const cli_column block_columns[COLUMN_COUNT];

/* Leaves out all columns except NAME and STATE, one by one, if the terminal is too narrow. */
void block_columns_narrow(cli_table *table);

/* The cell of a block, for cli_table_new(). */
char *block_cell(const void *row, size_t column, const cli_view *view);

#endif
