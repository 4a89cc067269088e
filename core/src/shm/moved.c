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

/* NUMBERS is the length of INODE, '-' and RANDOM; BASE is that of PREFIX and the numbers. */
enum { NUMBERS = 25, BASE = sizeof PREFIX - 1 + NUMBERS };

/* The symbolic link that contains a name which is too long to be part of another name. */
typedef struct link_name {
  char text[sizeof SHM - 1 + BASE + sizeof SUFFIX];
} link_name;

/* Returns the length of a moved file's name or path without the block's name in it. */
static size_t base_length(const char *moved) {
  return moved[0] == '/' ? sizeof SHM - 1 + BASE : BASE;
}

static link_name link_of(const char *moved) {
  link_name link;

  snprintf(link.text, sizeof link.text, "%.*s" SUFFIX, (int)base_length(moved), moved);
  return link;
}

static bool is_long(const char *name) {
  return strlen(name) > SHAREABLE__NAME_MAX - BASE - 1;
}

/*
 * A full /dev/shm has no room for the link. Then the name is lost if another block was moved and
 * this process is killed before it has moved that block back.
 */
static int create_link(int place, const char *name, const char *moved) {
  if (symlinkat(name, place, link_of(moved).text) == 0 || errno == ENOSPC)
    return 0;
  return errno;
}

int shareable__moved_make_name(int place, uint64_t inode, const char *name, shareable__moved_name *moved) {
  uint32_t bits;
  int errnum = shareable__random(&bits, sizeof bits);

  if (errnum != 0)
    return errnum;
  snprintf(moved->text, sizeof moved->text, "%s" PREFIX "%016" PRIx64 "-%08" PRIx32 "%s%s",
           place == AT_FDCWD ? SHM : "", inode, bits, is_long(name) ? "" : "-", is_long(name) ? "" : name);
  return is_long(name) ? create_link(place, name, moved->text) : 0;
}

void shareable__moved_remove_link(int place, const char *moved) {
  if (moved[base_length(moved)] == '\0')
    unlinkat(place, link_of(moved).text, 0);
}

