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
#define SHM SHAREABLE__DIRECTORY "/"

/* PREFIX, INODE, '-', RANDOM. */
enum { NUMBERS = 25, BASE = sizeof PREFIX - 1 + NUMBERS, TRIES = 100 };

/* Outcomes that are not an errno of the step: look again; another block was moved, and cannot be moved back. */
enum { AGAIN = -1, KEPT = -2 };

/* In a process without a free descriptor, the place is /dev/shm, by its path. */
typedef struct removal {
  int place;         /* a descriptor of the directory that the name is moved to; AT_FDCWD: /dev/shm */
  const char *where; /* the directory's path in /dev/shm and a '/', or "" */
  const shareable__file_id *block;
  const char *name;
  char from[sizeof SHM + SHAREABLE__NAME_MAX];  /* the name's path */
  bool was_moved;                               /* and then unlinked, or moved back, by another process that recovers */
  char stray[sizeof SHM + SHAREABLE__NAME_MAX]; /* in the place; a path if that is /dev/shm */
  char path[sizeof SHM + sizeof((shareable__owner_directory *)NULL)->name + 1]; /* what `where` is, if it is not "" */
} removal;

/* The place of a name that is too long to be part of another one. */
typedef struct link_name {
  char text[sizeof SHM - 1 + BASE + sizeof SUFFIX];
} link_name;

/* How long it is without the name that it may contain. */
static size_t base_of(const char *stray) {
  return stray[0] == '/' ? sizeof SHM - 1 + BASE : BASE;
}

static link_name link_of(const char *stray) {
  link_name result;

  snprintf(result.text, sizeof result.text, "%.*s" SUFFIX, (int)base_of(stray), stray);
  return result;
}

static bool is_long(const char *name) {
  return strlen(name) > SHAREABLE__NAME_MAX - BASE - 1;
}

/* In a full /dev/shm there is no link: then the name is lost if another block was moved and this process is killed. */
static int link_name_of(const removal *of) {
  if (symlinkat(of->name, of->place, link_of(of->stray).text) == 0 || errno == ENOSPC)
    return 0;
  return errno;
}

static int name_stray(removal *of) {
  uint32_t bits;
  int system = shareable__entropy(&bits, sizeof bits);

  if (system != 0)
    return system;
  snprintf(of->stray, sizeof of->stray, "%s" PREFIX "%016" PRIx64 "-%08" PRIx32 "%s%s",
           of->place == AT_FDCWD ? SHM : "", (uint64_t)of->block->inode, bits, is_long(of->name) ? "" : "-",
           is_long(of->name) ? "" : of->name);
  return is_long(of->name) ? link_name_of(of) : 0;
}

static void drop_link(int place, const char *stray) {
  if (stray[base_of(stray)] == '\0')
    unlinkat(place, link_of(stray).text, 0);
}

/* To a name that nobody can foresee. */
static int move_out(const removal *of) {
  int system = shareable__rename_to_new(AT_FDCWD, of->from, of->place, of->stray);

  if (system != ENOSYS)
    return system;
  return renameat(AT_FDCWD, of->from, of->place, of->stray) == 0 ? 0 : errno;
}

