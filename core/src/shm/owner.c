/*
 * owner.c - what this process owns: blocks whose names are removed when it ends, however it ends.
 */
#include "shm/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/limit.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/spawn.h"
#include "shm/segment.h"
#include "shm/moved.h"

/* A log grows by chunks, each twice as long as the one before. */
#define CHUNK ((size_t)8192)
enum { CHUNKS = 19, TRIES = 100, OWNERS = 16 };

/* How long a thread waits before it looks again whether another thread has started the reaper, in nanoseconds. */
#define MOMENT INT64_C(200000)

typedef struct chunk {
  unsigned char *base; /* mapped; not in a fork's child */
  size_t size;
} chunk;

/* A log of this process's, and where it is. */
typedef struct owner {
  chunk chunks[CHUNKS];
  size_t next; /* where to look for a free record */
  shareable__file_id id;
  shareable__file_id shm; /* the directory that was /dev/shm */
  unsigned count;         /* of chunks; 0: there is no log yet */
  uid_t user;
  bool is_starting; /* a thread starts the reaper, without the fork lock */
  char directory[sizeof((shareable__owner_directory *)NULL)->name];
  char name[17];
} owner;

/*
 * One log for each effective user that this process has had, and each /dev/shm: a process may enter another root directory or
 * mount namespace, where the reaper of the first log sees nothing. Normally there is one.
 */
static owner owners[OWNERS];
static unsigned forks; /* shareable__fork_generation when they were begun: in a child, all of them are the parent's */
static shareable__successor heir;
static uint64_t heir_clock; /* the time namespace of heir.start */
static uint32_t kind;

static shareable_status fail_no_space(shareable_error *error, const char *name, size_t size) {
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "cannot record that this process owns '%s': " SHAREABLE__DIRECTORY
                         " is full, and the ownership log takes %zu bytes there: remove blocks there, or enlarge it",
                         name, size);
}

static shareable_status fail_limit(shareable_error *error, const char *name, size_t size) {
  struct rlimit limit = {0};

  getrlimit(RLIMIT_FSIZE, &limit);
  return shareable__fail_system(
    error, EFBIG,
    "cannot record that this process owns '%s': the ownership log needs %zu bytes, and this "
    "process may not write files of more than %" PRIu64 " (RLIMIT_FSIZE)",
    name, size, (uint64_t)limit.rlim_cur);
}

/* That the log is not found, or found, is not an answer about the block. */
static shareable_status fail(shareable_error *error, int system, const char *name, unsigned count) {
  size_t size = CHUNK * (((size_t)2 << count) - 1);
  shareable_status status;

  if (system == ENOSPC)
    return fail_no_space(error, name, size);
  if (system == EFBIG)
    return fail_limit(error, name, size);
  if (system == EACCES)
    return shareable__fail_system(error, system,
                                  "cannot record that this process owns '%s': it may not create a directory "
                                  "in " SHAREABLE__DIRECTORY
                                  ", or what it creates belongs to another user than its effective one (setfsuid(2))",
                                  name);
  status = shareable__fail_system(
    error, system, "cannot record that this process owns '%s' in " SHAREABLE__DIRECTORY "/.shareable-%lu", name,
    (unsigned long)geteuid());
  if (status != SHAREABLE_E_NOT_FOUND && status != SHAREABLE_E_EXISTS)
    return status;
  if (error != NULL)
    error->status = SHAREABLE_E_SYSTEM;
  return SHAREABLE_E_SYSTEM;
}

static int reserve(int fd, size_t at, size_t size) {
  shareable__held_signal held;
  int system;

  if (shareable__limit_exceeded(at + size))
    return EFBIG;
  held = shareable__limit_signal_hold();
  do
    system = posix_fallocate(fd, (off_t)at, (off_t)size);
  while (system == EINTR);
  shareable__limit_signal_release(&held);
  return system;
}

/* Memory that a store finds: reserved, so that a full file system is an error here. */
static int map_chunk(owner *own, int fd) {
  size_t size = CHUNK << own->count, at = CHUNK * (((size_t)1 << own->count) - 1);
  int system = reserve(fd, at, size);
  void *base;

  if (system != 0)
    return system;
  base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);
  if (base == MAP_FAILED)
    return errno;
  if (madvise(base, size, MADV_DONTFORK) != 0) {
    system = errno;
    munmap(base, size);
    return system;
  }
  own->chunks[own->count++] = (chunk){base, size};
  return 0;
}

static void drop_log(owner *own) {
  if (own->count > 0)
    munmap(own->chunks[0].base, own->chunks[0].size);
  own->count = 0;
}

