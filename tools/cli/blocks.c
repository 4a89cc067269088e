/*
 * blocks.c - reads the state of all files in /dev/shm: kind, size, users and owner.
 */
#include "blocks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "shm/segment.h"
#include "tree.h"

/*
 * The number of times that a block is checked again. Another process that checks all blocks, such
 * as gc, may have one open or hold a lease on it for a moment.
 */
enum { TRIES = 3, SLEEPS = 50 };

static block *add_row(blocks *found) {
  if (found->count % 64 == 0)
    found->blocks = cli_allocate(found->blocks, found->count + 64, sizeof *found->blocks);
  found->blocks[found->count] = (block){0};
  return &found->blocks[found->count++];
}

static file_entry entry_of(const block *info) {
  return (file_entry){info->inode, info->size, info->used};
}

/* The parts of struct stat that the inventory needs. */
static struct stat stat_of(const struct statx *file) {
  return (struct stat){.st_dev = makedev(file->stx_dev_major, file->stx_dev_minor),
                       .st_ino = file->stx_ino,
                       .st_uid = file->stx_uid,
                       .st_mode = file->stx_mode};
}

/* As in gc, a file whose name begins with a dot is a block only if an ownership log lists it. */
static void add_regular(blocks *found, const char *name, const struct statx *status, int fd, int errnum) {
  const struct stat file = stat_of(status);
  shareable__usage usage = shareable__inventory_usage_of(&found->inventory, name, &file, fd);
  block *info = add_row(found);

  block_set_file(info, name, status);
  files_add(&found->files, entry_of(info));
  info->is_block = name[0] != '.' || usage.owner != NULL;
  info->kind = fd < 0 ? BLOCK_UNREADABLE : kind_of_file(fd, name, info->size, &info->list, &info->array);
  block_set_usage(info, &found->inventory, &usage, errnum);
}

static void set_directory(blocks *found, block *info, bool *is_complete) {
  file_set inside = {0};

  *is_complete = tree_read(&inside, found->place->fd, info->name);
  files_sort(&inside);
  info->size = files_size(&inside);
  info->used = files_used(&inside);
  block_set_users_in(info, &found->inventory, &inside);
  files_add_all(&found->files, &inside);
  files_free(&inside);
}

static void add_other(blocks *found, const char *name, const struct statx *status) {
  const struct stat file = stat_of(status);
  block *info = add_row(found);
  bool is_complete = true;

  block_set_file(info, name, status);
  info->kind = kind_of_other(name, status->stx_mode, status->stx_uid);
  if (S_ISDIR(status->stx_mode)) {
    set_directory(found, info, &is_complete);
  } else {
    files_add(&found->files, entry_of(info));
    info->users = shareable__proc_maps_users(&found->inventory.maps, info->inode, &info->user_count);
  }
  block_set_other_state(info, &found->inventory, &file, is_complete);
}

static bool read_status(int directory, const char *name, int flags, struct statx *file) {
  return statx(directory, name, flags | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_BTIME, file) == 0;
}

/* The number of sleeps that are left for all files that cannot be opened at once. */
static int sleeps_left;

/*
 * Opens a regular file. The open fails with EWOULDBLOCK while another process holds a lease on it,
 * perhaps to see whether it is in use.
 */
static int open_file(int directory, const char *name) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int fd = openat(directory, name, flags);

  for (int i = 0; fd < 0 && errno == EWOULDBLOCK && i < TRIES && sleeps_left > 0; i++, sleeps_left--) {
    shareable__sleep(1000000);
    fd = openat(directory, name, flags);
  }
  return fd;
}

/* Only regular files are opened: to open a FIFO would wake a process that opens it for writing. */
static bool read_regular(blocks *found, const char *name) {
  int directory = found->place->fd, fd = open_file(directory, name), errnum = fd < 0 ? errno : 0;
  struct statx file;
  bool is_read =
    fd < 0 ? read_status(directory, name, AT_SYMLINK_NOFOLLOW, &file) : read_status(fd, "", AT_EMPTY_PATH, &file);

  if (is_read && S_ISREG(file.stx_mode))
    add_regular(found, name, &file, fd, errnum);
  else if (is_read)
    add_other(found, name, &file);
  if (fd >= 0)
    close(fd);
  return is_read;
}

/* Adds the file with that name. Returns false if there is none. */
static bool read_file(blocks *found, const char *name, unsigned char type) {
  struct statx file;

  if (type == DT_REG)
    return read_regular(found, name);
  if (!read_status(found->place->fd, name, AT_SYMLINK_NOFOLLOW, &file))
    return false;
  if (S_ISREG(file.stx_mode))
    return read_regular(found, name);
  add_other(found, name, &file);
  return true;
}

static const char *without_slash(const char *name) {
  return name[0] == '/' ? name + 1 : name;
}

