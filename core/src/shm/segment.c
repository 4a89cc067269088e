/*
 * segment.c - a file of shared memory and its mapping: the only module that makes system calls.
 *
 * A segment is published complete: made without a name, given all its memory, filled, and only then linked, which
 * fails where the name exists. So nobody attaches to half a block, and a creator that fails or dies leaves nothing.
 */
#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/limit.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/rename.h"

#define DIRECTORY SHAREABLE__DIRECTORY

typedef struct path {
  char text[sizeof DIRECTORY + 1 + SHAREABLE__NAME_MAX];
} path;

static path path_of(const char *name) {
  path result;
  snprintf(result.text, sizeof result.text, DIRECTORY "/%s", name);
  return result;
}

static shareable_status fail_no_space(shareable_error *error, const char *name, uint64_t size) {
  struct statvfs space;

  if (statvfs(DIRECTORY, &space) != 0)
    return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                           "'%s' needs %" PRIu64 " bytes, but " DIRECTORY
                           " has not as many free: remove blocks there, or enlarge it",
                           name, size);
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "'%s' needs %" PRIu64 " bytes, but " DIRECTORY " has only %" PRIu64 " of its %" PRIu64
                         " bytes free: remove blocks there, or enlarge it",
                         name, size, (uint64_t)space.f_bavail * space.f_frsize,
                         (uint64_t)space.f_blocks * space.f_frsize);
}

/* Asked first, so that a size far out of reach does not fill the file system up before it fails. */
static bool exceeds_free_space(uint64_t size) {
  struct statvfs space;

  return size > (1u << 20) && statvfs(DIRECTORY, &space) == 0 && space.f_blocks > 0 &&
         size / space.f_frsize > space.f_bavail;
}

/*
 * Takes all the memory now: a full file system is ENOSPC here, not SIGBUS at a store. tmpfs gives up with EINTR, and
 * gives all of it back, when a signal comes; a timer's may come each time, so at the second try signals wait.
 */
static int reserve(int fd, uint64_t size) {
  sigset_t all, before;
  int system = posix_fallocate(fd, 0, (off_t)size);

  if (system != EINTR)
    return system;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  do
    system = posix_fallocate(fd, 0, (off_t)size);
  while (system == EINTR);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return system;
}

static int take_memory(int fd, uint64_t size, bool is_lazy) {
  shareable__held_signal held;
  int system;

  if (shareable__limit_exceeded(size))
    return EFBIG;
  if (!is_lazy && exceeds_free_space(size))
    return ENOSPC;
  held = shareable__limit_signal_hold();
  if (is_lazy)
    system = ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
  else
    system = reserve(fd, size);
  shareable__limit_signal_release(&held);
  return system;
}

static shareable_status allocate(int fd, const char *name, uint64_t size, uint32_t flags, shareable_error *error) {
  bool is_lazy = (flags & SHAREABLE_LAZY) != 0;
  int system = take_memory(fd, size, is_lazy);

  if (system == EFBIG)
    return shareable__fail_system(error, EFBIG,
                                  "'%s' needs %" PRIu64 " bytes, more than this process's limit of a file", name, size);
  if (system != 0 && is_lazy)
    return shareable__fail_system(error, system, "cannot size '%s' to %" PRIu64 " bytes", name, size);
  if (system == ENOSPC)
    return fail_no_space(error, name, size);
  if (system != 0)
    return shareable__fail_system(error, system, "cannot reserve %" PRIu64 " bytes for '%s'", size, name);
  return SHAREABLE_OK;
}

/* The byte that whoever has the file mapped holds a lock on, which others may share: past any file. */
static struct flock usage_lock(short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (INT64_C(1) << 62) - 1, .l_len = 1};
}

/* The mapping keeps the description, also in a fork's child, and that the lock. Without one it is mapped all the same. */
static void take_usage_lock(int fd) {
  struct flock lock = usage_lock(F_RDLCK);

  fcntl(fd, F_OFD_SETLK, &lock);
}