static shareable__ownership_log_header *head_of(const owner *own) {
  return (shareable__ownership_log_header *)(void *)own->chunks[0].base;
}

/* The pid last: another process that reads it finds all of the heir. */
static void set_successor(const owner *own) {
  shareable__ownership_log_header *head = head_of(own);

  head->heir.start = heir.start;
  head->time_namespace = heir_clock;
  __atomic_store_n(&head->heir.pid, heir.pid, __ATOMIC_RELEASE);
}

/* Until it is locked, a reaper may take a file with a name for one that a killed process has left. */
static int lock_log(int fd, bool has_name) {
  struct stat status;

  if (!shareable__ownership_log_lock_file(fd, false))
    return EEXIST;
  if (fstat(fd, &status) != 0)
    return errno;
  return !has_name || status.st_nlink == 1 ? 0 : EEXIST;
}

/* The magic word last: the file is a log only once it is locked, or its owner would seem to have ended. */
static int fill_head(const owner *own, int fd, bool has_name) {
  shareable__ownership_log_header *head = head_of(own);
  int system = lock_log(fd, has_name);

  if (system != 0)
    return system;
  head->pid_namespace = shareable__pid_namespace();
  head->pid = getpid();
  head->kind = kind;
  set_successor(own);
  __atomic_store_n(&head->magic, SHAREABLE__OWNERSHIP_LOG_MAGIC, __ATOMIC_RELEASE);
  return 0;
}

/* By the descriptor where the kernel lets this process, else by the descriptor's path in /proc. */
static int link_log(int fd, int directory, const char *name) {
  char from[32];

  if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno == EEXIST)
    return EEXIST;
  snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, from, directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* The umask takes no rights from the user here. */
static int fill_log(owner *own, int fd, int directory, bool has_name) {
  int system = fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? map_chunk(own, fd) : errno;

  if (system == 0 && !shareable__file_id_of(fd, &own->id))
    system = errno;
  if (system == 0)
    system = fill_head(own, fd, has_name);
  if (system == 0 && !has_name)
    system = link_log(fd, directory, own->name);
  if (system != 0)
    drop_log(own);
  return system;
}

/* Without a name until it is complete, so that nothing is left of a process that is killed here. */
static int make_log_unnamed(owner *own, int directory) {
#if SHAREABLE__LINUX
  int fd = shareable__openat(directory, ".", O_RDWR | O_TMPFILE, S_IRUSR | S_IWUSR), system;

  if (fd < 0)
    return errno == EISDIR ? EOPNOTSUPP : errno;
  system = fill_log(own, fd, directory, false);
  close(fd); /* the mapping keeps the description, and that the lock */
  return system == ENOENT || system == EPERM ? EOPNOTSUPP : system; /* neither way to link it is open to this process */
#else
  (void)own;
  (void)directory;
  return EOPNOTSUPP;
#endif
}

static int make_log_named(owner *own, int directory) {
  int fd = shareable__openat(directory, own->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR), system;

  if (fd < 0)
    return errno;
  system = fill_log(own, fd, directory, true);
  if (system != 0)
    unlinkat(directory, own->name, 0);
  close(fd);
  return system;
}

static int make_log(owner *own, const shareable__owner_directory *directory) {
  uint64_t bits;
  int system = shareable__random(&bits, sizeof bits);

  if (system != 0)
    return system;
  snprintf(own->name, sizeof own->name, "%016" PRIx64, bits);
  strcpy(own->directory, directory->name);
  system = make_log_unnamed(own, directory->fd);
  return system == EOPNOTSUPP ? make_log_named(own, directory->fd) : system;
}

/* The directory may go while this is under way: with the last log in it. */
static int begin(owner *own, shareable__owner_directory *directory) {
  int system = ENOENT;

  for (int tries = 0; tries < TRIES && (system == ENOENT || system == EEXIST); tries++) {
    system = shareable__owner_directory_create(directory);
    if (system != 0)
      continue;
    system = make_log(own, directory);
    if (system != 0) {
      shareable__owner_directory_remove(directory); /* if it is empty */
      shareable__owner_directory_close(directory);
    }
  }
  return system;
}

static int open_directory(const owner *own, shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), system;

  if (shm < 0)
    return errno;
  system = shareable__owner_directory_open(shm, own->directory, directory);
  close(shm);
  return system;
}

static void remove_log(owner *own) {
  shareable__owner_directory directory;

  if (open_directory(own, &directory) == 0) {
    shareable__ownership_log_remove(
      &(shareable__ownership_log){.fd = -1, .directory = &directory, .name = own->name, .id = own->id});
    shareable__owner_directory_close(&directory);
  }
  drop_log(own);
}

