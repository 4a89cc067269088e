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

static bool is_selected(const top_sample *sample, const char *name) {
  for (size_t i = 0; i < sample->pattern_count; i++) {
    const char *pattern = sample->patterns[i];

    pattern += pattern[0] == '/';
    if (strcmp(pattern, name) == 0 || fnmatch(pattern, name, FNM_PERIOD) == 0)
      return true;
  }
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
  sample->users_cost = shareable__thread_time() - start;
  process_forget_commands();
}

/*
 * Returns whether the file still has its name, and updates its sizes. Those of a directory are of
 * the files in it: they stay.
 */
static bool update(const top_sample *sample, block *info) {
  struct stat file;

  if (info->state == BLOCK_DELETED)
    return true;
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

/* Adds the blocks of the last inspection that still exist. */
static void add_found(top_sample *sample) {
  int64_t elapsed = (sample->time - sample->users_at) / 1000000000;

  for (size_t i = 0; i < sample->found.count; i++) {
    block info = sample->found.blocks[i];

    if (!is_selected(sample, info.name) || (!sample->has_users && !update(sample, &info)))
      continue;
    info.age += info.age < 0 ? 0 : elapsed;
    add(sample, &info);
  }
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const top_block *)a)->info.name, ((const top_block *)b)->info.name);
}

/* Returns the number of blocks; other files are not counted. */
static size_t count_blocks(const top_sample *sample) {
  size_t count = 0;

  for (size_t i = 0; i < sample->count; i++)
    count += sample->blocks[i].info.is_block;
  return count;
}

/* Returns whether one of the first `count` blocks, which are sorted by name, has that name. */
static bool has_name(const top_sample *sample, size_t count, const char *name, uint64_t inode) {
  const top_block key = {.info = {.name = (char *)name}};
  const top_block *found = count == 0 ? NULL : bsearch(&key, sample->blocks, count, sizeof key, by_name);

  while (found != NULL && found > sample->blocks && strcmp(found[-1].info.name, name) == 0)
    found--;
  for (; found != NULL && found < sample->blocks + count && strcmp(found->info.name, name) == 0; found++)
    if (found->info.inode == inode)
      return true;
  return false;
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

/* Adds the blocks that were created after the last inspection. */
static void add_created(top_sample *sample) {
  int copy = openat(sample->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;
  size_t count = sample->count;

  if (names == NULL)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  if (count > 0)
    qsort(sample->blocks, count, sizeof *sample->blocks, by_name);
  while ((entry = readdir(names)) != NULL)
    if (entry->d_name[0] != '.' && is_selected(sample, entry->d_name) &&
        !has_name(sample, count, entry->d_name, entry->d_ino))
      add_new(sample, entry->d_name);
  closedir(names);
}

static void read_space(top_sample *sample) {
  struct statvfs space;

  if (fstatvfs(sample->directory, &space) != 0)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  sample->space.size = (uint64_t)space.f_blocks * space.f_frsize;
  sample->space.used = (uint64_t)(space.f_blocks - space.f_bfree) * space.f_frsize;
  sample->space.inodes = space.f_files;
  sample->space.inodes_used = space.f_files - space.f_ffree;
  sample->space.not_visible = sample->found.space.not_visible;
}

/* A block that is new may be a list: its first reading finds out. */
static void read_changes(top_sample *sample, int64_t budget) {
  top_changes_begin(&sample->changes);
  for (size_t i = 0; i < sample->count; i++) {
    const top_block *each = &sample->blocks[i];

    if (each->info.state != BLOCK_DELETED && (each->is_new || each->info.kind == BLOCK_LIST))
      top_changes_add(&sample->changes, each->info.name, each->info.inode);
  }
  top_changes_read(&sample->changes, sample->directory, budget);
  for (size_t i = 0; i < sample->count; i++) {
    top_block *each = &sample->blocks[i];

    each->items = top_changes_of(&sample->changes, each->info.inode);
    if (each->is_new && each->items != NULL && each->items->count > 0) {
      each->info.kind = BLOCK_LIST;
      each->info.list.items = (size_t)each->items->count;
    }
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
  add_found(sample);
  if (!sample->has_users)
    add_created(sample);
  read_changes(sample, is_first ? FIRST_CHANGES_NS : delay / CHANGES_SHARE);
  read_space(sample);
  sample->block_count = count_blocks(sample);
}

void top_sample_end(top_sample *sample) {
  free_blocks(sample);
  free(sample->blocks);
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
