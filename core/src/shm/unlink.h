/*
 * unlink.h - removing the name of a block, and of no other block that has the name by then.
 *
 * No system call unlinks a name only if it is a certain file. So the name is compared, moved to a place where no other user
 * can change it, compared again there, and only then unlinked, or moved back. The place is the user's directory in /dev/shm
 * (owner_directory.h). For root, and another user's block, it is a name in /dev/shm that cannot be foreseen: there the
 * processes of that user find the block too. The same is used if there is no directory to be had, as in a full /dev/shm.
 *
 * A process may be killed in between. So the name in the other place says what was to be done:
 *
 *   .shareable-unlink-INODE-RANDOM-NAME   16 and 8 hexadecimal digits: the file is to be unlinked if it has that inode, else
 *                                         moved back to NAME
 *   .shareable-unlink-INODE-RANDOM        the same if NAME is too long: a symbolic link with ".name" at its end contains it,
 *                                         unless /dev/shm was full
 *
 * Any process of the user may do that at any time (shareable__unlink_recover()), also beside a process that is not killed.
 */
#ifndef SHAREABLE__UNLINK_H
#define SHAREABLE__UNLINK_H

#include <stdbool.h>

#include "base/descriptor.h"
#include "base/file_set.h"
#include "shareable.h"
#include "shm/owner_directory.h"

/*
 * Unlinks the block if it still has that name. E_NOT_FOUND if it is gone or another block has the name; if that was moved and
 * cannot be moved back, because the name is taken once more, the sentence says where it is.
 */
shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error);

/* In place of a user. */
#define SHAREABLE__ANY_USER ((uid_t)-1)

/*
 * Unlinks the block if another process has moved it, from that name, and the block belongs to that user. Returns false if it is
 * in no place that this process may look into.
 */
bool shareable__unlink_moved(const shareable__file_id *block, const char *name, uid_t user);

/*
 * Adds the files that are moved at this moment, in all places. Returns false if there may be more. A block that has not its
 * name before this call, is not found by it, and has not its name after it, is gone.
 */
bool shareable__unlink_find_moved(shareable__file_set *files);

/* Whether a file by that name was moved there to be unlinked: it is not an ownership log, whatever it contains. */
bool shareable__unlink_is_stray(const char *name);

/* The name that the block had before it was moved there, within `name`; `name` itself if it is of no such file, or too long. */
const char *shareable__unlink_old_name(const char *name);

/* Finishes or undoes what killed processes of this user left in that directory; if it is NULL, in /dev/shm itself. */
void shareable__unlink_recover_in(const shareable__owner_directory *directory);

/* The same in all places; for root, in those of all users. */
void shareable__unlink_recover(void);

#endif
