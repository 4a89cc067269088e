/*
 * writer.c - who writes a list: a token, and the proof that its owner lives.
 */
#include "sync/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/platform.h"
#include "base/random.h"
#include "shm/segment.h"

#if SHAREABLE__LINUX
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

/* Tokens' bytes: past any file. */
#define BASE (INT64_C(1) << 62)

_Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

#if SHAREABLE__LINUX
static unsigned
  registered_forks; /* shareable__fork_generation + 1 when this process was registered for barriers; 0: never */

static int membarrier(int command) {
  return (int)syscall(SYS_membarrier, command, 0, 0);
}

/* Whether this process is one that a barrier of another process reaches. */
static bool register_membarrier(void) {
  if (__atomic_load_n(&registered_forks, __ATOMIC_ACQUIRE) == shareable__fork_generation + 1)
    return true;
  if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0)
    return false;
  __atomic_store_n(&registered_forks, shareable__fork_generation + 1, __ATOMIC_RELEASE);
  return true;
}

#define LONG_ENOUGH_NS INT64_C(10000000)

/*
 * Where this process may not ask for a barrier, time does instead: no processor holds a store back for a hundredth of a
 * second.
 */
void shareable__membarrier(void) {
  if (membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0)
    return;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  shareable__sleep(LONG_ENOUGH_NS);
}
#else
/* No process does: every store locks its item, and passes a barrier of its own. */
static bool register_membarrier(void) {
  return false;
}

void shareable__membarrier(void) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#endif

void shareable__writer_start(shareable__writer *writer, int *fd, const char *name, bool read_only) {
  shareable__fork_init();
  *writer = (shareable__writer){.fd = fd, .name = name, .read_only = read_only, .forks = shareable__fork_generation};
  shareable__file_id_of(*fd, &writer->file);
}

/*
 * The descriptor to ask for locks. If the program has closed it, or has opened another file in its place, the segment's file is
 * opened again; -1 if that is no longer possible. The program's descriptor is left alone.
 */
static int descriptor(const shareable__writer *writer) {
  int fd = __atomic_load_n(writer->fd, __ATOMIC_ACQUIRE), again;

  if (!shareable__descriptor_is_lost(fd, &writer->file))
    return fd;
  again = shareable__segment_reopen(fd, &writer->file, writer->name, writer->read_only);
  if (again >= 0 && !__atomic_compare_exchange_n(writer->fd, &fd, again, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    close(again); /* another thread has opened it */
    return fd;
  }
  return again;
}

static struct flock id_lock(uint32_t token, short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = BASE + token, .l_len = 1};
}

/* A read lock on the byte of an exclusive lock is no writer's: the two exclude each other. */
static bool is_locked(int fd, uint32_t token) {
  struct flock lock = id_lock(token, F_RDLCK);

  if ((token & SHAREABLE__SHARED_WRITER_ID) != 0)
    lock.l_type = F_WRLCK;
  return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* No cancellation point: the caller may hold an item, which a cancelled thread would keep. */
bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t token) {
  SHAREABLE__UNCANCELLED;
  int fd = token == 0 ? -1 : descriptor(writer);

  return token != 0 && (fd < 0 || is_locked(fd, token));
}

/* A random id with that bit or without, locked by this description; 0 if the kernel refuses. */
static uint32_t try_lock(int fd, uint32_t bit, short type) {
  uint32_t token;
  struct flock lock;

  if (shareable__random(&token, sizeof token) != 0)
    return 0;
  token = (token & ~(SHAREABLE__SHARED_WRITER_ID | SHAREABLE__LOCK_WAITERS)) | bit;
  if (token == 0)
    return 0;
  lock = id_lock(token, type);
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? token : 0;
}

enum { EXCLUSIVE_TRIES = 16, SHARED_TRIES = 100 };

/* By an exclusive lock; by a read lock where other processes' read locks are in the way. Read locks do not exclude each other. */
static uint32_t lock_id_byte(int fd) {
  uint32_t token = 0;

  for (int tries = 0; tries < EXCLUSIVE_TRIES && token == 0; tries++)
    token = try_lock(fd, 0, F_WRLCK);
  for (int tries = 0; tries < SHARED_TRIES && token == 0; tries++)
    token = try_lock(fd, SHAREABLE__SHARED_WRITER_ID, F_RDLCK);
  return token;
}

