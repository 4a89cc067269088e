/*
 * proc_maps.c - the files of shared memory that processes have mapped or open, as /proc shows it.
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

/* The number of places doubles, because a process may have any number of files. */
static bool is_full(size_t count) {
  return count == 0 || (count >= 64 && (count & (count - 1)) == 0);
}

static void add(shareable__proc_maps *maps, shareable__mapping mapping) {
  if (maps->mappings == NULL || is_full(maps->count)) {
    shareable__mapping *more = reallocarray(maps->mappings, maps->count == 0 ? 64 : maps->count * 2, sizeof *more);
    if (more == NULL) {
      maps->is_complete = false;
      free(mapping.name);
      return;
    }
    maps->mappings = more;
  }
  maps->mappings[maps->count++] = mapping;
}

/*
 * Returns the name that an unlinked file had: its path ends in `deleted`. In maps, the kernel
 * writes a newline as \012.
 */
static char *name_of_deleted(const char *path, const char *deleted) {
  size_t length = strlen(path), tail = strlen(deleted);
  const char *slash = strrchr(path, '/');

  if (slash == NULL || length <= tail || strcmp(path + length - tail, deleted) != 0)
    return NULL;
  return strndup(slash + 1, (size_t)(path + length - tail - slash) - 1);
}

/*
 * A block that was unlinked through a handle was moved first (moved.h). Returns the name that it
 * had before.
 */
static char *old_name(char *name) {
  const char *old = name == NULL ? NULL : shareable__moved_old_name(name);

  if (old != name)
    memmove(name, old, strlen(old) + 1);
  return name;
}

typedef struct maps_line {
  unsigned long long start, end, inode;
  unsigned long high, low; /* of the device */
  const char *path;        /* "" if there is none */
} maps_line;

/* Parses START-END PERMISSIONS OFFSET HIGH:LOW INODE PATH. sscanf(3) takes three times as long. */
static bool parse_line(const char *text, maps_line *line) {
  char *next;

  line->start = strtoull(text, &next, 16);
  if (*next != '-')
    return false;
  line->end = strtoull(next + 1, &next, 16);
  next += strspn(next, " ");
  next += strcspn(next, " "); /* the permissions */
  strtoull(next, &next, 16);
  line->high = strtoul(next, &next, 16);
  if (*next != ':')
    return false;
  line->low = strtoul(next + 1, &next, 16);
  line->inode = strtoull(next, &next, 10);
  line->path = next + strspn(next, " ");
  return true;
}

/* Compares device and inode, because the path is another one in another mount namespace. */
static void read_line(shareable__proc_maps *maps, const char *text, dev_t device, int64_t pid) {
  maps_line line;

  if (parse_line(text, &line) && line.inode != 0 && makedev((unsigned)line.high, (unsigned)line.low) == device)
    add(maps, (shareable__mapping){.inode = line.inode,
                                   .size = line.end - line.start,
                                   .start = line.start,
                                   .end = line.end,
                                   .pid = pid,
                                   .name = old_name(name_of_deleted(line.path, " (deleted)\n")),
                                   .is_mapped = true});
}

size_t shareable__proc_maps_read(shareable__proc_maps *maps, FILE *file, dev_t device, int64_t pid) {
  char *line = NULL;
  size_t size = 0, lines = 0;

  for (; getline(&line, &size, file) > 0; lines++)
    read_line(maps, line, device, pid);
  if (!feof(file)) /* an error, or no memory for a line */
    maps->is_complete = false;
  free(line);
  return lines;
}

typedef struct maps_search {
  shareable__proc_maps *maps;
  dev_t device;
} maps_search;

/* The directory of a process or thread in /proc, or a file in it. */
typedef struct proc_path {
  char text[64];
} proc_path;

static proc_path proc_path_of(const proc_path *process, const char *name) {
  proc_path path;

  snprintf(path.text, sizeof path.text, "%.*s/%.20s", 40, process->text, name);
  return path;
}

/*
 * Does not contact a server: the file may be on another machine's file system, and that machine may
 * not answer.
 */
static bool stat_descriptor(int descriptors, const char *number, const maps_search *search, struct statx *file) {
  return statx(descriptors, number, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, file) == 0 && !S_ISDIR(file->stx_mode) &&
         makedev(file->stx_dev_major, file->stx_dev_minor) == search->device;
}

