/*
 * segment_create.c - creating a segment: its file, its memory and its name.
 *
 * The file gets its memory and its content before it gets its name, and naming it fails if the name
 * exists. So no process attaches to an incomplete block, and a process that fails or dies while it
 * creates a block leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limit.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/rename.h"
#include "shm/moved.h"
#include "shm/segment.h"

#define DIRECTORY SHAREABLE__DIRECTORY

static shareable_status fail_no_space(shareable_error *error, const char *name, uint64_t size) {
  struct statvfs space;

  if (statvfs(DIRECTORY, &space) != 0)
    return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                           "'%s' needs %" PRIu64 " bytes, but " DIRECTORY
                           " has fewer bytes free: remove blocks there, or enlarge it",
                           name, size);
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "'%s' needs %" PRIu64 " bytes, but " DIRECTORY " has only %" PRIu64 " of its %" PRIu64
                         " bytes free: remove blocks there, or enlarge it",
                         name, size, (uint64_t)space.f_bavail * space.f_frsize,
                         (uint64_t)space.f_blocks * space.f_frsize);
}

/* A file system that does not limit its inodes reports 0 of 0. */
bool shareable__segment_inodes_are_used_up(uint64_t *limit) {
  struct statvfs space;

  if (statvfs(DIRECTORY, &space) != 0)
    return false;
  *limit = space.f_files;
  return space.f_files > 0 && space.f_ffree == 0;
}

/* The file could not be created. */
static shareable_status fail_to_create(shareable_error *error, const char *name, int errnum) {
  uint64_t inodes;

  if (errnum == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum, "cannot create '%s': there is no " DIRECTORY, name);
  if (errnum == ENOSPC && shareable__segment_inodes_are_used_up(&inodes))
    return shareable__fail(error, SHAREABLE_E_NO_SPACE, errnum,
                           "'%s' needs an inode, but " DIRECTORY " has none of its %" PRIu64
                           " inodes free: remove files there, or mount it with a larger nr_inodes",
                           name, inodes);
  return shareable__fail_errno(error, errnum, "cannot create '%s' in " DIRECTORY, name);
}

/*
 * Checked first, so that a size far above the free space does not fill the file system before the
 * reservation fails.
 */
static bool exceeds_free_space(uint64_t size) {
  struct statvfs space;

  return size > (1u << 20) && statvfs(DIRECTORY, &space) == 0 && space.f_blocks > 0 &&
         size / space.f_frsize > space.f_bavail;
}

/*
 * Reserves all the memory now: a full file system is ENOSPC here, not SIGBUS at a store. If a
 * signal arrives, tmpfs gives all of it back and fails with EINTR. A timer may send a signal each
 * time, so the second try blocks signals.
 */
static int reserve(int fd, uint64_t size) {
  sigset_t all, before;
  int errnum = posix_fallocate(fd, 0, (off_t)size);

  if (errnum != EINTR)
    return errnum;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  do
    errnum = posix_fallocate(fd, 0, (off_t)size);
  while (errnum == EINTR);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return errnum;
}

static int set_size(int fd, uint64_t size, bool is_lazy) {
  shareable__held_signal held;
  int errnum;

  if (!is_lazy && shareable__limit_exceeded(size))
    return EFBIG;
  if (!is_lazy && exceeds_free_space(size))
    return ENOSPC;
  held = shareable__limit_signal_hold();
  if (is_lazy)
    errnum = ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
  else
    errnum = reserve(fd, size);
  shareable__limit_signal_release(&held, errnum);
  return errnum;
}

static shareable_status allocate(int fd, const char *name, uint64_t size, uint32_t flags, shareable_error *error) {
  bool is_lazy = (flags & SHAREABLE_LAZY) != 0;
  int errnum = set_size(fd, size, is_lazy);

  if (errnum == EFBIG)
    return shareable__fail_errno(
      error, EFBIG, "'%s' needs %" PRIu64 " bytes, more than this process may write to a file (RLIMIT_FSIZE)", name,
      size);
  if (errnum != 0 && is_lazy)
    return shareable__fail_errno(error, errnum, "cannot set the size of '%s' to %" PRIu64 " bytes", name, size);
  if (errnum == ENOSPC)
    return fail_no_space(error, name, size);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot reserve %" PRIu64 " bytes for '%s'", size, name);
  return SHAREABLE_OK;
}

