/*
 * ownership_log.c - the ownership log: a file that lists the blocks of one process, for the reaper
 * that unlinks them.
 */
#include "shm/ownership_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/control_socket.h"
#include "shm/moved.h"
#include "shm/segment.h"
#include "shm/unlink.h"

/*
 * The number of entries that are read for one user. Each directory and each file counts as one
 * entry too.
 */
#define BUDGET (UINT64_C(1) << 20)

static bool is_checked(const shareable__ownership_log *log, const struct stat *status) {
  return S_ISREG(status->st_mode) && status->st_uid == log->directory->user && status->st_nlink == 1 &&
         (status->st_mode & 077) == 0;
}

int shareable__ownership_log_open(const shareable__owner_directory *directory, const char *name,
                                  shareable__ownership_log *log) {
  struct stat status;

  *log = (shareable__ownership_log){.directory = directory, .name = name};
  log->fd = -1;
  if (shareable__name_normalize(name) != name)
    return EPERM;
  log->fd = shareable__openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (log->fd < 0)
    return errno == ELOOP || errno == ENXIO ? EPERM : errno;
  if (fstat(log->fd, &status) != 0) {
    int errnum = errno;
    shareable__ownership_log_close(log);
    return errnum;
  }
  if (is_checked(log, &status) && shareable__owner_is_mapped(directory->fd, name, status.st_uid)) {
    log->id = (shareable__file_id){status.st_dev, status.st_ino};
    return 0;
  }
  shareable__ownership_log_close(log);
  return EPERM;
}

void shareable__ownership_log_close(shareable__ownership_log *log) {
  if (log->fd >= 0)
    close(log->fd);
  log->fd = -1;
}

int shareable__ownership_log_open_for_writing(const shareable__ownership_log *log) {
  int fd = shareable__openat(log->directory->fd, log->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);

  if (fd < 0 || shareable__descriptor_is(fd, &log->id))
    return fd;
  close(fd);
  errno = ENOENT;
  return -1;
}

/* Takes `count` entries from the budget. Returns false if fewer are left. */
static bool spend(uint64_t *budget, uint64_t count) {
  if (budget == NULL)
    return true;
  if (*budget < count)
    return false;
  *budget -= count;
  return true;
}

typedef struct log_walk {
  shareable__ownership_log_callback *visit;
  void *context;
  int errnum; /* an errno, if a log is unknown */
} log_walk;

static void visit_log(const shareable__owner_directory *directory, const char *name, uint64_t *budget, log_walk *walk) {
  shareable__ownership_log log;
  int errnum = shareable__ownership_log_open(directory, name, &log);

  if (errnum == 0) {
    log.budget = budget;
    walk->visit(&log, walk->context);
    shareable__ownership_log_close(&log);
  } else if (errnum != EPERM && errnum != ENOENT) {
    walk->errnum = errnum;
  }
}

static void visit_directory(const shareable__owner_directory *directory, uint64_t *budget, log_walk *walk) {
  DIR *list = shareable__opendirat(directory->fd, ".");
  const struct dirent *entry;

  if (list == NULL) {
    walk->errnum = errno;
    return;
  }
  while (errno = E2BIG, spend(budget, 1) && (errno = 0, entry = readdir(list)) != NULL)
    if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
      visit_log(directory, entry->d_name, budget, walk);
  if (errno != 0)
    walk->errnum = errno;
  closedir(list);
}

int shareable__ownership_log_foreach(const shareable__owner_directory *directory,
                                     shareable__ownership_log_callback *visit, void *context) {
  log_walk walk = {.visit = visit, .context = context};

  visit_directory(directory, NULL, &walk);
  return walk.errnum;
}

/* The number of entries that may still be read for a user. */
typedef struct user_budget {
  uid_t user;
  uint64_t left;
} user_budget;

typedef struct users_walk {
  log_walk logs;
  user_budget *budgets;
  size_t count;
} users_walk;

