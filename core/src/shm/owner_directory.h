/*
 * owner_directory.h - the directories in /dev/shm that contain a user's ownership logs.
 *
 * They are called .shareable-UID and .shareable-UID.SUFFIX. All users may write to /dev/shm, and
 * may create, replace and link files there. So a directory is opened once and checked by its
 * descriptor: it must belong to that user and have mode 0700, so that no other user can add a file.
 * After that it is used only by its descriptor. If another user has taken the name, another name is
 * used.
 */
#ifndef SHAREABLE__OWNER_DIRECTORY_H
#define SHAREABLE__OWNER_DIRECTORY_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/descriptor.h"

typedef struct shareable__owner_directory {
  int fd;        /* open for reading, above 2; see shareable__owner_directory_close() */
  uid_t user;    /* the owner of the directory and of all files in it */
  char name[40]; /* in /dev/shm, for messages and for rmdir */
} shareable__owner_directory;

/* Opens /dev/shm for *at() calls. Returns -1 with errno on failure. */
int shareable__shm_directory_open(void);

/*
 * Identifies the directory that is /dev/shm for this process: another root directory or mount
 * namespace has another one. Returns false with errno on failure.
 */
bool shareable__shm_identify(shareable__file_id *id);

/*
 * Opens a directory by its name in `shm`, a descriptor of /dev/shm. Returns 0; EPERM if the name
 * does not have that form or is not a directory of the user in the name with mode 0700; or another
 * errno if this cannot be checked.
 */
int shareable__owner_directory_open(int shm, const char *name, shareable__owner_directory *directory);

/*
 * Opens the directory of this process's effective user, and creates it if there is none. Returns 0
 * or an errno. It is EACCES if the process may not create it, or if the directory that it creates
 * does not belong to its effective user (setfsuid(2)).
 */
int shareable__owner_directory_create(shareable__owner_directory *directory);

void shareable__owner_directory_close(shareable__owner_directory *directory);

/*
 * Returns whether the file has the owner that stat(2) shows. In a user namespace, stat(2) shows the
 * same owner for the files of all users that have no id there.
 */
bool shareable__owner_is_mapped(int directory, const char *name, uid_t user);

/* Removes the directory if it is empty and its name still belongs to it. */
void shareable__owner_directory_remove(const shareable__owner_directory *directory);

/*
 * Calls `visit` with each directory of this process's effective user, and closes the directory
 * after the call. If that user is root, calls `visit` with the directories of all users. The UID in
 * a name may differ from the owner: it is the user's id in its own user namespace. Skips names that
 * are not such a directory. Returns 0, or an errno if /dev/shm cannot be read to its end or a
 * directory cannot be opened; the other directories are still visited.
 */
typedef void shareable__owner_directory_callback(const shareable__owner_directory *directory, void *context);
int shareable__owner_directory_foreach(shareable__owner_directory_callback *visit, void *context);

/* Does the same in another directory like /dev/shm, such as that of another mount namespace. */
int shareable__owner_directory_foreach_in(int shm, shareable__owner_directory_callback *visit, void *context);

#endif