static int open_temporary(shareable__segment *segment, mode_t mode) {
  uint32_t bits;

  do {
    int errnum = shareable__random(&bits, sizeof bits);
    if (errnum != 0)
      return errnum;
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
/* The descriptor's path, which any user may link. */
static const char *proc_path(int fd, char path[32]) {
  snprintf(path, 32, "/proc/self/fd/%d", fd);
  return path;
}

/*
 * Returns whether the file can get a name later. The directory exists, so a permitted linkat() to
 * it fails with EEXIST.
 */
static bool can_be_linked(int fd) {
  char path[32];

  return (linkat(fd, "", AT_FDCWD, DIRECTORY, AT_EMPTY_PATH) != 0 && errno == EEXIST) ||
         access(proc_path(fd, path), F_OK) == 0;
}

static int open_unnamed(shareable__segment *segment, mode_t mode) {
  segment->fd = shareable__openat(AT_FDCWD, DIRECTORY, O_RDWR | O_TMPFILE | SHAREABLE__DESCRIPTOR_MARK, mode);
  if (segment->fd >= 0 && can_be_linked(segment->fd))
    return 0;
  if (segment->fd >= 0) {
    shareable__segment_close_fd(segment);
    return EOPNOTSUPP;
  }
  return errno == EISDIR ? EOPNOTSUPP : errno; /* EISDIR: the kernel does not support O_TMPFILE */
}

/* Links the descriptor if the kernel permits this process to, otherwise its path in /proc. */
static int link_unnamed(int fd, const char *path) {
  char source[32];

  if (linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno == EEXIST)
    return EEXIST;
  return linkat(AT_FDCWD, proc_path(fd, source), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}
#else
static int open_unnamed(shareable__segment *segment, mode_t mode) {
  (void)segment;
  (void)mode;
  return EOPNOTSUPP;
}

static int link_unnamed(int fd, const char *path) {
  (void)fd;
  (void)path;
  return EOPNOTSUPP;
}
#endif

shareable_status shareable__segment_create_by(shareable__segment *segment, shareable__creation_method method,
                                              const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                              shareable_error *error) {
  shareable_status status;
  int errnum;

  memset(segment, 0, sizeof *segment);
  segment->fd = -1;
  if (mode == 0)
    mode = S_IRUSR | S_IWUSR;
  errnum = method == SHAREABLE__CREATE_TMPFILE ? open_unnamed(segment, mode) : open_temporary(segment, mode);
  if (errnum != 0)
    return fail_to_create(error, name, errnum);
  status = allocate(segment->fd, name, size, flags, error);
  if (status == SHAREABLE_OK)
    status = shareable__segment_map(segment, name, true, false, error);
  if (status != SHAREABLE_OK)
    shareable__segment_discard(segment);
  return status;
}

shareable_status shareable__segment_create(shareable__segment *segment, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, shareable_error *error) {
  shareable_error failure = {0};
  shareable_status status;

  status = shareable__segment_create_by(segment, SHAREABLE__CREATE_TMPFILE, name, size, flags, mode, &failure);
  if (status != SHAREABLE_OK && failure.sys_errno == EOPNOTSUPP)
    status = shareable__segment_create_by(segment, SHAREABLE__CREATE_TEMP_NAME, name, size, flags, mode, &failure);
  if (status != SHAREABLE_OK && error != NULL)
    *error = failure;
  return status;
}

/* Returns 0 or an errno. */
static int write_all(int fd, uint64_t offset, const void *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = pwrite(fd, bytes, length, (off_t)offset);

    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return written == 0 ? ENOSPC : errno;
    bytes = (const unsigned char *)bytes + written;
    offset += (uint64_t)written;
    length -= (size_t)written;
  }
  return 0;
}

shareable_status shareable__segment_write(const shareable__segment *segment, const char *name, uint64_t offset,
                                          const void *bytes, size_t length, shareable_error *error) {
  shareable__held_signal held = shareable__limit_signal_hold();
  int errnum = write_all(segment->fd, offset, bytes, length);

  shareable__limit_signal_release(&held, errnum);
  if (errnum == ENOSPC)
    return fail_no_space(error, name, segment->size);
  return errnum == 0 ? SHAREABLE_OK : shareable__fail_errno(error, errnum, "cannot write to '%s'", name);
}

/* Renames the file, so that a process that is killed never leaves two names. */
static int name_temporary(shareable__segment *segment, const char *path) {
  int errnum = shareable__rename_to_new(segment->temporary, path);

  if (errnum == 0)
    segment->temporary[0] = '\0';
  if (errnum != ENOSYS)
    return errnum;
  return link(segment->temporary, path) == 0 ? 0 : errno;
}

shareable_status shareable__segment_publish(shareable__segment *segment, const char *name, shareable_error *error) {
  shareable__segment_path path = shareable__segment_path_of(name);
  int errnum;

  if (segment->temporary[0] != '\0')
    errnum = name_temporary(segment, path.text);
  else
    errnum = link_unnamed(segment->fd, path.text);
  if (errnum == EEXIST)
    return shareable__fail(error, SHAREABLE_E_EXISTS, errnum, "a block called '%s' exists already", name);
  if (errnum == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum, "cannot give block '%s' its name: /proc is not mounted",
                           name);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot give block '%s' its name", name);
  shareable__segment_remove_temporary(segment);
  return SHAREABLE_OK;
}

/*
 * No system call replaces a file by one without a name. So the file first gets the name of one that
 * must be unlinked (moved.h): another process of this user may unlink it at any time.
 */
static int replace_by_unnamed(const shareable__segment *segment, const char *path) {
  shareable__moved_path moved;
  int errnum = shareable__moved_make_path(segment->inode, "", &moved);

  if (errnum == 0)
    errnum = link_unnamed(segment->fd, moved.text);
  if (errnum != 0)
    return errnum;
  errnum = rename(moved.text, path) == 0 ? 0 : errno;
  if (errnum != 0)
    unlink(moved.text);
  return errnum == ENOENT ? EAGAIN : errnum;
}

/* The new file gets the user and the group of the file that it replaces. Returns 0 or an errno. */
static int keep_owner(int fd, const char *path) {
  struct stat old;

  if (lstat(path, &old) != 0)
    return errno == ENOENT ? 0 : errno;
  return fchown(fd, old.st_uid, old.st_gid) == 0 ? 0 : errno;
}

shareable_status shareable__segment_replace(shareable__segment *segment, const char *name, shareable_error *error) {
  shareable__segment_path path = shareable__segment_path_of(name);
  int errnum = keep_owner(segment->fd, path.text);

  if (errnum == 0 && segment->temporary[0] != '\0')
    errnum = rename(segment->temporary, path.text) == 0 ? 0 : errno;
  else if (errnum == 0)
    errnum = replace_by_unnamed(segment, path.text);
  if (errnum == ENOENT)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum, "cannot give block '%s' its name: /proc is not mounted",
                           name);
  if (errnum == EPERM || errnum == EACCES)
    return shareable__fail_errno(error, errnum, "cannot replace '%s', which belongs to another user", name);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot replace '%s'", name);
  segment->temporary[0] = '\0';
  return SHAREABLE_OK;
}

shareable_status shareable__segment_random_name(char name[13], shareable_error *error) {
  uint32_t bits;
  int errnum = shareable__random(&bits, sizeof bits);

  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot generate a random name");
  shareable__name_random(name, bits);
  return SHAREABLE_OK;
}
