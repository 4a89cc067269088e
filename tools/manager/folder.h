/*
 * folder.h - the directory of a file, open, so that the directory cannot be replaced between two
 * calls.
 */
#ifndef MANAGER_FOLDER_H
#define MANAGER_FOLDER_H

#include <limits.h>
#include <stdbool.h>

typedef struct parent_folder {
  int fd;                  /* -1: not open */
  char name[NAME_MAX + 1]; /* of the file in it */
} parent_folder;

/* Opens the directory that the path's last component is in. Returns false with errno set. */
bool folder_open(parent_folder *folder, const char *path);

void folder_close(parent_folder *folder);

/*
 * Takes the lock of the directory, flock(2), which other managers respect. It waits a second at
 * most, because any user that can read the directory can hold this lock. Returns false if the lock
 * is not taken.
 */
bool folder_lock(const parent_folder *folder);

void folder_unlock(const parent_folder *folder);

#endif
