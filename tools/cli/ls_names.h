/*
 * ls_names.h - the names of blocks, for programs: unescaped, each followed by a NUL.
 */
#ifndef SHAREABLE__CLI_LS_NAMES_H
#define SHAREABLE__CLI_LS_NAMES_H

#include "blocks.h"

/* Prints the names of all blocks, and determines no users. */
void ls_names_print_all(const block_place *where);

/* Prints the names of these blocks. Deleted ones have none. */
void ls_names_print(const blocks *found);

#endif
