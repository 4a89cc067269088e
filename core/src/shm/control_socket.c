/*
 * control_socket.c - the removal of the sockets and folders of killed managers.
 */
#include "shm/control_socket.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "shm/control_directory.h"
#include "shm/moved.h"
#include "shm/socket_folder.h"

/* The time that a manager has to listen, in seconds. */
#define STARTING_SECONDS 10

static bool begins_with(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* The pid may be that of another namespace: then this process's namespace proves nothing. */
static bool may_have_ended(const char *name, int64_t wanted) {
  int64_t pid = strtol(name + sizeof SHAREABLE__CONTROL_SOCKET_PREFIX - 1, NULL, 10);

  if (pid <= 0 || pid > INT32_MAX || (wanted != 0 && pid != wanted))
    return false;
  return wanted != 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* Returns whether a manager was killed before it listened. */
static bool is_abandoned(const shareable__control_directory *directory, const char *name) {
  struct stat file;

  return fstatat(directory->fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
         time(NULL) - file.st_mtim.tv_sec > STARTING_SECONDS;
}

static bool is_refused(const shareable__control_directory *directory, const char *name) {
  return shareable__socket_is_refused(directory->fd, name, SOCK_SEQPACKET, directory->user);
}

static bool is_stale(const shareable__control_directory *directory, const char *name, int64_t pid) {
  if (begins_with(name, SHAREABLE__CONTROL_SOCKET_PREFIX))
    return may_have_ended(name, pid) && is_refused(directory, name);
  return begins_with(name, SHAREABLE__CONTROL_SOCKET_STARTING) && is_abandoned(directory, name) &&
         is_refused(directory, name);
}

typedef struct stale_sockets {
  uid_t user;
  int64_t pid;
} stale_sockets;

static void remove_stale(const shareable__control_directory *directory, int64_t pid) {
  DIR *list = shareable__opendirat(directory->fd, ".");
  const struct dirent *entry;

  if (list == NULL)
    return;
  while ((entry = readdir(list)) != NULL)
    if ((entry->d_type == DT_SOCK || entry->d_type == DT_UNKNOWN) && is_stale(directory, entry->d_name, pid)) {
      if (begins_with(entry->d_name, SHAREABLE__CONTROL_SOCKET_PREFIX))
        shareable__socket_folder_remove(directory, entry->d_name);
      unlinkat(directory->fd, entry->d_name, 0);
    }
  closedir(list);
}

static void visit_directory(const shareable__control_directory *directory, void *context) {
  const stale_sockets *stale = context;

  if (stale->user != SHAREABLE__ANY_USER && stale->user != directory->user)
    return;
  remove_stale(directory, stale->pid);
  shareable__control_directory_remove(directory);
}

void shareable__control_socket_remove_stale(uid_t user, int64_t pid) {
  stale_sockets stale = {user, pid};

  shareable__control_directory_foreach(visit_directory, &stale);
}
