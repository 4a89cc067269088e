/*
 * place.c - the socket that the manager listens at.
 */
#include "place.h"

#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest folder of temporary files that leaves room for ours in an address. */
#define TMPDIR_MAX 60

static bool make_directory(place *of) {
  const char *parent = secure_getenv("TMPDIR");

  if (parent == NULL || parent[0] != '/' || strlen(parent) > TMPDIR_MAX)
    parent = "/tmp";
  snprintf(of->directory, sizeof of->directory, "%s/shareable-XXXXXX", parent);
  if (mkdtemp(of->directory) != NULL)
    return true;
  warn("%s", of->directory);
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
  warnx("'%s' is no address: a path of up to 107 bytes with a '/', @NAME, or HOST:PORT with an IPv4 address", text);
  return false;
}

/* What is to be removed in the end, and nothing that somebody else puts there meanwhile. */
static void remember_file(place *of) {
  const char *path = shareable__address_path(&of->address);
  struct stat status;

  if (path == NULL || stat(path, &status) != 0)
    return;
  of->device = status.st_dev;
  of->inode = status.st_ino;
}

static bool begin(place *of) {
  int yes = 1, type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  mode_t mask = umask(0077);
  bool is_bound;

  of->socket = socket(of->address.any.sa_family, type, 0);
  if (of->address.any.sa_family == AF_INET)
    setsockopt(of->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  is_bound = of->socket >= 0 && bind(of->socket, &of->address.any, of->address.length) == 0;
  umask(mask);
  if (!is_bound)
    return false;
  remember_file(of);
  of->address.length = sizeof of->address.local;
  return listen(of->socket, SOMAXCONN) == 0 && getsockname(of->socket, &of->address.any, &of->address.length) == 0;
}

bool place_open(place *of, const char *address) {
  memset(of, 0, sizeof *of);
  of->socket = -1;
  if (find_address(of, address)) {
    if (begin(of))
      return true;
    warn("cannot listen at %s", address == NULL ? of->directory : address);
  }
  place_close(of);
  return false;
}

static bool is_ours(const place *of, const char *path) {
  struct stat status;

  return of->inode != 0 && stat(path, &status) == 0 && status.st_dev == of->device && status.st_ino == of->inode;
}

void place_close(place *of) {
  const char *path = shareable__address_path(&of->address);

  if (of->socket >= 0)
    close(of->socket);
  of->socket = -1;
  if (path != NULL && is_ours(of, path))
    unlink(path);
  if (of->directory[0] != '\0')
    rmdir(of->directory);
  of->inode = 0;
  of->directory[0] = '\0';
}
