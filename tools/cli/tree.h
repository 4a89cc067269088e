/*
 * tree.h - the files in a directory and in all directories below it.
 */
#ifndef SHAREABLE__CLI_TREE_H
#define SHAREABLE__CLI_TREE_H

#include <stdbool.h>

#include "files.h"

/*
 * Adds the directory `name` in `parent`, and all that it contains. Does not follow links, does not
 * enter other file systems, and opens only directories. Returns false if a part cannot be read, or
 * has more than 100 levels.
 */
bool tree_read(file_set *found, int parent, const char *name);

#endif
