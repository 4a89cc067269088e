/*
 * control_directory.c - the directories that contain the control sockets of managers.
 */
#include "shm/control_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "shm/owner_directory.h"
#include "shm/segment.h"

#define RUN "/run"
#define RUN_USER "/run/user"
#define NAME "shareable-managers"

typedef struct parent_path {
  char text[32];
} parent_path;

static parent_path parent_of_user(uid_t user) {
  parent_path path;

  snprintf(path.text, sizeof path.text, RUN_USER "/%lu", (unsigned long)user);
  return path;
}

void shareable__control_directory_close(shareable__control_directory *directory) {
  close(directory->fd);
  directory->fd = -1;
}

/*
 * Opens the parent if only root or the user can create files there. A container may have any /run.
 * Returns -1 with errno on failure.
 */
static int open_parent(const char *path, uid_t user) {
  int parent = shareable__openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  struct stat status;

  if (parent < 0)
    return -1;
  if (fstat(parent, &status) == 0 && (status.st_uid == 0 || status.st_uid == user) &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return parent;
  close(parent);
  errno = ENOENT;
  return -1;
}

/* Returns whether the directory is private. Sets its user. */
static bool is_private(shareable__control_directory *directory) {
  struct stat status;

  if (fstat(directory->fd, &status) != 0 || (status.st_mode & 07777) != S_IRWXU)
    return false;
  directory->user = status.st_uid;
  return true;
}

/* Returns ENOENT also if there is something that is no private directory. */
static int open_private(int parent, const char *path, shareable__control_directory *directory) {
  directory->fd = shareable__openat(parent, NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (directory->fd < 0)
    return errno == ENOTDIR || errno == ELOOP ? ENOENT : errno;
  snprintf(directory->path, sizeof directory->path, "%s/" NAME, path);
  if (is_private(directory))
    return 0;
  shareable__control_directory_close(directory);
  return ENOENT;
}

/*
 * Creating. A process with another file system user (setfsuid(2)) creates a directory that does not
 * belong to its effective user: it is removed.
 */

/* A service may see a /run that it can only read. */
static int open_own(int parent, const char *path, shareable__control_directory *directory) {
  int errnum = open_private(parent, path, directory);

  if (errnum != 0)
    return errnum;
  if (directory->user != geteuid())
    errnum = EPERM;
  else if (faccessat(directory->fd, ".", W_OK, AT_EACCESS) != 0)
    errnum = errno;
  if (errnum != 0)
    shareable__control_directory_close(directory);
  return errnum;
}

static int create_in_parent(int parent, const char *path, shareable__control_directory *directory) {
  int errnum;

  if (mkdirat(parent, NAME, S_IRWXU) != 0)
    return errno == EEXIST ? open_own(parent, path, directory) : errno;
  /* The umask may have removed rights. */
  errnum = fchmodat(parent, NAME, S_IRWXU, 0) == 0 ? open_own(parent, path, directory) : errno;
  if (errnum != 0)
    unlinkat(parent, NAME, AT_REMOVEDIR);
  return errnum;
}

static int create_in(const char *path, shareable__control_directory *directory) {
  int parent = open_parent(path, geteuid()), errnum;

  if (parent < 0)
    return errno;
  errnum = create_in_parent(parent, path, directory);
  close(parent);
  return errnum;
}

static shareable__control_directory from_owner_directory(const shareable__owner_directory *owner) {
  shareable__control_directory directory = {.fd = owner->fd, .user = owner->user};

  snprintf(directory.path, sizeof directory.path, SHAREABLE__DIRECTORY "/%s", owner->name);
  return directory;
}

int shareable__control_directory_create(shareable__control_directory *directory) {
  parent_path own = parent_of_user(geteuid());
  shareable__owner_directory owner;
  int errnum;

  if (create_in(own.text, directory) == 0 || create_in(RUN, directory) == 0)
    return 0;
  errnum = shareable__owner_directory_create(&owner);
  if (errnum == 0)
    *directory = from_owner_directory(&owner);
  return errnum;
}

void shareable__control_directory_remove(const shareable__control_directory *directory) {
  struct stat opened, named;

  if (fstat(directory->fd, &opened) == 0 && lstat(directory->path, &named) == 0 && opened.st_dev == named.st_dev &&
      opened.st_ino == named.st_ino)
    rmdir(directory->path);
}

/* Visiting. */

typedef struct directory_walk {
  shareable__control_directory_callback *visit;
  void *context;
  int errnum; /* of a directory that could not be opened */
} directory_walk;

static void note_failure(directory_walk *walk, int errnum) {
  if (errnum != ENOENT)
    walk->errnum = errnum;
}

/* Saves opening the directory, which is not permitted. */
static bool belongs_to_other(int parent) {
  struct stat status;

  return geteuid() != 0 && fstatat(parent, NAME, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid != geteuid();
}

static void visit_in_parent(int parent, const char *path, directory_walk *walk) {
  shareable__control_directory directory;
  int errnum = belongs_to_other(parent) ? ENOENT : open_private(parent, path, &directory);

  if (errnum != 0) {
    note_failure(walk, errnum);
    return;
  }
  walk->visit(&directory, walk->context);
  shareable__control_directory_close(&directory);
}

/* Visits the directory in the parent, which belongs to the user or to root. */
static void visit_in(const char *path, uid_t user, directory_walk *walk) {
  int parent = open_parent(path, user);

  if (parent < 0) {
    note_failure(walk, errno);
    return;
  }
  visit_in_parent(parent, path, walk);
  close(parent);
}

static void visit_name(const char *name, directory_walk *walk) {
  char *end;
  uid_t user = (uid_t)strtoul(name, &end, 10);

  if (end != name && *end == '\0')
    visit_in(parent_of_user(user).text, user, walk);
}

static void visit_sessions(directory_walk *walk) {
  DIR *users = shareable__opendirat(AT_FDCWD, RUN_USER);
  const struct dirent *entry;

  if (users == NULL) {
    note_failure(walk, errno);
    return;
  }
  while ((entry = readdir(users)) != NULL)
    visit_name(entry->d_name, walk);
  closedir(users);
}

static void visit_owner_directory(const shareable__owner_directory *owner, void *context) {
  const directory_walk *walk = context;
  shareable__control_directory directory = from_owner_directory(owner);

  walk->visit(&directory, walk->context);
}

int shareable__control_directory_foreach(shareable__control_directory_callback *visit, void *context) {
  directory_walk walk = {visit, context, 0};
  int errnum;

  if (geteuid() == 0)
    visit_sessions(&walk);
  else
    visit_in(parent_of_user(geteuid()).text, geteuid(), &walk);
  visit_in(RUN, geteuid(), &walk);
  errnum = shareable__owner_directory_foreach(visit_owner_directory, &walk);
  return errnum != 0 ? errnum : walk.errnum;
}
