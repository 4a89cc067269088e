/*
 * parent_directory.h - an open directory and the name of a file in it, so that no other directory
 * can replace it between two calls.
 */
#ifndef MANAGER_PARENT_DIRECTORY_H
#define MANAGER_PARENT_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>

typedef struct parent_directory {
  int fd;                  /* -1: not open */
  char name[NAME_MAX + 1]; /* of the file in the directory */
} parent_directory;

/*
 * Opens the directory that contains the last component of the path. Returns false with errno set.
 */
bool parent_directory_open(parent_directory *directory, const char *path);

void parent_directory_close(parent_directory *directory);

/*
 * Takes the directory's flock(2) lock, which other managers take too. Waits at most a second,
 * because any user that can read the directory can hold this lock. Returns false if it does not get
 * the lock.
 */
bool parent_directory_lock(const parent_directory *directory);

void parent_directory_unlock(const parent_directory *directory);

#endif