/* As after a link that a process was killed behind. */
static bool has_both_names(int place, const char *stray, const char *to) {
  struct stat one, other;

  return fstatat(place, stray, &one, AT_SYMLINK_NOFOLLOW) == 0 && lstat(to, &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* A link replaces nothing either. */
static int move_back(int place, const char *stray, const char *to) {
  int system = shareable__rename_to_new(place, stray, AT_FDCWD, to);

  if (system != ENOSYS && system != EEXIST)
    return system;
  system = linkat(place, stray, AT_FDCWD, to, 0) == 0 ? 0 : errno;
  if (system != 0 && (system != EEXIST || !has_both_names(place, stray, to)))
    return system;
  return unlinkat(place, stray, 0) == 0 ? 0 : errno;
}

static bool is_block(const removal *of, const struct stat *file) {
  return file->st_dev == of->block->device && file->st_ino == of->block->inode;
}

static int undo(const removal *of) {
  return move_back(of->place, of->stray, of->from);
}

/* Another process that recovers may have done each step before: then the file is gone from there. */
static int decide(removal *of) {
  struct stat moved;
  int system = fstatat(of->place, of->stray, &moved, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;

  if (system == 0 && !is_block(of, &moved)) {
    system = undo(of);
    return system == 0 || system == ENOENT ? AGAIN : KEPT;
  }
  of->was_moved = system == ENOENT;
  if (of->was_moved)
    return AGAIN;
  if (system == 0 && (unlinkat(of->place, of->stray, 0) == 0 || errno == ENOENT))
    return 0;
  if (system == 0)
    system = errno;
  undo(of);
  return system;
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

static int remove_by_own_directory(removal *of) {
  shareable__owner_directory directory;
  int system;

  if (shareable__owner_directory_create(&directory) != 0)
    return ENOSPC;
  snprintf(of->path, sizeof of->path, SHM "%s/", directory.name);
  system = remove_by_way_of(of, directory.fd, of->path);
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
                           "block '%s' is already gone; another block that had its name is now %s%s, because "
                           "the name was taken once more",
                           of->name, of->where, of->stray);
  return shareable__fail_system(error, system == AGAIN ? EBUSY : system, "cannot unlink '%s'", of->name);
}

static shareable_status try_to_remove(removal *of, shareable_error *error) {
  int system = AGAIN;
  struct stat file;

  for (int tries = 0; tries < TRIES && system == AGAIN; tries++) {
    if (lstat(of->from, &file) != 0)
      return errno == ENOENT && of->was_moved ? SHAREABLE_OK : fail(of, errno, error);
    if (!is_block(of, &file))
      return fail_other(error, of->name);
    system = remove_by_own_directory(of);
    if (is_about_place(system))
      system = remove_by_way_of(of, AT_FDCWD, "");
  }
  return system == 0 ? SHAREABLE_OK : fail(of, system, error);
}

shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error) {
  removal of = {.block = block, .name = name};

  snprintf(of.from, sizeof of.from, SHM "%s", name);
  return try_to_remove(&of, error);
}

bool shareable__unlink_is_stray(const char *name) {
  return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

const char *shareable__unlink_old_name(const char *name) {
  return shareable__unlink_is_stray(name) && strlen(name) > BASE + 1 && name[BASE] == '-' ? name + BASE + 1 : name;
}

/* Which block it was. */
static bool parse(const char *stray, uint64_t *inode) {
  const char *numbers = stray + sizeof PREFIX - 1;
  uint32_t bits;
  int length = 0;

  return shareable__unlink_is_stray(stray) &&
         sscanf(numbers, "%16" SCNx64 "-%8" SCNx32 "%n", inode, &bits, &length) == 2 && length == NUMBERS &&
         (numbers[NUMBERS] == '-' || numbers[NUMBERS] == '\0');
}

/* The name that the block had. */
static bool read_name(int place, const char *stray, char name[SHAREABLE__NAME_MAX + 1]) {
  ssize_t size;

  if (stray[BASE] == '-') {
    snprintf(name, SHAREABLE__NAME_MAX + 1, "%s", stray + BASE + 1);
    return shareable__name_bare(name) == name;
  }
  size = readlinkat(place, link_of(stray).text, name, SHAREABLE__NAME_MAX);
  if (size < 0)
    return false;
  name[size] = '\0';
  return shareable__name_bare(name) == name;
}

/* In /dev/shm anybody may have made it; the files of others are their own to recover. */
static bool is_ours(const struct stat *file) {
  return S_ISREG(file->st_mode) && (geteuid() == 0 || file->st_uid == geteuid());
}

static int return_name(int place, const char *stray) {
  char to[sizeof SHM + SHAREABLE__NAME_MAX], name[SHAREABLE__NAME_MAX + 1];

  if (!read_name(place, stray, name))
    return EINVAL;
  snprintf(to, sizeof to, SHM "%s", name);
  return move_back(place, stray, to);
}

static void recover_file(int place, const char *stray) {
  struct stat file;
  uint64_t inode;
  int system;

  if (!parse(stray, &inode) || fstatat(place, stray, &file, AT_SYMLINK_NOFOLLOW) != 0 || !is_ours(&file))
    return;
  if (file.st_ino == inode)
    system = unlinkat(place, stray, 0) == 0 ? 0 : errno;
  else
    system = return_name(place, stray);
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

static void recover(int place) {
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
      recover_file(place, entry->d_name);
  rewinddir(files);
  while ((entry = readdir(files)) != NULL)
    if (shareable__unlink_is_stray(entry->d_name) && entry->d_type == DT_LNK)
      recover_link(place, entry->d_name);
  closedir(files);
}

void shareable__unlink_recover_in(const shareable__owner_directory *directory) {
  int shm;

  if (directory != NULL) {
    recover(directory->fd);
    return;
  }
  shm = shareable__shm_directory_open();
  if (shm < 0)
    return;
  recover(shm);
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
