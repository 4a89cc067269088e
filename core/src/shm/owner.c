/*
 * owner.c - the blocks that this process owns: their names are removed when the process ends, for
 * whatever reason.
 */
#include "shm/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/process.h"
#include "shm/owner_file.h"
#include "shm/reaper.h"
#include "shm/segment.h"

enum { OWNERS = 16 };

/*
 * The time after which a thread checks again whether another thread has started the reaper, in
 * nanoseconds.
 */
#define START_CHECK_NS INT64_C(200000)

/* A log of this process. */
typedef struct owner {
  shareable__owner_file file;
  shareable__file_id shm; /* the directory that was /dev/shm */
  uid_t user;
  bool is_starting; /* a thread starts the reaper, without the fork lock */
} owner;

/*
 * One log for each effective user that this process has had, and for each /dev/shm. If a process
 * enters another root directory or mount namespace, the reaper of the first log sees nothing there.
 * Normally there is one log.
 */
static owner owners[OWNERS];
static unsigned generation; /* of the process that filled `owners` (fork.h) */
static shareable__owner_facts facts;

static shareable_status fail_no_space(shareable_error *error, const char *name, size_t size) {
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "cannot record that this process owns '%s': " SHAREABLE__DIRECTORY
                         " is full, and the ownership log takes %zu bytes there: remove blocks there, or enlarge it",
                         name, size);
}

static shareable_status fail_no_inode(shareable_error *error, const char *name, uint64_t inodes) {
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "cannot record that this process owns '%s': the ownership log needs an inode, "
                         "but " SHAREABLE__DIRECTORY " has none of its %" PRIu64
                         " inodes free: remove files there, or mount it with a larger nr_inodes",
                         name, inodes);
}

static shareable_status fail_limit(shareable_error *error, const char *name, size_t size) {
  struct rlimit limit = {0};

  getrlimit(RLIMIT_FSIZE, &limit);
  return shareable__fail_errno(error, EFBIG,
                               "cannot record that this process owns '%s': the ownership log needs %zu bytes, and this "
                               "process may not write files of more than %" PRIu64 " bytes (RLIMIT_FSIZE)",
                               name, size, (uint64_t)limit.rlim_cur);
}

/*
 * ENOENT and EEXIST are about the log: the status must not be E_NOT_FOUND or E_EXISTS, which are
 * about the block.
 */
static shareable_status fail(shareable_error *error, int errnum, const char *name, unsigned chunks) {
  size_t size = shareable__owner_file_grown_size(chunks);
  shareable_status status;
  uint64_t inodes;

  if (errnum == ENOSPC && chunks == 0 && shareable__segment_inodes_are_used_up(&inodes))
    return fail_no_inode(error, name, inodes);
  if (errnum == ENOSPC)
    return fail_no_space(error, name, size);
  if (errnum == EFBIG)
    return fail_limit(error, name, size);
  if (errnum == EACCES)
    return shareable__fail_errno(error, errnum,
                                 "cannot record that this process owns '%s': it may not create a directory "
                                 "in " SHAREABLE__DIRECTORY
                                 ", or what it creates belongs to another user than its effective one (setfsuid(2))",
                                 name);
  status = shareable__fail_errno(error, errnum,
                                 "cannot record that this process owns '%s' in " SHAREABLE__DIRECTORY "/.shareable-%lu",
                                 name, (unsigned long)geteuid());
  if (status != SHAREABLE_E_NOT_FOUND && status != SHAREABLE_E_EXISTS)
    return status;
  if (error != NULL)
    error->status = SHAREABLE_E_SYSTEM;
  return SHAREABLE_E_SYSTEM;
}

/*
 * The caller holds the fork lock before and after the call. The lock is released while the reaper
 * starts, which may take long: other threads and signal handlers may fork. So this may return in a
 * fork's child, which owns nothing.
 */
static shareable_status start_ownership(owner *self, const shareable__file_id *shm, const char *name,
                                        shareable_error *error) {
  unsigned before = shareable__fork_generation;
  int errnum;

  *self = (owner){.user = geteuid(), .shm = *shm};
  errnum = shareable__owner_file_create(&self->file, &facts);
  if (errnum != 0)
    return fail(error, errnum, name, 0);
  self->is_starting = true;
  shareable__fork_unlock();
  errnum = shareable__reaper_start(self->file.directory, self->file.name);
  shareable__fork_lock();
  if (before != shareable__fork_generation)
    return SHAREABLE_OK;
  self->is_starting = false;
  if (errnum == 0)
    return SHAREABLE_OK;
  shareable__owner_file_remove(&self->file);
  return shareable__reaper_fail(error, errnum);
}

