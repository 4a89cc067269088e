/*
 * segment.c - a file of shared memory and its mapping: opening, reading, closing and unlinking it.
 */
#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

shareable__segment_path shareable__segment_path_of(const char *name) {
  shareable__segment_path path;

  snprintf(path.text, sizeof path.text, SHAREABLE__DIRECTORY "/%s", name);
  return path;
}

/* A byte past the end of any file. */
static struct flock usage_lock(short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (INT64_C(1) << 62) - 1, .l_len = 1};
}

/*
 * The mapping keeps the open file description, also in a fork's child, and the description keeps
 * the lock. If the lock cannot be taken, the file is mapped without it.
 */
void shareable__segment_take_usage_lock(const shareable__segment *segment) {
  struct flock lock = usage_lock(F_RDLCK);

  fcntl(segment->fd, F_OFD_SETLK, &lock);
}

bool shareable__segment_is_in_use(int fd) {
  struct flock lock = usage_lock(F_WRLCK);

  return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static shareable_status fail_not_found(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "there is no block called '%s'", name);
}

static const char *kind_of(const struct stat *file) {
  switch (file->st_mode & S_IFMT) {
  case S_IFLNK:
    return "a symbolic link";
  case S_IFDIR:
    return "a directory";
  case S_IFIFO:
    return "a FIFO";
  case S_IFSOCK:
    return "a socket";
  default:
    return "a device";
  }
}

static shareable_status fail_other_file(shareable_error *error, const char *name, const struct stat *file, int errnum) {
  return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum, "'%s' is %s, not a block of shared memory", name,
                         kind_of(file));
}

shareable_status shareable__segment_map(shareable__segment *segment, const char *name, bool is_new, bool read_only,
                                        shareable_error *error) {
  int protection = read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  struct stat status;
  void *base;

  if (fstat(segment->fd, &status) != 0)
    return shareable__fail_errno(error, errno, "cannot stat '%s'", name);
  if (!S_ISREG(status.st_mode))
    return fail_other_file(error, name, &status, EINVAL);
  if (status.st_nlink == 0 && !is_new)
    return fail_not_found(error, name);
  if (status.st_size == 0)
    return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                           "'%s' has no size yet: its creator has not finished making it, try again", name);
  if ((uint64_t)status.st_size > SIZE_MAX / 2)
    return shareable__fail_errno(error, ENOMEM, "'%s' is too large to map", name);
  base = mmap(NULL, (size_t)status.st_size, protection, MAP_SHARED, segment->fd, 0);
  if (base == MAP_FAILED)
    return shareable__fail_errno(error, errno, "cannot map the %" PRIu64 " bytes of '%s'", (uint64_t)status.st_size,
                                 name);
  segment->base = base;
  segment->size = (size_t)status.st_size;
  segment->device = status.st_dev;
  segment->inode = status.st_ino;
  return SHAREABLE_OK;
}

/*
 * If the program has closed the descriptor and opened another file with its number, that file must
 * stay open.
 */
void shareable__segment_close_fd(shareable__segment *segment) {
  SHAREABLE__UNCANCELLED;
  const shareable__file_id file = {segment->device, segment->inode};

  if (segment->fd < 0)
    return;
  if (segment->base != NULL)
    shareable__descriptor_close_marked(&segment->fd, &file);
  else /* not mapped yet */
    close(segment->fd);
  segment->fd = -1;
}

/* The kernel uses the lowest free number: a descriptor's number is how many are open at least. */
void shareable__segment_keep_fd(shareable__segment *segment) {
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || (rlim_t)segment->fd >= limit.rlim_cur / 2)
    shareable__segment_close_fd(segment);
}

void shareable__segment_remove_temporary(shareable__segment *segment) {
  if (segment->temporary[0] != '\0')
    unlink(segment->temporary);
  segment->temporary[0] = '\0';
}

void shareable__segment_discard(shareable__segment *segment) {
  SHAREABLE__UNCANCELLED;
  if (segment->base != NULL)
    munmap(segment->base, segment->size);
  shareable__segment_remove_temporary(segment);
  shareable__segment_close_fd(segment);
  segment->base = NULL;
}

/*
 * Memory that can only be read takes no part of the memory that the kernel lets processes commit,
 * so the file is replaced whatever its size is. The kernel maps one page of zeros for all pages that
 * are read.
 */
