/*
 * owner_directory.c - the directories in /dev/shm that contain a user's ownership logs.
 */
#include "shm/owner_directory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/random.h"
#include "shm/segment.h"

#define PREFIX ".shareable-"
/* SEARCH_MAX names are read in about a millisecond. */
enum { TRIES = 100, SEARCH_MAX = 2000 };

/* The uid that a user namespace shows for all users that have no id there. */
#define OVERFLOW_UID 65534

int shareable__shm_directory_open(void) {
  return shareable__openat(AT_FDCWD, SHAREABLE__DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
}

bool shareable__shm_identify(shareable__file_id *id) {
  struct stat status;

  if (stat(SHAREABLE__DIRECTORY, &status) != 0)
    return false;
  *id = (shareable__file_id){status.st_dev, status.st_ino};
  return true;
}

/*
 * Returns whether the name has the form .shareable-UID or .shareable-UID.SUFFIX, and the user in
 * it.
 */
static bool parse_name(const char *name, uid_t *user) {
  const char *digits = name + sizeof PREFIX - 1;
  char *end;
  unsigned long number;

  if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0 || !isdigit((unsigned char)digits[0]))
    return false;
  errno = 0;
  number = strtoul(digits, &end, 10);
  *user = (uid_t)number;
  return errno == 0 && *user == number && (*end == '\0' || *end == '.');
}

/*
 * Only the file's real owner, and root of a namespace in which the owner has an id, may open a file
 * with O_NOATIME.
 */
bool shareable__owner_is_mapped(int directory, const char *name, uid_t user) {
  int fd;

  if (user != OVERFLOW_UID)
    return true;
  fd = shareable__openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME, 0);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static int check(shareable__owner_directory *directory, bool any_user) {
  struct stat status;

  if (fstat(directory->fd, &status) != 0)
    return errno;
  if (any_user)
    directory->user = status.st_uid;
  return S_ISDIR(status.st_mode) && status.st_uid == directory->user && (status.st_mode & 0777) == S_IRWXU &&
             shareable__owner_is_mapped(directory->fd, ".", directory->user)
           ? 0
           : EPERM;
}

/*
 * Returns EPERM if the name is proven not to be a directory of the user; otherwise the errno.
 * ENOENT: it was removed.
 */
