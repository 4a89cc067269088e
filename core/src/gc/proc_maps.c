/*
 * proc_maps.c - which files of shared memory processes have mapped or open, as /proc shows it.
 */
#include "gc/proc_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "shm/moved.h"

static void add(shareable__proc_maps *mapped, shareable__mapping mapping) {
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

/* The name that an unlinked file had, if the path ends so; the kernel writes a newline in maps as \012. */
static char *name_of_deleted(const char *path, const char *deleted) {
  size_t length = strlen(path), tail = strlen(deleted);
  const char *slash = strrchr(path, '/');

  if (slash == NULL || length <= tail || strcmp(path + length - tail, deleted) != 0)
    return NULL;
  return strndup(slash + 1, (size_t)(path + length - tail - slash) - 1);
}

/* A block that was unlinked through a handle was moved first (unlink.h): the name that it had before. */
static char *old_name(char *name) {
  const char *old = name == NULL ? NULL : shareable__moved_old_name(name);

  if (old != name)
    memmove(name, old, strlen(old) + 1);
  return name;
}

/* By device and inode: in another mount namespace the path is another. */
static void look_at_line(shareable__proc_maps *mapped, char *line, dev_t device, int64_t pid) {
  unsigned long long start, end, inode;
  unsigned high, low;
  int path = 0;

  if (sscanf(line, "%llx-%llx %*s %*s %x:%x %llu %n", &start, &end, &high, &low, &inode, &path) == 5 && inode != 0 &&
      makedev(high, low) == device)
    add(mapped, (shareable__mapping){.inode = inode,
                                     .size = end - start,
                                     .pid = pid,
                                     .name = path == 0 ? NULL : old_name(name_of_deleted(line + path, " (deleted)\n")),
                                     .is_mapped = true});
}

size_t shareable__proc_maps_read(shareable__proc_maps *mapped, FILE *maps, dev_t device, int64_t pid) {
  char *line = NULL;
  size_t size = 0, lines = 0;

  for (; getline(&line, &size, maps) > 0; lines++)
    look_at_line(mapped, line, device, pid);
  if (!feof(maps)) /* also where there was no memory for a line */
    mapped->is_whole = false;
  free(line);
  return lines;
}

/* The files on a device that processes have. */
typedef struct search {
  shareable__proc_maps *mapped;
  dev_t device;
} search;

/* Of a process, or of one of its threads. */
typedef struct place {
  char path[64];
} place;

static place place_of(const place *process, const char *name) {
  place there;

  snprintf(there.path, sizeof there.path, "%.*s/%.20s", 40, process->path, name);
  return there;
}

/* Asked without going to a server: the file may be on a file system of another machine that does not answer. */
static bool look_at_file(int descriptors, const char *number, const search *of, struct statx *file) {
  return statx(descriptors, number, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, file) == 0 && S_ISREG(file->stx_mode) &&
         makedev(file->stx_dev_major, file->stx_dev_minor) == of->device;
}

static char *name_of_open(int descriptors, const char *number) {
  char path[4096];
  ssize_t length = readlinkat(descriptors, number, path, sizeof path - 1);

  if (length < 0)
    return NULL;
  path[length] = '\0';
  return old_name(name_of_deleted(path, " (deleted)"));
}

static void look_at_descriptor(const search *of, int descriptors, const char *number, int64_t pid) {
  struct statx file;

  if (!look_at_file(descriptors, number, of, &file))
    return;
  add(of->mapped, (shareable__mapping){.inode = file.stx_ino,
                                       .size = file.stx_size,
                                       .used = file.stx_blocks * 512,
                                       .pid = pid,
                                       .name = file.stx_nlink == 0 ? name_of_open(descriptors, number) : NULL,
                                       .is_open = true,
                                       .is_named = file.stx_nlink > 0});
}

/* Whether its descriptors could be read: those of a process that has ended could. */
static bool look_at_descriptors(const search *of, const place *process, int64_t pid) {
  place fds = place_of(process, "fd");
  DIR *descriptors = shareable__opendirat(AT_FDCWD, fds.path);
  const struct dirent *entry;

  if (descriptors == NULL)
    return errno == ENOENT || errno == ESRCH;
  while ((entry = readdir(descriptors)) != NULL)
    if (entry->d_name[0] != '.')
      look_at_descriptor(of, dirfd(descriptors), entry->d_name, pid);
  closedir(descriptors);
  return true;
}

/* How many lines its maps have: 0 if it has ended, or its main thread has, or it is the kernel's own. -1: not readable. */
static long look_at_maps(const search *of, const place *process, int64_t pid) {
  place path = place_of(process, "maps");
  FILE *maps = shareable__fopen(path.path);
  long lines;

  if (maps == NULL)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  lines = (long)shareable__proc_maps_read(of->mapped, maps, of->device, pid);
  fclose(maps);
  return lines;
}

/* After the end of its main thread, the memory and the files of a process are only shown for its other threads. */
static bool look_at_threads(const search *of, const place *process, int64_t pid) {
  place tasks = place_of(process, "task");
  DIR *threads = shareable__opendirat(AT_FDCWD, tasks.path);
  const struct dirent *entry;
  long lines = 0;

  if (threads == NULL)
    return errno == ENOENT || errno == ESRCH;
  while (lines == 0 && (entry = readdir(threads)) != NULL) {
    place thread = place_of(&tasks, entry->d_name);

    if (entry->d_name[0] == '.' || atoll(entry->d_name) == pid)
      continue;
    lines = look_at_maps(of, &thread, pid);
    if (lines > 0 && !look_at_descriptors(of, &thread, pid))
      lines = -1;
  }
  closedir(threads);
  return lines >= 0;
}

static void add_unasked(shareable__proc_maps *mapped, const place *process, int64_t pid) {
  struct stat status;

  if (stat(process->path, &status) == 0)
    add(mapped, (shareable__mapping){.pid = pid, .user = status.st_uid});
  else if (errno != ENOENT)
    mapped->is_whole = false;
}

static void look_at(const search *of, int64_t pid) {
  place process;
  long lines;
  bool is_seen;

  snprintf(process.path, sizeof process.path, "/proc/%lld", (long long)pid);
  lines = look_at_maps(of, &process, pid);
  if (lines == 0)
    is_seen = look_at_threads(of, &process, pid);
  else
    is_seen = lines > 0 && look_at_descriptors(of, &process, pid);
  if (!is_seen)
    add_unasked(of->mapped, &process, pid);
}

static int by_inode_and_pid(const void *one, const void *other) {
  const shareable__mapping *first = one, *second = other;

  if (first->inode != second->inode)
    return first->inode < second->inode ? -1 : 1;
  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

/* A file's size counts only if no memory of it is mapped; the pieces that are add up. */
static void join(shareable__mapping *last, shareable__mapping *next) {
  if (last->is_mapped == next->is_mapped)
    last->size = last->is_mapped ? last->size + next->size : next->size;
  else if (next->is_mapped)
    last->size = next->size;
  last->used = next->is_open ? next->used : last->used;
  last->is_mapped = last->is_mapped || next->is_mapped;
  last->is_open = last->is_open || next->is_open;
  last->is_named = last->is_named || next->is_named;
  if (last->name == NULL) {
    last->name = next->name;
    next->name = NULL;
  }
  free(next->name);
}

/* A process may have a file mapped in several pieces, or more than once, and open as well. */
static void join_pieces(shareable__proc_maps *mapped) {
  size_t kept = 0;

  for (size_t i = 1; i < mapped->count; i++) {
    shareable__mapping *last = &mapped->all[kept], *next = &mapped->all[i];

    if (next->inode != 0 && by_inode_and_pid(last, next) == 0) {
      join(last, next);
    } else {
      mapped->all[++kept] = *next;
    }
  }
  mapped->count = kept + 1;
}

void shareable__proc_maps_sort(shareable__proc_maps *mapped) {
  if (mapped->count == 0)
    return;
  qsort(mapped->all, mapped->count, sizeof *mapped->all, by_inode_and_pid);
  join_pieces(mapped);
}

/* The first process there is always one: if it is not shown, others are not either (hidepid=2). */
static bool shows_all(void) {
  return access("/proc/1", F_OK) == 0;
}

shareable__proc_maps shareable__proc_maps_read_all(dev_t device) {
  shareable__proc_maps mapped = {.is_whole = shows_all()};
  search of = {&mapped, device};
  DIR *processes = shareable__opendirat(AT_FDCWD, "/proc");
  const struct dirent *entry;

  if (processes == NULL) {
    mapped.is_whole = false;
    return mapped;
  }
  while (errno = 0, (entry = readdir(processes)) != NULL)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      look_at(&of, atoll(entry->d_name));
  if (errno != 0)
    mapped.is_whole = false;
  closedir(processes);
  shareable__proc_maps_sort(&mapped);
  return mapped;
}

void shareable__proc_maps_free(shareable__proc_maps *mapped) {
  for (size_t i = 0; i < mapped->count; i++)
    free(mapped->all[i].name);
  free(mapped->all);
}

const shareable__mapping *shareable__proc_maps_users(const shareable__proc_maps *mapped, uint64_t inode,
                                                     size_t *count) {
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

const shareable__mapping *shareable__proc_maps_unreadable(const shareable__proc_maps *mapped, const struct stat *file) {
  for (size_t i = 0; i < mapped->count && mapped->all[i].inode == 0; i++)
    if (may_have(&mapped->all[i], file))
      return &mapped->all[i];
  return NULL;
}
