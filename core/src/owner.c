/*
 * owner.c - what this process owns: blocks whose names go when it ends, however it ends.
 */
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entropy.h"
#include "error.h"
#include "fork.h"
#include "platform.h"
#include "program.h"
#include "segment.h"

/* The journal grows by chunks, each twice as long as the one before. */
#define CHUNK ((size_t)65536)
enum { CHUNKS = 16, TRIES = 100 };

typedef struct chunk {
  unsigned char *base; /* mapped; not in a fork's child */
  size_t size;
} chunk;

typedef struct owner {
  chunk chunks[CHUNKS];
  unsigned count; /* of chunks; 0: this process owns nothing yet */
  size_t next;    /* where to look for a free record */
  unsigned forks; /* shareable__forks when it was begun: in a child, all of this is the parent's */
  shareable__heir heir;
  char path[80];
} owner;

static owner ours;

static shareable_status fail_no_space(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NO_SPACE, ENOSPC,
                         "cannot record that this process owns '%s': " SHAREABLE__DIRECTORY
                         " is full, and %s takes %zu bytes there: remove blocks there, or enlarge it",
                         name, shareable__journal_folder().path, CHUNK << ours.count);
}

/* That the journal is not found, or found, is not to be taken for that of the block. */
static shareable_status fail(shareable_error *error, int system, const char *name) {
  shareable_status status;

  if (system == ENOSPC)
    return fail_no_space(error, name);
  status = shareable__fail_system(error, system, "cannot record that this process owns '%s' in %s", name,
                                  shareable__journal_folder().path);
  if (status != SHAREABLE_E_NOT_FOUND && status != SHAREABLE_E_EXISTS)
    return status;
  if (error != NULL)
    error->status = SHAREABLE_E_SYSTEM;
  return SHAREABLE_E_SYSTEM;
}

/* The folder is nobody else's: whoever could write there could have this user's blocks unlinked. */
static int make_folder(const char *path) {
  struct stat status;

  if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
    return errno;
  if (lstat(path, &status) != 0)
    return errno;
  return S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 077) == 0 ? 0 : EPERM;
}

/* Memory that a store finds: reserved, so that a full file system is an error here. */
static int map_chunk(int fd, unsigned k) {
  chunk *to = &ours.chunks[k];
  size_t size = CHUNK << k, at = CHUNK * (((size_t)1 << k) - 1);
  void *base;
  int system;

  do
    system = posix_fallocate(fd, (off_t)at, (off_t)size);
  while (system == EINTR);
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
  *to = (chunk){base, size};
  return 0;
}

static void drop_journal(void) {
  munmap(ours.chunks[0].base, ours.chunks[0].size);
  ours.count = 0;
}

/* Without a name where that is to be had, so that nothing is left of one that was killed here. */
static int open_journal(const char *folder, bool *has_name) {
  *has_name = false;
#if SHAREABLE__LINUX
  int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, S_IRUSR | S_IWUSR);

  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
    return fd;
#else
  (void)folder;
