/*
 * unlink.h - removes the name of one block, even if another block may take the name at the same
 * time.
 *
 * No system call unlinks a name only if it belongs to a certain file. So the file is compared,
 * moved to an unpredictable name in /dev/shm, compared again there, and then unlinked or moved back.
 * /dev/shm has the sticky bit: no other user except root can move or unlink the block under the new
 * name, so what is compared is what is unlinked. moved.h explains what happens if the process is
 * killed in between.
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
