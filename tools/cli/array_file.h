/*
 * array_file.h - creates a block from a .npy file.
 */
#ifndef SHAREABLE__CLI_ARRAY_FILE_H
#define SHAREABLE__CLI_ARRAY_FILE_H

#include "cli.h"

/*
 * Creates a block with the bytes of a .npy file, or of standard input if the path is "-". The name
 * becomes visible when all bytes are copied. If the file is not a .npy file with exactly one array
 * that this library opens, or the block cannot be created, prints the reason and exits.
 *
 *   flags, mode  as for shareable_memory_create()
 *   is_forced    replace the block that has the name
 */
void array_file_copy(const char *path, const char *name, uint32_t flags, uint32_t mode, bool is_forced);

#endif
