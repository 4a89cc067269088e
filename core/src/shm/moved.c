/*
 * moved.c - blocks that a process has moved to another name, to unlink them: the names, finding
 * them, and recovery.
 */
#include "shm/moved.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/rename.h"
#include "shm/segment.h"

#define PREFIX ".shareable-unlink-"
#define SUFFIX ".name"
#define SHM SHAREABLE__DIRECTORY "/"

/* NUMBERS is the length of INODE, '-' and RANDOM; BASE is that of the path up to them. */
enum { NUMBERS = 25, BASE = sizeof SHM PREFIX - 1 + NUMBERS };

/* The symbolic link that contains a name which is too long to be part of another name. */
typedef struct link_path {
  char text[BASE + sizeof SUFFIX];
} link_path;

static link_path link_of(const char *moved) {
  link_path link;

  snprintf(link.text, sizeof link.text, "%.*s" SUFFIX, BASE, moved);
  return link;
}

static bool is_long(const char *name) {
  return strlen(name) > SHAREABLE__NAME_MAX - (BASE - (sizeof SHM - 1)) - 1;
}

/*
 * A full /dev/shm has no room for the link. Then the name is lost if another block was moved and
 * this process is killed before it has moved that block back.
 */
static int create_link(const char *name, const char *moved) {
  return symlink(name, link_of(moved).text) == 0 || errno == ENOSPC ? 0 : errno;
}

int shareable__moved_make_path(uint64_t inode, const char *name, shareable__moved_path *moved) {
  uint32_t bits;
  int errnum = shareable__random(&bits, sizeof bits);

  if (errnum != 0)
    return errnum;
  snprintf(moved->text, sizeof moved->text, SHM PREFIX "%016" PRIx64 "-%08" PRIx32 "%s%s", inode, bits,
           is_long(name) ? "" : "-", is_long(name) ? "" : name);
  return is_long(name) ? create_link(name, moved->text) : 0;
}

void shareable__moved_remove_link(const char *moved) {
  if (moved[BASE] == '\0')
    unlink(link_of(moved).text);
}

