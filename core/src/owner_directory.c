/*
 * owner_directory.c - the directories in /dev/shm that hold a user's ownership logs.
 */
#include "owner_directory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "entropy.h"
#include "segment.h"

#define PREFIX ".shareable-"
enum { TRIES = 100 };

/* In a user namespace, files of all users that have no id there seem to have this one. */
#define OVERFLOW_UID 65534

int shareable__shm_directory_open(void) {
  return shareable__openat(AT_FDCWD, SHAREABLE__DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
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

/* The kernel knows the owner of a file that only seems to be this user's; only for the owner it keeps the mode. */
static bool is_really_ours(int fd, uid_t user) {
  return user != OVERFLOW_UID || geteuid() != user || fchmod(fd, S_IRWXU) == 0;
}

static bool is_private(int fd, uid_t user) {
  struct stat status;

  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == user &&
         (status.st_mode & 0777) == S_IRWXU && is_really_ours(fd, user);
}

int shareable__owner_directory_open(int shm, const char *name, shareable__owner_directory *directory) {
  uid_t user;

  if (strlen(name) >= sizeof directory->name || !parse_name(name, &user))
    return EPERM;
  directory->fd = shareable__openat(shm, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (directory->fd < 0)
    return errno == ENOTDIR || errno == ELOOP || errno == EACCES ? EPERM : errno;
  directory->user = user;
  strcpy(directory->name, name);
  if (is_private(directory->fd, user))
    return 0;
  shareable__owner_directory_close(directory);
  return EPERM;
}

void shareable__owner_directory_close(shareable__owner_directory *directory) {
  if (directory->fd >= 0)
    close(directory->fd);
  directory->fd = -1;
}

void shareable__owner_directory_remove(const shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();

  if (shm < 0)
    return;
  unlinkat(shm, directory->name, AT_REMOVEDIR);
  close(shm);
}

static int create(int shm, const char *name, shareable__owner_directory *directory) {
  int system;

  if (mkdirat(shm, name, S_IRWXU) != 0)
    return errno == EEXIST ? shareable__owner_directory_open(shm, name, directory) : errno;
  system = shareable__owner_directory_open(shm, name, directory);
  if (system == EPERM) /* the umask takes rights from the user */
    unlinkat(shm, name, AT_REMOVEDIR);
  return system;
}

/* The names of /dev/shm that begin as those of this user's directories do; of all users' for root. */
typedef int visit_name(int shm, const char *name, void *context);

/* Calls `visit` until it returns other than 0, which is returned. */
static int each_name(visit_name *visit, void *context) {
  DIR *directory = opendir(SHAREABLE__DIRECTORY);
  const struct dirent *entry;
  int shm = shareable__shm_directory_open(), system = directory == NULL || shm < 0 ? errno : 0;
  uid_t user;

  while (system == 0 && (errno = 0, entry = readdir(directory)) != NULL)
    if (parse_name(entry->d_name, &user) && (geteuid() == 0 || user == geteuid()))
      system = visit(shm, entry->d_name, context);
  if (system == 0)
    system = errno;
  if (shm >= 0)
    close(shm);
  if (directory != NULL)
    closedir(directory);
  return system;
}

/* Stops at the first one that can be used. */
static int find(int shm, const char *name, void *context) {
  uid_t user;

  return parse_name(name, &user) && user == geteuid() && shareable__owner_directory_open(shm, name, context) == 0
           ? EEXIST
           : 0;
}

/* At a name that nobody can foresee. */
static int create_at_random(int shm, shareable__owner_directory *directory) {
  char name[sizeof directory->name];
  uint32_t bits;
  int system = shareable__entropy(&bits, sizeof bits);

  if (system != 0)
    return system;
  snprintf(name, sizeof name, PREFIX "%lu.%08" PRIx32, (unsigned long)geteuid(), bits);
  return create(shm, name, directory);
}

static int create_somewhere(int shm, shareable__owner_directory *directory) {
  char name[sizeof directory->name];
  int system;

  snprintf(name, sizeof name, PREFIX "%lu", (unsigned long)geteuid());
  system = create(shm, name, directory);
  if (system != EPERM)
    return system;
  system = each_name(find, directory);
  if (system == 0)
    return create_at_random(shm, directory);
  return system == EEXIST ? 0 : system;
}

/* A directory may go between two calls: with the last log in it. */
int shareable__owner_directory_create(shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), system = ENOENT;

  if (shm < 0)
    return errno;
  for (int tries = 0; tries < TRIES && (system == ENOENT || system == EPERM); tries++)
    system = create_somewhere(shm, directory);
  close(shm);
  return system;
}

typedef struct visitor {
  shareable__owner_directory_visit *visit;
  void *context;
} visitor;

static int visit_directory(int shm, const char *name, void *context) {
  const visitor *to = context;
  shareable__owner_directory directory;

  if (shareable__owner_directory_open(shm, name, &directory) != 0)
    return 0;
  to->visit(&directory, to->context);
  shareable__owner_directory_close(&directory);
  return 0;
}

int shareable__owner_directory_each(shareable__owner_directory_visit *visit, void *context) {
  visitor to = {visit, context};

  return each_name(visit_directory, &to);
}
