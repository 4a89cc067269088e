/*
 * unlink.c - removing the name of a block, and of no other block that has the name by then.
 */
#include "shm/unlink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/rename.h"
#include "shm/name.h"
#include "shm/segment.h"

#define PREFIX ".shareable-unlink-"
#define SUFFIX ".name"
#define SHM SHAREABLE__DIRECTORY "/"

/* PREFIX, INODE, '-', RANDOM. */
enum { NUMBERS = 25, BASE = sizeof PREFIX - 1 + NUMBERS, TRIES = 100 };

/* Outcomes that are not an errno: look again; another block was moved, and cannot be moved back; another block has the name. */
enum { AGAIN = -1, KEPT = -2, OTHER = -3 };

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
  int system = shareable__random(&bits, sizeof bits);

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
  if (system == OTHER)
    return fail_other(error, of->name);
  if (system == KEPT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' is already gone; another block that had its name is now %s%s, because "
                           "the name was taken once more",
                           of->name, of->where, of->stray);
  return shareable__fail_system(error, system == AGAIN ? EBUSY : system, "cannot unlink '%s'", of->name);
}

/* Whose name it is now: 0 if it is the block's, OTHER, or an errno. */
static int look(const removal *of, struct stat *file) {
  if (lstat(of->from, file) != 0)
    return errno;
  return is_block(of, file) ? 0 : OTHER;
}

/* The block does not have its name: perhaps only as long as another process has it moved. */
static int remove_moved(const removal *of, int system) {
  struct stat file;

  if (system != ENOENT && system != OTHER)
    return system;
  if (shareable__unlink_moved(of->block, of->name, SHAREABLE__ANY_USER))
    return 0;
  system = look(of, &file);
  return system == 0 ? AGAIN : system;
}

/* Another user's block is moved within /dev/shm, where the processes of that user find it if this one is killed. */
static int try_once(removal *of) {
  struct stat file;
  int system = look(of, &file);

  if (system == ENOENT && of->was_moved)
    return 0;
  if (system != 0)
    return remove_moved(of, system);
  system = file.st_uid == geteuid() ? remove_by_own_directory(of) : EXDEV;
  if (!is_about_place(system))
    return system;
  system = remove_by_way_of(of, AT_FDCWD, "");
  return system == ENOENT ? AGAIN : system;
}

static shareable_status try_to_remove(removal *of, shareable_error *error) {
  int system = AGAIN;

  for (int tries = 0; tries < TRIES && system == AGAIN; tries++)
    system = try_once(of);
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
    return shareable__name_normalize(name) == name;
  }
  size = readlinkat(place, link_of(stray).text, name, SHAREABLE__NAME_MAX);
  if (size < 0)
    return false;
  name[size] = '\0';
  return shareable__name_normalize(name) == name;
}

/* In /dev/shm any user may have made it; the files of others are their own to recover. */
static bool is_ours(const struct stat *file) {
  return geteuid() == 0 || file->st_uid == geteuid();
}

static int return_name(int place, const char *stray) {
  char to[sizeof SHM + SHAREABLE__NAME_MAX], name[SHAREABLE__NAME_MAX + 1];

  if (!read_name(place, stray, name))
    return EINVAL;
  snprintf(to, sizeof to, SHM "%s", name);
  return move_back(place, stray, to);
}

/* A visit of each file in a place that was moved there to be unlinked. */
typedef void visit_stray(int place, const char *stray, uint64_t inode, const struct stat *file, void *context);

static void visit_entry(int place, const char *name, visit_stray *visit, void *context) {
  struct stat file;
  uint64_t inode;

  if (parse(name, &inode) && fstatat(place, name, &file, AT_SYMLINK_NOFOLLOW) == 0)
    visit(place, name, inode, &file, context);
}

