/*
 * tree.c - the files in a directory and in all directories below it.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each level has a directory open. */
enum { LEVELS_MAX = 100 };

static bool read_level(file_set *found, int parent, const char *name, dev_t device, int level);

/* A file that has been removed is not there. */
static bool read_file(file_set *found, int directory, const char *name, dev_t device, int level) {
  struct stat file;

  if (fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT;
  if (S_ISDIR(file.st_mode))
    return read_level(found, directory, name, device, level + 1);
  if (file.st_dev == device)
    files_add(found, (file_entry){file.st_ino, (uint64_t)file.st_size, (uint64_t)file.st_blocks * 512});
  return true;
}

static bool read_names(file_set *found, DIR *names, dev_t device, int level) {
  const struct dirent *entry;
  bool is_complete = true;

  while ((entry = readdir(names)) != NULL)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      is_complete = read_file(found, dirfd(names), entry->d_name, device, level) && is_complete;
  return is_complete;
}

static DIR *open_directory(int parent, const char *name) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  DIR *names = fd < 0 ? NULL : fdopendir(fd);

  if (names == NULL && fd >= 0)
    close(fd);
  return names;
}

/* The directory may have been replaced since its parent was read, so it is checked when it is open. */
static bool read_level(file_set *found, int parent, const char *name, dev_t device, int level) {
  DIR *names = level > LEVELS_MAX ? NULL : open_directory(parent, name);
  struct stat file;
  bool is_complete = true;

  if (names == NULL)
    return level <= LEVELS_MAX && errno == ENOENT;
  if (fstat(dirfd(names), &file) == 0 && file.st_dev == device) {
    files_add(found, (file_entry){file.st_ino, 0, (uint64_t)file.st_blocks * 512});
    is_complete = read_names(found, names, device, level);
  }
  closedir(names);
  return is_complete;
}

bool tree_read(file_set *found, int parent, const char *name) {
  struct stat file;

  return fstat(parent, &file) == 0 && read_level(found, parent, name, file.st_dev, 1);
}
