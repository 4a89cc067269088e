/*
 * top_sample.c - a sample of all blocks and other files: their memory, changed items and users.
 */
#include "top_sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "process.h"
#include "shm/segment.h"

/* The parts of a processor that the inspection of processes and the comparison of items take. */
#define USERS_SHARE 100
#define CHANGES_SHARE 200

/* The number of files whose sizes one sample reads. If there are more, they take turns. */
#define SIZES_MAX 1000

/* Processor time in nanoseconds for the first reading of the lists. */
#define FIRST_CHANGES_NS INT64_C(200000000)

void top_sample_begin(top_sample *sample, char *const *patterns, size_t count) {
  *sample = (top_sample){.patterns = patterns, .pattern_count = count};
  sample->directory = open(SHAREABLE__DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (sample->directory < 0)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
}

void top_sample_expire_users(top_sample *sample) {
  sample->users_cost = 0;
}

static bool matches(const char *pattern, const char *name) {
  pattern += pattern[0] == '/';
  return strcmp(pattern, name) == 0 || fnmatch(pattern, name, FNM_PERIOD) == 0;
}

static bool is_selected(const top_sample *sample, const char *name) {
  for (size_t i = 0; i < sample->pattern_count; i++)
    if (matches(sample->patterns[i], name))
      return true;
  return sample->pattern_count == 0;
}

static top_block *add(top_sample *sample, const block *info) {
  if (sample->count % 64 == 0)
    sample->blocks = cli_allocate(sample->blocks, sample->count + 64, sizeof *sample->blocks);
  sample->blocks[sample->count] = (top_block){.info = *info};
  return &sample->blocks[sample->count++];
}

static void free_blocks(top_sample *sample) {
  for (size_t i = 0; i < sample->count; i++)
    if (sample->blocks[i].is_new)
      free(sample->blocks[i].info.name);
  sample->count = 0;
}

static void read_users(top_sample *sample) {
  int64_t start = shareable__thread_time();

  sample->users_at = shareable__now();
  blocks_free(&sample->found);
  blocks_read(&sample->found, NULL, 0);
  space_end_at_once(&sample->found.space, sample->directory, &sample->found.files);
  sample->named_count = sample->found.count;
  while (sample->named_count > 0 && sample->found.blocks[sample->named_count - 1].state == BLOCK_DELETED)
    sample->named_count--;
  sample->seen = cli_allocate(sample->seen, sample->named_count, sizeof *sample->seen);
  memset(sample->seen, 0, sample->named_count * sizeof *sample->seen);
  sample->users_cost = shareable__thread_time() - start;
  process_forget_commands();
}

/*
 * Updates the sizes of a file. Returns false if it no longer has its name. The sizes of a directory are
 * of the files in it: they stay.
 */
static bool update(const top_sample *sample, block *info) {
  struct stat file;

  if (fstatat(sample->directory, info->name, &file, AT_SYMLINK_NOFOLLOW) != 0 || file.st_ino != info->inode)
    return false;
  if (S_ISREG(file.st_mode)) {
    info->size = (uint64_t)file.st_size;
    info->used = (uint64_t)file.st_blocks * 512;
  }
  info->uid = file.st_uid;
  info->mode = file.st_mode & 07777;
  return true;
}

/* Returns whether the file still exists. Its sizes are updated if it is its turn. */
static bool exists(top_sample *sample, size_t i) {
  size_t turns = (sample->named_count + SIZES_MAX - 1) / SIZES_MAX;

  if (i >= sample->named_count)
    return true;
  if (sample->seen[i] != sample->number)
    return false;
  return (i + sample->number) % turns != 0 || update(sample, &sample->found.blocks[i]);
}

/* Adds the blocks of the last inspection that still exist. */
static void add_found(top_sample *sample) {
  int64_t elapsed = (sample->time - sample->users_at) / 1000000000;

  for (size_t i = 0; i < sample->found.count; i++) {
    block info;

    if (!is_selected(sample, sample->found.blocks[i].name) || (!sample->has_users && !exists(sample, i)))
      continue;
    info = sample->found.blocks[i];
    info.age += info.age < 0 ? 0 : elapsed;
    add(sample, &info);
  }
}

/* Returns the number of blocks; other files are not counted. */
static size_t count_blocks(const top_sample *sample) {
  size_t count = 0;

  for (size_t i = 0; i < sample->count; i++)
    count += sample->blocks[i].info.is_block;
  return count;
}

static void add_new(top_sample *sample, const char *name) {
  struct stat file;
  block info = {.state = BLOCK_UNKNOWN, .is_block = true, .owner = -1, .has_other_users = true};

  if (fstatat(sample->directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode))
    return;
  info.name = cli_format("%s", name);
  info.inode = file.st_ino;
  info.size = (uint64_t)file.st_size;
  info.used = (uint64_t)file.st_blocks * 512;
  info.uid = file.st_uid;
  info.mode = file.st_mode & 07777;
  info.age = time(NULL) - file.st_ctim.tv_sec;
  add(sample, &info)->is_new = true;
}

static int compare_name(const void *name, const void *info) {
  return strcmp(name, ((const block *)info)->name);
}

/* Returns the file if the last inspection found it, or NULL. A directory may be a mount point. */
static const block *find_known(const top_sample *sample, const struct dirent *entry) {
  const block *known = sample->named_count == 0 ? NULL
                                                : bsearch(entry->d_name, sample->found.blocks, sample->named_count,
                                                          sizeof *known, compare_name);

  return known != NULL && (known->inode == entry->d_ino || entry->d_type == DT_DIR) ? known : NULL;
}

/* Finds out which files of the last inspection still exist, and adds blocks that were created since then. */
static void read_names(top_sample *sample) {
  int copy = openat(sample->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;

  if (names == NULL)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while ((entry = readdir(names)) != NULL) {
    const block *known = find_known(sample, entry);

    if (known != NULL)
      sample->seen[known - sample->found.blocks] = sample->number;
    else if (entry->d_name[0] != '.' && is_selected(sample, entry->d_name))
      add_new(sample, entry->d_name);
  }
  closedir(names);
}

static void read_space(top_sample *sample) {
  struct statvfs space;

  if (fstatvfs(sample->directory, &space) != 0)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  sample->space.size = (uint64_t)space.f_blocks * space.f_frsize;
  sample->space.used =
    space.f_blocks == 0 ? sample->found.space.listed : (uint64_t)(space.f_blocks - space.f_bfree) * space.f_frsize;
  sample->space.inodes = space.f_files;
  sample->space.inodes_used = space.f_files - space.f_ffree;
  sample->space.is_settled = sample->found.space.is_settled;
  sample->space.not_visible = sample->found.space.not_visible;
}

/* Finds out whether a new block, which was read as a list, is one of these, or a dict. */
static void set_kind(const top_sample *sample, block *info) {
  int fd = openat(sample->directory, info->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  shareable_array *array = NULL;
  struct stat file;
  block_kind kind;

  if (fd < 0)
    return;
  if (fstat(fd, &file) == 0 && file.st_ino == info->inode) {
    kind = kind_of_file(fd, info->name, (uint64_t)file.st_size, &info->list, &array);
    info->kind = block_kind_is_list(kind) ? kind : info->kind;
  }
  shareable_array_unref(array);
  close(fd);
}

/* A block that is new may be a list: its first reading finds out. */
static void read_changes(top_sample *sample, int64_t budget) {
  top_changes_begin(&sample->changes);
  for (size_t i = 0; i < sample->count; i++) {
    const top_block *each = &sample->blocks[i];

    if (each->info.state != BLOCK_DELETED && (each->is_new || block_kind_is_list(each->info.kind)))
      top_changes_add(&sample->changes, each->info.name, each->info.inode);
  }
  top_changes_read(&sample->changes, sample->directory, budget);
  for (size_t i = 0; i < sample->count; i++) {
    top_block *each = &sample->blocks[i];

    each->items = top_changes_of(&sample->changes, each->info.inode);
    if (each->is_new && each->items != NULL && each->items->count > 0)
      set_kind(sample, &each->info);
  }
}

void top_sample_take(top_sample *sample, int64_t delay) {
  bool is_first = sample->time == 0;

  free_blocks(sample);
  sample->has_users =
    sample->users_cost == 0 || shareable__now() - sample->users_at >= USERS_SHARE * sample->users_cost;
  if (sample->has_users)
    read_users(sample);
  sample->time = shareable__now();
  sample->number++;
  if (!sample->has_users)
    read_names(sample);
  add_found(sample);
  read_changes(sample, is_first ? FIRST_CHANGES_NS : delay / CHANGES_SHARE);
  read_space(sample);
  sample->block_count = count_blocks(sample);
}

static bool has_match(const top_sample *sample, const char *pattern) {
  for (size_t i = 0; i < sample->count; i++)
    if (matches(pattern, sample->blocks[i].info.name))
      return true;
  return false;
}

bool top_sample_check_patterns(const top_sample *sample) {
  bool all_match = true;

  for (size_t i = 0; i < sample->pattern_count; i++)
    if (!has_match(sample, sample->patterns[i])) {
      blocks_warn_no_match(sample->patterns[i]);
      all_match = false;
    }
  return all_match;
}

void top_sample_end(top_sample *sample) {
  free_blocks(sample);
  free(sample->blocks);
  free(sample->seen);
  blocks_free(&sample->found);
  top_changes_free(&sample->changes);
  close(sample->directory);
}

const top_block *top_sample_find(const top_sample *sample, const char *name, uint64_t inode) {
  for (size_t i = 0; i < sample->count; i++)
    if (sample->blocks[i].info.inode == inode && strcmp(sample->blocks[i].info.name, name) == 0)
      return &sample->blocks[i];
  return NULL;
}