/* A fork's child owns nothing at first. */
static void reset_after_fork(void) {
  if (generation == shareable__fork_generation)
    return;
  memset(owners, 0, sizeof owners);
  facts = (shareable__owner_facts){.kind = SHAREABLE__OWNER_PROCESS};
  generation = shareable__fork_generation;
}

static bool is_current(const owner *self, const shareable__file_id *shm) {
  return self->user == geteuid() && self->shm.device == shm->device && self->shm.inode == shm->inode;
}

/*
 * Returns the log of the effective user in that /dev/shm, or an unused one; NULL if there are too
 * many.
 */
static owner *find_owner(const shareable__file_id *shm) {
  owner *unused = NULL;

  for (size_t i = OWNERS; i-- > 0;) {
    if (owners[i].file.count > 0 && is_current(&owners[i], shm))
      return &owners[i];
    if (owners[i].file.count == 0)
      unused = &owners[i];
  }
  return unused;
}

static void wait_for_start(void) {
  shareable__fork_unlock();
  shareable__sleep(START_CHECK_NS);
  shareable__fork_lock();
}

/*
 * Finds or creates the log in which to reserve an entry. The fork lock may be released during the
 * call.
 */
static shareable_status find_started(owner **self, const char *name, shareable_error *error) {
  shareable_status status = SHAREABLE_OK;
  shareable__file_id shm;

  while (status == SHAREABLE_OK) {
    reset_after_fork();
    if (!shareable__shm_identify(&shm))
      return fail(error, errno, name, 0);
    *self = find_owner(&shm);
    if (*self == NULL)
      return shareable__fail(
        error, SHAREABLE_E_SYSTEM, EUSERS,
        "cannot record that this process owns '%s': this process has %d ownership logs, which is the "
        "maximum: it uses one for each effective user and each " SHAREABLE__DIRECTORY,
        name, OWNERS);
    if ((*self)->is_starting)
      wait_for_start();
    else if ((*self)->file.count > 0)
      return SHAREABLE_OK;
    else
      status = start_ownership(*self, &shm, name, error);
  }
  return status;
}

static shareable_status reserve(shareable__ownership *ownership, const char *name, shareable_error *error) {
  shareable__ownership_entry *entry;
  owner *self = NULL;
  shareable_status status = find_started(&self, name, error);
  int errnum;

  if (status != SHAREABLE_OK || self == NULL)
    return status;
  errnum = shareable__owner_file_reserve(&self->file, &entry);
  if (errnum != 0)
    return fail(error, errnum, name, self->file.count);
  *ownership = (shareable__ownership){entry, shareable__fork_generation, entry->use, self->shm};
  return SHAREABLE_OK;
}

shareable_status shareable__owner_reserve(shareable__ownership *ownership, const char *name, shareable_error *error) {
  shareable_status status;

  if (!shareable__fork_init())
    return fail(error, ENOMEM, name, 0);
  shareable__fork_lock();
  status = reserve(ownership, name, error);
  shareable__fork_unlock();
  return status;
}

/* Returns whether the entry is still this block's. The caller must hold the fork lock. */
static bool holds_entry(const shareable__ownership *ownership) {
  return ownership->generation == shareable__fork_generation && ownership->entry->use == ownership->use &&
         ownership->entry->state != SHAREABLE__ENTRY_FREE;
}

void shareable__owner_commit(const shareable__ownership *ownership, const shareable__file_id *block, const char *name) {
  if (ownership->entry == NULL)
    return;
  shareable__fork_lock();
  if (holds_entry(ownership)) {
    __atomic_store_n(&ownership->entry->inode, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&ownership->entry->device, block->device, __ATOMIC_RELEASE);
    strcpy(ownership->entry->name, name);
    __atomic_store_n(&ownership->entry->inode, block->inode, __ATOMIC_RELEASE);
  }
  shareable__fork_unlock();
}

void shareable__owner_publish(const shareable__ownership *ownership) {
  if (ownership->entry == NULL)
    return;
  shareable__fork_lock();
  if (holds_entry(ownership))
    ownership->entry->state = SHAREABLE__ENTRY_PUBLISHED;
  shareable__fork_unlock();
}

void shareable__owner_release(const shareable__ownership *ownership) {
  if (ownership->entry == NULL)
    return;
  shareable__fork_lock();
  if (holds_entry(ownership))
    shareable__owner_file_free_entry(ownership->entry);
  shareable__fork_unlock();
}