static int failure_of(int shm, const char *name, uid_t user, int errnum) {
  struct stat status;

  if (errnum == ENOTDIR || errnum == ELOOP)
    return EPERM;
  if (errnum != EACCES)
    return errnum;
  if (fstatat(shm, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno;
  return status.st_uid != user || (status.st_mode & 0777) != S_IRWXU ? EPERM : EACCES;
}

static int open_checked(int shm, const char *name, bool any_user, shareable__owner_directory *directory) {
  int errnum;

  if (strlen(name) >= sizeof directory->name || !parse_name(name, &directory->user))
    return EPERM;
  strcpy(directory->name, name);
  directory->fd = shareable__openat(shm, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (directory->fd < 0)
    return failure_of(shm, name, directory->user, errno);
  errnum = check(directory, any_user);
  if (errnum != 0)
    shareable__owner_directory_close(directory);
  return errnum;
}

int shareable__owner_directory_open(int shm, const char *name, shareable__owner_directory *directory) {
  return open_checked(shm, name, false, directory);
}

void shareable__owner_directory_close(shareable__owner_directory *directory) {
  if (directory->fd >= 0)
    close(directory->fd);
  directory->fd = -1;
}

void shareable__owner_directory_remove(const shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();
  struct stat opened, named;

  if (shm < 0)
    return;
  if (fstat(directory->fd, &opened) == 0 && fstatat(shm, directory->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
      opened.st_dev == named.st_dev && opened.st_ino == named.st_ino)
    unlinkat(shm, directory->name, AT_REMOVEDIR);
  close(shm);
}

/*
 * A process with another file system user (setfsuid(2)) creates a directory that does not belong to
 * its effective user; then it is removed. In a sticky directory, no other user can replace it
 * before that. The umask may have removed rights.
 */
static int check_created(int shm, const char *name, shareable__owner_directory *directory) {
  int errnum;

  if (fchmodat(shm, name, S_IRWXU, 0) != 0)
    return errno;
  errnum = shareable__owner_directory_open(shm, name, directory);
  if (errnum != EPERM)
    return errnum;
  unlinkat(shm, name, AT_REMOVEDIR);
  return EACCES;
}

static int create(int shm, const char *name, shareable__owner_directory *directory) {
  if (mkdirat(shm, name, S_IRWXU) != 0)
    return errno == EEXIST ? shareable__owner_directory_open(shm, name, directory) : errno;
  return check_created(shm, name, directory);
}

/*
 * Called with each name in /dev/shm that this user's directories may have; if the user is root, any
 * user's.
 */
typedef int name_callback(int shm, const char *name, void *context);

static bool names_user(const char *name) {
  uid_t user;

  return parse_name(name, &user) && (geteuid() == 0 || user == geteuid());
}

/*
 * Skips other names without a system call, because other users may have created any number of them.
 */
static bool is_candidate(const struct dirent *entry) {
  return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && names_user(entry->d_name);
}

/* Calls `visit` until it does not return 0, and returns that value. Reads `limit` names at most. */
static int foreach_name(int shm, size_t limit, name_callback *visit, void *context) {
  DIR *list = shareable__opendirat(shm, ".");
  const struct dirent *entry;
  int errnum = 0;

  if (list == NULL)
    return errno;
  while (errnum == 0 && (errno = 0, limit-- > 0) && (entry = readdir(list)) != NULL)
    if (is_candidate(entry))
      errnum = visit(shm, entry->d_name, context);
  if (errnum == 0)
    errnum = errno;
  closedir(list);
  return errnum;
}

/* Saves opening the directory, which takes longer. */
static bool belongs_to_other(int shm, const char *name, uid_t user) {
  struct stat status;

  return fstatat(shm, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && (!S_ISDIR(status.st_mode) || status.st_uid != user);
}

/* Returns EEXIST, which stops the search, when a directory can be used. */
static int find_usable(int shm, const char *name, void *context) {
  uid_t user;

  return parse_name(name, &user) && user == geteuid() && !belongs_to_other(shm, name, user) &&
             shareable__owner_directory_open(shm, name, context) == 0
           ? EEXIST
           : 0;
}

/*
 * The user and the random number in the name of the last such directory that this process has
 * created; 0: none.
 */
static _Atomic(uint64_t) last_random;

static int create_numbered(int shm, uint32_t bits, shareable__owner_directory *directory) {
  char name[sizeof directory->name];

  snprintf(name, sizeof name, PREFIX "%lu.%08" PRIx32, (unsigned long)geteuid(), bits);
  return create(shm, name, directory);
}

/* Creates a directory with an unpredictable name. */
static int create_random(int shm, shareable__owner_directory *directory) {
  uint32_t bits;
  int errnum = shareable__random(&bits, sizeof bits);

  if (errnum == 0)
    errnum = create_numbered(shm, bits, directory);
  if (errnum == 0)
    atomic_store(&last_random, (uint64_t)geteuid() << 32 | bits);
  return errnum;
}

/*
 * Opens or creates the directory that this process has created last. Another user may have taken
 * its name.
 */
static int create_again(int shm, shareable__owner_directory *directory) {
  uint64_t previous = atomic_load(&last_random);

  return previous != 0 && previous >> 32 == geteuid() ? create_numbered(shm, (uint32_t)previous, directory) : EPERM;
}

/*
 * Opens or creates a directory if another user has taken the usual name: one that exists among the
 * first names, or a new one. shareable__owner_directory_foreach() finds all of them.
 */
static int create_alternative(int shm, shareable__owner_directory *directory) {
  int errnum = create_again(shm, directory);

  if (errnum != EPERM)
    return errnum;
  errnum = foreach_name(shm, SEARCH_MAX, find_usable, directory);
  if (errnum == 0)
    return create_random(shm, directory);
  return errnum == EEXIST ? 0 : errnum;
}

static int create_any(int shm, shareable__owner_directory *directory) {
  char name[sizeof directory->name];
  int errnum;

  snprintf(name, sizeof name, PREFIX "%lu", (unsigned long)geteuid());
  errnum = create(shm, name, directory);
  return errnum == EPERM ? create_alternative(shm, directory) : errnum;
}

static bool is_transient(int errnum) {
  return errnum == ENOENT || errnum == EPERM || errnum == EACCES;
}

/*
 * Between two calls, a directory may be removed with its last log, or replaced by another user's
 * directory (EACCES).
 */
int shareable__owner_directory_create(shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), errnum = ENOENT;

  if (shm < 0)
    return errno;
  for (int tries = 0; tries < TRIES && is_transient(errnum); tries++)
    errnum = create_any(shm, directory);
  close(shm);
  return errnum;
}

typedef struct directory_walk {
  shareable__owner_directory_callback *visit;
  void *context;
  int errnum; /* of a directory that could not be opened */
} directory_walk;

/*
 * Root outside a container sees the directories of its users, whose uid in the container differs
 * from the owner here.
 */
static int visit_directory(int shm, const char *name, void *context) {
  directory_walk *walk = context;
  shareable__owner_directory directory;
  int errnum;

  if (geteuid() != 0 && belongs_to_other(shm, name, geteuid()))
    return 0;
  errnum = open_checked(shm, name, geteuid() == 0, &directory);
  if (errnum == 0) {
    walk->visit(&directory, walk->context);
    shareable__owner_directory_close(&directory);
  } else if (errnum != EPERM && errnum != ENOENT) {
    walk->errnum = errnum;
  }
  return 0;
}

int shareable__owner_directory_foreach_in(int shm, shareable__owner_directory_callback *visit, void *context) {
  directory_walk walk = {visit, context, 0};
  int errnum = foreach_name(shm, SIZE_MAX, visit_directory, &walk);

  return errnum != 0 ? errnum : walk.errnum;
}

int shareable__owner_directory_foreach(shareable__owner_directory_callback *visit, void *context) {
  int shm = shareable__shm_directory_open(), errnum;

  if (shm < 0)
    return errno;
  errnum = shareable__owner_directory_foreach_in(shm, visit, context);
  close(shm);
  return errnum;
}
