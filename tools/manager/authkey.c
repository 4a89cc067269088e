/*
 * authkey.c - the key that authenticates clients.
 */
#include "authkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "parent_directory.h"

#define TEMPORARY_NAME_SIZE 40

void authkey_wipe(unsigned char *bytes, size_t size) {
  if (bytes == NULL)
    return;
  explicit_bzero(bytes, size);
  free(bytes);
}

/*
 * Returns the result of the last read(): 0 at the end of the file, 1 if the key is too long, -1 on
 * an error.
 */
static int read_all(int fd, unsigned char *bytes, size_t *size) {
  ssize_t count = 1;

  *size = 0;
  while (count > 0 && *size <= AUTHKEY_MAX) {
    count = read(fd, bytes + *size, AUTHKEY_MAX + 1 - *size);
    *size += count > 0 ? (size_t)count : 0;
    if (count < 0 && errno == EINTR)
      count = 1;
  }
  return count > 0 ? 1 : (int)count;
}

bool authkey_read(int fd, const char *source, unsigned char **bytes, size_t *size) {
  unsigned char *buffer = malloc(AUTHKEY_MAX + 1);
  int result = buffer == NULL ? -1 : read_all(fd, buffer, size), errnum = errno;

  close(fd);
  if (result == 0 && *size > 0) {
    *bytes = buffer;
    return true;
  }
  if (result < 0)
    log_errno(errnum, "cannot read the key from %s", source);
  else if (result > 0)
    log_event(LOG_ERROR, "%s has a key of more than %d bytes: use a shorter key", source, AUTHKEY_MAX);
  else
    log_event(LOG_ERROR, "%s is empty: a key must have at least 1 byte", source);
  authkey_wipe(buffer, AUTHKEY_MAX + 1);
  return false;
}

/* Creating the file. */

/* Returns 0 or an errno. */
static int write_random(int fd) {
  unsigned char random[AUTHKEY_SIZE];
  size_t done = 0;
  int result = getrandom(random, sizeof random, 0) == sizeof random ? 0 : EIO;

  while (result == 0 && done < sizeof random) {
    ssize_t count = write(fd, random + done, sizeof random - done);

    if (count < 0 && errno != EINTR)
      result = errno;
    done += count > 0 ? (size_t)count : 0;
  }
  explicit_bzero(random, sizeof random);
  if (result == 0 && (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || fsync(fd) != 0))
    result = errno;
  return result;
}

