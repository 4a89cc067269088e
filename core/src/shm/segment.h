/*
 * segment.h - a file of shared memory and its mapping: all system calls on blocks.
 */
#ifndef SHAREABLE__SEGMENT_H
#define SHAREABLE__SEGMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/descriptor.h"
#include "shareable.h"
#include "shm/name.h"

/* The directory of glibc and musl. shm_open(3) cannot create a file without a name. */
#define SHAREABLE__DIRECTORY "/dev/shm"

typedef struct shareable__segment {
  unsigned char *base; /* of the mapping */
  size_t size;         /* of the file, in bytes */
  dev_t device;        /* device and inode identify the file, even if another file gets its name */
  ino_t inode;
  int fd;             /* -1 once closed: then the mapping alone keeps the file; used atomically */
  char temporary[32]; /* the path until it is published, or "" if it has none */
} shareable__segment;

static inline shareable__file_id shareable__segment_file(const shareable__segment *segment) {
  return (shareable__file_id){segment->device, segment->inode};
}

/* How a segment is hidden until it is published. */
typedef enum shareable__creation_method {
  SHAREABLE__CREATE_TMPFILE,  /* no name (O_TMPFILE): the file is gone if its creator dies */
  SHAREABLE__CREATE_TEMP_NAME /* a temporary name, ".shareable-…" */
} shareable__creation_method;

/*
 * Creates a file of `size` zero bytes that no other process sees, and maps it. `name` is used only
 * in error messages. The caller must then publish or discard the segment.
 */
shareable_status shareable__segment_create(shareable__segment *segment, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error);

/*
 * Does the same by one method. error->sys_errno is EOPNOTSUPP if the system does not support this
 * method.
 */
shareable_status shareable__segment_create_by(shareable__segment *segment, shareable__creation_method method,
                                              const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                              shareable_error *error);

/*
 * Returns whether the directory limits its number of files, and `*limit` of them exist: then creating
 * a file fails with ENOSPC although memory is free.
 */
bool shareable__segment_inodes_are_used_up(uint64_t *limit);

/* Writes to the file, not through the mapping. `name` is used only in error messages. */
shareable_status shareable__segment_write(const shareable__segment *segment, const char *name, uint64_t offset,
                                          const void *bytes, size_t length, shareable_error *error);

/* Gives the file its name. After E_EXISTS, the caller may try another name. The file stays open. */
shareable_status shareable__segment_publish(shareable__segment *segment, const char *name, shareable_error *error);

/*
 * Does the same, and replaces the file that has the name, from which the new file gets its user and
 * group. If this process is killed meanwhile, a second name remains, which shareable__moved_recover() removes.
 */
shareable_status shareable__segment_replace(shareable__segment *segment, const char *name, shareable_error *error);

/* Generates a random name in CPython's format. A block with this name may exist. */
shareable_status shareable__segment_random_name(char name[13], shareable_error *error);

/*
 * Takes a shared kernel lock on the file, which the mapping keeps. It shows other processes, also
 * in other namespaces, that the file is in use.
 */
void shareable__segment_take_usage_lock(const shareable__segment *segment);

/*
 * Returns whether a process that took the usage lock has mapped the file, through any descriptor of
 * the file.
 */
bool shareable__segment_is_in_use(int fd);

/*
 * Keeps the descriptor open for shareable__segment_current_fd(), or closes it if the process has
 * more than half as many descriptors open as it may.
 */
void shareable__segment_keep_fd(shareable__segment *segment);

/*
 * Opens the file again. `name` is the name that the file has or had, and `fd` may be open on it.
 * Returns -1 with errno if the process may not open the file, or if the name is gone and `fd` is
 * not open on the file or /proc is not mounted.
 */
int shareable__segment_reopen(int fd, const shareable__file_id *file, const char *name, bool read_only);

/*
 * Returns *fd if it is open on the file. If it was never kept, or the program has closed it or has
 * opened another file in its place, opens the file again and stores the new descriptor in *fd. The
 * program's descriptor is not touched. Returns -1 with errno if the file cannot be opened. Threads
 * may call it with the same `fd`.
 */
int shareable__segment_current_fd(int *fd, const shareable__file_id *file, const char *name, bool read_only);

/*
 * Releases a segment: its mapping, its descriptor and its temporary name. A published file stays.
 */
void shareable__segment_discard(shareable__segment *segment);

/*
 * Releases a segment, but keeps its range of addresses, which contains zeros from then on and can
 * only be read. shareable__segment_discard() unmaps the range. If the kernel refuses the zeros, the
 * file stays mapped until shareable__segment_discard() is called.
 */
void shareable__segment_vacate(shareable__segment *segment);

/*
 * Maps the file that has that name. The file stays open for shareable__segment_read() until
 * shareable__segment_close_fd() is called.
 */
shareable_status shareable__segment_open(shareable__segment *segment, const char *name, bool read_only,
                                         shareable_error *error);

/*
 * Reads `size` bytes from byte `offset` on without touching the mapping. The first touch is a page
 * fault, which costs more than the rest of opening. Returns 0, ENODATA past the end, or another
 * errno.
 */
int shareable__segment_read(const shareable__segment *segment, uint64_t offset, void *bytes, size_t size);

/* Closes the file that was published or opened. The mapping alone keeps it. */
void shareable__segment_close_fd(shareable__segment *segment);

/* Returns whether a file has that name. */
bool shareable__segment_exists(const char *name);

/*
 * Removes the name, whichever block has it. shareable__unlink_block() removes the name only if it
 * is that block's.
 */
shareable_status shareable__segment_unlink(const char *name, shareable_error *error);

/* The path of the file with that name. */
typedef struct shareable__segment_path {
  char text[sizeof SHAREABLE__DIRECTORY + 1 + SHAREABLE__NAME_MAX];
} shareable__segment_path;
shareable__segment_path shareable__segment_path_of(const char *name);

/*
 * Maps the open file. A file without a name is an error unless it is new: it was unlinked while it
 * was opened.
 */
shareable_status shareable__segment_map(shareable__segment *segment, const char *name, bool is_new, bool read_only,
                                        shareable_error *error);

/* Removes the temporary name, if there is one. */
void shareable__segment_remove_temporary(shareable__segment *segment);

#endif
