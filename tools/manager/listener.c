/*
 * listener.c - the socket that the manager listens on.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absolute_address.h"
#include "log.h"
#include "shm/socket_folder.h"

/* The longest $TMPDIR that leaves room for the name of the socket in an address. */
#define TMPDIR_MAX 60
/*
 * A program that has bound its socket but does not listen yet also refuses connections. This is its
 * time to listen.
 */
#define LISTEN_PAUSE_US 100000

static bool make_directory(struct listener *listener) {
  const char *parent = secure_getenv("TMPDIR");

  if (parent == NULL || parent[0] != '/' || strlen(parent) > TMPDIR_MAX)
    parent = "/tmp";
  snprintf(listener->directory, sizeof listener->directory, "%s/shareable-XXXXXX", parent);
  if (mkdtemp(listener->directory) != NULL)
    return true;
  log_errno(errno, "cannot create the directory %s", listener->directory);
  listener->directory[0] = '\0';
  return false;
}

static bool parse_address(struct listener *listener, const char *text) {
  char path[SHAREABLE__ADDRESS_TEXT];

  if (text == NULL) {
    if (!make_directory(listener))
      return false;
    snprintf(path, sizeof path, "%s/" SHAREABLE__SOCKET_FOLDER_SOCKET, listener->directory);
    text = path;
  }
  if (shareable__address_parse(&listener->address, text))
    return true;
  log_event(LOG_ERROR, "'%s' is not an address", text);
  return false;
}

static bool stat_file(const struct listener *listener, struct stat *status) {
  return listener->parent.fd >= 0 &&
         fstatat(listener->parent.fd, listener->parent.name, status, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Remembers the socket's file, so that listener_close() does not remove the file of another
 * process.
 */
static void record_file(struct listener *listener) {
  struct stat status;

  if (!stat_file(listener, &status) || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
    return;
  listener->device = status.st_dev;
  listener->inode = status.st_ino;
}

static bool is_same_file(const struct listener *listener, dev_t device, ino_t inode) {
  struct stat status;

  return stat_file(listener, &status) && status.st_dev == device && status.st_ino == inode;
}

/* Returns 0 or an errno. */
static int bind_socket(struct listener *listener) {
  mode_t mask = umask(0077);
  int result = bind(listener->socket, &listener->address.any, listener->address.length) == 0 ? 0 : errno;

  umask(mask);
  return result;
}

/* Returns whether the kernel reports that no process listens on the socket's file. */
static bool is_refused(const struct listener *listener) {
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool is_dead =
    probe >= 0 && connect(probe, &listener->address.any, listener->address.length) != 0 && errno == ECONNREFUSED;

  if (probe >= 0)
    close(probe);
  return is_dead;
}

/*
 * Removes the socket's file if it is a socket of this user that no process listens on. The caller
 * holds the lock of the directory, so that no other manager creates its socket at the same time.
 */
static bool remove_stale(const struct listener *listener) {
  struct stat status;

  if (!stat_file(listener, &status))
    return errno == ENOENT;
  if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid() || !is_refused(listener))
    return false;
  usleep(LISTEN_PAUSE_US);
  return is_refused(listener) && is_same_file(listener, status.st_dev, status.st_ino) &&
         unlinkat(listener->parent.fd, listener->parent.name, 0) == 0;
}

static void report_failure(const struct listener *listener, const char *address, int errnum) {
  struct stat status;

  if (errnum != EADDRINUSE)
    log_errno(errnum, "cannot listen at %s", address);
  else if (listener->parent.fd < 0)
    log_event(LOG_ERROR, "cannot listen at %s: another program listens there", address);
  else if (listener->parent.name[0] == '\0')
    log_event(LOG_ERROR, "cannot listen at %s: it is a directory: give the path of a file in it", address);
  else if (!stat_file(listener, &status))
    log_errno(errno, "cannot listen at %s: the file there cannot be examined", address);
  else if (!S_ISSOCK(status.st_mode))
    log_event(LOG_ERROR, "cannot listen at %s: the file there is not a socket", address);
  else if (status.st_uid != geteuid())
    log_event(LOG_ERROR, "cannot listen at %s: the socket there belongs to user %lu", address,
              (unsigned long)status.st_uid);
  else if (!is_refused(listener))
    log_event(LOG_ERROR, "cannot listen at %s: another program listens there", address);
  else
    log_event(LOG_ERROR, "cannot listen at %s: the socket there is unused, but cannot be removed: remove it", address);
}

/* Returns 0 or an errno. */
static int bind_and_listen(struct listener *listener, bool may_replace) {
  int result = bind_socket(listener);

  if (result == EADDRINUSE && may_replace && remove_stale(listener))
    result = bind_socket(listener);
  if (result != 0)
    return result;
  record_file(listener);
  listener->address.length = sizeof listener->address.local;
  return listen(listener->socket, SOMAXCONN) == 0 &&
             getsockname(listener->socket, &listener->address.any, &listener->address.length) == 0
           ? 0
           : errno;
}

/* Returns 0 or an errno. */
static int start_listening(struct listener *listener) {
  const char *path = shareable__address_path(&listener->address);
  bool is_locked;
  int result;

  listener->socket = socket(listener->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->socket < 0 || (path != NULL && !parent_directory_open(&listener->parent, path)))
    return errno;
  if (listener->address.any.sa_family == AF_INET)
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  is_locked = path != NULL && parent_directory_lock(&listener->parent);
  result = bind_and_listen(listener, is_locked);
  if (is_locked)
    parent_directory_unlock(&listener->parent);
  return result;
}

/* Others look for the address in other working directories, and the manager leaves its own. */
static void set_text(struct listener *listener) {
  char text[SHAREABLE__ADDRESS_TEXT];

  if (shareable__address_format(&listener->address, text) && !absolute_address(text, listener->text))
    strcpy(listener->text, text);
}

static void warn_if_remote(const struct listener *listener) {
  if (listener->address.any.sa_family != AF_INET ||
      ntohl(listener->address.internet.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
    return;
  log_event(LOG_WARNING,
            "warning: %s is not a loopback address: other machines may connect, and the traffic is not encrypted",
            listener->text);
}

bool listener_open(struct listener *listener, const char *address) {
  int result;

  memset(listener, 0, sizeof *listener);
  listener->socket = listener->parent.fd = -1;
  if (parse_address(listener, address)) {
    result = start_listening(listener);
    if (result == 0) {
      set_text(listener);
      warn_if_remote(listener);
      return true;
    }
    report_failure(listener, address == NULL ? listener->directory : address, result);
  }
  listener_close(listener);
  return false;
}

/*
 * Removes the file before it closes the socket: once it is closed, another manager may take the
 * file for a stale one.
 */
void listener_close(struct listener *listener) {
  if (listener->inode != 0 && is_same_file(listener, listener->device, listener->inode))
    unlinkat(listener->parent.fd, listener->parent.name, 0);
  if (listener->socket >= 0)
    close(listener->socket);
  listener->socket = -1;
  parent_directory_close(&listener->parent);
  if (listener->directory[0] != '\0')
    rmdir(listener->directory);
  listener->inode = 0;
  listener->directory[0] = '\0';
}