bool shareable__segment_is_in_use(int fd) {
  struct flock lock = usage_lock(F_WRLCK);

  return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static shareable_status fail_not_found(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "there is no block called '%s'", name);
}

/* `is_new`: it has no name yet. What has none any more was unlinked between the look-up of its name and its opening. */
static shareable_status map(shareable__segment *segment, const char *name, bool is_new, bool read_only,
                            shareable_error *error) {
  int protection = read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  struct stat status;
  void *base;

  if (fstat(segment->fd, &status) != 0)
    return shareable__fail_system(error, errno, "cannot look at '%s'", name);
  if (!S_ISREG(status.st_mode))
    return shareable__fail_system(error, EINVAL, "'%s' is not a block of shared memory", name);
  if (status.st_nlink == 0 && !is_new)
    return fail_not_found(error, name);
  if (status.st_size == 0)
    return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                           "'%s' has no size yet: its creator has not finished making it, try again", name);
  if ((uint64_t)status.st_size > SIZE_MAX / 2)
    return shareable__fail_system(error, ENOMEM, "'%s' is too large to map", name);
  base = mmap(NULL, (size_t)status.st_size, protection, MAP_SHARED, segment->fd, 0);
  if (base == MAP_FAILED)
    return shareable__fail_system(error, errno, "cannot map the %" PRIu64 " bytes of '%s'", (uint64_t)status.st_size,
                                  name);
  take_usage_lock(segment->fd);
  segment->base = base;
  segment->size = (size_t)status.st_size;
  segment->device = status.st_dev;
  segment->inode = status.st_ino;
  return SHAREABLE_OK;
}

static shareable_status write_all(const shareable__segment *segment, const char *name, uint64_t at, const void *bytes,
                                  size_t length, shareable_error *error) {
  while (length > 0) {
    ssize_t written = pwrite(segment->fd, bytes, length, (off_t)at);

    if (written < 0 && errno == EINTR)
      continue;
    if (written == 0 || (written < 0 && errno == ENOSPC))
      return fail_no_space(error, name, segment->size);
    if (written < 0)
      return shareable__fail_system(error, errno, "cannot write to '%s'", name);
    bytes = (const unsigned char *)bytes + written;
    at += (uint64_t)written;
    length -= (size_t)written;
  }
  return SHAREABLE_OK;
}

shareable_status shareable__segment_write(const shareable__segment *segment, const char *name, uint64_t at,
                                          const void *bytes, size_t length, shareable_error *error) {
  shareable__held_signal held = shareable__limit_signal_hold();
  shareable_status status = write_all(segment, name, at, bytes, length, error);

  shareable__limit_signal_release(&held);
  return status;
}

/* The program may have closed the descriptor, and have opened a file of its own in its place: then it is not ours to close. */
void shareable__segment_close_fd(shareable__segment *segment) {
  SHAREABLE__UNCANCELLED;
  const shareable__file_id file = {segment->device, segment->inode};

  if (segment->base != NULL)
    shareable__descriptor_close_marked(&segment->fd, &file);
  else if (segment->fd >= 0) /* not mapped yet */
    close(segment->fd);
  segment->fd = -1;
}

static void remove_temporary(shareable__segment *segment) {
  if (segment->temporary[0] != '\0')
    unlink(segment->temporary);
  segment->temporary[0] = '\0';
}

static int open_temporary(shareable__segment *segment, mode_t mode) {
  uint32_t bits;

  do {
    int system = shareable__random(&bits, sizeof bits);
    if (system != 0)
      return system;
    snprintf(segment->temporary, sizeof segment->temporary, DIRECTORY "/.shareable-%08" PRIx32, bits);
    segment->fd =
      shareable__openat(AT_FDCWD, segment->temporary, O_RDWR | O_CREAT | O_EXCL | SHAREABLE__DESCRIPTOR_MARK, mode);
  } while (segment->fd < 0 && errno == EEXIST);
  if (segment->fd >= 0)
    return 0;
  segment->temporary[0] = '\0';
  return errno;
}

