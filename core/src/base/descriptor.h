/*
 * descriptor.h - the library's file descriptors: never 0 to 2, and checked before they are used
 * again.
 *
 * The program may close descriptors 0 to 2 and print to them later. It may also close all
 * descriptors (closefrom(3)) and open other files with their numbers.
 */
#ifndef SHAREABLE__DESCRIPTOR_H
#define SHAREABLE__DESCRIPTOR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Identifies a file, independently of its name and of descriptors. */
typedef struct shareable__file_id {
  dev_t device;
  ino_t inode;
} shareable__file_id;

/*
 * Replaces a descriptor below 3 by one above 2 with FD_CLOEXEC. Returns the descriptor to use. On
 * failure, closes the given descriptor and returns -1 with errno. Returns -1 for -1, so that the
 * result of open() can be passed.
 */
int shareable__descriptor_raise(int fd);

/*
 * Calls openat(2) with O_CLOEXEC. Returns a descriptor above 2, which the caller must close, or -1
 * with errno.
 */
int shareable__openat(int directory, const char *path, int flags, mode_t mode);

/*
 * Creates an eventfd(2) with FD_CLOEXEC and O_NONBLOCK, whose counter is `count`. Returns a
 * descriptor above 2, which the caller must close, or -1 with errno.
 */
int shareable__open_eventfd(unsigned count);

/*
 * opendir(3), relative to an open directory or AT_FDCWD, and fopen(3) for reading. Both use a
 * descriptor above 2 with FD_CLOEXEC, and return NULL with errno on failure.
 */
DIR *shareable__opendirat(int directory, const char *path);
FILE *shareable__fopen(const char *path);

/* Identifies the file of a descriptor. Returns false with errno if the descriptor is not open. */
bool shareable__file_id_of(int fd, shareable__file_id *id);

/*
 * Closes the descriptor, unless it is closed already or refers to another file, and sets it to -1.
 * Ignores -1.
 */
void shareable__descriptor_close(int *fd, const shareable__file_id *id);

/*
 * The library opens blocks with this flag, which marks its descriptors. Device and inode do not
 * distinguish them from descriptors that the program has opened for the same block. The flag has no
 * effect on an open regular file.
 */
#define SHAREABLE__DESCRIPTOR_MARK O_NONBLOCK

/*
 * Closes the descriptor as shareable__descriptor_close() does, if it has the mark. A descriptor
 * without the mark is the program's, and stays open.
 */
void shareable__descriptor_close_marked(int *fd, const shareable__file_id *id);

/*
 * Returns whether the program has closed the descriptor or opened another file with its number;
 * false if unknown.
 */
bool shareable__descriptor_is_lost(int fd, const shareable__file_id *id);

/* Returns whether the descriptor is open and refers to that file. Preserves errno. */
bool shareable__descriptor_is(int fd, const shareable__file_id *id);

#endif
