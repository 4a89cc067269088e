/*
 * ownership_log.c - the ownership log: which blocks a process owns, in a file beside the blocks, for the cleaner after its end.
 */
#include "shm/ownership_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/moved.h"
#include "shm/segment.h"
#include "shm/unlink.h"

/* What is read of one user: directories, files and records, of which each counts as at least one record. */
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
  if (shareable__name_normalize(name) != name || shareable__moved_is_name(name))
    return EPERM;
  log->fd = shareable__openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (log->fd < 0)
    return errno == ELOOP || errno == ENXIO ? EPERM : errno;
  if (fstat(log->fd, &status) != 0) {
    int system = errno;
    shareable__ownership_log_close(log);
    return system;
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

/* Takes so many records from the budget. Returns false if it has less. */
static bool spend(uint64_t *budget, uint64_t count) {
  if (budget == NULL)
    return true;
  if (*budget < count)
    return false;
  *budget -= count;
  return true;
}

/* What a visit goes through, and what of it is unknown. */
typedef struct tour {
  shareable__ownership_log_callback *visit;
  void *context;
  int system; /* an errno, if anything is unknown */
} tour;

static void visit_log(const shareable__owner_directory *directory, const char *name, uint64_t *budget, tour *on) {
  shareable__ownership_log log;
  int system = shareable__ownership_log_open(directory, name, &log);

  if (system == 0) {
    log.budget = budget;
    on->visit(&log, on->context);
    shareable__ownership_log_close(&log);
  } else if (system != EPERM && system != ENOENT) {
    on->system = system;
  }
}

static void visit_directory(const shareable__owner_directory *directory, uint64_t *budget, tour *on) {
  DIR *list = shareable__opendirat(directory->fd, ".");
  const struct dirent *entry;

  if (list == NULL) {
    on->system = errno;
    return;
  }
  while (errno = E2BIG, spend(budget, 1) && (errno = 0, entry = readdir(list)) != NULL)
    if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
      visit_log(directory, entry->d_name, budget, on);
  if (errno != 0)
    on->system = errno;
  closedir(list);
}

int shareable__ownership_log_foreach(const shareable__owner_directory *directory,
                                     shareable__ownership_log_callback *visit, void *context) {
  tour on = {.visit = visit, .context = context};

  visit_directory(directory, NULL, &on);
  return on.system;
}

/* What may still be read of each user. */
typedef struct account {
  uid_t user;
  uint64_t left;
} account;

typedef struct tour_of_all {
  tour on;
  account *accounts;
  size_t count;
} tour_of_all;

static uint64_t *budget_of(tour_of_all *all, uid_t user) {
  account *more;

  for (size_t i = 0; i < all->count; i++)
    if (all->accounts[i].user == user)
      return &all->accounts[i].left;
  more = reallocarray(all->accounts, all->count + 1, sizeof *more);
  if (more == NULL)
    return NULL;
  all->accounts = more;
  more[all->count] = (account){user, BUDGET};
  return &more[all->count++].left;
}

static void visit_owner_directory(const shareable__owner_directory *directory, void *context) {
  tour_of_all *all = context;
  uint64_t *budget = budget_of(all, directory->user);

  if (budget == NULL)
    all->on.system = ENOMEM;
  else
    visit_directory(directory, budget, &all->on);
}

int shareable__ownership_log_foreach_of_users(shareable__ownership_log_callback *visit, void *context) {
  tour_of_all all = {.on = {.visit = visit, .context = context}};
  int system = shareable__owner_directory_each(visit_owner_directory, &all);

  free(all.accounts);
  return system != 0 ? system : all.on.system;
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

bool shareable__ownership_log_remove_unfilled(shareable__ownership_log *log) {
  shareable__ownership_log_header head = {0};
  struct stat status;

  if (shareable__ownership_log_read_header(log->fd, &head) != SHAREABLE__NO || head.magic != 0)
    return true;
  if (!shareable__ownership_log_owner_is_dead(log->fd) || !shareable__ownership_log_lock(log, false))
    return false;
  if (fstat(log->fd, &status) == 0 && status.st_nlink > 0 &&
      shareable__ownership_log_read_header(log->fd, &head) == SHAREABLE__NO && head.magic == 0)
    shareable__ownership_log_remove(log);
  return true;
}

bool shareable__ownership_log_owner_is_dead(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static ssize_t read_at(int fd, void *bytes, size_t size, uint64_t place) {
  ssize_t length;

  do
    length = pread(fd, bytes, size, (off_t)place);
  while (length < 0 && errno == EINTR);
  return length;
}

shareable__tristate shareable__ownership_log_read_header(int fd, shareable__ownership_log_header *head) {
  ssize_t length = read_at(fd, head, sizeof *head, 0);

  if (length < 0)
    return SHAREABLE__UNKNOWN;
  return length == (ssize_t)sizeof *head && head->magic == SHAREABLE__OWNERSHIP_LOG_MAGIC ? SHAREABLE__YES
                                                                                          : SHAREABLE__NO;
}

/* In place of a number: there is nothing but a hole up to the end. */
#define NO_MORE UINT64_MAX

static uint64_t place_of(uint64_t at) {
  return sizeof(shareable__ownership_log_header) + at * sizeof(shareable__ownership_entry);
}

/* The first record from `at` on that may be in use: a file may claim a size larger than any memory, and is not read whole. */
static uint64_t skip_hole(int fd, uint64_t at) {
  off_t data = lseek(fd, (off_t)place_of(at), SEEK_DATA);

  if (data < 0)
    return errno == ENXIO ? NO_MORE : at;
  return (uint64_t)data > place_of(at) ? (uint64_t)data / sizeof(shareable__ownership_entry) - 1 : at;
}

shareable__tristate shareable__ownership_log_next_entry(const shareable__ownership_log *log, uint64_t *at,
                                                        shareable__ownership_entry *record) {
  ssize_t length;

  if (*at == NO_MORE)
    return SHAREABLE__NO;
  if (!spend(log->budget, 1))
    return SHAREABLE__UNKNOWN;
  length = read_at(log->fd, record, sizeof *record, place_of(*at));
  if (length != (ssize_t)sizeof *record)
    return length < 0 ? SHAREABLE__UNKNOWN : SHAREABLE__NO;
  record->name[SHAREABLE__NAME_MAX] = '\0';
  (*at)++;
  if (record->inode == 0)
    *at = skip_hole(log->fd, *at);
  return SHAREABLE__YES;
}

/* Each time namespace may begin to count at another time: a start of another one proves nothing. */
static bool is_heirs_start(const shareable__ownership_log_header *head, uint64_t start) {
  return start == head->successor.start || start == SHAREABLE__START_UNKNOWN ||
         head->successor.start == SHAREABLE__START_UNKNOWN || head->time_namespace != shareable__time_namespace();
}

/* A pid of another namespace, or of one that is unknown, proves nothing. */
bool shareable__successor_is_alive(const shareable__ownership_log_header *head) {
  uint64_t start;

  if (head->successor.pid <= 0)
    return false;
  if (head->pid_namespace == 0 || head->pid_namespace != shareable__pid_namespace())
    return true;
  start = shareable__process_start(head->successor.pid);
  return start != 0 && is_heirs_start(head, start);
}

static bool is_of(const shareable__ownership_entry *record, const struct stat *block, const struct stat *journal) {
  return S_ISREG(block->st_mode) && block->st_dev == journal->st_dev && block->st_dev == record->device &&
         block->st_ino == record->inode && block->st_uid == journal->st_uid;
}

shareable__tristate shareable__ownership_entry_matches_block(int fd, const shareable__ownership_entry *record) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof record->name];
  struct stat journal, block;

  if (record->inode == 0 || shareable__name_normalize(record->name) != record->name)
    return SHAREABLE__NO;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", record->name);
  if (fstat(fd, &journal) != 0)
    return SHAREABLE__UNKNOWN;
  if (lstat(path, &block) != 0)
    return errno == ENOENT ? SHAREABLE__NO : SHAREABLE__UNKNOWN;
  if (!is_of(record, &block, &journal))
    return SHAREABLE__NO;
  return shareable__owner_is_mapped(AT_FDCWD, path, block.st_uid) ? SHAREABLE__YES : SHAREABLE__UNKNOWN;
}

/* The block of the record alone: another may have taken the name meanwhile. */
static bool unlink_block(const shareable__ownership_entry *record) {
  const shareable__file_id block = {record->device, record->inode};
  shareable_status status = shareable__unlink_block(&block, record->name, NULL);

  return status == SHAREABLE_OK || status == SHAREABLE_E_NOT_FOUND;
}

/* Unlinks the blocks that have their names. Returns whether no other block has; sets *is_missing if a block has not. */
static bool clear_named(const shareable__ownership_log *log, bool *is_missing) {
  shareable__tristate more, has;
  shareable__ownership_entry record;
  uint64_t at = 0;
  bool is_clear = true;

  while ((more = shareable__ownership_log_next_entry(log, &at, &record)) == SHAREABLE__YES) {
    has = shareable__ownership_entry_matches_block(log->fd, &record);
    if (has == SHAREABLE__NO && record.inode != 0)
      *is_missing = true;
    if (has == SHAREABLE__UNKNOWN || (has == SHAREABLE__YES && !unlink_block(&record)))
      is_clear = false;
  }
  return is_clear && more == SHAREABLE__NO;
}

/* Unlinks the blocks that other processes have moved. Returns whether all that is moved was seen. */
static bool clear_moved(const shareable__ownership_log *log) {
  shareable__file_set moved = {0};
  bool is_whole = shareable__moved_find(&moved);
  shareable__ownership_entry record;
  uint64_t at = 0;

  while (moved.count > 0 && shareable__ownership_log_next_entry(log, &at, &record) == SHAREABLE__YES) {
    const shareable__file_id block = {record.device, record.inode};

    if (shareable__file_set_has(&moved, &block))
      shareable__moved_unlink(&block, record.name, log->directory->user);
  }
  shareable__file_set_free(&moved);
  return is_whole;
}

/* What was moved may have its name again before it is looked for. */
void shareable__ownership_log_unlink_blocks(const shareable__ownership_log *log) {
  bool is_missing = false, is_clear = clear_named(log, &is_missing);

  if (is_missing)
    is_clear = clear_moved(log) && clear_named(log, &is_missing);
  if (is_clear)
    shareable__ownership_log_remove(log);
}

bool shareable__ownership_log_is_obsolete(const shareable__ownership_log *log, const shareable__file_set *moved) {
  shareable__tristate more;
  shareable__ownership_entry record;
  uint64_t at = 0;

  while ((more = shareable__ownership_log_next_entry(log, &at, &record)) == SHAREABLE__YES) {
    const shareable__file_id block = {record.device, record.inode};

    if (shareable__ownership_entry_matches_block(log->fd, &record) != SHAREABLE__NO ||
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