static const char *reaper(void) {
  return shareable__spawn_path("SHAREABLE_REAPER", SHAREABLE_REAPER_PROGRAM);
}

/* The reaper's exit status is 0, an errno above 2, or another one that says nothing. */
static int errno_of_reaper(int state) {
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
    return 0;
  return WIFEXITED(state) && WEXITSTATUS(state) > 2 && WEXITSTATUS(state) < 126 ? WEXITSTATUS(state) : ENOEXEC;
}

/* It starts its own child, and ends: what is left of it is no child of this process's. */
static int start_reaper(const owner *own) {
  const char *const arguments[] = {"shareable-reaper", own->directory, own->name, NULL};
  char *nothing[] = {NULL};
  int system, state;
  pid_t pid;

  system = shareable__spawn(&pid, reaper(), NULL, arguments, nothing);
  if (system != 0)
    return system;
  while (waitpid(pid, &state, 0) < 0)
    if (errno != EINTR) /* ECHILD: this program does not want to know of its children */
      return 0;
  return errno_of_reaper(state);
}

static shareable_status fail_reaper(shareable_error *error, int system) {
  struct rlimit limit = {0};

  if (system != EMFILE)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, system,
                           "cannot start '%s', which is to clean up after this process: %s", reaper(),
                           shareable__system_text(system));
  getrlimit(RLIMIT_NOFILE, &limit);
  return shareable__fail(error, SHAREABLE_E_SYSTEM, system,
                         "cannot start '%s', which is to clean up after this process: it may have only %" PRIu64
                         " files open (RLIMIT_NOFILE), which are too few",
                         reaper(), (uint64_t)limit.rlim_max);
}

/*
 * The caller has the fork lock, and has it again when this returns. It is released while the reaper starts, which may take long:
 * other threads may fork, and a signal handler may. Then this may return in a fork's child, in which nothing is owned.
 */
static shareable_status start_ownership(owner *own, const shareable__file_id *shm, const char *name,
                                        shareable_error *error) {
  shareable__owner_directory directory;
  unsigned before = shareable__fork_generation;
  int system;

  *own = (owner){.next = 1, .user = geteuid(), .shm = *shm}; /* past the head */
  system = begin(own, &directory);
  if (system != 0)
    return fail(error, system, name, 0);
  shareable__owner_directory_close(&directory);
  own->is_starting = true;
  shareable__fork_unlock();
  system = start_reaper(own);
  shareable__fork_lock();
  if (before != shareable__fork_generation)
    return SHAREABLE_OK;
  own->is_starting = false;
  if (system == 0)
    return SHAREABLE_OK;
  remove_log(own);
  return fail_reaper(error, system);
}

/* The records in a row, over all chunks; the head is the first. NULL past the end. */
static shareable__ownership_entry *record_at(const owner *own, size_t i) {
  for (unsigned k = 0; k < own->count; k++) {
    size_t records = own->chunks[k].size / sizeof(shareable__ownership_entry);
    if (i < records)
      return (shareable__ownership_entry *)(void *)own->chunks[k].base + i;
    i -= records;
  }
  return NULL;
}

static shareable__ownership_entry *find_free(owner *own, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    shareable__ownership_entry *record = record_at(own, i);

    if (record == NULL)
      return NULL;
    if (record->state == SHAREABLE__ENTRY_FREE) {
      own->next = i + 1;
      return record;
    }
  }
  return NULL;
}

static void free_record(shareable__ownership_entry *record) {
  __atomic_store_n(&record->inode, 0, __ATOMIC_RELEASE);
  record->state = SHAREABLE__ENTRY_FREE;
}

/* Marks the records of blocks that do not have their names. Returns whether there are any. */
static bool mark_missed(const owner *own, int fd) {
  shareable__ownership_entry *record;
  bool is_any = false;

  for (size_t i = 1; (record = record_at(own, i)) != NULL; i++)
    if (record->state == SHAREABLE__ENTRY_PUBLISHED &&
        shareable__ownership_entry_matches_block(fd, record) == SHAREABLE__NO) {
      record->state = SHAREABLE__RECORD_MISSED;
      is_any = true;
    }
  return is_any;
}

static bool is_gone(const shareable__ownership_entry *record, int fd, const shareable__file_set *moved) {
  const shareable__file_id block = {record->device, record->inode};

  return shareable__ownership_entry_matches_block(fd, record) == SHAREABLE__NO &&
         !shareable__file_set_has(moved, &block);
}

