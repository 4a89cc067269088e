/*
 * replaced.h - the block that a command replaces by a new one.
 */
#ifndef SHAREABLE__CLI_REPLACED_H
#define SHAREABLE__CLI_REPLACED_H

#include <sys/stat.h>

#include "cli.h"

/*
 * Exits if the name must not be replaced: if it is not that of a block, if the block is `source`
 * (unless NULL), or, unless `may_be_used` is set, if the block is or may be in use. If the block
 * exists and *mode is 0, sets *mode to the block's mode, and clears the umask.
 */
void replaced_check(const char *name, const struct stat *source, bool may_be_used, uint32_t *mode);

#endif
