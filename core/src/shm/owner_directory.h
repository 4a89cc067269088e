/*
 * owner_directory.h - the directories in /dev/shm that hold a user's ownership logs: .shareable-UID, .shareable-UID.SUFFIX.
 *
 * /dev/shm is writable by all users, who may create, swap and link anything there. So a directory is opened once, checked by
 * its descriptor (a directory of that user with mode 0700, to which no other user can add a file), and from then on used by
 * its descriptor alone. If another user has taken the name, the next one is used.
 */
#ifndef SHAREABLE__OWNER_DIRECTORY_H
#define SHAREABLE__OWNER_DIRECTORY_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/descriptor.h"

typedef struct shareable__owner_directory {
  int fd;        /* open for reading, above 2; the holder closes it */
  uid_t user;    /* who owns the directory, and all files in it */
  char name[40]; /* in /dev/shm, for messages and for rmdir */
} shareable__owner_directory;

/* Opens /dev/shm for *at() calls. Returns -1 with errno on failure. */
int shareable__shm_directory_open(void);

/* Finds out which directory /dev/shm is: another root directory or mount namespace has another one. False with errno. */
bool shareable__shm_identify(shareable__file_id *id);

/*
 * Opens a directory by its name in `shm`, a descriptor of /dev/shm. Returns 0, EPERM if the name is not of that form or is not
 * a directory of the user that it names with mode 0700, or another errno if that cannot be told.
 */
int shareable__owner_directory_open(int shm, const char *name, shareable__owner_directory *directory);

/*
 * Opens the directory of this process's effective user, and creates it if there is none. Returns 0 or an errno: EACCES if the
 * process may not, or if what it creates does not belong to its effective user (setfsuid(2)).
 */
int shareable__owner_directory_create(shareable__owner_directory *directory);

void shareable__owner_directory_close(shareable__owner_directory *directory);

/*
 * In a user namespace, the files of all users that have no id there seem to have the same owner. Returns whether the file really
 * has the owner that stat(2) shows.
 */
bool shareable__owner_is_mapped(int directory, const char *name, uid_t user);

/* Removes the directory, if it is empty and its name still stands for it. */
void shareable__owner_directory_remove(const shareable__owner_directory *directory);

/*
 * Calls `visit` with each directory of this process's effective user; of all users, if that is root, whatever number their
 * names have: that is the user's number in its own user namespace. The directory is closed after the call. What is not such a directory is passed over. Returns 0, or an errno if /dev/shm cannot be read to its end, or a directory
 * cannot be opened; the others are visited all the same.
 */
typedef void shareable__owner_directory_visit(const shareable__owner_directory *directory, void *context);
int shareable__owner_directory_each(shareable__owner_directory_visit *visit, void *context);

#endif