/* Frees the records of blocks that were unlinked by their name. A block without its name may be moved for a moment. */
static void tidy(const owner *own, int fd) {
  shareable__file_set moved = {0};
  shareable__ownership_entry *record;
  bool is_whole;

  if (!mark_missed(own, fd))
    return;
  is_whole = shareable__moved_find(&moved);
  for (size_t i = 1; (record = record_at(own, i)) != NULL; i++) {
    if (record->state != SHAREABLE__RECORD_MISSED)
      continue;
    record->state = SHAREABLE__ENTRY_PUBLISHED;
    if (is_whole && is_gone(record, fd, &moved))
      free_record(record);
  }
  shareable__file_set_free(&moved);
}

/* The log's file, for writing: a descriptor, or -1 with errno. */
static int open_log(const owner *own) {
  shareable__owner_directory directory;
  int system = open_directory(own, &directory), fd;

  errno = system;
  if (system != 0)
    return -1;
  fd = shareable__ownership_log_open_for_writing(
    &(shareable__ownership_log){.directory = &directory, .name = own->name, .id = own->id});
  system = errno;
  shareable__owner_directory_close(&directory);
  errno = system;
  return fd;
}

/* Finds a record where there seemed to be none: one whose block has gone, or in a further chunk. */
static int grow(owner *own, shareable__ownership_entry **record) {
  int fd = open_log(own), system = 0;

  if (fd < 0)
    return errno;
  tidy(own, fd);
  *record = find_free(own, 1, SIZE_MAX);
  if (*record == NULL) {
    system = own->count < CHUNKS ? map_chunk(own, fd) : ENOSPC;
    if (system == 0)
      *record = find_free(own, 1, SIZE_MAX);
  }
  close(fd);
  return system;
}

/* In a fork's child, nothing is owned yet. */
static void reset_after_fork(void) {
  if (forks == shareable__fork_generation)
    return;
  memset(owners, 0, sizeof owners);
  heir = (shareable__successor){0};
  kind = SHAREABLE__OWNER_PROCESS;
  forks = shareable__fork_generation;
}

static bool is_of(const owner *own, const shareable__file_id *shm) {
  return own->user == geteuid() && own->shm.device == shm->device && own->shm.inode == shm->inode;
}

/* The log of the effective user in that /dev/shm, or a place for one; NULL if there are too many. */
static owner *find_owner(const shareable__file_id *shm) {
  owner *free_place = NULL;

  for (size_t i = OWNERS; i-- > 0;) {
    if (owners[i].count > 0 && is_of(&owners[i], shm))
      return &owners[i];
    if (owners[i].count == 0)
      free_place = &owners[i];
  }
  return free_place;
}

static void wait_a_moment(void) {
  shareable__fork_unlock();
  shareable__sleep(MOMENT);
  shareable__fork_lock();
}

/* Finds the log to claim a record in, or begins it. The fork lock may be released meanwhile. */
static shareable_status find_begun(owner **own, const char *name, shareable_error *error) {
  shareable_status status = SHAREABLE_OK;
  shareable__file_id shm;

  while (status == SHAREABLE_OK) {
    reset_after_fork();
    if (!shareable__shm_identify(&shm))
      return fail(error, errno, name, 0);
    *own = find_owner(&shm);
    if (*own == NULL)
      return shareable__fail(error, SHAREABLE_E_SYSTEM, EUSERS,
                             "cannot record that this process owns '%s': it has owned blocks as %d users or in as many "
                             "file systems, which is the limit",
                             name, OWNERS);
    if ((*own)->is_starting)
      wait_a_moment();
    else if ((*own)->count > 0)
      return SHAREABLE_OK;
    else
      status = start_ownership(*own, &shm, name, error);
  }
  return status;
}

static shareable_status claim_in(owner *own, shareable__ownership_entry **record, const char *name,
                                 shareable_error *error) {
  *record = find_free(own, own->next, SIZE_MAX);
  if (*record == NULL)
    *record = find_free(own, 1, own->next);
  if (*record == NULL) {
    int system = grow(own, record);
    if (system != 0 || *record == NULL)
      return fail(error, system != 0 ? system : ENOSPC, name, own->count);
  }
  (*record)->state = SHAREABLE__ENTRY_PENDING;
  (*record)->use++;
  return SHAREABLE_OK;
}

static shareable_status claim(shareable__ownership *owned, const char *name, shareable_error *error) {
  shareable__ownership_entry *record = NULL;
  owner *own = NULL;
  shareable_status status = find_begun(&own, name, error);

  if (status == SHAREABLE_OK && own != NULL)
    status = claim_in(own, &record, name, error);
  if (status == SHAREABLE_OK && record != NULL)
    *owned = (shareable__ownership){record, shareable__fork_generation, record->use, own->shm};
  return status;
}

