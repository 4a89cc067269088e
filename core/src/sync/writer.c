/*
 * writer.c - the writers of a list: writer ids, and the liveness locks that show which writers are
 * alive.
 */
#include "sync/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/membarrier.h"
#include "base/random.h"
#include "shm/segment.h"

/* The offset of the liveness locks, past the end of any file. */
#define BASE (INT64_C(1) << 62)

_Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

void shareable__writer_start(shareable__writer *writer, int *fd, const char *name, bool read_only) {
  shareable__fork_init();
  *writer = (shareable__writer){.fd = fd, .name = name, .read_only = read_only, .forks = shareable__fork_generation};
  shareable__file_id_of(*fd, &writer->file);
}

static struct flock id_lock(uint32_t id, short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = BASE + id, .l_len = 1};
}

/*
 * Returns whether a writer holds the liveness lock of the id. For an exclusive id, read locks do
 * not count, because another process may hold them.
 */
static bool is_locked(int fd, uint32_t id) {
  struct flock lock = id_lock(id, F_RDLCK);

  if ((id & SHAREABLE__SHARED_WRITER_ID) != 0)
    lock.l_type = F_WRLCK;
  return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* Must not be a cancellation point: a cancelled caller would never unlock its item. */
bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t id) {
  SHAREABLE__UNCANCELLED;
  int fd = id == 0 ? -1 : shareable__segment_current_fd(writer->fd, &writer->file, writer->name, writer->read_only);

  return id != 0 && (fd < 0 || is_locked(fd, id));
}

/* Locks a random id that contains the bits of `flag`. Returns 0 if the kernel refuses. */
static uint32_t try_lock(int fd, uint32_t flag, short type) {
  uint32_t id;
  struct flock lock;

  if (shareable__random(&id, sizeof id) != 0)
    return 0;
  id = (id & ~(SHAREABLE__SHARED_WRITER_ID | SHAREABLE__LOCK_WAITERS)) | flag;
  if (id == 0)
    return 0;
  lock = id_lock(id, type);
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? id : 0;
}

enum { EXCLUSIVE_TRIES = 16, SHARED_TRIES = 100 };

/* Takes an exclusive lock, or a read lock if others' read locks prevent that. Returns the id. */
static uint32_t lock_id_byte(int fd) {
  uint32_t id = 0;

  for (int tries = 0; tries < EXCLUSIVE_TRIES && id == 0; tries++)
    id = try_lock(fd, 0, F_WRLCK);
  for (int tries = 0; tries < SHARED_TRIES && id == 0; tries++)
    id = try_lock(fd, SHAREABLE__SHARED_WRITER_ID, F_RDLCK);
  return id;
}

static shareable_status take_liveness_lock(shareable__writer *writer) {
  /* a new open file description, which has locks of its own */
  int fd = shareable__segment_reopen(*writer->fd, &writer->file, writer->name, false);
  uint32_t id = fd < 0 ? 0 : lock_id_byte(fd);
  void *mapping = id == 0 ? MAP_FAILED : mmap(NULL, 1, PROT_NONE, MAP_SHARED, fd, 0);

  if (mapping != MAP_FAILED && madvise(mapping, 1, MADV_DONTFORK) != 0) {
    munmap(mapping, 1);
    mapping = MAP_FAILED;
  }
  if (fd >= 0)
    close(fd); /* the mapping keeps the open file description, which keeps the lock */
  if (mapping == MAP_FAILED)
    return SHAREABLE_E_SYSTEM;
  writer->liveness_lock = mapping;
  __atomic_store_n(&writer->id, id, __ATOMIC_RELEASE);
  return SHAREABLE_OK;
}

/*
 * In a fork's child, drops what belongs to the parent: the id, the hazard and the mapping, which
 * the child did not inherit.
 */
static void reset_after_fork(shareable__writer *writer) {
  if (writer->forks == shareable__fork_generation)
    return;
  writer->liveness_lock = NULL;
  writer->id = 0;
  __atomic_store_n(&writer->hazard, NULL, __ATOMIC_RELAXED);
  __atomic_store_n(&writer->slow_writes, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->forks, shareable__fork_generation, __ATOMIC_RELEASE);
}

static bool is_registered(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__fork_generation &&
         __atomic_load_n(&writer->id, __ATOMIC_ACQUIRE) != 0;
}

/* The caller holds the fork lock, so that no child inherits the new descriptor. */
static shareable_status register_locked(shareable__writer *writer) {
  reset_after_fork(writer);
  return writer->id == 0 ? take_liveness_lock(writer) : SHAREABLE_OK;
}

shareable_status shareable__writer_take_id(shareable__writer *writer) {
  shareable_status status;

  if (writer->read_only)
    return SHAREABLE_E_READ_ONLY;
  if (is_registered(writer))
    return SHAREABLE_OK;
  if (!shareable__fork_init()) /* without it, a child would use the parent's id */
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock();
  status = register_locked(writer);
  shareable__fork_unlock();
  return status;
}

/* The slow writes between two searches for a free hazard, and between two checks of owners. */
enum { SEARCH_INTERVAL = 64, OWNER_CHECK_INTERVAL = 4096 };

/*
 * Returns whether to search for a hazard: at the first write, and at intervals while there is none.
 */
static bool is_time_for_hazard(shareable__writer *writer, bool *check_owners) {
  uint32_t writes;

  if (__atomic_load_n(&writer->hazard, __ATOMIC_RELAXED) != NULL)
    return false;
  writes = __atomic_fetch_add(&writer->slow_writes, 1, __ATOMIC_RELAXED);
  *check_owners = writes % OWNER_CHECK_INTERVAL == 0;
  return writes % SEARCH_INTERVAL == 0;
}

/* Without membarrier(2), no writer has a hazard: every store locks its item. */
static void find_hazard(shareable__writer *writer, shareable__hazard_acquire *acquire, void *area, bool check_owners) {
  struct shareable__hazard *hazard = shareable__membarrier_register() ? acquire(area, writer, check_owners) : NULL;

  __atomic_store_n(&writer->hazard, hazard, __ATOMIC_RELAXED);
  __atomic_store_n(&writer->thread, hazard == NULL ? NULL : &shareable__thread, __ATOMIC_RELEASE);
}

shareable_status shareable__writer_register(shareable__writer *writer, shareable__hazard_acquire *acquire, void *area) {
  shareable_status status = shareable__writer_take_id(writer);
  bool check_owners;

  if (status != SHAREABLE_OK || !is_time_for_hazard(writer, &check_owners))
    return status;
  shareable__fork_lock();
  status = register_locked(writer); /* again: another thread may have closed the handle */
  if (status == SHAREABLE_OK && writer->hazard == NULL)
    find_hazard(writer, acquire, area, check_owners);
  shareable__fork_unlock();
  return status;
}

void shareable__writer_unregister(shareable__writer *writer) {
  shareable__fork_lock();
  reset_after_fork(writer);
  if (writer->liveness_lock != NULL)
    munmap(writer->liveness_lock, 1);
  writer->liveness_lock = NULL;
  __atomic_store_n(&writer->id, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->hazard, NULL, __ATOMIC_RELAXED);
  __atomic_store_n(&writer->slow_writes, 0, __ATOMIC_RELAXED);
  shareable__fork_unlock();
}
