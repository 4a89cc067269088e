/*
 * segment.c - a file of shared memory and its mapping: the only module that makes system calls.
 *
 * A segment is published complete: made without a name, given all its memory, filled, and only then linked, which
 * fails where the name exists. So nobody attaches to half a block, and a creator that fails or dies leaves nothing.
 */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "entropy.h"
#include "error.h"
#include "platform.h"

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
static bool is_beyond_reach(uint64_t size) {
  struct statvfs space;

  return size > (1u << 20) && statvfs(DIRECTORY, &space) == 0 && space.f_blocks > 0 &&
         size / space.f_frsize > space.f_bavail;
}

/* Past RLIMIT_FSIZE the kernel would send SIGXFSZ, which kills. */
static bool is_beyond_limit(uint64_t size) {
  struct rlimit limit;

  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur;
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

static shareable_status allocate(int fd, const char *name, uint64_t size, uint32_t flags, shareable_error *error) {
  int system;

  if (is_beyond_limit(size))
    return shareable__fail_system(error, EFBIG,
                                  "'%s' needs %" PRIu64 " bytes, more than this process's limit of a file", name, size);
  if (flags & SHAREABLE_LAZY) {
    if (ftruncate(fd, (off_t)size) == 0)
      return SHAREABLE_OK;
    return shareable__fail_system(error, errno, "cannot size '%s' to %" PRIu64 " bytes", name, size);
  }
  system = is_beyond_reach(size) ? ENOSPC : reserve(fd, size);
  if (system == ENOSPC)
    return fail_no_space(error, name, size);
  if (system != 0)
    return shareable__fail_system(error, system, "cannot reserve %" PRIu64 " bytes for '%s'", size, name);
  return SHAREABLE_OK;
}

/* The byte that whoever has the file mapped holds a lock on, which others may share: past any file. */
static struct flock presence(short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (INT64_C(1) << 62) - 1, .l_len = 1};
}

/* The mapping keeps the description, also in a fork's child, and that the lock. Without one it is mapped all the same. */
static void be_present(int fd) {
  struct flock lock = presence(F_RDLCK);

  fcntl(fd, F_OFD_SETLK, &lock);
}

bool shareable__segment_is_in_use(int fd) {
  struct flock lock = presence(F_WRLCK);

  return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static shareable_status map(shareable__segment *segment, const char *name, bool read_only, shareable_error *error) {
  int protection = read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  struct stat status;
  void *base;

  if (fstat(segment->fd, &status) != 0)
    return shareable__fail_system(error, errno, "cannot look at '%s'", name);
  if (!S_ISREG(status.st_mode))
    return shareable__fail_system(error, EINVAL, "'%s' is not a block of shared memory", name);
  if (status.st_size == 0)
    return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                           "'%s' has no size yet: its creator has not finished making it, try again", name);
  if ((uint64_t)status.st_size > SIZE_MAX / 2)
    return shareable__fail_system(error, ENOMEM, "'%s' is too large to map", name);
  base = mmap(NULL, (size_t)status.st_size, protection, MAP_SHARED, segment->fd, 0);
  if (base == MAP_FAILED)
    return shareable__fail_system(error, errno, "cannot map the %" PRIu64 " bytes of '%s'", (uint64_t)status.st_size,
                                  name);
  be_present(segment->fd);
  segment->base = base;
  segment->size = (size_t)status.st_size;
  segment->device = status.st_dev;
  segment->inode = status.st_ino;
  return SHAREABLE_OK;
}

shareable_status shareable__segment_write(const shareable__segment *segment, const char *name, uint64_t at,
                                          const void *bytes, size_t length, shareable_error *error) {
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

/* The program may have closed the descriptor, and have opened a file of its own in its place: then it is not ours to close. */
void shareable__segment_settle(shareable__segment *segment) {
  const shareable__file_id file = {segment->device, segment->inode};

  if (segment->fd >= 0 && (segment->base == NULL || shareable__descriptor_is(segment->fd, &file)))
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
    int system = shareable__entropy(&bits, sizeof bits);
    if (system != 0)
      return system;
    snprintf(segment->temporary, sizeof segment->temporary, DIRECTORY "/.shareable-%08" PRIx32, bits);
    segment->fd = shareable__openat(AT_FDCWD, segment->temporary, O_RDWR | O_CREAT | O_EXCL, mode);
  } while (segment->fd < 0 && errno == EEXIST);
  if (segment->fd >= 0)
    return 0;
  segment->temporary[0] = '\0';
  return errno;
}

#if SHAREABLE__LINUX
/* Without /proc, only a process with CAP_DAC_READ_SEARCH is sure to be able to link it. */
static bool can_link_unnamed(void) {
  return access("/proc/self/fd", F_OK) == 0 || geteuid() == 0;
}