static uint64_t *budget_of(users_walk *users, uid_t user) {
  user_budget *more;

  for (size_t i = 0; i < users->count; i++)
    if (users->budgets[i].user == user)
      return &users->budgets[i].left;
  more = reallocarray(users->budgets, users->count + 1, sizeof *more);
  if (more == NULL)
    return NULL;
  users->budgets = more;
  more[users->count] = (user_budget){user, BUDGET};
  return &more[users->count++].left;
}

static void visit_owner_directory(const shareable__owner_directory *directory, void *context) {
  users_walk *users = context;
  uint64_t *budget = budget_of(users, directory->user);

  if (budget == NULL)
    users->logs.errnum = ENOMEM;
  else
    visit_directory(directory, budget, &users->logs);
}

int shareable__ownership_log_foreach_of_users(shareable__ownership_log_callback *visit, void *context) {
  users_walk users = {.logs = {.visit = visit, .context = context}};
  int errnum = shareable__owner_directory_foreach(visit_owner_directory, &users);

  free(users.budgets);
  return errnum != 0 ? errnum : users.logs.errnum;
}

int shareable__ownership_log_foreach_in(int shm, shareable__ownership_log_callback *visit, void *context) {
  users_walk users = {.logs = {.visit = visit, .context = context}};
  int errnum = shareable__owner_directory_foreach_in(shm, visit_owner_directory, &users);

  free(users.budgets);
  return errnum != 0 ? errnum : users.logs.errnum;
}

bool shareable__ownership_log_lock_file(int fd, bool wait) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int result;

  do
    result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

bool shareable__ownership_log_lock(shareable__ownership_log *log, bool wait) {
  int fd = shareable__ownership_log_open_for_writing(log);

  if (fd < 0)
    return false;
  shareable__ownership_log_close(log);
  log->fd = fd;
  return shareable__ownership_log_lock_file(fd, wait);
}

/* The time that the creator of a log has to lock it. */
#define CREATOR_GRACE_NS INT64_C(200000000)

bool shareable__ownership_log_is_new(int fd) {
  struct stat status;
  struct timespec now;
  int64_t seconds;

  clock_gettime(CLOCK_REALTIME, &now);
  if (fstat(fd, &status) != 0)
    return false;
  seconds = (int64_t)now.tv_sec - status.st_ctim.tv_sec;
  return seconds >= 0 && seconds <= 1 &&
         seconds * INT64_C(1000000000) + now.tv_nsec - status.st_ctim.tv_nsec < CREATOR_GRACE_NS;
}

bool shareable__ownership_log_remove_unfilled(shareable__ownership_log *log) {
  shareable__ownership_log_header header = {0};
  struct stat status;

  if (shareable__ownership_log_read_header(log->fd, &header) != SHAREABLE__NO || header.magic != 0)
    return true;
  if (!shareable__ownership_log_owner_is_dead(log->fd) || !shareable__ownership_log_lock(log, false))
    return false;
  if (fstat(log->fd, &status) == 0 && status.st_nlink > 0 &&
      shareable__ownership_log_read_header(log->fd, &header) == SHAREABLE__NO && header.magic == 0)
    shareable__ownership_log_remove(log);
  return true;
}

