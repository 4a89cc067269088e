/*
 * moved.h - blocks that a process has moved to another name, to unlink them: the names, finding
 * them, and recovery.
 *
 * shareable__unlink_block() moves a block before it unlinks it (unlink.h). The process may be
 * killed in between. So the new name records what must be done:
 *
 *   .shareable-unlink-INODE-RANDOM-NAME
 *     INODE has 16 and RANDOM 8 hexadecimal digits. A file with that inode must be unlinked; any
 *     other file must be moved back to NAME.
 *   .shareable-unlink-INODE-RANDOM
 *     The same if NAME is too long. A symbolic link with the suffix ".name" contains NAME; there is
 *     none if /dev/shm was full.
 *
 * Any process of the user may complete this at any time (shareable__moved_recover()), even if the
 * process that moved the file still runs.
 *
 * `moved` is such a name, as a path in /dev/shm.
 */
#ifndef SHAREABLE__MOVED_H
#define SHAREABLE__MOVED_H

#include <stdbool.h>

#include "base/descriptor.h"
#include "base/file_set.h"
#include "shm/name.h"

typedef struct shareable__moved_path {
  char text[sizeof "/dev/shm/" + SHAREABLE__NAME_MAX];
} shareable__moved_path;

/*
 * Makes an unpredictable path for a block that has that name and inode, and creates the symbolic
 * link that a long name needs. Returns 0 or an errno.
 */
int shareable__moved_make_path(uint64_t inode, const char *name, shareable__moved_path *moved);

/* Removes the symbolic link that contains the block's name, if there is one. */
void shareable__moved_remove_link(const char *moved);

/* Moves the file back to `path`, unless a file exists there. Returns 0 or an errno. */
int shareable__moved_return(const char *moved, const char *path);

/*
 * Returns the name that the block had before it was moved, as a part of `name`; `name` itself if it
 * is not the name of a moved file, or does not contain the block's name because that is too long.
 */
const char *shareable__moved_old_name(const char *name);

/* Matches any user. */
#define SHAREABLE__ANY_USER (~(uid_t)0)

/*
 * Unlinks the block if another process has moved it from that name, and the block belongs to that
 * user. Returns false if no moved file is the block.
 */
bool shareable__moved_unlink(const shareable__file_id *block, const char *name, uid_t user);

/*
 * Adds the files that are moved at this moment. Returns false if there may be more.
 * A block is gone if it does not have its name before this call, is not found by the call, and does
 * not have its name after the call.
 */
bool shareable__moved_find(shareable__file_set *files);

/*
 * Finishes or undoes what killed processes of this user left; if this user is root, what those of
 * all users left.
 */
void shareable__moved_recover(void);

#endif
