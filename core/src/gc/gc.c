/*
 * gc.c - finds and removes the blocks of dead owners that their reapers have not removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "gc/gc.h"
#include "gc/inventory.h"
#include "shm/control_socket.h"
#include "shm/moved.h"
#include "shm/segment.h"
#include "shm/unlink.h"

/*
 * The number of times a block is checked. Another gc, or a process that checks all blocks, may use
 * it for a moment.
 */
enum { TRIES = 4 };

typedef shareable__gc_entry gc_entry;

struct shareable_gc {
  gc_entry *entries;
  size_t count;
};

typedef struct gc_run {
  int shm; /* a descriptor of /dev/shm */
  bool remove;
  int64_t min_age; /* in seconds */
  shareable__inventory inventory;
} gc_run;

/*
 * The logs of dead owners whose blocks are all missing, and the files that were moved after these
 * logs were found.
 */
typedef struct obsolete_logs {
  shareable__file_set logs;
  shareable__file_set moved;
} obsolete_logs;

static bool is_obsolete(const shareable__ownership_log *log, const shareable__file_set *moved) {
  shareable__ownership_log_header header;

  return shareable__ownership_log_read_header(log->fd, &header) == SHAREABLE__YES &&
         shareable__ownership_log_owner_is_dead(log->fd) && shareable__ownership_log_is_obsolete(log, moved);
}

static void find_obsolete(shareable__ownership_log *log, void *context) {
  obsolete_logs *obsolete = context;

  shareable__ownership_log_remove_unfilled(log);
  if (is_obsolete(log, &obsolete->moved))
    shareable__file_set_add(&obsolete->logs, &log->id);
}

static void remove_obsolete(shareable__ownership_log *log, void *context) {
  const obsolete_logs *obsolete = context;

  if (shareable__file_set_has(&obsolete->logs, &log->id) && is_obsolete(log, &obsolete->moved))
    shareable__ownership_log_remove(log);
}

/*
 * A block without its name may be moved for a moment. So a log is obsolete only if its blocks are
 * missing both before and after the moved files are listed.
 */
static void remove_obsolete_logs(void) {
  obsolete_logs obsolete = {0};

  shareable__inventory_foreach_log(find_obsolete, &obsolete);
  shareable__file_set_sort(&obsolete.logs);
  if (obsolete.logs.count > 0 && shareable__moved_find(&obsolete.moved))
    shareable__inventory_foreach_log(remove_obsolete, &obsolete);
  shareable__file_set_free(&obsolete.logs);
  shareable__file_set_free(&obsolete.moved);
}

#define DEAD "its owner has ended, but "

