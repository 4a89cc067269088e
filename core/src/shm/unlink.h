/*
 * unlink.h - removes the name of one block, even if another block may take the name at the same
 * time.
 *
 * No system call unlinks a name only if it belongs to a certain file. So the file is compared,
 * moved to a place where no other user can change its name, compared again there, and then unlinked
 * or moved back. The place is the user's directory in /dev/shm (owner_directory.h). If root unlinks
 * another user's block, the place is an unpredictable name in /dev/shm, where that user's processes
 * find the block too. The same place is used if there can be no directory, as in a full /dev/shm.
 * moved.h explains what happens if the process is killed in between.
 */
#ifndef SHAREABLE__UNLINK_H
#define SHAREABLE__UNLINK_H

#include "base/descriptor.h"
#include "shareable.h"

/*
 * Unlinks the block if it still has that name. Returns E_NOT_FOUND if the block is gone or another
 * block has the name. If another block was moved and cannot be moved back because its name was
 * taken again, the message contains the path where that block is now.
 */
shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error);

#endif
