/*
 * control_directory.h - the directories that contain the sockets through which `shareable manager`
 * finds managers (control_socket.h).
 *
 * A manager uses the first of these that it can open or create, and write:
 *   /run/user/UID/shareable-managers, for a user with a session
 *   /run/shareable-managers, for root
 *   a directory of owner_directory.h, for other users, and where /run cannot be written
 * So a manager without blocks adds nothing to /dev/shm if it can. A directory is opened once, must
 * belong to its user and have mode 0700, and is used only by its descriptor after that.
 */
#ifndef SHAREABLE__CONTROL_DIRECTORY_H
#define SHAREABLE__CONTROL_DIRECTORY_H

#include <sys/types.h>

typedef struct shareable__control_directory {
  int fd;        /* open for reading, above 2; see shareable__control_directory_close() */
  uid_t user;    /* the owner of the directory and of all files in it */
  char path[64]; /* for messages and for rmdir */
} shareable__control_directory;

/* Opens or creates a directory of this process's effective user. Returns 0 or an errno. */
int shareable__control_directory_create(shareable__control_directory *directory);

void shareable__control_directory_close(shareable__control_directory *directory);

/* Removes the directory if it is empty and its path still leads to it. */
void shareable__control_directory_remove(const shareable__control_directory *directory);

/*
 * Calls `visit` with each directory of this process's effective user, or of all users if that user
 * is root, and closes the directory after the call. Returns 0, or an errno if one of them cannot be
 * opened; the others are still visited.
 */
typedef void shareable__control_directory_callback(const shareable__control_directory *directory, void *context);
int shareable__control_directory_foreach(shareable__control_directory_callback *visit, void *context);

#endif
