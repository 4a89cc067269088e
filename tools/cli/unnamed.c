/*
 * unnamed.c - memory without a name: files that were unlinked, but that processes have mapped or
 * open.
 */
#include "unnamed.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/*
 * /proc always reports a file that was created without a name as deleted, even if it has a name now.
 */
static bool is_unnamed(const shareable__mapping *users, size_t count, const file_set *named) {
  bool has_had_name = false;

  for (size_t i = 0; i < count; i++) {
    if (users[i].is_named)
      return false;
    has_had_name = has_had_name || users[i].name != NULL;
  }
  return has_had_name && !files_has(named, users->inode);
}

/*
 * Finds the file through a process that has it mapped. Only root may do that. Checks the file,
 * because the process may have mapped another one there since.
 */
static bool stat_mapped(const shareable__mapping *user, dev_t device, struct stat *file) {
  char path[80];

  if (!user->is_mapped)
    return false;
  snprintf(path, sizeof path, "/proc/%" PRId64 "/map_files/%" PRIx64 "-%" PRIx64, user->pid, user->start, user->end);
  return stat(path, file) == 0 && file->st_ino == user->inode && file->st_dev == device;
}

/*
 * Reads what only the file itself shows: the memory that it uses, its user, and its size, because the
 * size of a mapping is a multiple of that of a page.
 */
static bool read_file(unnamed_file *file, const shareable__mapping *user, dev_t device) {
  struct stat status;

  if (stat_mapped(user, device, &status)) {
    file->used = (uint64_t)status.st_blocks * 512;
    file->size = (uint64_t)status.st_size;
    file->uid = status.st_uid;
  } else if (user->is_open) {
    file->used = user->used;
    file->uid = user->user;
  } else {
    return false;
  }
  return true;
}

/*
 * The creator mapped the file before it had a name. The name comes from another process, if one has
 * it mapped.
 */
static const char *name_of(const shareable__mapping *users, size_t count) {
  const char *name = "";

  for (size_t i = 0; i < count; i++)
    if (users[i].name != NULL && (name[0] == '\0' || users[i].name[0] != '#'))
      name = users[i].name;
  return name;
}

static void describe(unnamed_file *file, const shareable__mapping *users, size_t count, dev_t device) {
  bool is_read = false;

  *file = (unnamed_file){.name = name_of(users, count), .inode = users->inode, .users = users, .user_count = count};
  for (size_t i = 0; i < count; i++) /* a part of the file may be mapped */
    file->size = users[i].size > file->size ? users[i].size : file->size;
  for (size_t i = 0; i < count && !is_read; i++)
    is_read = read_file(file, &users[i], device);
  file->is_estimated = !is_read;
  if (!is_read)
    file->used = file->size;
}

bool unnamed_next(const shareable__proc_maps *maps, size_t *position, dev_t device, const file_set *named,
                  unnamed_file *file) {
  size_t count;

  while (*position < maps->count) {
    const shareable__mapping *users = shareable__proc_maps_users(maps, maps->mappings[*position].inode, &count);

    *position += count;
    if (is_unnamed(users, count, named)) {
      describe(file, users, count, device);
      return true;
    }
  }
  return false;
}

void unnamed_add(file_set *set, const shareable__proc_maps *maps, dev_t device) {
  const file_set named = *set;
  file_set found = {0};
  unnamed_file file;
  size_t position = 0;

  while (unnamed_next(maps, &position, device, &named, &file))
    files_add(&found, (file_entry){file.inode, file.size, file.used});
  files_add_all(set, &found);
  files_free(&found);
}
