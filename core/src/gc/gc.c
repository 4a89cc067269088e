/*
 * gc.c - finding and removing the blocks of owners that have ended: what a reaper that was killed too has left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "gc/inventory.h"
#include "shm/segment.h"
#include "shm/moved.h"
#include "shm/unlink.h"

/* How often a block is tried again that was in use for a moment: by another gc, or by a process that looks at all blocks. */
enum { TRIES = 4 };

typedef struct finding {
  char name[SHAREABLE__NAME_MAX + 1];
  char reason[120];
  shareable_fate fate;
  bool is_refused; /* only the kernel says that it is in use: perhaps for a moment */
  struct stat file;
  int system; /* the errno if it cannot be looked at */
} finding;

struct shareable_gc {
  finding *all;
  size_t count;
};

/* What a run works with. */
typedef struct run {
  int shm; /* a descriptor of /dev/shm */
  bool remove;
  shareable__inventory survey;
} run;

/* The logs of dead owners without a block, and what was moved since they were found: all others may be needed. */
typedef struct ended_logs {
  shareable__file_set logs;
  shareable__file_set moved;
} ended_logs;

static bool is_ended(const shareable__ownership_log *log, const shareable__file_set *moved) {
  shareable__ownership_log_header head;

  return shareable__ownership_log_read_header(log->fd, &head) == SHAREABLE__YES &&
         shareable__ownership_log_owner_is_dead(log->fd) && shareable__ownership_log_is_obsolete(log, moved);
}

/* A visit. */
static void find_ended(shareable__ownership_log *log, void *context) {
  ended_logs *of = context;

  shareable__ownership_log_remove_unfilled(log);
  if (is_ended(log, &of->moved))
    shareable__file_set_add(&of->logs, &log->id);
}

/* A visit. */
static void remove_ended(shareable__ownership_log *log, void *context) {
  const ended_logs *of = context;

  if (shareable__file_set_has(&of->logs, &log->id) && is_ended(log, &of->moved))
    shareable__ownership_log_remove(log);
}

/* A block that has no name may be moved for a moment: a log is not needed if its blocks are missing before and after that. */
static void remove_ended_logs(void) {
  ended_logs of = {0};

  shareable__inventory_foreach_log(find_ended, &of);
  shareable__file_set_sort(&of.logs);
  if (of.logs.count > 0 && shareable__moved_find(&of.moved))
    shareable__inventory_foreach_log(remove_ended, &of);
  shareable__file_set_free(&of.logs);
  shareable__file_set_free(&of.moved);
}

#define ENDED "its owner has ended, but "

/* Of a block whose owner has ended: which process uses it, in words. */
static void format_user(const shareable__usage *usage, finding *found) {
  char *reason = found->reason;
  const size_t size = sizeof found->reason;

  if (usage->user_count > 0)
    snprintf(reason, size, ENDED "process %" PRId64 " has it %s", usage->users[0].pid,
             usage->users[0].is_mapped ? "mapped" : "open");
  else if (usage->is_locked)
    snprintf(reason, size, ENDED "a process that cannot be seen from here has it mapped");
  else if (usage->unasked != NULL)
    snprintf(reason, size, ENDED "process %" PRId64 " cannot be asked whether it has it mapped", usage->unasked->pid);
  else if (usage->use == SHAREABLE__IN_USE)
    snprintf(reason, size, ENDED "a process that cannot be seen from here has it open or mapped");
  else
    snprintf(reason, size, ENDED "the kernel does not tell whether a process uses it");
}

static shareable_fate keep(finding *found, const char *reason, const char *more) {
  snprintf(found->reason, sizeof found->reason, "%s%s", reason, more);
  return SHAREABLE_FATE_KEPT;
}

static shareable_fate keep_changed(finding *found) {
  return keep(found, ENDED, "the name belongs to another block by now");
}

/* With the errno of the call that failed. */
static shareable_fate keep_unknown(finding *found) {
  return keep(found, ENDED "it cannot be looked at: ", shareable__system_text(errno));
}

/* Another block, or a change of this one, since the run began: its claim may be older. */
static bool is_as_found(const finding *found, const struct stat *now) {
  return now->st_dev == found->file.st_dev && now->st_ino == found->file.st_ino &&
         now->st_ctim.tv_sec == found->file.st_ctim.tv_sec && now->st_ctim.tv_nsec == found->file.st_ctim.tv_nsec &&
         now->st_uid == found->file.st_uid && S_ISREG(now->st_mode);
}

