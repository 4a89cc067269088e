/*
 * unlink.c - removing the name of a block, and of no other block that has the name by then.
 */
#include "unlink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entropy.h"
#include "error.h"
#include "name.h"
#include "rename.h"
#include "segment.h"

#define PREFIX ".shareable-unlink-"
#define SUFFIX ".name"

/* PREFIX, INODE, '-', RANDOM. */
enum { NUMBERS = 25, BASE = sizeof PREFIX - 1 + NUMBERS, TRIES = 100 };

/* Outcomes that are not an errno of the step: look again; another block was moved, and cannot be moved back. */
enum { AGAIN = -1, KEPT = -2 };

typedef struct removal {
  int shm;
  int place;         /* a descriptor of the directory that the name is moved to */
  const char *where; /* its name in /dev/shm and a '/', or "" */
  const shareable__file_id *block;
  const char *name;
  char stray[SHAREABLE__NAME_MAX + 1];
} removal;

/* The place of a name that is too long to be part of another one. */
typedef struct link_name {
  char text[BASE + sizeof SUFFIX];
} link_name;

static link_name link_of(const char *stray) {
  link_name result;

  snprintf(result.text, sizeof result.text, "%.*s" SUFFIX, (int)BASE, stray);
  return result;
}

static bool is_long(const char *name) {
  return strlen(name) > SHAREABLE__NAME_MAX - BASE - 1;
}

static int name_stray(removal *of) {
  uint32_t bits;
  int system = shareable__entropy(&bits, sizeof bits);

  if (system != 0)
    return system;
  snprintf(of->stray, sizeof of->stray, PREFIX "%016" PRIx64 "-%08" PRIx32 "%s%s", (uint64_t)of->block->inode, bits,
           is_long(of->name) ? "" : "-", is_long(of->name) ? "" : of->name);
  if (!is_long(of->name))
    return 0;
  return symlinkat(of->name, of->place, link_of(of->stray).text) == 0 ? 0 : errno;
}

static void drop_link(int place, const char *stray) {
  if (stray[BASE] == '\0')
    unlinkat(place, link_of(stray).text, 0);
}

/* To a name that nobody can foresee. */
static int move_out(const removal *of) {
  int system = shareable__rename_to_new(of->shm, of->name, of->place, of->stray);

  if (system != ENOSYS)
    return system;
  return renameat(of->shm, of->name, of->place, of->stray) == 0 ? 0 : errno;
}

/* A link replaces nothing either. */
static int move_back(int place, const char *stray, int shm, const char *name) {
  int system = shareable__rename_to_new(place, stray, shm, name);

  if (system != ENOSYS)
    return system;
  if (linkat(place, stray, shm, name, 0) != 0)
    return errno;
  return unlinkat(place, stray, 0) == 0 ? 0 : errno;
}

static bool is_block(const removal *of, const struct stat *file) {
  return file->st_dev == of->block->device && file->st_ino == of->block->inode;
}

