/*
 * folder.h - an open directory and the name of a file in it, so that no other directory can replace
 * it between two calls.
 */
#ifndef MANAGER_FOLDER_H
#define MANAGER_FOLDER_H

#include <limits.h>
#include <stdbool.h>

typedef struct parent_folder {
  int fd;                  /* -1: not open */
  char name[NAME_MAX + 1]; /* of the file in the directory */
} parent_folder;

/* Opens the directory of the path's last component. Returns false with errno set. */
bool folder_open(parent_folder *folder, const char *path);

void folder_close(parent_folder *folder);

/*
 * Takes the directory's flock(2) lock, which other managers take too. Waits at most a second,
 * because any user that can read the directory can hold this lock. Returns false if it does not get
 * the lock.
 */
bool folder_lock(const parent_folder *folder);

void folder_unlock(const parent_folder *folder);

#endif
