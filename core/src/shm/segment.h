/*
 * segment.h - a file of shared memory and its mapping: the only module that makes system calls.
 */
#ifndef SHAREABLE__SEGMENT_H
#define SHAREABLE__SEGMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/descriptor.h"
#include "shareable.h"
#include "shm/name.h"

/* Where glibc and musl keep shared memory. shm_open(3) knows no file without a name, hence the path. */
#define SHAREABLE__DIRECTORY "/dev/shm"

typedef struct shareable__segment {
  unsigned char *base; /* of the mapping */
  size_t size;         /* of the file, in bytes */
  dev_t device;        /* with the inode: which file it is, whatever its name stands for later */
  ino_t inode;
  int fd;             /* until published or settled; -1 from then on: the mapping alone keeps the file */
  char temporary[32]; /* the path it has until published, or "" where it has none */
} shareable__segment;

/* How a segment is kept from sight until it is published. */
typedef enum shareable__creation_method {
  SHAREABLE__CREATE_TMPFILE,  /* a file without a name (O_TMPFILE): gone with its creator, however it ends */
  SHAREABLE__CREATE_TEMP_NAME /* a name of its own, ".shareable-…", where the file system has no such files */
} shareable__creation_method;

/*
 * Makes a file of `size` zero bytes that nobody sees yet, and maps it. `name` is only for the words of the failure.
 * Then either publish or discard it.
 */
shareable_status shareable__segment_create(shareable__segment *segment, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error);

/* The same with the way to hide it chosen. An errno of EOPNOTSUPP says that this way is not to be had. */
shareable_status shareable__segment_create_hidden(shareable__segment *segment, shareable__creation_method hiding,
                                                  const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                                  shareable_error *error);

/* Writes to the file, past the mapping. `name` is only for the words of the failure. */
shareable_status shareable__segment_write(const shareable__segment *segment, const char *name, uint64_t at,
                                          const void *bytes, size_t length, shareable_error *error);

/* Gives the file its name, or fails with E_EXISTS; then it can be tried again with another name. It stays open. */
shareable_status shareable__segment_publish(shareable__segment *segment, const char *name, shareable_error *error);

/* A random name as CPython makes them, which may exist. */
shareable_status shareable__segment_random_name(char name[13], shareable_error *error);

/* Whether a process has the segment's file mapped by this library: each holds a lock of the kernel's on it. */
bool shareable__segment_is_in_use(int fd);

/*
 * Opens a file once more: that file, which was, or is, called `name`, and which `fd` may be open on. Returns -1 if the file cannot
 * be opened: the process may not, or the name is gone and `fd` is not open on the file or /proc is not mounted.
 */
int shareable__segment_reopen(int fd, const shareable__file_id *file, const char *name, bool read_only);

/* Drops a segment: mapping, and file unless that has a name. */
void shareable__segment_discard(shareable__segment *segment);

/* Maps the file called `name`. It stays open, to be peeked into, until shareable__segment_close_fd(). */
shareable_status shareable__segment_open(shareable__segment *segment, const char *name, bool read_only,
                                         shareable_error *error);

/*
 * Reads `count` words from byte `at` on without touching the mapping: its first touch is a page fault, which costs more
 * than all the rest of opening. 0, ENODATA past the end, or another errno.
 */
int shareable__segment_read_words(const shareable__segment *segment, uint64_t at, uint64_t *words, size_t count);

/* Closes the file that was published or opened; the mapping alone keeps it. */
void shareable__segment_close_fd(shareable__segment *segment);

/* Whether there is a file called `name`. */
bool shareable__segment_exists(const char *name);

/* Removes the name, whatever block has it. One block and no other is removed by shareable__unlink_block(). */
shareable_status shareable__segment_unlink(const char *name, shareable_error *error);

#endif
