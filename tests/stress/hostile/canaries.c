/*
 * canaries.c - the canaries: blocks and files that no attack may change.
 */
#include "canaries.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "victims.h"

enum { FILES = 4, PATH = 128 };
static const uid_t users[] = {0, FIRST_USER};
static const char content[] = "only the supervisor writes";

static struct stat blocks[2], files[2][FILES];
static int watch;

void canary_name(char name[12], uid_t user) {
  snprintf(name, 12, "canry-%05u", (unsigned)user);
}

static void block_path(char path[PATH], uid_t user) {
  char name[12];

  canary_name(name, user);
  snprintf(path, PATH, SHM "%s", name);
}

uint64_t canary_inode(uid_t user) {
  char path[PATH];
  struct stat file;

  block_path(path, user);
  return lstat(path, &file) == 0 ? file.st_ino : 0;
}

static void write_file(const char *path, uid_t user, mode_t mode, struct stat *file) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

  if (fd < 0 || write(fd, content, sizeof content) != sizeof content || fchmod(fd, mode) != 0 ||
      fchown(fd, user, user) != 0 || fstat(fd, file) != 0)
    unlink(path); /* no space: the next check tries again */
  if (fd >= 0)
    close(fd);
}

static void create_block(int k) {
  char path[PATH];

  block_path(path, users[k]);
  write_file(path, users[k], 0600, &blocks[k]);
}

static void create_public(uid_t user) {
  char path[PATH];
  struct stat file;
  static const char zeros[1 << 16];
  int fd;

  snprintf(path, sizeof path, SHM PUBLIC_BLOCK, (unsigned)user);
  write_file(path, user, 0666, &file);
  fd = open(path, O_RDWR | O_CLOEXEC);
  if (pwrite(fd, zeros, sizeof zeros, 0) < 0)
    warn("cannot fill %s", path);
  close(fd);
}

static void outside_path(char path[PATH], int k, int n) {
  snprintf(path, PATH, "%s/outside-%u/" OUTSIDE_FILE "%d", work_directory, (unsigned)users[k], n);
}

static void create_outside(int k) {
  char path[PATH];

  snprintf(path, sizeof path, "%s/outside-%u", work_directory, (unsigned)users[k]);
  if (mkdir(path, 0700) != 0 || chmod(path, 0711) != 0 || chown(path, users[k], users[k]) != 0)
    err(2, "cannot create %s", path);
  for (int n = 0; n < FILES; n++) {
    outside_path(path, k, n);
    write_file(path, users[k], 0600, &files[k][n]);
  }
  snprintf(path, sizeof path, "%s/outside-%u", work_directory, (unsigned)users[k]);
  if (inotify_add_watch(watch, path, IN_OPEN | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVE) < 0)
    err(2, "cannot watch %s", path);
}

void canaries_create(void) {
  watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  for (int k = 0; k < 2; k++) {
    create_block(k);
    create_public(users[k]);
    create_outside(k);
  }
}

static bool is_same(const char *path, const struct stat *before) {
  struct stat now;

  return lstat(path, &now) == 0 && now.st_ino == before->st_ino && now.st_size == before->st_size &&
         now.st_uid == before->st_uid && now.st_mode == before->st_mode &&
         now.st_mtim.tv_sec == before->st_mtim.tv_sec && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static void check_content(const char *path) {
  char bytes[sizeof content] = {0};
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 || read(fd, bytes, sizeof bytes) != sizeof bytes || memcmp(bytes, content, sizeof content) != 0)
    violation(VALUE, "%s was overwritten", path);
  if (fd >= 0)
    close(fd);
}

static void check_block(int k) {
  char path[PATH];

  block_path(path, users[k]);
  if (is_same(path, &blocks[k])) {
    check_content(path);
    return;
  }
  violation(REMOVED, "%s was removed or replaced", path);
  unlink(path);
  create_block(k);
}

/* An open file means that gc may have taken it for a log. */
static void check_events(void) {
  char events[4096];
  ssize_t length;

  while ((length = read(watch, events, sizeof events)) > 0)
    for (const char *next = events; next < events + length;) {
      struct inotify_event event;

      memcpy(&event, next, sizeof event);
      violation(OUTSIDE, "%s outside /dev/shm: inotify event 0x%x", event.len > 0 ? next + sizeof event : "a directory",
                (unsigned)event.mask);
      next += sizeof event + event.len;
    }
}

/* Discards the events that the supervisor itself causes. */
static void forget_events(void) {
  char events[4096];

  while (read(watch, events, sizeof events) > 0)
    ;
}

static void check_outside(int k, int n) {
  char path[PATH];

  outside_path(path, k, n);
  if (is_same(path, &files[k][n]))
    return;
  violation(OUTSIDE, "%s was changed or removed", path);
  unlink(path);
  write_file(path, users[k], 0600, &files[k][n]);
  forget_events();
}

void canaries_check(void) {
  check_events();
  for (int k = 0; k < 2; k++) {
    check_block(k);
    for (int n = 0; n < FILES; n++)
      check_outside(k, n);
  }
}

void links_remove(void) {
  DIR *stream = opendir("/dev/shm");
  const struct dirent *entry;

  while (stream != NULL && (entry = readdir(stream)) != NULL)
    if (strncmp(entry->d_name, LINK_PREFIX, strlen(LINK_PREFIX)) == 0)
      unlinkat(dirfd(stream), entry->d_name, 0);
  if (stream != NULL)
    closedir(stream);
}