/* A process that was killed between linkat() and unlinkat() leaves a file with both names. */
static bool has_both_names(int place, const char *moved, const char *path) {
  struct stat a, b;

  return fstatat(place, moved, &a, AT_SYMLINK_NOFOLLOW) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

/* linkat() does not replace an existing file either. */
int shareable__moved_return(int place, const char *moved, const char *path) {
  int errnum = shareable__rename_to_new(place, moved, AT_FDCWD, path);

  if (errnum != ENOSYS && errnum != EEXIST)
    return errnum;
  errnum = linkat(place, moved, AT_FDCWD, path, 0) == 0 ? 0 : errno;
  if (errnum != 0 && (errnum != EEXIST || !has_both_names(place, moved, path)))
    return errnum;
  return unlinkat(place, moved, 0) == 0 ? 0 : errno;
}

bool shareable__moved_is_name(const char *name) {
  return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

const char *shareable__moved_old_name(const char *name) {
  return shareable__moved_is_name(name) && strlen(name) > BASE + 1 && name[BASE] == '-' ? name + BASE + 1 : name;
}

/* Returns whether this is a complete name of a moved file, and the inode in it. */
static bool parse(const char *moved, uint64_t *inode) {
  const char *numbers = moved + sizeof PREFIX - 1;
  uint32_t bits;
  int length = 0;

  return shareable__moved_is_name(moved) &&
         sscanf(numbers, "%16" SCNx64 "-%8" SCNx32 "%n", inode, &bits, &length) == 2 && length == NUMBERS &&
         (numbers[NUMBERS] == '-' || numbers[NUMBERS] == '\0');
}

/* Reads the name that the block had, from the moved file's name or from the link. */
static bool read_name(int place, const char *moved, char name[SHAREABLE__NAME_MAX + 1]) {
  ssize_t size;

  if (moved[BASE] == '-') {
    snprintf(name, SHAREABLE__NAME_MAX + 1, "%s", moved + BASE + 1);
    return shareable__name_normalize(name) == name;
  }
  size = readlinkat(place, link_of(moved).text, name, SHAREABLE__NAME_MAX);
  if (size < 0)
    return false;
  name[size] = '\0';
  return shareable__name_normalize(name) == name;
}

/* Called with each moved file in a place. */
typedef void moved_callback(int place, const char *moved, uint64_t inode, const struct stat *file, void *context);

static void visit_entry(int place, const char *name, moved_callback *visit, void *context) {
  struct stat file;
  uint64_t inode;

  if (parse(name, &inode) && fstatat(place, name, &file, AT_SYMLINK_NOFOLLOW) == 0)
    visit(place, name, inode, &file, context);
}

/*
 * Returns 0, or an errno if there may be more moved files. A directory that was removed
 * concurrently was empty.
 */
static int foreach_in(int place, moved_callback *visit, void *context) {
  DIR *files = shareable__opendirat(place, ".");
  const struct dirent *entry;
  int errnum;

  if (files == NULL)
    return errno == ENOENT ? 0 : errno;
  while (errno = 0, (entry = readdir(files)) != NULL)
    visit_entry(place, entry->d_name, visit, context);
  errnum = errno == ENOENT ? 0 : errno;
  closedir(files);
  return errnum;
}

typedef struct place_search {
  moved_callback *visit;
  void *context;
  int errnum; /* an errno, if there may be more moved files */
} place_search;

static void search_directory(const shareable__owner_directory *directory, void *context) {
  place_search *search = context;
  int errnum = foreach_in(directory->fd, search->visit, search->context);

  if (errnum != 0)
    search->errnum = errnum;
  shareable__owner_directory_remove(directory);
}

/* Other errors mean another user's directory. This user's processes have moved nothing to it. */
static bool is_shortage(int errnum) {
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM;
}

/* Returns whether all places that this process may read were read. */
static bool foreach_place(moved_callback *visit, void *context) {
  place_search search = {visit, context, 0};
  int errnum = shareable__owner_directory_foreach(search_directory, &search), shm = shareable__shm_directory_open();

  if (shm < 0)
    return false;
  if (search.errnum == 0)
    search.errnum = foreach_in(shm, visit, context);
  close(shm);
  return search.errnum == 0 && !is_shortage(errnum);
}

/* The block to unlink. */
typedef struct moved_target {
  const shareable__file_id *block;
  const char *name;
  uid_t user;
  bool is_unlinked;
} moved_target;

static bool is_target(const moved_target *target, int place, const char *moved, const struct stat *file) {
  char name[SHAREABLE__NAME_MAX + 1];

  return S_ISREG(file->st_mode) && file->st_dev == target->block->device && file->st_ino == target->block->inode &&
         (target->user == SHAREABLE__ANY_USER || file->st_uid == target->user) && read_name(place, moved, name) &&
         strcmp(name, target->name) == 0;
}

static void unlink_target(int place, const char *moved, uint64_t inode, const struct stat *file, void *context) {
  moved_target *target = context;

  (void)inode;
  if (!is_target(target, place, moved, file) || unlinkat(place, moved, 0) != 0)
    return;
  shareable__moved_remove_link(place, moved);
  target->is_unlinked = true;
}

bool shareable__moved_unlink(const shareable__file_id *block, const char *name, uid_t user) {
  moved_target target = {block, name, user, false};

  foreach_place(unlink_target, &target);
  return target.is_unlinked;
}

typedef struct moved_collection {
  shareable__file_set *files;
  bool is_complete;
} moved_collection;

static void collect(int place, const char *moved, uint64_t inode, const struct stat *file, void *context) {
  const shareable__file_id id = {file->st_dev, file->st_ino};
  moved_collection *collection = context;

  (void)place;
  (void)moved;
  (void)inode;
  if (S_ISREG(file->st_mode) && !shareable__file_set_add(collection->files, &id))
    collection->is_complete = false;
}

bool shareable__moved_find(shareable__file_set *files) {
  moved_collection collection = {files, true};

  collection.is_complete = foreach_place(collect, &collection) && collection.is_complete;
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

static int return_to_name(int place, const char *moved) {
  char path[sizeof SHM + SHAREABLE__NAME_MAX], name[SHAREABLE__NAME_MAX + 1];

  if (!read_name(place, moved, name))
    return EINVAL;
  snprintf(path, sizeof path, SHM "%s", name);
  return shareable__moved_return(place, moved, path);
}

/*
 * A file that is not regular was never a block. It had taken a block's name when it was moved, and
 * is moved back.
 */
static void recover_file(int place, const char *moved, uint64_t inode, const struct stat *file, void *context) {
  int errnum;

  (void)context;
  if (!may_recover(file))
    return;
  if (S_ISREG(file->st_mode) && file->st_ino == inode)
    errnum = unlinkat(place, moved, 0) == 0 ? 0 : errno;
  else
    errnum = return_to_name(place, moved);
  if (errnum == 0)
    shareable__moved_remove_link(place, moved);
}

/*
 * Removes a link without its file. The process was killed before the file was moved, or after it
 * was unlinked.
 */
static void recover_link(int place, const char *link) {
  char moved[BASE + 1];
  struct stat file;

  if (strlen(link) != BASE + sizeof SUFFIX - 1 || strcmp(link + BASE, SUFFIX) != 0)
    return;
  snprintf(moved, sizeof moved, "%.*s", (int)BASE, link);
  if (fstatat(place, moved, &file, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    unlinkat(place, link, 0);
}

static void recover_links(int place) {
  DIR *files = shareable__opendirat(place, ".");
  const struct dirent *entry;

  if (files == NULL)
    return;
  while ((entry = readdir(files)) != NULL)
    if (shareable__moved_is_name(entry->d_name))
      recover_link(place, entry->d_name);
  closedir(files);
}

static void recover(int place) {
  foreach_in(place, recover_file, NULL);
  recover_links(place);
}

static void recover_directory(const shareable__owner_directory *directory, void *context) {
  (void)context;
  recover(directory->fd);
  shareable__owner_directory_remove(directory);
}

void shareable__moved_recover(void) {
  int shm;

  shareable__owner_directory_foreach(recover_directory, NULL);
  shm = shareable__shm_directory_open();
  if (shm < 0)
    return;
  recover(shm);
  close(shm);
}