/* Opens a file without a name (O_TMPFILE) or, if `is_unnamed` is false, with a temporary name. */
static int open_temporary(const parent_directory *parent, bool is_unnamed, char name[TEMPORARY_NAME_SIZE]) {
  uint64_t number;

  name[0] = '\0';
  if (is_unnamed)
    return openat(parent->fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (getrandom(&number, sizeof number, 0) != sizeof number)
    return -1;
  snprintf(name, TEMPORARY_NAME_SIZE, ".shareable-key-%016llx", (unsigned long long)number);
  return openat(parent->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* Gives the file its name, unless a file with that name exists. Returns 0 or an errno. */
static int link_file(const parent_directory *parent, int fd, const char *temporary) {
  char path[32];

  if (temporary[0] != '\0')
    return linkat(parent->fd, temporary, parent->fd, parent->name, 0) == 0 ? 0 : errno;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, path, parent->fd, parent->name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Returns 0 or an errno. */
static int create_once(const parent_directory *parent, bool is_unnamed) {
  char temporary[TEMPORARY_NAME_SIZE];
  int fd = open_temporary(parent, is_unnamed, temporary), result;

  if (fd < 0)
    return errno;
  result = write_random(fd);
  if (result == 0)
    result = link_file(parent, fd, temporary);
  if (temporary[0] != '\0')
    unlinkat(parent->fd, temporary, 0);
  close(fd);
  return result;
}

/*
 * Returns 0 or an errno. If another process creates the file first, returns 0, and the key of that
 * file is used.
 */
static int create_file(const char *path) {
  parent_directory parent;
  int result;

  if (!parent_directory_open(&parent, path))
    return errno;
  result = create_once(&parent, true);
  if (result != 0 && result != EEXIST)
    result = create_once(&parent, false);
  if (result == 0)
    fsync(parent.fd); /* if this fails, a crash may lose the file: the next start creates another key */
  parent_directory_close(&parent);
  return result == EEXIST ? 0 : result;
}

/* Checking the file. */

static bool is_trusted(uid_t user) {
  return user == geteuid() || user == 0;
}

static bool check_file(const struct stat *file, const char *path) {
  if (!S_ISREG(file->st_mode))
    log_event(LOG_ERROR, "the key file %s is not a regular file: use another file, or a path that does not exist",
              path);
  else if (!is_trusted(file->st_uid))
    log_event(LOG_ERROR, "the key file %s belongs to user %lu: use a file of this user", path,
              (unsigned long)file->st_uid);
  else if ((file->st_mode & 077) != 0)
    log_event(LOG_ERROR,
              "the key file %s can be read or written by other users (its mode is %04o): run chmod 600 on it", path,
              (unsigned)file->st_mode & 07777);
  else
    return true;
  return false;
}

/* The kernel follows at most this number of symbolic links for one path. */
#define LINKS_MAX 40

typedef struct link_search {
  int links_left;
  struct stat link; /* the link that was found */
  char name[PATH_MAX];
} link_search;

static bool find_foreign_link(link_search *search, const char *path);

static bool search_link_target(link_search *search, const char *link) {
  char path[2 * PATH_MAX], target[PATH_MAX];
  const char *slash = strrchr(link, '/');
  ssize_t size = readlink(link, target, sizeof target - 1);

  if (size < 0 || search->links_left-- == 0)
    return false; /* then open() fails, too */
  target[size] = '\0';
  snprintf(path, sizeof path, "%.*s%s", target[0] == '/' || slash == NULL ? 0 : (int)(slash - link) + 1, link, target);
  return find_foreign_link(search, path);
}

/*
 * Searches the path and the targets of its links for a symbolic link of a user other than this one
 * and root.
 */
static bool find_foreign_link(link_search *search, const char *path) {
  char part[PATH_MAX];

  for (size_t end = 1; end <= strlen(path) && end < sizeof part; end++) {
    if (path[end - 1] == '/' || (path[end] != '/' && path[end] != '\0'))
      continue;
    memcpy(part, path, end);
    part[end] = '\0';
    if (lstat(part, &search->link) != 0)
      return false;
    if (!S_ISLNK(search->link.st_mode))
      continue;
    if (!is_trusted(search->link.st_uid)) {
      strcpy(search->name, part);
      return true;
    }
    if (search_link_target(search, part))
      return true;
  }
  return false;
}

/*
 * A link that another user creates may lead to any file of this user, for example to one with known
 * contents.
 */
static bool is_trusted_path(const char *path) {
  link_search search = {.links_left = LINKS_MAX};

  if (!find_foreign_link(&search, path))
    return true;
  log_event(LOG_ERROR, "the key file %s: %s is a symbolic link of user %lu: use a file of this user", path, search.name,
            (unsigned long)search.link.st_uid);
  return false;
}

/*
 * Checks before open(), because opening a device may have side effects, and again after open(),
 * because the file may have been replaced.
 */
static int open_checked(const char *path) {
  struct stat file;
  int fd;

  if (stat(path, &file) == 0 && !check_file(&file, path))
    return -1;
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    log_errno(errno, "cannot open the key file %s", path);
  } else if (fstat(fd, &file) != 0 || !check_file(&file, path)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

bool authkey_load(const char *path, unsigned char **bytes, size_t *size) {
  struct stat file;
  int fd, errnum;

  if (!is_trusted_path(path))
    return false;
  if (stat(path, &file) != 0 && errno == ENOENT) {
    errnum = create_file(path);
    if (errnum != 0) {
      log_errno(errnum, "cannot create the key file %s", path);
      return false;
    }
  }
  fd = open_checked(path);
  return fd >= 0 && authkey_read(fd, path, bytes, size);
}