static int open_unnamed(shareable__segment *segment, mode_t mode) {
  if (!can_link_unnamed())
    return EOPNOTSUPP;
  segment->fd = shareable__openat(AT_FDCWD, DIRECTORY, O_RDWR | O_TMPFILE, mode);
  if (segment->fd >= 0)
    return 0;
  return errno == EISDIR ? EOPNOTSUPP : errno; /* EISDIR: the kernel does not know O_TMPFILE */
}

/* By the descriptor where the kernel lets this process, else by the descriptor's path in /proc. */
static int link_unnamed(int fd, const char *to) {
  char from[32];

  if (linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno == EEXIST)
    return EEXIST;
  snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
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

shareable_status shareable__segment_create_hidden(shareable__segment *segment, shareable__hiding hiding,
                                                  const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                                  shareable_error *error) {
  shareable_status status;
  int system;

  memset(segment, 0, sizeof *segment);
  segment->fd = -1;
  if (mode == 0)
    mode = S_IRUSR | S_IWUSR;
  system = hiding == SHAREABLE__UNNAMED ? open_unnamed(segment, mode) : open_temporary(segment, mode);
  if (system == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, system, "cannot create '%s': there is no " DIRECTORY, name);
  if (system != 0)
    return shareable__fail_system(error, system, "cannot create '%s' in " DIRECTORY, name);
  status = allocate(segment->fd, name, size, flags, error);
  if (status == SHAREABLE_OK)
    status = map(segment, name, false, error);
  if (status != SHAREABLE_OK)
    shareable__segment_discard(segment);
  return status;
}

shareable_status shareable__segment_create(shareable__segment *segment, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error) {
  shareable_error why = {0};
  shareable_status status;

  status = shareable__segment_create_hidden(segment, SHAREABLE__UNNAMED, name, size, flags, mode, &why);
  if (status != SHAREABLE_OK && why.system == EOPNOTSUPP)
    status = shareable__segment_create_hidden(segment, SHAREABLE__TEMPORARY, name, size, flags, mode, &why);
  if (status != SHAREABLE_OK && error != NULL)
    *error = why;
  return status;
}

shareable_status shareable__segment_publish(shareable__segment *segment, const char *name, shareable_error *error) {
  path to = path_of(name);
  int system;

  if (segment->temporary[0] != '\0')
    system = link(segment->temporary, to.text) == 0 ? 0 : errno;
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

shareable_status shareable__segment_make_up_name(char name[13], shareable_error *error) {
  uint32_t bits;
  int system = shareable__entropy(&bits, sizeof bits);

  if (system != 0)
    return shareable__fail_system(error, system, "cannot make up a name");
  shareable__name_random(name, bits);
  return SHAREABLE_OK;
}

void shareable__segment_discard(shareable__segment *segment) {
  if (segment->base != NULL)
    munmap(segment->base, segment->size);
  remove_temporary(segment);
  shareable__segment_settle(segment);
  segment->base = NULL;
}

shareable_status shareable__segment_open(shareable__segment *segment, const char *name, bool read_only,
                                         shareable_error *error) {
  int access = read_only ? O_RDONLY : O_RDWR;
  path from = path_of(name);
  shareable_status status;

  memset(segment, 0, sizeof *segment);
  segment->fd = shareable__openat(AT_FDCWD, from.text, access | O_NOFOLLOW | O_NONBLOCK, 0);
  if (segment->fd < 0 && errno == ENOENT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "there is no block called '%s'", name);
  if (segment->fd < 0)
    return shareable__fail_system(error, errno, "cannot open '%s'%s", name, read_only ? "" : " to read and write");
  status = map(segment, name, read_only, error);
  if (status != SHAREABLE_OK)
    shareable__segment_settle(segment);
  return status;
}

int shareable__segment_peek(const shareable__segment *segment, uint64_t at, uint64_t *words, size_t count) {
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

int shareable__segment_open_again(int fd, const shareable__file_id *file, const char *name, bool read_only) {
  int access = (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK;
  path at = path_of(name);
  char itself[32];
  int again = shareable__openat(AT_FDCWD, at.text, access, 0);

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

static bool is_still(const shareable__segment *segment, const struct stat *status) {
  return status->st_dev == segment->device && status->st_ino == segment->inode;
}

static shareable_status fail_unlink(shareable_error *error, const char *name, int system) {
  if (system == ENOENT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
  return shareable__fail_system(error, system, "cannot unlink '%s'", name);
}

shareable_status shareable__segment_unlink(const shareable__segment *segment, const char *name,
                                           shareable_error *error) {
  path at = path_of(name);
  struct stat status;

  if (segment != NULL && lstat(at.text, &status) != 0)
    return fail_unlink(error, name, errno);
  if (segment != NULL && !is_still(segment, &status))
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' is already gone: its name belongs to another block now, which stays", name);
  return unlink(at.text) == 0 ? SHAREABLE_OK : fail_unlink(error, name, errno);
}