#if SHAREABLE__LINUX
/* By the descriptor's path, which any user may link; `from` has to be a place for 32 characters. */
static const char *path_in_proc(int fd, char from[32]) {
  snprintf(from, 32, "/proc/self/fd/%d", fd);
  return from;
}

/* Whether it can get a name later: the directory is there already, so to link it there is EEXIST if it is permitted. */
static bool can_be_linked(int fd) {
  char from[32];

  return (linkat(fd, "", AT_FDCWD, DIRECTORY, AT_EMPTY_PATH) != 0 && errno == EEXIST) ||
         access(path_in_proc(fd, from), F_OK) == 0;
}

static int open_unnamed(shareable__segment *segment, mode_t mode) {
  segment->fd = shareable__openat(AT_FDCWD, DIRECTORY, O_RDWR | O_TMPFILE | SHAREABLE__DESCRIPTOR_MARK, mode);
  if (segment->fd >= 0 && can_be_linked(segment->fd))
    return 0;
  if (segment->fd >= 0) {
    shareable__segment_close_fd(segment);
    return EOPNOTSUPP;
  }
  return errno == EISDIR ? EOPNOTSUPP : errno; /* EISDIR: the kernel does not know O_TMPFILE */
}

/* By the descriptor where the kernel lets this process, else by the descriptor's path in /proc. */
static int link_unnamed(int fd, const char *to) {
  char from[32];

  if (linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno == EEXIST)
    return EEXIST;
  return linkat(AT_FDCWD, path_in_proc(fd, from), AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}
#else
static int open_unnamed(shareable__segment *segment, mode_t mode) {
  (void)segment;
  (void)mode;
  return EOPNOTSUPP;
}

static int link_unnamed(int fd, const char *to) {
  (void)fd;
  (void)to;
  return EOPNOTSUPP;
}
#endif

shareable_status shareable__segment_create_hidden(shareable__segment *segment, shareable__creation_method hiding,
                                                  const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                                  shareable_error *error) {
  shareable_status status;
  int system;

  memset(segment, 0, sizeof *segment);
  segment->fd = -1;
  if (mode == 0)
    mode = S_IRUSR | S_IWUSR;
  system = hiding == SHAREABLE__CREATE_TMPFILE ? open_unnamed(segment, mode) : open_temporary(segment, mode);
  if (system == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, system, "cannot create '%s': there is no " DIRECTORY, name);
  if (system != 0)
    return shareable__fail_system(error, system, "cannot create '%s' in " DIRECTORY, name);
  status = allocate(segment->fd, name, size, flags, error);
  if (status == SHAREABLE_OK)
    status = map(segment, name, true, false, error);
  if (status != SHAREABLE_OK)
    shareable__segment_discard(segment);
  return status;
}

shareable_status shareable__segment_create(shareable__segment *segment, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error) {
  shareable_error why = {0};
  shareable_status status;

  status = shareable__segment_create_hidden(segment, SHAREABLE__CREATE_TMPFILE, name, size, flags, mode, &why);
  if (status != SHAREABLE_OK && why.system == EOPNOTSUPP)
    status = shareable__segment_create_hidden(segment, SHAREABLE__CREATE_TEMP_NAME, name, size, flags, mode, &why);
  if (status != SHAREABLE_OK && error != NULL)
    *error = why;
  return status;
}

/* By a rename, so that a process that is killed never leaves two names. */
static int name_temporary(shareable__segment *segment, const char *to) {
  int system = shareable__rename_to_new(AT_FDCWD, segment->temporary, AT_FDCWD, to);

  if (system == 0)
    segment->temporary[0] = '\0';
  if (system != ENOSYS)
    return system;
  return link(segment->temporary, to) == 0 ? 0 : errno;
}

shareable_status shareable__segment_publish(shareable__segment *segment, const char *name, shareable_error *error) {
  path to = path_of(name);
  int system;

  if (segment->temporary[0] != '\0')
    system = name_temporary(segment, to.text);
  else
    system = link_unnamed(segment->fd, to.text);
  if (system == EEXIST)
    return shareable__fail(error, SHAREABLE_E_EXISTS, system, "a block called '%s' exists already", name);
  if (system == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, system, "cannot name '%s': /proc is not mounted", name);
  if (system != 0)
    return shareable__fail_system(error, system, "cannot name '%s'", name);
  remove_temporary(segment);
  return SHAREABLE_OK;
}

shareable_status shareable__segment_random_name(char name[13], shareable_error *error) {
  uint32_t bits;
  int system = shareable__random(&bits, sizeof bits);

  if (system != 0)
    return shareable__fail_system(error, system, "cannot make up a name");
  shareable__name_random(name, bits);
  return SHAREABLE_OK;
}

void shareable__segment_discard(shareable__segment *segment) {
  SHAREABLE__UNCANCELLED;
  if (segment->base != NULL)
    munmap(segment->base, segment->size);
  remove_temporary(segment);
  shareable__segment_close_fd(segment);
  segment->base = NULL;
}

/* A lease (lease.h) is held for microseconds, unless its holder is stopped, or hostile. */
static int open_patiently(const char *from, int flags) {
  enum { TRIES = 100 };
  int fd;

  for (int tries = 0;; tries++) {
    fd = shareable__openat(AT_FDCWD, from, flags, 0);
    if (fd >= 0 || errno != EWOULDBLOCK || tries == TRIES)
      return fd;
    shareable__sleep(INT64_C(1000000));
  }
}

shareable_status shareable__segment_open(shareable__segment *segment, const char *name, bool read_only,
                                         shareable_error *error) {
  int access = read_only ? O_RDONLY : O_RDWR;
  path from = path_of(name);
  shareable_status status;

  memset(segment, 0, sizeof *segment);
  segment->fd = open_patiently(from.text, access | O_NOFOLLOW | SHAREABLE__DESCRIPTOR_MARK);
  if (segment->fd < 0 && errno == ENOENT)
    return fail_not_found(error, name);
  if (segment->fd < 0 && errno == EWOULDBLOCK)
    return shareable__fail_system(error, EWOULDBLOCK, "cannot open '%s', on which another process has a lease", name);
  if (segment->fd < 0)
    return shareable__fail_system(error, errno, "cannot open '%s'%s", name, read_only ? "" : " to read and write");
  status = map(segment, name, false, read_only, error);
  if (status != SHAREABLE_OK)
    shareable__segment_close_fd(segment);
  return status;
}

int shareable__segment_read_words(const shareable__segment *segment, uint64_t at, uint64_t *words, size_t count) {
  size_t size = count * sizeof *words;
  ssize_t length;

  if (at > INT64_MAX)
    return ENODATA;
  do
    length = pread(segment->fd, words, size, (off_t)at);
  while (length < 0 && errno == EINTR);
  if (length < 0)
    return errno;
  return length == (ssize_t)size ? 0 : ENODATA;
}

int shareable__segment_reopen(int fd, const shareable__file_id *file, const char *name, bool read_only) {
  int access = (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | SHAREABLE__DESCRIPTOR_MARK;
  path at = path_of(name);
  char itself[32];
  int again = open_patiently(at.text, access);

  if (shareable__descriptor_is(again, file))
    return again;
  if (again >= 0)
    close(again); /* another block has the name */
  if (!shareable__descriptor_is(fd, file))
    return -1;
  snprintf(itself, sizeof itself, "/proc/self/fd/%d", fd);
  return shareable__openat(AT_FDCWD, itself, access & ~O_NOFOLLOW, 0);
}

bool shareable__segment_exists(const char *name) {
  path at = path_of(name);
  struct stat status;

  return lstat(at.text, &status) == 0;
}

shareable_status shareable__segment_unlink(const char *name, shareable_error *error) {
  path at = path_of(name);

  if (unlink(at.text) == 0)
    return SHAREABLE_OK;
  if (errno == ENOENT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
  return shareable__fail_system(error, errno, "cannot unlink '%s'", name);
}
