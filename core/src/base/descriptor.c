/*
 * descriptor.c - the library's file descriptors: never 0 to 2, and checked before they are used
 * again.
 */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_FREE = 3 };

int shareable__descriptor_raise(int fd) {
  int moved, errnum;

  if (fd < 0 || fd >= FIRST_FREE)
    return fd;
  moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
  errnum = errno;
  close(fd);
  errno = errnum;
  return moved;
}

int shareable__openat(int directory, const char *path, int flags, mode_t mode) {
  return shareable__descriptor_raise(openat(directory, path, flags | O_CLOEXEC, mode));
}

int shareable__open_eventfd(unsigned count) {
  return shareable__descriptor_raise(eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK));
}

DIR *shareable__opendirat(int directory, const char *path) {
  int fd = shareable__openat(directory, path, O_RDONLY | O_DIRECTORY, 0), errnum;
  DIR *list = fd < 0 ? NULL : fdopendir(fd);

  if (fd >= 0 && list == NULL) {
    errnum = errno;
    close(fd);
    errno = errnum;
  }
  return list;
}

FILE *shareable__fopen(const char *path) {
  int fd = shareable__openat(AT_FDCWD, path, O_RDONLY, 0), errnum;
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

  if (fd >= 0 && file == NULL) {
    errnum = errno;
    close(fd);
    errno = errnum;
  }
  return file;
}

bool shareable__file_id_of(int fd, shareable__file_id *id) {
  struct stat status;

  if (fstat(fd, &status) != 0)
    return false;
  *id = (shareable__file_id){status.st_dev, status.st_ino};
  return true;
}

bool shareable__descriptor_is(int fd, const shareable__file_id *id) {
  shareable__file_id now;
  int errnum = errno;
  bool is_same = fd >= 0 && shareable__file_id_of(fd, &now) && now.device == id->device && now.inode == id->inode;

  errno = errnum;
  return is_same;
}

bool shareable__descriptor_is_lost(int fd, const shareable__file_id *id) {
  shareable__file_id now;

  if (fd < 0)
    return true;
  return shareable__file_id_of(fd, &now) ? now.device != id->device || now.inode != id->inode : errno == EBADF;
}

void shareable__descriptor_close(int *fd, const shareable__file_id *id) {
  if (!shareable__descriptor_is_lost(*fd, id))
    close(*fd);
  *fd = -1;
}

static bool is_marked(int fd) {
  int flags = fcntl(fd, F_GETFL);

  return flags < 0 ? errno != EBADF : (flags & SHAREABLE__DESCRIPTOR_MARK) != 0;
}

void shareable__descriptor_close_marked(int *fd, const shareable__file_id *id) {
  if (is_marked(*fd))
    shareable__descriptor_close(fd, id);
  *fd = -1;
}