static bool has_file(const blocks *found, const char *name) {
  struct stat file;

  return fstatat(found->place->fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_wildcard(const char *name) {
  return strpbrk(name, "*?[") != NULL;
}

static bool is_pattern(const blocks *found, const char *name) {
  return has_wildcard(name) && !has_file(found, without_slash(name));
}

/*
 * A dot at the beginning must be given, as in a shell. In a name without a wildcard, a backslash is
 * a backslash.
 */
static bool matches(const char *pattern, const char *name) {
  if (!has_wildcard(pattern))
    return strcmp(without_slash(pattern), name) == 0;
  return fnmatch(without_slash(pattern), name, FNM_PERIOD) == 0;
}

/* Returns true if one of the patterns matches, or if there are none. */
static bool is_wanted(char *const *patterns, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (matches(patterns[i], name))
      return true;
  return count == 0;
}

static DIR *open_names(const block_place *place) {
  int copy = openat(place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);

  if (names == NULL)
    cli_die("cannot read %s: %s", place->text, strerror(errno));
  return names;
}

static bool is_parent(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Reads all files that match. */
static void read_all(blocks *found, char *const *patterns, size_t count) {
  DIR *names = open_names(found->place);
  const struct dirent *entry;
  size_t seen = 0, all = 0;

  while (readdir(names) != NULL)
    all++;
  rewinddir(names);
  while ((entry = readdir(names)) != NULL) {
    cli_progress("blocks", seen++, all);
    if (!is_parent(entry->d_name) && is_wanted(patterns, count, entry->d_name))
      read_file(found, entry->d_name, entry->d_type);
  }
  cli_progress("blocks", all, all);
  closedir(names);
}

static void check_again(const blocks *found, const shareable__inventory *inventory, block *info) {
  int fd = open_file(found->place->fd, info->name);
  shareable__usage usage;
  struct statx file;
  struct stat status;

  if (fd < 0)
    return;
  if (read_status(fd, "", AT_EMPTY_PATH, &file) && file.stx_ino == info->inode) {
    status = stat_of(&file);
    if (info->kind == BLOCK_UNREADABLE) /* another process held a lease on it */
      info->kind = kind_of_file(fd, info->name, info->size, &info->list, &info->array);
    usage = shareable__inventory_usage_of(inventory, info->name, &status, fd);
    block_set_usage(info, inventory, &usage, 0);
  }
  close(fd);
}

/* Checks the blocks again that only the lease shows as in use. Returns how many remain. */
static size_t check_refused(const blocks *found, const shareable__inventory *inventory) {
  size_t left = 0;

  for (size_t i = 0; i < found->count; i++) {
    block *info = &found->blocks[i];

    if (info->is_refused)
      check_again(found, inventory, info);
    left += info->is_refused;
  }
  return left;
}

static size_t count_refused(const blocks *found) {
  size_t refused = 0;

  for (size_t i = 0; i < found->count; i++)
    refused += found->blocks[i].is_refused;
  return refused;
}

/*
 * A process that has opened a block since the inventory was taken is found in another reading of
 * /proc. Two processes that check blocks must not do it at the same times.
 */
static void settle_refused(blocks *found) {
  shareable__inventory later = found->inventory;
  size_t left = count_refused(found);
  struct stat directory;

  for (int i = 0; i < TRIES && left > 0 && fstat(found->place->fd, &directory) == 0; i++) {
    shareable__sleep(1000000 + shareable__now() % 4000000);
    if (i == 1)
      later.maps = found->later_maps = shareable__proc_maps_read_all(directory.st_dev);
    left = check_refused(found, &later);
  }
}

static int by_name(const void *a, const void *b) {
  const block *first = a, *second = b;
  int gone = (first->state == BLOCK_DELETED) - (second->state == BLOCK_DELETED);

  return gone != 0 ? gone : strcmp(first->name, second->name);
}

/* Adds the memory without a name. found->files must contain all files with names, and be sorted. */
static void read_unnamed(blocks *found) {
  unnamed_file file;
  struct stat status;
  size_t position = 0;

  if (fstat(found->place->fd, &status) != 0)
    return;
  while (unnamed_next(&found->inventory.maps, &position, status.st_dev, &found->files, &file))
    block_set_unnamed(add_row(found), &file);
}

static void read_everything(blocks *found) {
  read_all(found, NULL, 0);
  files_sort(&found->files);
  read_unnamed(found);
  for (size_t i = 0; i < found->count; i++)
    if (found->blocks[i].state == BLOCK_DELETED)
      files_add(&found->files, entry_of(&found->blocks[i]));
  files_sort(&found->files);
  found->space.listed = files_used(&found->files);
}

void blocks_add_up(blocks *found) {
  space_end(&found->space, found->place->fd, &found->files);
}

/* Adds the deleted blocks that match one of the patterns. */
static void read_unnamed_matching(blocks *found, char *const *patterns, size_t count) {
  size_t kept = found->count;

  tree_read(&found->files, found->place->fd, ".");
  files_sort(&found->files);
  read_unnamed(found);
  for (size_t i = kept; i < found->count; i++) {
    if (is_wanted(patterns, count, found->blocks[i].name))
      found->blocks[kept++] = found->blocks[i];
    else
      block_free(&found->blocks[i]);
  }
  found->count = kept;
}

void blocks_warn_no_match(const char *pattern) {
  if (has_wildcard(pattern))
    cli_warn("no block matches '%s'", pattern);
  else
    cli_warn_not_found(pattern);
}

/* Returns false, and prints a message, if no file matches. */
static bool check_match(const blocks *found, const char *pattern) {
  for (size_t i = 0; i < found->count; i++)
    if (matches(pattern, found->blocks[i].name))
      return true;
  blocks_warn_no_match(pattern);
  return false;
}

static bool read_patterns(blocks *found, char *const *patterns, size_t count) {
  bool all_match = true;

  if (count == 0)
    return true;
  read_all(found, patterns, count);
  read_unnamed_matching(found, patterns, count);
  for (size_t i = 0; i < count; i++)
    all_match = check_match(found, patterns[i]) && all_match;
  return all_match;
}

char *blocks_name_error(const char *name) {
  if (strncmp(name, SHAREABLE__DIRECTORY "/", sizeof SHAREABLE__DIRECTORY) == 0)
    return cli_format("'%s' is a path, not a name: leave out " SHAREABLE__DIRECTORY "/", name);
  return cli_format("'%s': %s", name, shareable_status_message(SHAREABLE_E_NAME));
}

/* Returns false if there is no such file. */
static bool read_named(blocks *found, const char *name) {
  if (shareable__name_normalize(without_slash(name)) == NULL)
    cli_die("%s", blocks_name_error(name));
  return read_file(found, without_slash(name), DT_UNKNOWN);
}

/* A name that no file has may be that of a deleted block: it is searched like a pattern. */
static bool read_names(blocks *found, char *const *names, size_t count) {
  char **patterns = cli_allocate(NULL, count, sizeof *patterns);
  size_t patterns_count = 0;
  bool all_found;

  for (size_t i = 0; i < count; i++)
    if (is_pattern(found, names[i]) || !read_named(found, names[i]))
      patterns[patterns_count++] = names[i];
  all_found = read_patterns(found, patterns, patterns_count);
  free(patterns);
  return all_found;
}

/* A name may be given twice, or match a pattern too. Several deleted blocks may have one name. */
static void sort(blocks *found) {
  size_t kept = 0;

  if (found->count == 0)
    return;
  qsort(found->blocks, found->count, sizeof *found->blocks, by_name);
  for (size_t i = 1; i < found->count; i++) {
    if (by_name(&found->blocks[kept], &found->blocks[i]) != 0 || found->blocks[i].state == BLOCK_DELETED)
      found->blocks[++kept] = found->blocks[i];
    else
      block_free(&found->blocks[i]);
  }
  found->count = kept + 1;
}

static void take_inventory(blocks *found) {
  shareable_error error;
  shareable_status status = found->place->is_own
                              ? shareable__inventory_take(&found->inventory, &error)
                              : shareable__inventory_take_in(&found->inventory, found->place->fd, &error);

  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
}

bool blocks_read_in(blocks *found, const block_place *place, char *const *names, size_t count) {
  bool all_found = true;

  *found = (blocks){.place = place};
  sleeps_left = SLEEPS;
  space_begin(&found->space, place->fd);
  take_inventory(found);
  if (count == 0)
    read_everything(found);
  else
    all_found = read_names(found, names, count);
  settle_refused(found);
  sort(found);
  return all_found;
}

bool blocks_read(blocks *found, char *const *names, size_t count) {
  block_place own = place_open(NULL, 0);
  bool all_found = blocks_read_in(found, &own, names, count);

  found->place = NULL;
  place_close(&own);
  return all_found;
}

void blocks_free(blocks *found) {
  for (size_t i = 0; i < found->count; i++)
    block_free(&found->blocks[i]);
  free(found->blocks);
  files_free(&found->files);
  shareable__proc_maps_free(&found->later_maps);
  shareable__inventory_free(&found->inventory);
}

uint64_t blocks_used(const blocks *found) {
  file_set used = {0};
  uint64_t sum;

  for (size_t i = 0; i < found->count; i++) {
    const block *info = &found->blocks[i];

    if (info->is_block)
      files_add(&used, entry_of(info));
  }
  files_sort(&used);
  sum = files_used(&used);
  files_free(&used);
  return sum;
}
