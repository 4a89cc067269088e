/*
 * place.c - the socket that the manager listens at.
 */
#include "place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

/* The longest folder of temporary files that leaves room for ours in an address. */
#define TMPDIR_MAX 60
/* A program that has bound its socket but does not listen yet refuses connections, too. It gets this time to listen. */
#define LISTEN_PAUSE_US 100000

static bool make_directory(place *of) {
  const char *parent = secure_getenv("TMPDIR");

  if (parent == NULL || parent[0] != '/' || strlen(parent) > TMPDIR_MAX)
    parent = "/tmp";
  snprintf(of->directory, sizeof of->directory, "%s/shareable-XXXXXX", parent);
  if (mkdtemp(of->directory) != NULL)
    return true;
  log_errno(errno, "cannot make the directory %s", of->directory);
  of->directory[0] = '\0';
  return false;
}

static bool find_address(place *of, const char *text) {
  char path[SHAREABLE__ADDRESS_TEXT];

  if (text == NULL) {
    if (!make_directory(of))
      return false;
    snprintf(path, sizeof path, "%s/manager", of->directory);
    text = path;
  }
  if (shareable__address_read(&of->address, text))
    return true;
  log_event(LOG_STATE,
            "'%s' is no address: a path of up to 107 bytes with a '/', @NAME, or HOST:PORT with an IPv4 address", text);
  return false;
}

static bool status_of(const place *of, struct stat *status) {
  return of->parent.fd >= 0 && fstatat(of->parent.fd, of->parent.name, status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* So that a file which another process puts there is not removed in the end. */
static void remember_file(place *of) {
  struct stat status;

  if (!status_of(of, &status) || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
    return;
  of->device = status.st_dev;
  of->inode = status.st_ino;
}

static bool is_at(const place *of, dev_t device, ino_t inode) {
  struct stat status;

  return status_of(of, &status) && status.st_dev == device && status.st_ino == inode;
}

/* Returns 0 or an errno. */
static int bind_socket(place *of) {
  mode_t mask = umask(0077);
  int result = bind(of->socket, &of->address.any, of->address.length) == 0 ? 0 : errno;

  umask(mask);
  return result;
}

/* Whether the kernel reports that no process listens at the socket's file. */
static bool is_refused(const place *of) {
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool is_dead = probe >= 0 && connect(probe, &of->address.any, of->address.length) != 0 && errno == ECONNREFUSED;

  if (probe >= 0)
    close(probe);
  return is_dead;
}

/*
 * Removes the socket's file if it is a socket of this user's that no process listens at. The directory's lock is held, so no
 * other manager puts its socket there meanwhile.
 */
static bool remove_stale(const place *of) {
  struct stat status;

  if (!status_of(of, &status))
    return errno == ENOENT;
  if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid() || !is_refused(of))
    return false;
  usleep(LISTEN_PAUSE_US);
  return is_refused(of) && is_at(of, status.st_dev, status.st_ino) && unlinkat(of->parent.fd, of->parent.name, 0) == 0;
}

static void fail_to_listen(const place *of, const char *address, int number) {
  struct stat status;

  if (number != EADDRINUSE)
    log_errno(number, "cannot listen at %s", address);
  else if (of->parent.fd < 0)
    log_event(LOG_STATE, "cannot listen at %s: another program listens there", address);
  else if (of->parent.name[0] == '\0')
    log_event(LOG_STATE, "cannot listen at %s: it is a directory: name a file in it", address);
  else if (!status_of(of, &status))
    log_errno(errno, "cannot listen at %s: a file was there, and cannot be looked at", address);
  else if (!S_ISSOCK(status.st_mode))
    log_event(LOG_STATE, "cannot listen at %s: a file that is not a socket is there", address);
  else if (status.st_uid != geteuid())
    log_event(LOG_STATE, "cannot listen at %s: the socket there belongs to user %lu", address,
              (unsigned long)status.st_uid);
  else if (!is_refused(of))
    log_event(LOG_STATE, "cannot listen at %s: another program listens there", address);
  else
    log_event(LOG_STATE, "cannot listen at %s: the socket there is not used and cannot be removed: remove it", address);
}

/* Returns 0 or an errno. */
static int bind_and_listen(place *of, bool may_replace) {
  int result = bind_socket(of);

  if (result == EADDRINUSE && may_replace && remove_stale(of))
    result = bind_socket(of);
  if (result != 0)
    return result;
  remember_file(of);
  of->address.length = sizeof of->address.local;
  return listen(of->socket, SOMAXCONN) == 0 && getsockname(of->socket, &of->address.any, &of->address.length) == 0
           ? 0
           : errno;
}

/* Returns 0 or an errno. */
static int begin(place *of) {
  const char *path = shareable__address_path(&of->address);
  bool is_locked;
  int result;

  of->socket = socket(of->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (of->socket < 0 || (path != NULL && !folder_open(&of->parent, path)))
    return errno;
  if (of->address.any.sa_family == AF_INET)
    setsockopt(of->socket, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  is_locked = path != NULL && folder_lock(&of->parent);
  result = bind_and_listen(of, is_locked);
  if (is_locked)
    folder_unlock(&of->parent);
  return result;
}

static void warn_of_network(const place *of) {
  char text[SHAREABLE__ADDRESS_TEXT];

  if (of->address.any.sa_family != AF_INET || ntohl(of->address.internet.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
    return;
  shareable__address_write(&of->address, text);
  log_event(LOG_STATE,
            "warning: %s is not a loopback address: other machines may connect, and nothing that they send or receive "
            "is encrypted",
            text);
}

bool place_open(place *of, const char *address) {
  int result;

  memset(of, 0, sizeof *of);
  of->socket = of->parent.fd = -1;
  if (find_address(of, address)) {
    result = begin(of);
    if (result == 0) {
      warn_of_network(of);
      return true;
    }
    fail_to_listen(of, address == NULL ? of->directory : address, result);
  }
  place_close(of);
  return false;
}

/* The file goes before the socket is closed: from then on, another manager may take the socket for a dead one's. */
void place_close(place *of) {
  if (of->inode != 0 && is_at(of, of->device, of->inode))
    unlinkat(of->parent.fd, of->parent.name, 0);
  if (of->socket >= 0)
    close(of->socket);
  of->socket = -1;
  folder_close(&of->parent);
  if (of->directory[0] != '\0')
    rmdir(of->directory);
  of->inode = 0;
  of->directory[0] = '\0';
}