bool shareable__ownership_log_owner_is_dead(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static ssize_t read_at(int fd, void *bytes, size_t size, uint64_t offset) {
  ssize_t length;

  do
    length = pread(fd, bytes, size, (off_t)offset);
  while (length < 0 && errno == EINTR);
  return length;
}

shareable__tristate shareable__ownership_log_read_header(int fd, shareable__ownership_log_header *header) {
  ssize_t length = read_at(fd, header, sizeof *header, 0);

  if (length < 0)
    return SHAREABLE__UNKNOWN;
  return length == (ssize_t)sizeof *header && header->magic == SHAREABLE__OWNERSHIP_LOG_MAGIC ? SHAREABLE__YES
                                                                                              : SHAREABLE__NO;
}

/* An index that means that only a hole follows, up to the end. */
#define NO_MORE UINT64_MAX

static uint64_t offset_of(uint64_t index) {
  return sizeof(shareable__ownership_log_header) + index * sizeof(shareable__ownership_entry);
}

/*
 * Returns the first entry from `index` on that may be in use. A sparse file may be larger than the
 * memory.
 */
static uint64_t skip_hole(int fd, uint64_t index) {
  off_t data = lseek(fd, (off_t)offset_of(index), SEEK_DATA);

  if (data < 0)
    return errno == ENXIO ? NO_MORE : index;
  return (uint64_t)data > offset_of(index) ? (uint64_t)data / sizeof(shareable__ownership_entry) - 1 : index;
}

shareable__tristate shareable__ownership_log_next_entry(const shareable__ownership_log *log, uint64_t *index,
                                                        shareable__ownership_entry *entry) {
  ssize_t length;

  if (*index == NO_MORE)
    return SHAREABLE__NO;
  if (!spend(log->budget, 1))
    return SHAREABLE__UNKNOWN;
  length = read_at(log->fd, entry, sizeof *entry, offset_of(*index));
  if (length != (ssize_t)sizeof *entry)
    return length < 0 ? SHAREABLE__UNKNOWN : SHAREABLE__NO;
  entry->name[SHAREABLE__NAME_MAX] = '\0';
  (*index)++;
  if (entry->inode == 0)
    *index = skip_hole(log->fd, *index);
  return SHAREABLE__YES;
}

/*
 * Each time namespace may start to count at another time, so a start time from another namespace
 * proves nothing.
 */
static bool may_be_successor(const shareable__ownership_log_header *header, const shareable__successor *successor,
                             uint64_t start) {
  return start == successor->start || start == SHAREABLE__START_UNKNOWN ||
         successor->start == SHAREABLE__START_UNKNOWN || header->time_namespace != shareable__time_namespace();
}

/* A pid of another or of an unknown namespace proves nothing. */
bool shareable__successor_is_alive(const shareable__ownership_log_header *header,
                                   const shareable__successor *successor) {
  uint64_t start;

  if (successor->pid <= 0)
    return false;
  if (header->pid_namespace == 0 || header->pid_namespace != shareable__pid_namespace())
    return true;
  start = shareable__process_start(successor->pid);
  return start != 0 && may_be_successor(header, successor, start);
}

int64_t shareable__living_successor(const shareable__ownership_log_header *header) {
  for (size_t i = 0; i < SHAREABLE__SUCCESSORS; i++)
    if (shareable__successor_is_alive(header, &header->successors[i]))
      return header->successors[i].pid;
  return 0;
}

static bool is_block_of(const shareable__ownership_entry *entry, const struct stat *block, const struct stat *log) {
  return S_ISREG(block->st_mode) && block->st_dev == log->st_dev && block->st_dev == entry->device &&
         block->st_ino == entry->inode && block->st_uid == log->st_uid;
}

/* Compares the entry with the block that has the path, which is relative to `directory`. */
static shareable__tristate matches_path(int directory, const char *path, int fd,
                                        const shareable__ownership_entry *entry) {
  struct stat log, block;

  if (fstat(fd, &log) != 0)
    return SHAREABLE__UNKNOWN;
  if (fstatat(directory, path, &block, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? SHAREABLE__NO : SHAREABLE__UNKNOWN;
  if (!is_block_of(entry, &block, &log))
    return SHAREABLE__NO;
  return shareable__owner_is_mapped(directory, path, block.st_uid) ? SHAREABLE__YES : SHAREABLE__UNKNOWN;
}

static bool names_block(const shareable__ownership_entry *entry) {
  return entry->inode != 0 && shareable__name_normalize(entry->name) == entry->name;
}

shareable__tristate shareable__ownership_entry_matches_in(int shm, int fd, const shareable__ownership_entry *entry) {
  return names_block(entry) ? matches_path(shm, entry->name, fd, entry) : SHAREABLE__NO;
}

shareable__tristate shareable__ownership_entry_matches_block(int fd, const shareable__ownership_entry *entry) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof entry->name];

  if (!names_block(entry))
    return SHAREABLE__NO;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", entry->name);
  return matches_path(AT_FDCWD, path, fd, entry);
}

/* Unlinks only the entry's block: another block may have taken the name. */
static bool unlink_block(const shareable__ownership_entry *entry) {
  const shareable__file_id block = {entry->device, entry->inode};
  shareable_status status = shareable__unlink_block(&block, entry->name, NULL);

  return status == SHAREABLE_OK || status == SHAREABLE_E_NOT_FOUND;
}

/*
 * Unlinks the blocks that have their names. Returns whether no such block may be left; sets
 * *is_missing if a block does not have its name.
 */
static bool unlink_named(const shareable__ownership_log *log, bool *is_missing) {
  shareable__tristate more, matches;
  shareable__ownership_entry entry;
  uint64_t index = 0;
  bool is_clear = true;

  while ((more = shareable__ownership_log_next_entry(log, &index, &entry)) == SHAREABLE__YES) {
    matches = shareable__ownership_entry_matches_block(log->fd, &entry);
    if (matches == SHAREABLE__NO && entry.inode != 0)
      *is_missing = true;
    if (matches == SHAREABLE__UNKNOWN || (matches == SHAREABLE__YES && !unlink_block(&entry)))
      is_clear = false;
  }
  return is_clear && more == SHAREABLE__NO;
}

/*
 * Unlinks the blocks that other processes have moved. Returns whether all moved files were found.
 */
static bool unlink_moved(const shareable__ownership_log *log) {
  shareable__file_set moved = {0};
  bool is_complete = shareable__moved_find(&moved);
  shareable__ownership_entry entry;
  uint64_t index = 0;

  while (moved.count > 0 && shareable__ownership_log_next_entry(log, &index, &entry) == SHAREABLE__YES) {
    const shareable__file_id block = {entry.device, entry.inode};

    if (shareable__file_set_has(&moved, &block))
      shareable__moved_unlink(&block, entry.name, log->directory->user);
  }
  shareable__file_set_free(&moved);
  return is_complete;
}

/* The kernel keeps the file of a socket when its process is killed. */
static void remove_control_socket(const shareable__ownership_log *log) {
  shareable__ownership_log_header header;

  if (shareable__ownership_log_read_header(log->fd, &header) == SHAREABLE__YES &&
      header.kind == SHAREABLE__OWNER_MANAGER && header.pid > 0)
    shareable__control_socket_remove_stale(log->directory->user, header.pid);
}

/*
 * A moved block may get its name back before the search for moved files. The second pass unlinks
 * it.
 */
void shareable__ownership_log_unlink_blocks(const shareable__ownership_log *log) {
  bool is_missing = false, is_clear = unlink_named(log, &is_missing);

  if (is_missing)
    is_clear = unlink_moved(log) && unlink_named(log, &is_missing);
  if (!is_clear)
    return;
  remove_control_socket(log);
  shareable__ownership_log_remove(log);
}

bool shareable__ownership_log_is_obsolete(const shareable__ownership_log *log, const shareable__file_set *moved) {
  shareable__tristate more;
  shareable__ownership_entry entry;
  uint64_t index = 0;

  while ((more = shareable__ownership_log_next_entry(log, &index, &entry)) == SHAREABLE__YES) {
    const shareable__file_id block = {entry.device, entry.inode};

    if (shareable__ownership_entry_matches_block(log->fd, &entry) != SHAREABLE__NO ||
        shareable__file_set_has(moved, &block))
      return false;
  }
  return more == SHAREABLE__NO;
}

void shareable__ownership_log_remove(const shareable__ownership_log *log) {
  struct stat status;

  if (fstatat(log->directory->fd, log->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev == log->id.device &&
      status.st_ino == log->id.inode)
    unlinkat(log->directory->fd, log->name, 0);
  shareable__owner_directory_remove(log->directory);
}