shareable_status shareable__owner_reserve(shareable__ownership *owned, const char *name, shareable_error *error) {
  shareable_status status;

  if (!shareable__fork_init())
    return fail(error, ENOMEM, name, 0);
  shareable__fork_lock();
  status = claim(owned, name, error);
  shareable__fork_unlock();
  return status;
}

/* Whether the record is still this block's; the caller has the lock. */
static bool has_record(const shareable__ownership *owned) {
  return owned->forks == shareable__fork_generation && owned->record->use == owned->use &&
         owned->record->state != SHAREABLE__ENTRY_FREE;
}

void shareable__owner_commit(const shareable__ownership *owned, const shareable__file_id *block, const char *name) {
  if (owned->record == NULL)
    return;
  shareable__fork_lock();
  if (has_record(owned)) {
    __atomic_store_n(&owned->record->inode, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&owned->record->device, block->device, __ATOMIC_RELEASE);
    strcpy(owned->record->name, name);
    __atomic_store_n(&owned->record->inode, block->inode, __ATOMIC_RELEASE);
  }
  shareable__fork_unlock();
}

void shareable__owner_publish(const shareable__ownership *owned) {
  if (owned->record == NULL)
    return;
  shareable__fork_lock();
  if (has_record(owned))
    owned->record->state = SHAREABLE__ENTRY_PUBLISHED;
  shareable__fork_unlock();
}

void shareable__owner_release(const shareable__ownership *owned) {
  if (owned->record == NULL)
    return;
  shareable__fork_lock();
  if (has_record(owned))
    free_record(owned->record);
  shareable__fork_unlock();
}

void shareable__owner_cancel(const shareable__ownership *owned) {
  if (owned->record == NULL)
    return;
  shareable__fork_lock();
  if (has_record(owned) && owned->record->state == SHAREABLE__ENTRY_PENDING)
    free_record(owned->record);
  shareable__fork_unlock();
}

/* A regular file of this user's, under that name. */
static shareable_status identify(const char *name, shareable__file_id *block, shareable_error *error) {
  char path[sizeof SHAREABLE__DIRECTORY + SHAREABLE__NAME_MAX + 1];
  struct stat status;

  if (shareable__name_normalize(name) != name || name == NULL)
    return shareable__fail(error, SHAREABLE_E_NAME, 0, "'%s' cannot be the name of a block", name == NULL ? "" : name);
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", name);
  if (lstat(path, &status) != 0)
    return errno == ENOENT
             ? shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "there is no block called '%s'", name)
             : shareable__fail_system(error, errno, "cannot look at '%s'", name);
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
    return shareable__fail(error, SHAREABLE_E_PERMISSION, EPERM,
                           "cannot own '%s': it is not a block that this user has created", name);
  *block = (shareable__file_id){status.st_dev, status.st_ino};
  return SHAREABLE_OK;
}

shareable_status shareable__owner_adopt(shareable__ownership *owned, const char *name, shareable_error *error) {
  shareable__file_id block;
  shareable_status status = identify(name, &block, error);

  if (status == SHAREABLE_OK)
    status = shareable__owner_reserve(owned, name, error);
  if (status != SHAREABLE_OK)
    return status;
  shareable__owner_commit(owned, &block, name);
  shareable__owner_publish(owned);
  return SHAREABLE_OK;
}

void shareable__owner_be_manager(void) {
  if (!shareable__fork_init())
    return;
  shareable__fork_lock();
  reset_after_fork();
  kind = SHAREABLE__OWNER_MANAGER;
  for (size_t i = 0; i < OWNERS; i++)
    if (owners[i].count > 0)
      __atomic_store_n(&head_of(&owners[i])->kind, kind, __ATOMIC_RELEASE);
  shareable__fork_unlock();
}

shareable_status shareable_hand_over(int64_t pid) {
  SHAREABLE__UNCANCELLED;
  uint64_t start = pid <= 0 ? 0 : shareable__process_start(pid);

  if (start == 0)
    return SHAREABLE_E_ARGUMENT;
  if (!shareable__fork_init())
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock();
  reset_after_fork();
  heir = (shareable__successor){pid, start};
  heir_clock = shareable__time_namespace();
  for (size_t i = 0; i < OWNERS; i++)
    if (owners[i].count > 0)
      set_successor(&owners[i]);
  shareable__fork_unlock();
  return SHAREABLE_OK;
}