static char *name_of_open(int descriptors, const char *number) {
  char path[4096];
  ssize_t length = readlinkat(descriptors, number, path, sizeof path - 1);

  if (length < 0)
    return NULL;
  path[length] = '\0';
  return old_name(name_of_deleted(path, " (deleted)"));
}

/*
 * Returns whether this process may not follow the process's descriptors. statx(2) alone does not
 * show that: a file system may refuse it too, as FUSE does.
 */
static bool is_refused(int descriptors, const char *number) {
  char path[2];

  return readlinkat(descriptors, number, path, sizeof path) < 0 && errno == EACCES;
}

/* Returns false if this process may not follow the descriptor. One that was closed is no file. */
static bool read_descriptor(const maps_search *search, int descriptors, const char *number, int64_t pid) {
  struct statx file;

  errno = 0;
  if (!stat_descriptor(descriptors, number, search, &file))
    return errno != EACCES || !is_refused(descriptors, number);
  add(search->maps, (shareable__mapping){.inode = file.stx_ino,
                                         .size = file.stx_size,
                                         .used = file.stx_blocks * 512,
                                         .pid = pid,
                                         .user = file.stx_uid,
                                         .name = file.stx_nlink == 0 ? name_of_open(descriptors, number) : NULL,
                                         .is_open = true,
                                         .is_named = file.stx_nlink > 0});
  return true;
}

/*
 * Returns whether the descriptors could be read. A process that has ended has none. Root may list
 * the descriptors of other users' processes, but needs CAP_SYS_PTRACE to follow them, and Linux
 * shows the maps for less (CAP_PERFMON).
 */
static bool read_descriptors(const maps_search *search, const proc_path *process, int64_t pid) {
  proc_path fds = proc_path_of(process, "fd");
  DIR *descriptors = shareable__opendirat(AT_FDCWD, fds.text);
  const struct dirent *entry;
  bool is_readable = true;

  if (descriptors == NULL)
    return errno == ENOENT || errno == ESRCH;
  while (is_readable && (entry = readdir(descriptors)) != NULL)
    if (entry->d_name[0] != '.')
      is_readable = read_descriptor(search, dirfd(descriptors), entry->d_name, pid);
  closedir(descriptors);
  return is_readable;
}

/*
 * Returns the number of lines in the process's maps, or -1 if they cannot be read. It is 0 if the
 * process or its main thread has ended, and for a kernel thread.
 */
static long read_maps(const maps_search *search, const proc_path *process, int64_t pid) {
  proc_path path = proc_path_of(process, "maps");
  FILE *file = shareable__fopen(path.text);
  long lines;

  if (file == NULL)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  lines = (long)shareable__proc_maps_read(search->maps, file, search->device, pid);
  fclose(file);
  return lines;
}

/*
 * When the main thread has ended, /proc shows the memory and the files of a process only for its
 * other threads.
 */
static bool read_threads(const maps_search *search, const proc_path *process, int64_t pid) {
  proc_path tasks = proc_path_of(process, "task");
  DIR *threads = shareable__opendirat(AT_FDCWD, tasks.text);
  const struct dirent *entry;
  long lines = 0;

  if (threads == NULL)
    return errno == ENOENT || errno == ESRCH;
  while (lines == 0 && (entry = readdir(threads)) != NULL) {
    proc_path thread = proc_path_of(&tasks, entry->d_name);

    if (entry->d_name[0] == '.' || atoll(entry->d_name) == pid)
      continue;
    lines = read_maps(search, &thread, pid);
    if (lines > 0 && !read_descriptors(search, &thread, pid))
      lines = -1;
  }
  closedir(threads);
  return lines >= 0;
}

static void add_unreadable(shareable__proc_maps *maps, const proc_path *process, int64_t pid) {
  struct stat status;

  if (stat(process->text, &status) == 0)
    add(maps, (shareable__mapping){.pid = pid, .user = status.st_uid});
  else if (errno != ENOENT)
    maps->is_complete = false;
}