static shareable_status take_liveness_lock(shareable__writer *writer) {
  /* for a description of its own, with its own locks */
  int fd = shareable__segment_reopen(*writer->fd, &writer->file, writer->name, false);
  uint32_t token = fd < 0 ? 0 : lock_id_byte(fd);
  void *proof = token == 0 ? MAP_FAILED : mmap(NULL, 1, PROT_NONE, MAP_SHARED, fd, 0);

  if (proof != MAP_FAILED && madvise(proof, 1, MADV_DONTFORK) != 0) {
    munmap(proof, 1);
    proof = MAP_FAILED;
  }
  if (fd >= 0)
    close(fd); /* the mapping keeps the description, and that the lock */
  if (proof == MAP_FAILED)
    return SHAREABLE_E_SYSTEM;
  writer->proof = proof;
  __atomic_store_n(&writer->token, token, __ATOMIC_RELEASE);
  return SHAREABLE_OK;
}

/* In a fork's child, what the parent joined with is not the child's: neither the mapping, which it did not get, nor the cell. */
static void reset_after_fork(shareable__writer *writer) {
  if (writer->forks == shareable__fork_generation)
    return;
  writer->proof = NULL;
  writer->token = 0;
  __atomic_store_n(&writer->cell, NULL, __ATOMIC_RELAXED);
  writer->slow_writes = 0;
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->forks, shareable__fork_generation, __ATOMIC_RELEASE);
}

static bool has_joined(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__fork_generation &&
         __atomic_load_n(&writer->token, __ATOMIC_ACQUIRE) != 0;
}

/* With the lock that no fork is made under: else its description of the file, on its way to the proof, would be a child's too. */
static shareable_status register_locked(shareable__writer *writer) {
  reset_after_fork(writer);
  return writer->token == 0 ? take_liveness_lock(writer) : SHAREABLE_OK;
}

shareable_status shareable__writer_take_id(shareable__writer *writer) {
  shareable_status status;

  if (writer->read_only)
    return SHAREABLE_E_READ_ONLY;
  if (has_joined(writer))
    return SHAREABLE_OK;
  if (!shareable__fork_init()) /* a child would take the parent's token for its own */
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock();
  status = register_locked(writer);
  shareable__fork_unlock();
  return status;
}

/* How many slow writes lie between two looks for a free cell, and between two that ask whether the owners live. */
enum { WRITES_A_LOOK = 64, WRITES_A_QUESTION = 4096 };

/* Whether it is time to look for a cell: at the first write, and now and then when there was none. */
static bool is_time_for_hazard(shareable__writer *writer, bool *ask) {
  uint32_t writes;

  if (__atomic_load_n(&writer->cell, __ATOMIC_RELAXED) != NULL)
    return false;
  writes = __atomic_fetch_add(&writer->slow_writes, 1, __ATOMIC_RELAXED);
  *ask = writes % WRITES_A_QUESTION == 0;
  return writes % WRITES_A_LOOK == 0;
}

static void find_cell(shareable__writer *writer, shareable__hazard_acquire *claim, void *area, bool ask) {
  struct shareable__hazard *cell = register_membarrier() ? claim(area, writer, ask) : NULL;

  __atomic_store_n(&writer->cell, cell, __ATOMIC_RELAXED);
  __atomic_store_n(&writer->thread, cell == NULL ? NULL : &shareable__thread, __ATOMIC_RELEASE);
}

shareable_status shareable__writer_register(shareable__writer *writer, shareable__hazard_acquire *claim, void *area) {
  shareable_status status = shareable__writer_take_id(writer);
  bool ask;

  if (status != SHAREABLE_OK || !is_time_for_hazard(writer, &ask))
    return status;
  shareable__fork_lock();
  status = register_locked(writer); /* once more: another thread may have closed the handle */
  if (status == SHAREABLE_OK && writer->cell == NULL)
    find_cell(writer, claim, area, ask);
  shareable__fork_unlock();
  return status;
}

void shareable__writer_unregister(shareable__writer *writer) {
  shareable__fork_lock();
  reset_after_fork(writer);
  if (writer->proof != NULL)
    munmap(writer->proof, 1);
  writer->proof = NULL;
  __atomic_store_n(&writer->token, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->cell, NULL, __ATOMIC_RELAXED);
  writer->slow_writes = 0;
  shareable__fork_unlock();
}