/* Another process that recovers may have done each step before: then the file is gone from there. */
static int decide(const removal *of) {
  struct stat moved;
  int system;

  if (fstatat(of->place, of->stray, &moved, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? AGAIN : errno;
  if (is_block(of, &moved))
    return unlinkat(of->place, of->stray, 0) == 0 || errno == ENOENT ? 0 : errno;
  system = move_back(of->place, of->stray, of->shm, of->name);
  return system == 0 || system == ENOENT ? AGAIN : KEPT;
}

static int remove_by_way_of(removal *of, int place, const char *where) {
  int system;

  of->place = place;
  of->where = where;
  system = name_stray(of);
  if (system != 0)
    return system;
  system = move_out(of);
  if (system == 0)
    system = decide(of);
  if (system != KEPT)
    drop_link(place, of->stray);
  return system;
}

/* Whether another place may do: this one takes memory, or cannot be had. */
static bool is_about_place(int system) {
  return system == ENOSPC || system == EXDEV || system == EROFS || system == EDQUOT;
}

static int remove_by_own_directory(removal *of, char *where, size_t size) {
  shareable__owner_directory directory;
  int system;

  if (shareable__owner_directory_create(&directory) != 0)
    return ENOSPC;
  snprintf(where, size, "%s/", directory.name);
  system = remove_by_way_of(of, directory.fd, where);
  shareable__owner_directory_remove(&directory);
  shareable__owner_directory_close(&directory);
  return system == ENOENT ? AGAIN : system; /* the name has gone, or the directory has */
}

static shareable_status fail_gone(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
}

static shareable_status fail_other(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                         "block '%s' is already gone: its name belongs to another block now, which stays", name);
}

static shareable_status fail(const removal *of, int system, shareable_error *error) {
  if (system == ENOENT)
    return fail_gone(error, of->name);
  if (system == KEPT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' is already gone; another block that had its name is now " SHAREABLE__DIRECTORY
                           "/%s%s, because the name was taken once more",
                           of->name, of->where, of->stray);
  return shareable__fail_system(error, system == AGAIN ? EBUSY : system, "cannot unlink '%s'", of->name);
}

static shareable_status try_to_remove(removal *of, shareable_error *error) {
  char where[sizeof((shareable__owner_directory *)NULL)->name + 1];
  int system = AGAIN;
  struct stat file;

  for (int tries = 0; tries < TRIES && system == AGAIN; tries++) {
    if (fstatat(of->shm, of->name, &file, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(of, errno, error);
    if (!is_block(of, &file))
      return fail_other(error, of->name);
    system = remove_by_own_directory(of, where, sizeof where);
    if (is_about_place(system))
      system = remove_by_way_of(of, of->shm, "");
  }
  return system == 0 ? SHAREABLE_OK : fail(of, system, error);
}

shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error) {
  removal of = {.shm = shareable__shm_directory_open(), .block = block, .name = name};
  shareable_status status;

  if (of.shm < 0)
    return shareable__fail_system(error, errno, "cannot unlink '%s'", name);
  status = try_to_remove(&of, error);
  close(of.shm);
  return status;
}

bool shareable__unlink_is_stray(const char *name) {
  return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

/* Which block it was, and the name that it had. */
static bool parse(int place, const char *stray, uint64_t *inode, char name[SHAREABLE__NAME_MAX + 1]) {
  const char *numbers = stray + sizeof PREFIX - 1;
  uint32_t bits;
  int length = 0;
  ssize_t size;

  if (!shareable__unlink_is_stray(stray) ||
      sscanf(numbers, "%16" SCNx64 "-%8" SCNx32 "%n", inode, &bits, &length) != 2 || length != NUMBERS)
    return false;
  if (numbers[NUMBERS] == '-') {
    snprintf(name, SHAREABLE__NAME_MAX + 1, "%s", numbers + NUMBERS + 1);
    return shareable__name_bare(name) == name;
  }
  size = numbers[NUMBERS] == '\0' ? readlinkat(place, link_of(stray).text, name, SHAREABLE__NAME_MAX) : -1;
  if (size < 0)
    return false;
  name[size] = '\0';
  return shareable__name_bare(name) == name;
}

/* In /dev/shm anybody may have made it; the files of others are their own to recover. */
static bool is_ours(const struct stat *file) {
  return S_ISREG(file->st_mode) && (geteuid() == 0 || file->st_uid == geteuid());
}

static void recover_file(int shm, int place, const char *stray) {
  char name[SHAREABLE__NAME_MAX + 1];
  struct stat file;
  uint64_t inode;
  int system;

  if (!parse(place, stray, &inode, name) || fstatat(place, stray, &file, AT_SYMLINK_NOFOLLOW) != 0 || !is_ours(&file))
    return;
  if (file.st_ino == inode)
    system = unlinkat(place, stray, 0) == 0 ? 0 : errno;
  else
    system = move_back(place, stray, shm, name);
  if (system == 0)
    drop_link(place, stray);
}

/* A link without its file: of a process that was killed before, or after, there was one. */
static void recover_link(int place, const char *link) {
  char stray[BASE + 1];
  struct stat file;

  if (strlen(link) != BASE + sizeof SUFFIX - 1 || strcmp(link + BASE, SUFFIX) != 0)
    return;
  snprintf(stray, sizeof stray, "%.*s", (int)BASE, link);
  if (fstatat(place, stray, &file, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    unlinkat(place, link, 0);
}

static void recover(int shm, int place) {
  int fd = shareable__openat(place, ".", O_RDONLY | O_DIRECTORY, 0);
  DIR *files = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *entry;

  if (files == NULL) {
    if (fd >= 0)
      close(fd);
    return;
  }
  while ((entry = readdir(files)) != NULL)
    if (shareable__unlink_is_stray(entry->d_name) && entry->d_type != DT_LNK)
      recover_file(shm, place, entry->d_name);
  rewinddir(files);
  while ((entry = readdir(files)) != NULL)
    if (shareable__unlink_is_stray(entry->d_name) && entry->d_type == DT_LNK)
      recover_link(place, entry->d_name);
  closedir(files);
}

void shareable__unlink_recover_in(const shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();

  if (shm < 0)
    return;
  recover(shm, directory == NULL ? shm : directory->fd);
  close(shm);
}

/* A visit. */
static void recover_in(const shareable__owner_directory *directory, void *context) {
  (void)context;
  shareable__unlink_recover_in(directory);
  shareable__owner_directory_remove(directory);
}

void shareable__unlink_recover(void) {
  shareable__owner_directory_each(recover_in, NULL);
  shareable__unlink_recover_in(NULL);
}
