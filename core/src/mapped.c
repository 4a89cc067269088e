/*
 * mapped.c - which files of shared memory processes have mapped, as /proc tells.
 */
#include "mapped.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

static void add(shareable__mapped *mapped, shareable__mapping mapping) {
  if (mapped->count % 64 == 0) {
    shareable__mapping *more = reallocarray(mapped->all, mapped->count + 64, sizeof *more);
    if (more == NULL) {
      mapped->is_whole = false;
      return;
    }
    mapped->all = more;
  }
  mapped->all[mapped->count++] = mapping;
}

/* By device and inode: in another mount namespace the path is another. */
static void look_at_maps(shareable__mapped *mapped, FILE *maps, dev_t device, int64_t pid) {
  char line[8192];
  bool is_begin = true;

  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned high, low;
    unsigned long long inode;

    if (is_begin && sscanf(line, "%*s %*s %*s %x:%x %llu", &high, &low, &inode) == 3 && inode != 0 &&
        makedev(high, low) == device)
      add(mapped, (shareable__mapping){inode, pid, 0});
    is_begin = false;
    for (const char *end = line; *end != '\0'; end++)
      is_begin = *end == '\n';
  }
  if (ferror(maps))
    mapped->is_whole = false;
}

static void look_at(shareable__mapped *mapped, dev_t device, int64_t pid) {
  char path[40];
  struct stat process;
  FILE *maps;

  snprintf(path, sizeof path, "/proc/%lld/maps", (long long)pid);
  maps = fopen(path, "re");
  if (maps != NULL) {
    look_at_maps(mapped, maps, device, pid);
    fclose(maps);
    return;
  }
  if (errno == ENOENT || errno == ESRCH) /* it has ended */
    return;
  snprintf(path, sizeof path, "/proc/%lld", (long long)pid);
  if (stat(path, &process) == 0)
    add(mapped, (shareable__mapping){0, pid, process.st_uid});
}

shareable__mapped shareable__mapped_find(dev_t device) {
  shareable__mapped mapped = {.is_whole = true};
  DIR *processes = opendir("/proc");
  const struct dirent *entry;

  if (processes == NULL) {
    mapped.is_whole = false;
    return mapped;
  }
  while ((entry = readdir(processes)) != NULL)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      look_at(&mapped, device, atoll(entry->d_name));
  closedir(processes);
  return mapped;
}

void shareable__mapped_free(shareable__mapped *mapped) {
  free(mapped->all);
}

/* A file that is its user's alone is nobody else's to map; but root's, who is asked about only by root. */
static bool may_have(const shareable__mapping *process, const struct stat *file) {
  return process->inode == 0 && (process->user == file->st_uid || (file->st_mode & 077) != 0);
}

const shareable__mapping *shareable__mapped_user(const shareable__mapped *mapped, const struct stat *file) {
  for (size_t i = 0; i < mapped->count; i++)
    if (mapped->all[i].inode == file->st_ino)
      return &mapped->all[i];
  for (size_t i = 0; i < mapped->count; i++)
    if (may_have(&mapped->all[i], file))
      return &mapped->all[i];
  return NULL;
}