/* A process that was killed between link() and unlink() leaves a file with both names. */
static bool has_both_names(const char *moved, const char *path) {
  struct stat a, b;

  return lstat(moved, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* link() does not replace an existing file either. */
int shareable__moved_return(const char *moved, const char *path) {
  int errnum = shareable__rename_to_new(moved, path);

  if (errnum != ENOSYS && errnum != EEXIST)
    return errnum;
  errnum = link(moved, path) == 0 ? 0 : errno;
  if (errnum != 0 && (errnum != EEXIST || !has_both_names(moved, path)))
    return errnum;
  return unlink(moved) == 0 ? 0 : errno;
}

static bool is_name(const char *name) {
  return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

const char *shareable__moved_old_name(const char *name) {
  const size_t base = BASE - (sizeof SHM - 1);

  return is_name(name) && strlen(name) > base + 1 && name[base] == '-' ? name + base + 1 : name;
}

/* Returns whether this is a complete name of a moved file, and the inode in it. */
static bool parse(const char *name, uint64_t *inode) {
  const char *numbers = name + sizeof PREFIX - 1;
  uint32_t bits;
  int length = 0;

  return is_name(name) && sscanf(numbers, "%16" SCNx64 "-%8" SCNx32 "%n", inode, &bits, &length) == 2 &&
         length == NUMBERS && (numbers[NUMBERS] == '-' || numbers[NUMBERS] == '\0');
}

/* Reads the name that the block had, from the moved file's path or from the link. */
static bool read_name(const char *moved, char name[SHAREABLE__NAME_MAX + 1]) {
  ssize_t size;

  if (moved[BASE] == '-') {
    snprintf(name, SHAREABLE__NAME_MAX + 1, "%s", moved + BASE + 1);
    return shareable__name_normalize(name) == name;
  }
  size = readlink(link_of(moved).text, name, SHAREABLE__NAME_MAX);
  if (size < 0)
    return false;
  name[size] = '\0';
  return shareable__name_normalize(name) == name;
}

/* Called with the path of each moved file. */
typedef void moved_callback(const char *moved, uint64_t inode, const struct stat *file, void *context);

static void visit_entry(const char *name, moved_callback *visit, void *context) {
  shareable__moved_path moved;
  struct stat file;
  uint64_t inode;

  if (!parse(name, &inode))
    return;
  snprintf(moved.text, sizeof moved.text, SHM "%s", name);
  if (lstat(moved.text, &file) == 0)
    visit(moved.text, inode, &file, context);
}

/* Returns false if there may be more moved files. */
static bool foreach_moved(moved_callback *visit, void *context) {
  DIR *files = shareable__opendirat(AT_FDCWD, SHAREABLE__DIRECTORY);
  const struct dirent *entry;
  bool is_complete;

  if (files == NULL)
    return false;
  while (errno = 0, (entry = readdir(files)) != NULL)
    visit_entry(entry->d_name, visit, context);
  is_complete = errno == 0;
  closedir(files);
  return is_complete;
}

/* The block to unlink. */
typedef struct moved_target {
  const shareable__file_id *block;
  const char *name;
  uid_t user;
  bool is_unlinked;
} moved_target;

static bool is_target(const moved_target *target, const char *moved, const struct stat *file) {
  char name[SHAREABLE__NAME_MAX + 1];

  return S_ISREG(file->st_mode) && file->st_dev == target->block->device && file->st_ino == target->block->inode &&
         (target->user == SHAREABLE__ANY_USER || file->st_uid == target->user) && read_name(moved, name) &&
         strcmp(name, target->name) == 0;
}

static void unlink_target(const char *moved, uint64_t inode, const struct stat *file, void *context) {
  moved_target *target = context;

  (void)inode;
  if (!is_target(target, moved, file) || unlink(moved) != 0)
    return;
  shareable__moved_remove_link(moved);
  target->is_unlinked = true;
}

bool shareable__moved_unlink(const shareable__file_id *block, const char *name, uid_t user) {
  moved_target target = {block, name, user, false};

  foreach_moved(unlink_target, &target);
  return target.is_unlinked;
}

typedef struct moved_collection {
  shareable__file_set *files;
  bool is_complete;
} moved_collection;

static void collect(const char *moved, uint64_t inode, const struct stat *file, void *context) {
  const shareable__file_id id = {file->st_dev, file->st_ino};
  moved_collection *collection = context;

  (void)moved;
  (void)inode;
  if (S_ISREG(file->st_mode) && !shareable__file_set_add(collection->files, &id))
    collection->is_complete = false;
}

bool shareable__moved_find(shareable__file_set *files) {
  moved_collection collection = {files, true};

  collection.is_complete = foreach_moved(collect, &collection) && collection.is_complete;
  shareable__file_set_sort(files);
  return collection.is_complete;
}

/*
 * In /dev/shm any user may have made the file. Another user's files are recovered by that user's
 * processes.
 */
static bool may_recover(const struct stat *file) {
  return geteuid() == 0 || file->st_uid == geteuid();
}

static int return_to_name(const char *moved) {
  char path[sizeof SHM + SHAREABLE__NAME_MAX], name[SHAREABLE__NAME_MAX + 1];

  if (!read_name(moved, name))
    return EINVAL;
  snprintf(path, sizeof path, SHM "%s", name);
  return shareable__moved_return(moved, path);
}

/*
 * A file that is not regular was never a block. It had taken a block's name when it was moved, and
 * is moved back.
 */
static void recover_file(const char *moved, uint64_t inode, const struct stat *file, void *context) {
  int errnum;

  (void)context;
  if (!may_recover(file))
    return;
  if (S_ISREG(file->st_mode) && file->st_ino == inode)
    errnum = unlink(moved) == 0 ? 0 : errno;
  else
    errnum = return_to_name(moved);
  if (errnum == 0)
    shareable__moved_remove_link(moved);
}

/*
 * Removes a link without its file. The process was killed before the file was moved, or after it
 * was unlinked.
 */
static void recover_link(const char *name) {
  const size_t base = BASE - (sizeof SHM - 1);
  shareable__moved_path moved;
  struct stat file;

  if (!is_name(name) || strlen(name) != base + sizeof SUFFIX - 1 || strcmp(name + base, SUFFIX) != 0)
    return;
  snprintf(moved.text, sizeof moved.text, SHM "%.*s", (int)base, name);
  if (lstat(moved.text, &file) != 0 && errno == ENOENT)
    shareable__moved_remove_link(moved.text);
}

static void recover_links(void) {
  DIR *files = shareable__opendirat(AT_FDCWD, SHAREABLE__DIRECTORY);
  const struct dirent *entry;

  if (files == NULL)
    return;
  while ((entry = readdir(files)) != NULL)
    recover_link(entry->d_name);
  closedir(files);
}

void shareable__moved_recover(void) {
  foreach_moved(recover_file, NULL);
  recover_links();
}
