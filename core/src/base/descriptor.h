/*
 * descriptor.h - file descriptors in a process that is not ours: never 0 to 2, and checked before they are used again.
 *
 * A program may close descriptors 0 to 2 and print to them later, and may close all descriptors (closefrom(3)) and open other
 * files in their place.
 */
#ifndef SHAREABLE__DESCRIPTOR_H
#define SHAREABLE__DESCRIPTOR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Which file a descriptor refers to, whatever its name or its number. */
typedef struct shareable__file_id {
  dev_t device;
  ino_t inode;
} shareable__file_id;

/*
 * Replaces a descriptor below 3 by one above 2 with FD_CLOEXEC. Returns the descriptor to use, or -1 with errno; then the
 * given one is closed. Passes -1 through, for the result of a call that opens one.
 */
int shareable__descriptor_raise(int fd);

/*
 * openat(2) with O_CLOEXEC, and a descriptor above 2. Returns -1 with errno on failure; the caller closes the descriptor.
 */
int shareable__openat(int directory, const char *path, int flags, mode_t mode);

/*
 * opendir(3), relative to an open directory or AT_FDCWD, and fopen(3) to read: with a descriptor above 2 and FD_CLOEXEC. Return NULL
 * with errno on failure.
 */
DIR *shareable__opendirat(int directory, const char *path);
FILE *shareable__fopen(const char *path);

/* The file of an open descriptor. Returns false with errno if the descriptor is not open. */
bool shareable__file_id_of(int fd, shareable__file_id *id);

/* Closes the descriptor, unless it is closed or refers to another file by now, and sets it to -1. -1 is passed over. */
void shareable__descriptor_close(int *fd, const shareable__file_id *id);

/*
 * The library opens blocks with this flag. It marks a descriptor as the library's: device and inode do not distinguish it from a
 * descriptor that the program opened for the same block. The flag has no effect on a regular file that is open.
 */
#define SHAREABLE__DESCRIPTOR_MARK O_NONBLOCK

/* shareable__descriptor_close() for a marked descriptor: one without the mark is the program's, and stays open. */
void shareable__descriptor_close_marked(int *fd, const shareable__file_id *id);

/* Whether the program has closed the descriptor, or another file has its number. False if the system does not tell. */
bool shareable__descriptor_is_lost(int fd, const shareable__file_id *id);

/* Whether the descriptor is open and refers to that file. Keeps errno. */
bool shareable__descriptor_is(int fd, const shareable__file_id *id);

#endif