#endif
  *has_name = true;
  return open(ours.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* By the descriptor's path in /proc, which any user may. */
static int link_journal(int fd) {
  char from[32];

  snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, from, AT_FDCWD, ours.path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Nobody takes the file for a journal before it is locked, or its owner would seem to have ended. */
static int fill_journal(int fd, bool has_name) {
  const shareable__journal_head head = {.magic = SHAREABLE__JOURNAL_MAGIC};
  int system = map_chunk(fd, 0);

  if (system != 0)
    return system;
  system = shareable__journal_lock(fd, false) ? 0 : EIO;
  if (system == 0)
    memcpy(ours.chunks[0].base, &head, sizeof head);
  if (system == 0 && !has_name)
    system = link_journal(fd);
  if (system != 0)
    drop_journal();
  return system;
}

static int make_journal(const char *folder) {
  bool has_name;
  uint64_t bits;
  int fd, system = shareable__entropy(&bits, sizeof bits);

  if (system != 0)
    return system;
  snprintf(ours.path, sizeof ours.path, "%s/%016" PRIx64, folder, bits);
  fd = open_journal(folder, &has_name);
  if (fd < 0)
    return errno;
  system = fill_journal(fd, has_name);
  if (system != 0 && has_name)
    unlink(ours.path);
  close(fd); /* the mapping keeps the description, and that the lock */
  return system;
}

static const char *reaper(void) {
  return shareable__program_path("SHAREABLE_REAPER", SHAREABLE_REAPER_PROGRAM);
}

/* It starts its own child, and ends: what is left of it is no child of this process's. */
static int start_reaper(void) {
  const char *const arguments[] = {"shareable-reaper", ours.path, NULL};
  char *nothing[] = {NULL};
  int system, state;
  pid_t pid;

  system = shareable__program_start(&pid, reaper(), NULL, arguments, nothing);
  if (system != 0)
    return system;
  while (waitpid(pid, &state, 0) < 0)
    if (errno != EINTR) /* ECHILD: this program does not want to know of its children */
      return 0;
  return WIFEXITED(state) && WEXITSTATUS(state) == 0 ? 0 : ENOEXEC;
}

/* The folder may go while this is under way: when the last journal there does. */
static int begin(void) {
  shareable__folder folder = shareable__journal_folder();
  int system = ENOENT;

  for (int tries = 0; tries < TRIES && (system == ENOENT || system == EEXIST); tries++) {
    system = make_folder(folder.path);
    if (system == 0)
      system = make_journal(folder.path);
  }
  if (system != 0)
    rmdir(folder.path); /* where it is empty */
  return system;
}

/* The pid last: whoever reads it finds all of the heir. */
static void appoint_heir(void) {
  shareable__heir *heir = &((shareable__journal_head *)(void *)ours.chunks[0].base)->heir;

  heir->start = ours.heir.start;
  __atomic_store_n(&heir->pid, ours.heir.pid, __ATOMIC_RELEASE);
}

static shareable_status begin_owning(const char *name, shareable_error *error) {
  int system = begin();

  if (system != 0)
    return fail(error, system, name);
  ours.count = 1;
  ours.next = 1; /* past the head */
  appoint_heir();
  system = start_reaper();
  if (system == 0)
    return SHAREABLE_OK;
  shareable__journal_remove(ours.path);
  drop_journal();
  return shareable__fail(error, SHAREABLE_E_SYSTEM, system,
                         "cannot start '%s', which is to clean up after this process: %s", reaper(),
                         shareable__system_text(system));
}

/* The records in a row, over all chunks; the head is the first. NULL past the end. */
static shareable__record *record_at(size_t i) {
  for (unsigned k = 0; k < ours.count; k++) {
    size_t records = ours.chunks[k].size / sizeof(shareable__record);
    if (i < records)
      return (shareable__record *)(void *)ours.chunks[k].base + i;
    i -= records;
  }
  return NULL;
}

static shareable__record *find_free(size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    shareable__record *record = record_at(i);

    if (record == NULL)
      return NULL;
    if (__atomic_load_n(&record->inode, __ATOMIC_ACQUIRE) == 0) {
      ours.next = i + 1;
      return record;
    }
  }
  return NULL;
}

/* Frees the records of blocks that somebody else unlinked. */
static void tidy(int fd) {
  shareable__record *record;

  for (size_t i = 1; (record = record_at(i)) != NULL; i++)
    if (record->inode != SHAREABLE__BEING_FILLED && shareable__journal_has_block(fd, record) == SHAREABLE__NO)
      __atomic_store_n(&record->inode, 0, __ATOMIC_RELEASE);
}

/* Finds a record where there seemed to be none: one that is in use in vain, or in a further chunk. */
static int make_room(shareable__record **record) {
  int fd = open(ours.path, O_RDWR | O_CLOEXEC), system = 0;

  if (fd < 0)
    return errno;
  tidy(fd);
  *record = find_free(1, SIZE_MAX);
  if (*record == NULL) {
    system = ours.count < CHUNKS ? map_chunk(fd, ours.count) : ENOSPC;
    if (system == 0) {
      ours.count++;
      *record = find_free(1, SIZE_MAX);
    }
  }
  close(fd);
  return system;
}

/* In a fork's child, nothing is owned yet. */
static void begin_anew(void) {
  if (ours.forks != shareable__forks)
    ours = (owner){.forks = shareable__forks};
}

static shareable_status claim(shareable__record **record, const char *name, shareable_error *error) {
  begin_anew();
  if (ours.count == 0) {
    shareable_status status = begin_owning(name, error);
    if (status != SHAREABLE_OK)
      return status;
  }
  *record = find_free(ours.next, SIZE_MAX);
  if (*record == NULL)
    *record = find_free(1, ours.next);
  if (*record == NULL) {
    int system = make_room(record);
    if (system != 0)
      return fail(error, system, name);
  }
  __atomic_store_n(&(*record)->inode, SHAREABLE__BEING_FILLED, __ATOMIC_RELEASE);
  return SHAREABLE_OK;
}

shareable_status shareable__owner_claim(shareable__owned *owned, const char *name, shareable_error *error) {
  shareable_status status;

  if (!shareable__fork_watch())
    return fail(error, ENOMEM, name);
  shareable__fork_lock();
  status = claim(&owned->record, name, error);
  owned->forks = shareable__forks;
  shareable__fork_unlock();
  return status;
}

void shareable__owner_record(const shareable__owned *owned, uint64_t inode, const char *name) {
  __atomic_store_n(&owned->record->inode, SHAREABLE__BEING_FILLED, __ATOMIC_RELEASE);
  strcpy(owned->record->name, name);
  __atomic_store_n(&owned->record->inode, inode, __ATOMIC_RELEASE);
}

void shareable__owner_forget(shareable__owned *owned, uint64_t inode) {
  if (owned->record != NULL && owned->forks == shareable__forks)
    __atomic_compare_exchange_n(&owned->record->inode, &inode, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

shareable_status shareable_hand_over(int64_t pid) {
  uint64_t start = pid <= 0 ? 0 : shareable__process_start(pid);

  if (start == 0)
    return SHAREABLE_E_ARGUMENT;
  if (start == SHAREABLE__START_UNTOLD || !shareable__fork_watch())
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock();
  begin_anew();
  ours.heir = (shareable__heir){pid, start};
  if (ours.count > 0)
    appoint_heir();
  shareable__fork_unlock();
  return SHAREABLE_OK;
}
