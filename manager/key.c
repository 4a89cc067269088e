/*
 * key.c - the key that clients have to show.
 */
#include "key.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void key_wipe(unsigned char *bytes, size_t size) {
  if (bytes == NULL)
    return;
  explicit_bzero(bytes, size);
  free(bytes);
}

bool key_read(int fd, unsigned char **bytes, size_t *size) {
  unsigned char *place = malloc(KEY_MAX + 1);
  ssize_t count = place == NULL ? -1 : 1;

  *size = 0;
  while (count > 0 && *size <= KEY_MAX) {
    count = read(fd, place + *size, KEY_MAX + 1 - *size);
    *size += count > 0 ? (size_t)count : 0;
    if (count < 0 && errno == EINTR)
      count = 1;
  }
  close(fd);
  if (count == 0) {
    *bytes = place;
    return true;
  }
  if (count < 0)
    warn("cannot read the key");
  else
    warnx("a key of more than %d bytes", KEY_MAX);
  key_wipe(place, KEY_MAX + 1);
  return false;
}

static void make_file(const char *path) {
  unsigned char random[KEY_SIZE];
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    return; /* whoever reads it then says why */
  if (getrandom(random, sizeof random, 0) != sizeof random || write(fd, random, sizeof random) != sizeof random)
    unlink(path);
  close(fd);
  explicit_bzero(random, sizeof random);
}

static bool is_private(int fd, const char *path) {
  struct stat status;

  if (fstat(fd, &status) == 0 && (status.st_uid == geteuid() || status.st_uid == 0) && (status.st_mode & 077) == 0)
    return true;
  warnx("%s: a key is for its owner alone: chmod 600", path);
  return false;
}

bool key_load(const char *path, unsigned char **bytes, size_t *size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT) {
    make_file(path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) {
    warn("%s", path);
    return false;
  }
  if (!is_private(fd, path)) {
    close(fd);
    return false;
  }
  return key_read(fd, bytes, size);
}