/* In a child of a fork, it takes no lock: the child may call it while it holds the lock. */
void shareable__owner_cancel(const shareable__ownership *ownership) {
  if (ownership->entry == NULL || ownership->generation != shareable__fork_generation)
    return;
  shareable__fork_lock();
  if (holds_entry(ownership) && ownership->entry->state == SHAREABLE__ENTRY_PENDING)
    shareable__owner_file_free_entry(ownership->entry);
  shareable__fork_unlock();
}

/* Finds the block with that name, which must be a regular file of this user. */
static shareable_status identify(const char *name, shareable__file_id *block, shareable_error *error) {
  char path[sizeof SHAREABLE__DIRECTORY + SHAREABLE__NAME_MAX + 1];
  struct stat status;

  if (shareable__name_normalize(name) != name || name == NULL)
    return shareable__fail(error, SHAREABLE_E_NAME, 0, "'%s': %s", name == NULL ? "" : name,
                           shareable_status_message(SHAREABLE_E_NAME));
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", name);
  if (lstat(path, &status) != 0)
    return errno == ENOENT
             ? shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "there is no block called '%s'", name)
             : shareable__fail_errno(error, errno, "cannot stat '%s'", name);
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
    return shareable__fail(error, SHAREABLE_E_PERMISSION, EPERM,
                           "cannot record that this process owns '%s': it is not a block of this user", name);
  *block = (shareable__file_id){status.st_dev, status.st_ino};
  return SHAREABLE_OK;
}

shareable_status shareable__owner_adopt(shareable__ownership *ownership, const char *name, shareable_error *error) {
  shareable__file_id block;
  shareable_status status = identify(name, &block, error);

  if (status == SHAREABLE_OK)
    status = shareable__owner_reserve(ownership, name, error);
  if (status != SHAREABLE_OK)
    return status;
  shareable__owner_commit(ownership, &block, name);
  shareable__owner_publish(ownership);
  return SHAREABLE_OK;
}

void shareable__owner_set_manager(void) {
  if (!shareable__fork_init())
    return;
  shareable__fork_lock();
  reset_after_fork();
  facts.kind = SHAREABLE__OWNER_MANAGER;
  for (size_t i = 0; i < OWNERS; i++)
    if (owners[i].file.count > 0)
      shareable__owner_file_set_kind(&owners[i].file, facts.kind);
  shareable__fork_unlock();
}

void shareable__owner_unlink_unused(void) {
  if (!shareable__fork_init())
    return;
  shareable__fork_lock();
  reset_after_fork();
  for (size_t i = 0; i < OWNERS; i++)
    if (owners[i].file.count > 0 && !owners[i].is_starting && shareable__owner_file_unlink_unused(&owners[i].file))
      owners[i] = (owner){0};
  shareable__fork_unlock();
}

/* Returns whether the process has ended, or another one has got its pid. */
static bool has_ended(const shareable__successor *successor) {
  uint64_t start = shareable__process_start(successor->pid);

  return start == 0 || (start != successor->start && start != SHAREABLE__START_UNKNOWN &&
                        successor->start != SHAREABLE__START_UNKNOWN);
}

/*
 * Returns the place for a successor: its own, an unused one, or that of a process that has ended.
 * Returns NULL if all are in use.
 */
static shareable__successor *place_of(const shareable__successor *successor) {
  shareable__successor *place = NULL;

  for (size_t i = SHAREABLE__SUCCESSORS; i-- > 0;) {
    shareable__successor *other = &facts.successors[i];

    if (other->pid == successor->pid && other->start == successor->start)
      return other;
    if (other->pid == 0 || has_ended(other))
      place = other;
  }
  return place;
}

static shareable_status add_successor(const shareable__successor *successor) {
  shareable__successor *place;

  reset_after_fork();
  place = place_of(successor);
  if (place == NULL)
    return SHAREABLE_E_NO_SPACE;
  *place = *successor;
  facts.time_namespace = shareable__time_namespace();
  for (size_t i = 0; i < OWNERS; i++)
    if (owners[i].file.count > 0)
      shareable__owner_file_set_successors(&owners[i].file, &facts);
  return SHAREABLE_OK;
}

shareable_status shareable_transfer_ownership(int64_t pid) {
  SHAREABLE__UNCANCELLED;
  const shareable__successor successor = {pid, pid <= 0 ? 0 : shareable__process_start(pid)};
  shareable_status status;

  if (successor.start == 0)
    return SHAREABLE_E_ARGUMENT;
  if (!shareable__fork_init())
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock();
  status = add_successor(&successor);
  shareable__fork_unlock();
  return status;
}
