/*
 * folder.c - an open directory and the name of a file in it, so that no other directory can replace
 * it between two calls.
 */
#include "folder.h"

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

bool folder_open(parent_folder *folder, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
  char parent[PATH_MAX] = ".";

  folder->fd = -1;
  if (length >= sizeof parent || strlen(path + length) > NAME_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  if (length > 0) {
    memcpy(parent, path, length);
    parent[length] = '\0';
  }
  strcpy(folder->name, path + length);
  folder->fd = open_directory(parent);
  return folder->fd >= 0;
}

void folder_close(parent_folder *folder) {
  if (folder->fd >= 0)
    close(folder->fd);
  folder->fd = -1;
}

bool folder_lock(const parent_folder *folder) {
  for (int tries = 0; tries < LOCK_TRIES; tries++) {
    if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
      return true;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return false;
    usleep(LOCK_PAUSE_US);
  }
  return false;
}

void folder_unlock(const parent_folder *folder) {
  flock(folder->fd, LOCK_UN);
}
