/*
 * socket_folder.c - the removal of the folder that a killed manager created for the socket of its
 * clients.
 */
#include "shm/socket_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "shm/control_socket.h"

typedef struct record_name {
  char text[NAME_MAX + 1];
} record_name;

static record_name record_of(const char *control) {
  record_name name;

  snprintf(name.text, sizeof name.text, SHAREABLE__SOCKET_FOLDER_PREFIX "%s",
           control + sizeof SHAREABLE__CONTROL_SOCKET_PREFIX - 1);
  return name;
}

bool shareable__socket_is_refused(int directory, const char *name, int type, uid_t user) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
  struct stat file;
  bool result;
  int probe;

  if (length >= (int)sizeof address.sun_path || fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISSOCK(file.st_mode) || file.st_uid != user)
    return false;
  probe = shareable__descriptor_raise(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe < 0)
    return false;
  result = connect(probe, (const struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
  close(probe);
  return result;
}

/* Returns whether this is a folder as mkdtemp(3) creates it for the user. */
static bool is_private(int folder, uid_t user) {
  struct stat status;

  return fstat(folder, &status) == 0 && status.st_uid == user && (status.st_mode & 07777) == 0700;
}

/* Opens the parent of the path, and returns the last component in *name. */
static int open_parent(char *path, const char **name) {
  char *slash = strrchr(path, '/');

  if (path[0] != '/' || slash == path || slash[1] == '\0')
    return -1;
  *slash = '\0';
  *name = slash + 1;
  return shareable__openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
}

static void remove_folder(int parent, const char *name, uid_t user) {
  int folder = shareable__openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

  if (folder < 0)
    return;
  if (is_private(folder, user)) {
    if (shareable__socket_is_refused(folder, SHAREABLE__SOCKET_FOLDER_SOCKET, SOCK_STREAM, user))
      unlinkat(folder, SHAREABLE__SOCKET_FOLDER_SOCKET, 0);
    unlinkat(parent, name, AT_REMOVEDIR); /* fails unless it is empty */
  }
  close(folder);
}

void shareable__socket_folder_remove(const shareable__control_directory *directory, const char *control) {
  record_name record = record_of(control);
  char path[PATH_MAX];
  ssize_t length = readlinkat(directory->fd, record.text, path, sizeof path - 1);
  const char *name;
  int parent;

  if (length <= 0)
    return;
  path[length] = '\0';
  parent = open_parent(path, &name);
  if (parent >= 0) {
    remove_folder(parent, name, directory->user);
    close(parent);
  }
  unlinkat(directory->fd, record.text, 0);
}
