/*
 * parent_directory.c - an open directory and the name of a file in it, so that no other directory
 * can replace it between two calls.
 */
#include "parent_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_TRIES 100
#define LOCK_PAUSE_US 10000

/* Opens an unreadable directory with O_PATH. It cannot be locked or synced then. */
static int open_directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd >= 0 || errno != EACCES ? fd : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool parent_directory_open(parent_directory *directory, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
  char parent[PATH_MAX] = ".";

  directory->fd = -1;
  if (length >= sizeof parent || strlen(path + length) > NAME_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  if (length > 0) {
    memcpy(parent, path, length);
    parent[length] = '\0';
  }
  strcpy(directory->name, path + length);
  directory->fd = open_directory(parent);
  return directory->fd >= 0;
}

void parent_directory_close(parent_directory *directory) {
  if (directory->fd >= 0)
    close(directory->fd);
  directory->fd = -1;
}

bool parent_directory_lock(const parent_directory *directory) {
  for (int tries = 0; tries < LOCK_TRIES; tries++) {
    if (flock(directory->fd, LOCK_EX | LOCK_NB) == 0)
      return true;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return false;
    usleep(LOCK_PAUSE_US);
  }
  return false;
}

void parent_directory_unlock(const parent_directory *directory) {
  flock(directory->fd, LOCK_UN);
}
