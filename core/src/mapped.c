/*
 * mapped.c - which files of shared memory processes have mapped, as /proc tells.
 */
#include "mapped.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static void add(shareable__mapped *mapped, shareable__mapping mapping) {
  if (mapped->count % 64 == 0) {
    shareable__mapping *more = reallocarray(mapped->all, mapped->count + 64, sizeof *more);
    if (more == NULL) {
      mapped->is_whole = false;
      free(mapping.name);
      return;
    }
    mapped->all = more;
  }
  mapped->all[mapped->count++] = mapping;
}

/* The name that an unlinked file had, of the rest of its line; the kernel writes a newline there as \012. */
static char *name_of_deleted(char *path) {
  static const char deleted[] = " (deleted)\n";
  size_t length = strlen(path);
  char *slash = strrchr(path, '/');

  if (slash == NULL || length < sizeof deleted || strcmp(path + length - strlen(deleted), deleted) != 0)
    return NULL;
  return strndup(slash + 1, (size_t)(path + length - slash) - sizeof deleted);
}

/* By device and inode: in another mount namespace the path is another. */
static void look_at_line(shareable__mapped *mapped, char *line, dev_t device, int64_t pid) {
  unsigned long long start, end, inode;
  unsigned high, low;
  int path = 0;

  if (sscanf(line, "%llx-%llx %*s %*s %x:%x %llu %n", &start, &end, &high, &low, &inode, &path) == 5 && inode != 0 &&
      makedev(high, low) == device)
    add(mapped, (shareable__mapping){inode, end - start, pid, 0, path == 0 ? NULL : name_of_deleted(line + path)});
}

void shareable__mapped_read(shareable__mapped *mapped, FILE *maps, dev_t device, int64_t pid) {
  char *line = NULL;
  size_t size = 0;

  while (getline(&line, &size, maps) > 0)
    look_at_line(mapped, line, device, pid);
  if (!feof(maps)) /* also where there was no memory for a line */
    mapped->is_whole = false;
  free(line);
}

static void look_at(shareable__mapped *mapped, dev_t device, int64_t pid) {
  char path[40];
  struct stat process;
  FILE *maps;

  snprintf(path, sizeof path, "/proc/%lld/maps", (long long)pid);
  maps = fopen(path, "re");
  if (maps != NULL) {
    shareable__mapped_read(mapped, maps, device, pid);
    fclose(maps);
    return;
  }
  if (errno == ENOENT || errno == ESRCH) /* it has ended */
    return;
  snprintf(path, sizeof path, "/proc/%lld", (long long)pid);
  if (stat(path, &process) == 0)
    add(mapped, (shareable__mapping){.pid = pid, .user = process.st_uid});
  else if (errno != ENOENT)
    mapped->is_whole = false;
}

static int by_inode_and_pid(const void *one, const void *other) {
  const shareable__mapping *first = one, *second = other;

  if (first->inode != second->inode)
    return first->inode < second->inode ? -1 : 1;
  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

/* A process may have a file mapped in several pieces, or more than once. */
static void join_pieces(shareable__mapped *mapped) {
  size_t kept = 0;

  for (size_t i = 1; i < mapped->count; i++) {
    shareable__mapping *last = &mapped->all[kept], *next = &mapped->all[i];

    if (next->inode != 0 && by_inode_and_pid(last, next) == 0) {
      last->size += next->size;
      free(next->name);
    } else {
      mapped->all[++kept] = *next;
    }
  }
  mapped->count = kept + 1;
}

void shareable__mapped_sort(shareable__mapped *mapped) {
  if (mapped->count == 0)
    return;
  qsort(mapped->all, mapped->count, sizeof *mapped->all, by_inode_and_pid);
  join_pieces(mapped);
}

shareable__mapped shareable__mapped_find(dev_t device) {
  shareable__mapped mapped = {.is_whole = true};
  DIR *processes = opendir("/proc");
  const struct dirent *entry;

  if (processes == NULL) {
    mapped.is_whole = false;
    return mapped;
  }
  while (errno = 0, (entry = readdir(processes)) != NULL)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      look_at(&mapped, device, atoll(entry->d_name));
  if (errno != 0)
    mapped.is_whole = false;
  closedir(processes);
  shareable__mapped_sort(&mapped);
  return mapped;
}

void shareable__mapped_free(shareable__mapped *mapped) {
  for (size_t i = 0; i < mapped->count; i++)
    free(mapped->all[i].name);
  free(mapped->all);
}

const shareable__mapping *shareable__mapped_users(const shareable__mapped *mapped, uint64_t inode, size_t *count) {
  size_t low = 0, high = mapped->count, end;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (mapped->all[middle].inode < inode)
      low = middle + 1;
    else
      high = middle;
  }
  for (end = low; end < mapped->count && mapped->all[end].inode == inode; end++)
    ;
  *count = end - low;
  return mapped->all + low;
}

/* A file that is its user's alone is nobody else's to map; but root's, who is asked about only by root. */
static bool may_have(const shareable__mapping *process, const struct stat *file) {
  return process->user == file->st_uid || (file->st_mode & 077) != 0;
}

const shareable__mapping *shareable__mapped_unasked(const shareable__mapped *mapped, const struct stat *file) {
  for (size_t i = 0; i < mapped->count && mapped->all[i].inode == 0; i++)
    if (may_have(&mapped->all[i], file))
      return &mapped->all[i];
  return NULL;
}