/* Keeps a block for a reason that contains a pid or an errno. `kind` is the reason without it. */
static shareable_gc_result keep_kind(gc_entry *entry, const char *kind, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

static shareable_gc_result keep_kind(gc_entry *entry, const char *kind, const char *format, ...) {
  va_list arguments;

  entry->kind = kind;
  va_start(arguments, format);
  vsnprintf(entry->reason, sizeof entry->reason, format, arguments);
  va_end(arguments);
  return SHAREABLE_GC_KEPT;
}

static shareable_gc_result keep(gc_entry *entry, const char *reason) {
  return keep_kind(entry, reason, "%s", reason);
}

static shareable_gc_result keep_errno(gc_entry *entry, const char *kind, int errnum) {
  return keep_kind(entry, kind, "%s: %s", kind, shareable__errno_text(errnum));
}

/* Keeps a block of a dead owner, because a process may use it. */
static shareable_gc_result keep_used(gc_entry *entry, const shareable__usage *usage) {
  entry->lease_refused = usage->use == SHAREABLE__IN_USE;
  if (usage->user_count > 0 && usage->users[0].is_mapped)
    return keep_kind(entry, DEAD "a process has it mapped", DEAD "process %" PRId64 " has it mapped",
                     usage->users[0].pid);
  if (usage->user_count > 0)
    return keep_kind(entry, DEAD "a process has it open", DEAD "process %" PRId64 " has it open", usage->users[0].pid);
  if (usage->is_locked)
    return keep(entry, DEAD "a process that cannot be seen from here has it mapped");
  if (usage->unreadable != NULL)
    return keep_kind(entry, DEAD "a process may have it mapped: its /proc files cannot be read",
                     DEAD "process %" PRId64 " may have it mapped: its /proc files cannot be read",
                     usage->unreadable->pid);
  if (usage->use == SHAREABLE__IN_USE)
    return keep(entry, DEAD "a process that cannot be seen from here has it open or mapped");
  return keep(entry, DEAD "whether a process uses it is unknown");
}

static shareable_gc_result keep_changed(gc_entry *entry) {
  return keep(entry, DEAD "its name belongs to another block now");
}

/* Uses the errno of the call that failed. */
static shareable_gc_result keep_unknown(gc_entry *entry) {
  return keep_errno(entry, DEAD "it cannot be checked", errno);
}

/* Keeps garbage that could not be removed. */
static shareable_gc_result keep_failed(gc_entry *entry, int errnum) {
  entry->has_failed = true;
  return keep_errno(entry, DEAD "it cannot be removed", errnum);
}

/*
 * The inventory's entry may be too old for a block that has changed since the run began, and for
 * another block.
 */
static bool is_unchanged(const gc_entry *entry, const struct stat *now) {
  return now->st_dev == entry->file.st_dev && now->st_ino == entry->file.st_ino &&
         now->st_ctim.tv_sec == entry->file.st_ctim.tv_sec && now->st_ctim.tv_nsec == entry->file.st_ctim.tv_nsec &&
         now->st_uid == entry->file.st_uid && S_ISREG(now->st_mode);
}

/*
 * The caller holds the lease. Another process may give the name to another block at any moment:
 * that block is kept.
 */
static shareable_gc_result unlink_leased(const gc_run *run, const shareable__lease *lease, gc_entry *entry) {
  const shareable__file_id block = {entry->file.st_dev, entry->file.st_ino};
  shareable_error error = {0};
  struct stat named;

  if (fstatat(run->shm, entry->name, &named, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? keep(entry, DEAD "it is already gone") : keep_unknown(entry);
  if (!is_unchanged(entry, &named))
    return keep_changed(entry);
  if (!shareable__lease_is_undisturbed(lease))
    return keep(entry, DEAD "a process is opening it");
  switch (shareable__unlink_block(&block, entry->name, &error)) {
  case SHAREABLE_OK:
    return SHAREABLE_GC_REMOVED;
  case SHAREABLE_E_NOT_FOUND:
    return keep(entry, DEAD "it is already gone, or its name belongs to another block now");
  default:
    return keep_failed(entry, error.sys_errno);
  }
}

static shareable_gc_result remove_block(const gc_run *run, int fd, shareable__usage *usage, gc_entry *entry) {
  shareable_gc_result result;
  shareable__lease lease;

  usage->use = shareable__lease_take(&lease, fd);
  if (usage->use != SHAREABLE__UNUSED)
    return keep_used(entry, usage);
  result = unlink_leased(run, &lease, entry);
  shareable__lease_drop(&lease);
  return result;
}

/* Classifies a block of a dead owner that is open. */
static shareable_gc_result classify_open(const gc_run *run, int fd, gc_entry *entry) {
  shareable__usage usage;
  struct stat file;

  if (fstat(fd, &file) != 0)
    return keep_unknown(entry);
  if (!is_unchanged(entry, &file))
    return keep_changed(entry);
  if (file.st_nlink > 1)
    return keep(entry, DEAD "it has several names");
  usage = shareable__inventory_usage_of(&run->inventory, entry->name, &file, fd);
  if (usage.use != SHAREABLE__UNUSED)
    return keep_used(entry, &usage);
  if (entry->age < run->min_age)
    return keep(entry, "it is garbage, but younger than the given age");
  keep(entry, "its owner has ended, and no process uses it");
  return run->remove ? remove_block(run, fd, &usage, entry) : SHAREABLE_GC_GARBAGE;
}

static shareable_gc_result classify_dead(const gc_run *run, gc_entry *entry) {
  int fd = shareable__openat(run->shm, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  shareable_gc_result result;

  if (fd < 0)
    return keep_errno(entry, DEAD "it cannot be opened to see whether it is in use", errno);
  result = classify_open(run, fd, entry);
  close(fd);
  return result;
}

/*
 * While a dead owner's reaper waits for the successor, it holds the lock on the log, as a living
 * owner does.
 */
static shareable_gc_result keep_owned(const shareable__inventory_entry *owned, gc_entry *entry) {
  if (owned->successor == 0)
    return keep(entry, owned->is_manager ? "its owner, a manager, is alive" : "its owner is alive");
  if (owned->is_dead)
    return keep_kind(entry, "its owner has transferred it to a process that is alive",
                     "its owner has transferred it to process %" PRId64 ", which is alive", owned->successor);
  return keep_kind(entry, "its owner is alive, or has ended and transferred it to a process that is alive",
                   "its owner is alive, or has ended and transferred it to process %" PRId64 ", which is alive",
                   owned->successor);
}

static shareable_gc_result keep_unowned(const gc_run *run, gc_entry *entry) {
  if (!shareable__inventory_can_read_logs_of(entry->name, &entry->file))
    return keep(entry, "it belongs to another user, whose ownership logs cannot be read from here");
  if (!run->inventory.is_complete)
    return keep(entry, "no ownership log that can be read records it: it exists until a process unlinks it");
  return keep(entry, "no ownership log records it: it exists until a process unlinks it");
}

static shareable_gc_result classify(const gc_run *run, gc_entry *entry) {
  const shareable__inventory_entry *owned =
    shareable__inventory_entry_of(&run->inventory, entry->name, entry->file.st_ino);

  entry->lease_refused = entry->has_failed = false;
  if (entry->errnum != 0)
    return keep_errno(entry, "it cannot be checked", entry->errnum);
  if (owned == NULL)
    return keep_unowned(run, entry);
  return owned->is_dead && owned->successor == 0 ? classify_dead(run, entry) : keep_owned(owned, entry);
}

/* A name that begins with a dot is a block's only if a log records it. */
static bool is_block(const gc_run *run, const gc_entry *entry) {
  return entry->name[0] != '.' ||
         shareable__inventory_entry_of(&run->inventory, entry->name, entry->file.st_ino) != NULL;
}

/*
 * Returns whether the name still exists. Another process may have removed the block and its entry
 * concurrently.
 */
static bool exists(const gc_run *run, const gc_entry *entry) {
  struct stat file;

  return fstatat(run->shm, entry->name, &file, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static void classify_all(shareable_gc *gc, const gc_run *run) {
  size_t kept = 0;

  for (size_t i = 0; i < gc->count; i++) {
    gc_entry *entry = &gc->entries[kept];

    if (!is_block(run, &gc->entries[i]))
      continue;
    *entry = gc->entries[i];
    entry->result = classify(run, entry);
    kept += entry->result == SHAREABLE_GC_REMOVED || exists(run, entry);
  }
  gc->count = kept;
}

/* Sleeps for 1 to 5 milliseconds, which differ between processes. */
static void sleep_at_random(void) {
  int64_t microseconds = shareable__now() % INT64_C(1000000000) / 1000;

  shareable__sleep(1000 * (1000 + microseconds * (getpid() | 1) % 4000));
}

/*
 * Classifies the blocks again that only the lease shows as in use. Returns whether there are any.
 */
static bool classify_refused(shareable_gc *gc, const gc_run *run) {
  bool found = false;

  for (size_t i = 0; i < gc->count; i++) {
    if (!gc->entries[i].lease_refused)
      continue;
    if (!found)
      sleep_at_random();
    found = true;
    gc->entries[i].result = classify(run, &gc->entries[i]);
  }
  return found;
}

/* tmpfs records the creation since Linux 6.6. */
static int64_t age_of(int shm, const char *name, const struct stat *file) {
  int64_t since = file->st_mtim.tv_sec;
  struct statx created;

  if (statx(shm, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &created) == 0 && (created.stx_mask & STATX_BTIME) != 0)
    since = created.stx_btime.tv_sec;
  return time(NULL) - since;
}

static bool add_entry(shareable_gc *gc, int shm, const char *name, const struct stat *file, int errnum) {
  gc_entry *more = gc->entries;

  if (gc->count % 64 == 0)
    more = reallocarray(gc->entries, gc->count + 64, sizeof *more);
  if (more == NULL)
    return false;
  gc->entries = more;
  more += gc->count++;
  *more = (gc_entry){.file = *file, .errnum = errnum, .age = errnum == 0 ? age_of(shm, name, file) : 0};
  snprintf(more->name, sizeof more->name, "%s", name);
  return true;
}

/*
 * Lists all files before the logs are read. A process records a block in its log before the block
 * gets its name, so the logs contain the owner of each block that is listed. Returns 0, or an errno
 * if there may be more files.
 */
static int list_files(shareable_gc *gc, int shm, DIR *directory) {
  const struct dirent *entry;
  int errnum;

  while (errno = 0, (entry = readdir(directory)) != NULL) {
    struct stat file = {0};

    errnum = fstatat(shm, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (errnum != ENOENT && (errnum != 0 || S_ISREG(file.st_mode)) && !add_entry(gc, shm, entry->d_name, &file, errnum))
      return ENOMEM;
  }
  return errno;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const gc_entry *)a)->name, ((const gc_entry *)b)->name);
}

static shareable_status run_in(shareable_gc *gc, DIR *directory, bool remove, int64_t min_age, shareable_error *error) {
  gc_run run = {.shm = dirfd(directory), .remove = remove, .min_age = min_age};
  shareable_status status;
  int errnum;

  if (remove)
    shareable__moved_recover();
  errnum = list_files(gc, run.shm, directory);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot read all of " SHAREABLE__DIRECTORY);
  status = shareable__inventory_take(&run.inventory, error);
  if (status != SHAREABLE_OK)
    return status;
  classify_all(gc, &run);
  for (int tries = 1; tries < TRIES && classify_refused(gc, &run); tries++)
    ;
  shareable__inventory_free(&run.inventory);
  if (remove)
    remove_obsolete_logs();
  if (remove)
    shareable__control_socket_remove_stale(SHAREABLE__ANY_USER, 0); /* a manager without blocks has no reaper */
  if (gc->count > 0)
    qsort(gc->entries, gc->count, sizeof *gc->entries, by_name);
  return SHAREABLE_OK;
}

shareable_status shareable__gc_run(shareable_gc **result, uint32_t flags, int64_t min_age, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  DIR *directory;
  shareable_status status;
  shareable_gc *gc;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the results is NULL");
  if (flags & ~(uint32_t)SHAREABLE_GC_REMOVE)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "flags 0x%x: gc takes 0 or SHAREABLE_GC_REMOVE",
                           (unsigned)flags);
  directory = shareable__opendirat(AT_FDCWD, SHAREABLE__DIRECTORY);
  if (directory == NULL)
    return shareable__fail(error, errno == EACCES ? SHAREABLE_E_PERMISSION : SHAREABLE_E_SYSTEM, errno,
                           "cannot read " SHAREABLE__DIRECTORY ": %s", shareable__errno_text(errno));
  gc = calloc(1, sizeof *gc);
  status = gc == NULL ? shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for the results")
                      : run_in(gc, directory, (flags & SHAREABLE_GC_REMOVE) != 0, min_age, error);
  closedir(directory);
  if (status == SHAREABLE_OK)
    *result = gc;
  else
    shareable_gc_free(gc);
  return status;
}

shareable_status shareable_gc_run(shareable_gc **result, uint32_t flags, shareable_error *error) {
  return shareable__gc_run(result, flags, INT64_MIN, error);
}

const shareable__gc_entry *shareable__gc_entry_at(const shareable_gc *gc, size_t index) {
  return &gc->entries[index];
}

void shareable_gc_free(shareable_gc *gc) {
  if (gc == NULL)
    return;
  free(gc->entries);
  free(gc);
}

size_t shareable_gc_count(const shareable_gc *gc) {
  return gc == NULL ? 0 : gc->count;
}

const char *shareable_gc_name(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->entries[index].name;
}

const char *shareable_gc_reason(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->entries[index].reason;
}

shareable_gc_result shareable_gc_result_at(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? SHAREABLE_GC_KEPT : gc->entries[index].result;
}