/* Returns 0, or an errno if there may be more; a directory that was removed meanwhile was empty. */
static int each_stray_in(int place, visit_stray *visit, void *context) {
  DIR *files = shareable__opendirat(place, ".");
  const struct dirent *entry;
  int system;

  if (files == NULL)
    return errno == ENOENT ? 0 : errno;
  while (errno = 0, (entry = readdir(files)) != NULL)
    visit_entry(place, entry->d_name, visit, context);
  system = errno == ENOENT ? 0 : errno;
  closedir(files);
  return system;
}

typedef struct search {
  visit_stray *visit;
  void *context;
  int system; /* an errno, if there may be more */
} search;

static void search_in(const shareable__owner_directory *directory, void *context) {
  search *of = context;
  int system = each_stray_in(directory->fd, of->visit, of->context);

  if (system != 0)
    of->system = system;
  shareable__owner_directory_remove(directory);
}

/* A directory that cannot be opened is of another user, and no process of this one has moved anything there. */
static bool is_unknown(int system) {
  return system == EMFILE || system == ENFILE || system == ENOMEM;
}

/* Returns whether all places were seen that this process may look into. */
static bool each_stray(visit_stray *visit, void *context) {
  search of = {visit, context, 0};
  int system = shareable__owner_directory_each(search_in, &of), shm = shareable__shm_directory_open();

  if (shm < 0)
    return false;
  if (of.system == 0)
    of.system = each_stray_in(shm, visit, context);
  close(shm);
  return of.system == 0 && !is_unknown(system);
}

/* A moved file to find, and whether it was unlinked. */
typedef struct moved {
  const shareable__file_id *block;
  const char *name;
  uid_t user;
  bool is_unlinked;
} moved;

static bool is_moved_block(const moved *of, int place, const char *stray, const struct stat *file) {
  char name[SHAREABLE__NAME_MAX + 1];

  return S_ISREG(file->st_mode) && file->st_dev == of->block->device && file->st_ino == of->block->inode &&
         (of->user == SHAREABLE__ANY_USER || file->st_uid == of->user) && read_name(place, stray, name) &&
         strcmp(name, of->name) == 0;
}

static void unlink_if_block(int place, const char *stray, uint64_t inode, const struct stat *file, void *context) {
  moved *of = context;

  (void)inode;
  if (!is_moved_block(of, place, stray, file) || unlinkat(place, stray, 0) != 0)
    return;
  drop_link(place, stray);
  of->is_unlinked = true;
}

bool shareable__unlink_moved(const shareable__file_id *block, const char *name, uid_t user) {
  moved of = {block, name, user, false};

  each_stray(unlink_if_block, &of);
  return of.is_unlinked;
}

/* What find_moved fills. */
typedef struct collection {
  shareable__file_set *files;
  bool is_whole;
} collection;

static void collect(int place, const char *stray, uint64_t inode, const struct stat *file, void *context) {
  const shareable__file_id id = {file->st_dev, file->st_ino};
  collection *to = context;

  (void)place;
  (void)stray;
  (void)inode;
  if (S_ISREG(file->st_mode) && !shareable__file_set_add(to->files, &id))
    to->is_whole = false;
}

bool shareable__unlink_find_moved(shareable__file_set *files) {
  collection to = {files, true};

  to.is_whole = each_stray(collect, &to) && to.is_whole;
  shareable__file_set_sort(files);
  return to.is_whole;
}

/* What is no regular file was never a block: it has taken the name of one, and goes back. */
static void recover_file(int place, const char *stray, uint64_t inode, const struct stat *file, void *context) {
  int system;

  (void)context;
  if (!is_ours(file))
    return;
  if (S_ISREG(file->st_mode) && file->st_ino == inode)
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

static void recover_links(int place) {
  DIR *files = shareable__opendirat(place, ".");
  const struct dirent *entry;

  if (files == NULL)
    return;
  while ((entry = readdir(files)) != NULL)
    if (shareable__unlink_is_stray(entry->d_name))
      recover_link(place, entry->d_name);
  closedir(files);
}

static void recover(int place) {
  each_stray_in(place, recover_file, NULL);
  recover_links(place);
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