static void check_process(const maps_search *search, int64_t pid) {
  proc_path process;
  long lines;
  bool is_readable;

  snprintf(process.text, sizeof process.text, "/proc/%lld", (long long)pid);
  lines = read_maps(search, &process, pid);
  if (lines == 0)
    is_readable = read_threads(search, &process, pid);
  else
    is_readable = lines > 0 && read_descriptors(search, &process, pid);
  if (!is_readable)
    add_unreadable(search->maps, &process, pid);
}

static int by_inode_and_pid(const void *a, const void *b) {
  const shareable__mapping *first = a, *second = b;

  if (first->inode != second->inode)
    return first->inode < second->inode ? -1 : 1;
  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

/*
 * Adds the sizes of mapped pieces. The file's size counts only if no memory of the file is mapped.
 */
static void join(shareable__mapping *last, shareable__mapping *next) {
  if (last->is_mapped == next->is_mapped)
    last->size = last->is_mapped ? last->size + next->size : next->size;
  else if (next->is_mapped)
    last->size = next->size;
  last->used = next->is_open ? next->used : last->used;
  last->user = next->is_open ? next->user : last->user;
  last->start = next->is_mapped ? next->start : last->start;
  last->end = next->is_mapped ? next->end : last->end;
  last->is_mapped = last->is_mapped || next->is_mapped;
  last->is_open = last->is_open || next->is_open;
  last->is_named = last->is_named || next->is_named;
  if (last->name == NULL) {
    last->name = next->name;
    next->name = NULL;
  }
  free(next->name);
}

/* A process may have mapped a file in several pieces or more than once, and have it open. */
static void join_pieces(shareable__proc_maps *maps) {
  size_t kept = 0;

  for (size_t i = 1; i < maps->count; i++) {
    shareable__mapping *last = &maps->mappings[kept], *next = &maps->mappings[i];

    if (next->inode != 0 && by_inode_and_pid(last, next) == 0) {
      join(last, next);
    } else {
      maps->mappings[++kept] = *next;
    }
  }
  maps->count = kept + 1;
}

void shareable__proc_maps_sort(shareable__proc_maps *maps) {
  if (maps->count == 0)
    return;
  qsort(maps->mappings, maps->count, sizeof *maps->mappings, by_inode_and_pid);
  join_pieces(maps);
}

/*
 * Process 1 always exists. If /proc does not show it, /proc does not show others either
 * (hidepid=2).
 */
static bool shows_all(void) {
  return access("/proc/1", F_OK) == 0;
}

shareable__proc_maps shareable__proc_maps_read_all(dev_t device) {
  shareable__proc_maps maps = {.is_complete = shows_all()};
  maps_search search = {&maps, device};
  DIR *processes = shareable__opendirat(AT_FDCWD, "/proc");
  const struct dirent *entry;

  if (processes == NULL) {
    maps.is_complete = false;
    return maps;
  }
  while (errno = 0, (entry = readdir(processes)) != NULL)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      check_process(&search, atoll(entry->d_name));
  if (errno != 0)
    maps.is_complete = false;
  closedir(processes);
  shareable__proc_maps_sort(&maps);
  return maps;
}

void shareable__proc_maps_free(shareable__proc_maps *maps) {
  for (size_t i = 0; i < maps->count; i++)
    free(maps->mappings[i].name);
  free(maps->mappings);
}

const shareable__mapping *shareable__proc_maps_users(const shareable__proc_maps *maps, uint64_t inode, size_t *count) {
  size_t low = 0, high = maps->count, end;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (maps->mappings[middle].inode < inode)
      low = middle + 1;
    else
      high = middle;
  }
  for (end = low; end < maps->count && maps->mappings[end].inode == inode; end++)
    ;
  *count = end - low;
  return maps->mappings + low;
}

/*
 * Only its user and root can map a private file. Another user cannot inspect any process of root,
 * so these count only for root, which can inspect them unless it lacks capabilities.
 */
static bool may_have(const shareable__mapping *process, const struct stat *file, bool is_root) {
  return process->user == file->st_uid || (file->st_mode & 077) != 0 || (is_root && process->user == 0);
}

const shareable__mapping *shareable__proc_maps_unreadable(const shareable__proc_maps *maps, const struct stat *file) {
  bool is_root = geteuid() == 0;

  for (size_t i = 0; i < maps->count && maps->mappings[i].inode == 0; i++)
    if (may_have(&maps->mappings[i], file, is_root))
      return &maps->mappings[i];
  return NULL;
}