/* With the lease. Another process may give the name to another block at any moment: that one stays. */
static shareable_fate unlink_leased(const run *of, const shareable__lease *lease, finding *found) {
  const shareable__file_id block = {found->file.st_dev, found->file.st_ino};
  shareable_error error = {0};
  struct stat named;

  if (fstatat(of->shm, found->name, &named, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? keep(found, ENDED, "it has gone by itself") : keep_unknown(found);
  if (!is_as_found(found, &named))
    return keep_changed(found);
  if (!shareable__lease_is_undisturbed(lease))
    return keep(found, ENDED, "a process opens it just now");
  switch (shareable__unlink_block(&block, found->name, &error)) {
  case SHAREABLE_OK:
    return SHAREABLE_FATE_REMOVED;
  case SHAREABLE_E_NOT_FOUND:
    return keep(found, ENDED, "it has gone by itself, or its name belongs to another block by now");
  default:
    return keep(found, ENDED "it cannot be removed: ", shareable__system_text(error.system));
  }
}

static shareable_fate remove_block(const run *of, int fd, shareable__usage *usage, finding *found) {
  shareable_fate fate;
  shareable__lease lease;

  usage->use = shareable__lease_take(&lease, fd);
  if (usage->use != SHAREABLE__UNUSED) {
    found->is_refused = usage->use == SHAREABLE__IN_USE;
    format_user(usage, found);
    return SHAREABLE_FATE_KEPT;
  }
  fate = unlink_leased(of, &lease, found);
  shareable__lease_drop(&lease);
  return fate;
}

/* Of a block whose owner has ended, open. */
static shareable_fate judge_open(const run *of, int fd, finding *found) {
  shareable__usage usage;
  struct stat file;

  if (fstat(fd, &file) != 0)
    return keep_unknown(found);
  if (!is_as_found(found, &file))
    return keep_changed(found);
  if (file.st_nlink > 1)
    return keep(found, ENDED, "it has several names");
  usage = shareable__inventory_usage_of(&of->survey, found->name, &file, fd);
  if (usage.use != SHAREABLE__UNUSED) {
    found->is_refused = usage.use == SHAREABLE__IN_USE;
    format_user(&usage, found);
    return SHAREABLE_FATE_KEPT;
  }
  snprintf(found->reason, sizeof found->reason, "its owner has ended, and nobody uses it");
  return of->remove ? remove_block(of, fd, &usage, found) : SHAREABLE_FATE_GARBAGE;
}

static shareable_fate judge_dead(const run *of, finding *found) {
  int fd = shareable__openat(of->shm, found->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  shareable_fate fate;

  if (fd < 0)
    return keep(found, ENDED "it cannot be opened to see whether it is in use: ", shareable__system_text(errno));
  fate = judge_open(of, fd, found);
  close(fd);
  return fate;
}

/* While its reaper waits for the heir, a dead owner's log is locked as a living one's. */
static shareable_fate keep_owned(const shareable__inventory_entry *claim, finding *found) {
  if (claim->successor == 0)
    return keep(found, claim->is_manager ? "its owner, a manager, lives" : "its owner lives", "");
  snprintf(found->reason, sizeof found->reason,
           claim->is_dead ? "its owner has left it to process %" PRId64 ", which lives"
                          : "its owner lives, or has ended and left it to process %" PRId64 ", which lives",
           claim->successor);
  return SHAREABLE_FATE_KEPT;
}

static shareable_fate keep_unclaimed(const run *of, finding *found) {
  if (!shareable__inventory_can_read_logs_of(found->name, &found->file))
    return keep(found, "it belongs to another user, whose ownership logs cannot be read from here", "");
  if (!of->survey.is_whole)
    return keep(found, "no log that can be read has it recorded as owned: it is there until somebody unlinks it", "");
  return keep(found, "nobody has it recorded as owned: it is there until somebody unlinks it", "");
}

static shareable_fate judge(const run *of, finding *found) {
  const shareable__inventory_entry *claim = shareable__inventory_entry_of(&of->survey, found->name, found->file.st_ino);

  found->is_refused = false;
  if (found->system != 0)
    return keep(found, "it cannot be looked at: ", shareable__system_text(found->system));
  if (claim == NULL)
    return keep_unclaimed(of, found);
  return claim->is_dead && claim->successor == 0 ? judge_dead(of, found) : keep_owned(claim, found);
}

/* Names that begin with a dot are a program's own business unless a log has them. */
static bool is_block(const run *of, const finding *found) {
  return found->name[0] != '.' || shareable__inventory_entry_of(&of->survey, found->name, found->file.st_ino) != NULL;
}

/* Whether the name still exists: another process may have removed the block since it was found, with its record. */
static bool is_there(const run *of, const finding *found) {
  struct stat file;

  return fstatat(of->shm, found->name, &file, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static void look_at_all(shareable_gc *gc, const run *of) {
  size_t kept = 0;

  for (size_t i = 0; i < gc->count; i++) {
    finding *found = &gc->all[kept];

    if (!is_block(of, &gc->all[i]))
      continue;
    *found = gc->all[i];
    found->fate = judge(of, found);
    kept += found->fate == SHAREABLE_FATE_REMOVED || is_there(of, found);
  }
  gc->count = kept;
}

static void pause_at_random(void) {
  struct timespec now, some = {0, 1000000};

  clock_gettime(CLOCK_MONOTONIC, &now);
  some.tv_nsec += now.tv_nsec / 1000 * (getpid() | 1) % 4000 * 1000;
  nanosleep(&some, NULL);
}

/* Whether any was looked at again. */
static bool look_again(shareable_gc *gc, const run *of) {
  bool is_any = false;

  for (size_t i = 0; i < gc->count; i++) {
    if (!gc->all[i].is_refused)
      continue;
    if (!is_any)
      pause_at_random();
    is_any = true;
    gc->all[i].fate = judge(of, &gc->all[i]);
  }
  return is_any;
}

static bool add_finding(shareable_gc *gc, const char *name, const struct stat *file, int system) {
  finding *more = gc->all;

  if (gc->count % 64 == 0)
    more = reallocarray(gc->all, gc->count + 64, sizeof *more);
  if (more == NULL)
    return false;
  gc->all = more;
  more += gc->count++;
  *more = (finding){.file = *file, .system = system};
  snprintf(more->name, sizeof more->name, "%s", name);
  return true;
}

/*
 * All files there, before the logs are read: whoever makes a block logs it first, so the logs are not older than what
 * is found here. An errno if there may be more.
 */
static int list_files(shareable_gc *gc, int shm, DIR *directory) {
  const struct dirent *entry;
  int system;

  while (errno = 0, (entry = readdir(directory)) != NULL) {
    struct stat file = {0};

    system = fstatat(shm, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (system != ENOENT && (system != 0 || S_ISREG(file.st_mode)) && !add_finding(gc, entry->d_name, &file, system))
      return ENOMEM;
  }
  return errno;
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const finding *)one)->name, ((const finding *)other)->name);
}

static shareable_status run_in(shareable_gc *gc, DIR *directory, bool remove, shareable_error *error) {
  run of = {.shm = dirfd(directory), .remove = remove};
  shareable_status status;
  int system;

  if (remove)
    shareable__moved_recover();
  system = list_files(gc, of.shm, directory);

  if (system != 0)
    return shareable__fail_system(error, system, "cannot look at all that there is in " SHAREABLE__DIRECTORY);
  status = shareable__inventory_take(&of.survey, error);
  if (status != SHAREABLE_OK)
    return status;
  look_at_all(gc, &of);
  for (int tries = 1; tries < TRIES && look_again(gc, &of); tries++)
    ;
  shareable__inventory_free(&of.survey);
  if (remove)
    remove_ended_logs();
  if (gc->count > 0)
    qsort(gc->all, gc->count, sizeof *gc->all, by_name);
  return SHAREABLE_OK;
}

shareable_status shareable_gc_run(shareable_gc **result, uint32_t flags, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  DIR *directory;
  shareable_status status;
  shareable_gc *gc;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place was given for the findings");
  if (flags & ~(uint32_t)SHAREABLE_REMOVE)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "flags 0x%x: gc takes 0 or SHAREABLE_REMOVE",
                           (unsigned)flags);
  directory = shareable__opendirat(AT_FDCWD, SHAREABLE__DIRECTORY);
  if (directory == NULL)
    return shareable__fail(error, errno == EACCES ? SHAREABLE_E_PERMISSION : SHAREABLE_E_SYSTEM, errno,
                           "cannot look into " SHAREABLE__DIRECTORY ": %s", shareable__system_text(errno));
  gc = calloc(1, sizeof *gc);
  status = gc == NULL ? shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for the findings")
                      : run_in(gc, directory, (flags & SHAREABLE_REMOVE) != 0, error);
  closedir(directory);
  if (status == SHAREABLE_OK)
    *result = gc;
  else
    shareable_gc_free(gc);
  return status;
}

void shareable_gc_free(shareable_gc *gc) {
  if (gc == NULL)
    return;
  free(gc->all);
  free(gc);
}

size_t shareable_gc_count(const shareable_gc *gc) {
  return gc == NULL ? 0 : gc->count;
}

const char *shareable_gc_name(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->all[index].name;
}

const char *shareable_gc_reason(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->all[index].reason;
}

shareable_fate shareable_gc_fate(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? SHAREABLE_FATE_KEPT : gc->all[index].fate;
}
