/*
 * owner_directory.c - the directories in /dev/shm that hold a user's ownership logs.
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
enum { TRIES = 100, SEARCHED = 2000 };

/* In a user namespace, files of all users that have no id there seem to have this one. */
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

/* The user that a name of the form .shareable-UID or .shareable-UID.SUFFIX names. */
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

/* Only the owner, as the kernel knows it, and root of a namespace that has that owner, may open a file so. */
bool shareable__owner_is_mapped(int directory, const char *name, uid_t user) {
  int fd;

  if (user != OVERFLOW_UID)
    return true;
  fd = shareable__openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME, 0);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static int check(shareable__owner_directory *directory, bool of_any_user) {
  struct stat status;

  if (fstat(directory->fd, &status) != 0)
    return errno;
  if (of_any_user)
    directory->user = status.st_uid;
  return S_ISDIR(status.st_mode) && status.st_uid == directory->user && (status.st_mode & 0777) == S_IRWXU &&
             shareable__owner_is_mapped(directory->fd, ".", directory->user)
           ? 0
           : EPERM;
}

/* Returns the errno, or EPERM if the name is proven to be something else. Root may have removed it since: ENOENT. */
static int why_not(int shm, const char *name, uid_t user, int system) {
  struct stat status;

  if (system == ENOTDIR || system == ELOOP)
    return EPERM;
  if (system != EACCES)
    return system;
  if (fstatat(shm, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno;
  return status.st_uid != user || (status.st_mode & 0777) != S_IRWXU ? EPERM : EACCES;
}

static int open_checked(int shm, const char *name, bool of_any_user, shareable__owner_directory *directory) {
  int system;

  if (strlen(name) >= sizeof directory->name || !parse_name(name, &directory->user))
    return EPERM;
  strcpy(directory->name, name);
  directory->fd = shareable__openat(shm, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (directory->fd < 0)
    return why_not(shm, name, directory->user, errno);
  system = check(directory, of_any_user);
  if (system != 0)
    shareable__owner_directory_close(directory);
  return system;
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
  struct stat ours, named;

  if (shm < 0)
    return;
  if (fstat(directory->fd, &ours) == 0 && fstatat(shm, directory->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
      ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
    unlinkat(shm, directory->name, AT_REMOVEDIR);
  close(shm);
}

/*
 * What was created and is not of this user is removed again: its file system user (setfsuid(2)) is another one. The name stays the
 * same file, in a sticky directory. The umask may take rights from the user.
 */
static int check_created(int shm, const char *name, shareable__owner_directory *directory) {
  int system;

  if (fchmodat(shm, name, S_IRWXU, 0) != 0)
    return errno;
  system = shareable__owner_directory_open(shm, name, directory);
  if (system != EPERM)
    return system;
  unlinkat(shm, name, AT_REMOVEDIR);
  return EACCES;
}

static int create(int shm, const char *name, shareable__owner_directory *directory) {
  if (mkdirat(shm, name, S_IRWXU) != 0)
    return errno == EEXIST ? shareable__owner_directory_open(shm, name, directory) : errno;
  return check_created(shm, name, directory);
}

/* The names of /dev/shm that begin as those of this user's directories do; of all users' for root. */
typedef int visit_name(int shm, const char *name, void *context);

static bool is_name_of_interest(const char *name) {
  uid_t user;

  return parse_name(name, &user) && (geteuid() == 0 || user == geteuid());
}

/* What cannot be a directory of a user is passed over here, without a system call: others may have created any number. */
static bool is_candidate(const struct dirent *entry) {
  return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && is_name_of_interest(entry->d_name);
}

/* Calls `visit` until it returns other than 0, which is returned. Of all names, only so many are read. */
static int each_name(int shm, size_t most, visit_name *visit, void *context) {
  DIR *list = shareable__opendirat(shm, ".");
  const struct dirent *entry;
  int system = 0;

  if (list == NULL)
    return errno;
  while (system == 0 && (errno = 0, most-- > 0) && (entry = readdir(list)) != NULL)
    if (is_candidate(entry))
      system = visit(shm, entry->d_name, context);
  if (system == 0)
    system = errno;
  closedir(list);
  return system;
}

/* Then it is not opened: that takes longer. */
static bool is_of_another(int shm, const char *name, uid_t user) {
  struct stat status;

  return fstatat(shm, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && (!S_ISDIR(status.st_mode) || status.st_uid != user);
}

/* Stops at the first one that can be used. */
static int find(int shm, const char *name, void *context) {
  uid_t user;

  return parse_name(name, &user) && user == geteuid() && !is_of_another(shm, name, user) &&
             shareable__owner_directory_open(shm, name, context) == 0
           ? EEXIST
           : 0;
}

/* The user and the random number in the name of the last directory that this process has created at random; 0: none. */
static _Atomic(uint64_t) last_random;

static int create_numbered(int shm, uint32_t bits, shareable__owner_directory *directory) {
  char name[sizeof directory->name];

  snprintf(name, sizeof name, PREFIX "%lu.%08" PRIx32, (unsigned long)geteuid(), bits);
  return create(shm, name, directory);
}

/* At a name that nobody can foresee. */
static int create_at_random(int shm, shareable__owner_directory *directory) {
  uint32_t bits;
  int system = shareable__random(&bits, sizeof bits);

  if (system == 0)
    system = create_numbered(shm, bits, directory);
  if (system == 0)
    atomic_store(&last_random, (uint64_t)geteuid() << 32 | bits);
  return system;
}

/* The same directory as the last time, or a new one with its name; another user may have taken that meanwhile. */
static int create_again(int shm, shareable__owner_directory *directory) {
  uint64_t made = atomic_load(&last_random); /* the user and the number */

  return made != 0 && made >> 32 == geteuid() ? create_numbered(shm, (uint32_t)made, directory) : EPERM;
}

/*
 * If another user has taken the name: one that there is, among the names that are read in about a millisecond; else a new one. All
 * are found by shareable__owner_directory_each().
 */
static int create_beside(int shm, shareable__owner_directory *directory) {
  int system = create_again(shm, directory);

  if (system != EPERM)
    return system;
  system = each_name(shm, SEARCHED, find, directory);
  if (system == 0)
    return create_at_random(shm, directory);
  return system == EEXIST ? 0 : system;
}

static int create_somewhere(int shm, shareable__owner_directory *directory) {
  char name[sizeof directory->name];
  int system;

  snprintf(name, sizeof name, PREFIX "%lu", (unsigned long)geteuid());
  system = create(shm, name, directory);
  return system == EPERM ? create_beside(shm, directory) : system;
}

static bool is_transient(int system) {
  return system == ENOENT || system == EPERM || system == EACCES;
}

/* Between two calls a directory may be removed, with the last log in it, and another user's directory replaced (EACCES). */
int shareable__owner_directory_create(shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), system = ENOENT;

  if (shm < 0)
    return errno;
  for (int tries = 0; tries < TRIES && is_transient(system); tries++)
    system = create_somewhere(shm, directory);
  close(shm);
  return system;
}

typedef struct visitor {
  shareable__owner_directory_visit *visit;
  void *context;
  int system; /* of a directory that could not be opened */
} visitor;

/* A user of a container may have another number inside than here, where root sees the directory of that user. */
static int visit_directory(int shm, const char *name, void *context) {
  visitor *to = context;
  shareable__owner_directory directory;
  int system;

  if (geteuid() != 0 && is_of_another(shm, name, geteuid()))
    return 0;
  system = open_checked(shm, name, geteuid() == 0, &directory);
  if (system == 0) {
    to->visit(&directory, to->context);
    shareable__owner_directory_close(&directory);
  } else if (system != EPERM && system != ENOENT) {
    to->system = system;
  }
  return 0;
}

int shareable__owner_directory_each(shareable__owner_directory_visit *visit, void *context) {
  int shm = shareable__shm_directory_open(), system;
  visitor to = {visit, context, 0};

  if (shm < 0)
    return errno;
  system = each_name(shm, SIZE_MAX, visit_directory, &to);
  close(shm);
  return system != 0 ? system : to.system;
}
