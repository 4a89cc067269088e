/*
 * unnamed.c - finds the memory that a file without a name uses.
 */
#include "unnamed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shm/segment.h"

/*
 * Returns the memory of the file of one line of /proc/PID/maps, or 0 if it is another file. Calls
 * stat(2) only for the file itself, because another file may be on a remote file system.
 */
static uint64_t used_of_line(const char *line, const shareable__mapping *user, dev_t device) {
  unsigned long long start, end, inode;
  unsigned high, low;
  struct stat file;
  char path[80];

  if (sscanf(line, "%llx-%llx %*s %*s %x:%x %llu", &start, &end, &high, &low, &inode) != 5 || inode != user->inode ||
      makedev(high, low) != device)
    return 0;
  snprintf(path, sizeof path, "/proc/%" PRId64 "/map_files/%llx-%llx", user->pid, start, end);
  if (stat(path, &file) != 0 || file.st_ino != user->inode || file.st_dev != device)
    return 0;
  return (uint64_t)file.st_blocks * 512;
}

static uint64_t used_by(const shareable__mapping *user, dev_t device) {
  char path[40], *line = NULL;
  uint64_t used = 0;
  size_t size = 0;
  FILE *maps;

  snprintf(path, sizeof path, "/proc/%" PRId64 "/maps", user->pid);
  maps = fopen(path, "re");
  if (maps == NULL)
    return 0;
  while (used == 0 && getline(&line, &size, maps) > 0)
    used = used_of_line(line, user, device);
  free(line);
  fclose(maps);
  return used;
}

uint64_t unnamed_used(const shareable__mapping *users, size_t count) {
  struct stat directory;
  uint64_t used = 0;

  if (stat(SHAREABLE__DIRECTORY, &directory) != 0)
    return 0;
  for (size_t i = 0; i < count && used == 0; i++)
    used = used_by(&users[i], directory.st_dev);
  return used;
}