void shareable__segment_vacate(shareable__segment *segment) {
  SHAREABLE__UNCANCELLED;
  if (segment->base != NULL)
    (void)mmap(segment->base, segment->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  shareable__segment_remove_temporary(segment);
  shareable__segment_close_fd(segment);
}

/*
 * Retries while another process has a lease (lease.h): for microseconds, unless its holder is
 * stopped or hostile.
 */
static int open_without_lease(const char *path, int flags) {
  enum { TRIES = 100 };
  int fd;

  for (int tries = 0;; tries++) {
    fd = shareable__openat(AT_FDCWD, path, flags, 0);
    if (fd >= 0 || errno != EWOULDBLOCK || tries == TRIES)
      return fd;
    shareable__sleep(INT64_C(1000000));
  }
}

/* Fails with the errno of opening the file. The errno alone does not explain another file, or a mode. */
static shareable_status fail_open(shareable_error *error, const char *name, bool read_only, int errnum) {
  shareable__segment_path path = shareable__segment_path_of(name);
  const char *access = read_only ? "" : " to read and write";
  struct stat file;

  if (errnum == ENOENT)
    return fail_not_found(error, name);
  if (errnum == EWOULDBLOCK)
    return shareable__fail_errno(error, errnum, "cannot open '%s', on which another process has a lease", name);
  if (lstat(path.text, &file) != 0)
    return shareable__fail_errno(error, errnum, "cannot open '%s'%s", name, access);
  if (!S_ISREG(file.st_mode))
    return fail_other_file(error, name, &file, errnum);
  if (errnum == EACCES)
    return shareable__fail_errno(error, errnum, "cannot open '%s'%s: it belongs to UID %u, with mode %#o", name, access,
                                 (unsigned)file.st_uid, (unsigned)file.st_mode & 0777);
  return shareable__fail_errno(error, errnum, "cannot open '%s'%s", name, access);
}

shareable_status shareable__segment_open(shareable__segment *segment, const char *name, bool read_only,
                                         shareable_error *error) {
  int access = read_only ? O_RDONLY : O_RDWR;
  shareable__segment_path path = shareable__segment_path_of(name);
  shareable_status status;

  memset(segment, 0, sizeof *segment);
  segment->fd = open_without_lease(path.text, access | O_NOFOLLOW | SHAREABLE__DESCRIPTOR_MARK);
  if (segment->fd < 0)
    return fail_open(error, name, read_only, errno);
  status = shareable__segment_map(segment, name, false, read_only, error);
  if (status != SHAREABLE_OK)
    shareable__segment_close_fd(segment);
  return status;
}

int shareable__segment_read(const shareable__segment *segment, uint64_t offset, void *bytes, size_t size) {
  ssize_t length;

  if (offset > INT64_MAX)
    return ENODATA;
  do
    length = pread(segment->fd, bytes, size, (off_t)offset);
  while (length < 0 && errno == EINTR);
  if (length < 0)
    return errno;
  return length == (ssize_t)size ? 0 : ENODATA;
}

int shareable__segment_reopen(int fd, const shareable__file_id *file, const char *name, bool read_only) {
  int access = (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | SHAREABLE__DESCRIPTOR_MARK;
  shareable__segment_path path = shareable__segment_path_of(name);
  int reopened = open_without_lease(path.text, access);
  char proc_path[32];

  if (shareable__descriptor_is(reopened, file))
    return reopened;
  if (reopened >= 0) { /* another block has the name */
    close(reopened);
    errno = ENOENT;
  }
  if (!shareable__descriptor_is(fd, file))
    return -1;
  snprintf(proc_path, sizeof proc_path, "/proc/self/fd/%d", fd);
  return shareable__openat(AT_FDCWD, proc_path, access & ~O_NOFOLLOW, 0);
}

int shareable__segment_current_fd(int *fd, const shareable__file_id *file, const char *name, bool read_only) {
  int current = __atomic_load_n(fd, __ATOMIC_ACQUIRE), reopened;

  if (!shareable__descriptor_is_lost(current, file))
    return current;
  reopened = shareable__segment_reopen(current, file, name, read_only);
  if (reopened >= 0 &&
      !__atomic_compare_exchange_n(fd, &current, reopened, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    close(reopened); /* another thread has opened it */
    return current;
  }
  return reopened;
}

bool shareable__segment_exists(const char *name) {
  shareable__segment_path path = shareable__segment_path_of(name);
  struct stat status;

  return lstat(path.text, &status) == 0;
}

shareable_status shareable__segment_unlink(const char *name, shareable_error *error) {
  shareable__segment_path path = shareable__segment_path_of(name);
  struct stat file;
  int errnum;

  if (unlink(path.text) == 0)
    return SHAREABLE_OK;
  errnum = errno;
  if (errnum == ENOENT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
  if (errnum == EISDIR && lstat(path.text, &file) == 0)
    return fail_other_file(error, name, &file, errnum);
  if (errnum == EPERM && lstat(path.text, &file) == 0)
    return shareable__fail_errno(error, errnum, "cannot unlink '%s', which belongs to UID %u", name,
                                 (unsigned)file.st_uid);
  return shareable__fail_errno(error, errnum, "cannot unlink '%s'", name);
}
