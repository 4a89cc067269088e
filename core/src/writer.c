/*
 * writer.c - who writes a list: a token, and the proof that its owner lives.
 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "entropy.h"
#include "platform.h"
#include "segment.h"

#if SHAREABLE__LINUX
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

/* Tokens' bytes: past any file. */
#define BASE (INT64_C(1) << 62)

_Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

#if SHAREABLE__LINUX
static unsigned registered_forks; /* shareable__forks + 1 when this process was registered for barriers; 0: never */

static int membarrier(int command) {
  return (int)syscall(SYS_membarrier, command, 0, 0);
}

/* Whether this process is one that a barrier of another process reaches. */
static bool take_part_in_barriers(void) {
  if (__atomic_load_n(&registered_forks, __ATOMIC_ACQUIRE) == shareable__forks + 1)
    return true;
  if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0)
    return false;
  __atomic_store_n(&registered_forks, shareable__forks + 1, __ATOMIC_RELEASE);
  return true;
}

/*
 * Where this process may not ask for a barrier, time does instead: no processor holds a store back for a hundredth of a
 * second.
 */
void shareable__writer_barrier(void) {
  const struct timespec long_enough = {0, 10000000};

  if (membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0)
    return;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  nanosleep(&long_enough, NULL);
}
#else
/* No process does: every store locks its item, and passes a barrier of its own. */
static bool take_part_in_barriers(void) {
  return false;
}

void shareable__writer_barrier(void) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#endif

void shareable__writer_start(shareable__writer *writer, int fd, const char *name, bool read_only) {
  shareable__fork_watch();
  *writer = (shareable__writer){.fd = fd, .name = name, .read_only = read_only, .forks = shareable__forks};
}

static struct flock byte_of(uint32_t token, short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = BASE + token, .l_len = 1};
}

bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t token) {
  struct flock lock = byte_of(token, F_WRLCK);

  if (token == 0)
    return false;
  return fcntl(writer->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static uint32_t lock_a_byte(int fd) {
  for (int tries = 0; tries < 100; tries++) {
    uint32_t token;
    struct flock lock;

    if (shareable__entropy(&token, sizeof token) != 0)
      return 0;
    if (token == 0)
      continue;
    lock = byte_of(token, F_WRLCK);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
      return token;
    if (errno != EAGAIN && errno != EACCES)
      return 0;
  }
  return 0;
}

static shareable_status prove(shareable__writer *writer) {
  int fd =
    shareable__segment_open_again(writer->fd, writer->name); /* for a description of its own, with its own locks */
  uint32_t token = fd < 0 ? 0 : lock_a_byte(fd);
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
static void forget_parent(shareable__writer *writer) {
  if (writer->forks == shareable__forks)
    return;
  writer->proof = NULL;
  writer->token = 0;
  writer->cell = NULL;
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->forks, shareable__forks, __ATOMIC_RELEASE);
}

static bool has_joined(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__forks &&
         __atomic_load_n(&writer->token, __ATOMIC_ACQUIRE) != 0;
}

shareable_status shareable__writer_join(shareable__writer *writer,
                                        struct shareable__cell *claim(void *, shareable__writer *), void *area) {
  shareable_status status = SHAREABLE_OK;

  if (writer->read_only)
    return SHAREABLE_E_READ_ONLY;
  if (has_joined(writer))
    return SHAREABLE_OK;
  if (!shareable__fork_watch()) /* a child would take the parent's token for its own */
    return SHAREABLE_E_SYSTEM;
  shareable__fork_lock(); /* else its description of the file, on its way to the proof, would be a child's too */
  forget_parent(writer);
  if (writer->token == 0)
    status = prove(writer);
  if (status == SHAREABLE_OK && writer->cell == NULL && take_part_in_barriers()) {
    writer->cell = claim(area, writer);
    __atomic_store_n(&writer->thread, writer->cell == NULL ? NULL : &shareable__thread, __ATOMIC_RELEASE);
  }
  shareable__fork_unlock();
  return status;
}

void shareable__writer_leave(shareable__writer *writer) {
  shareable__fork_lock();
  forget_parent(writer);
  if (writer->proof != NULL)
    munmap(writer->proof, 1);
  writer->proof = NULL;
  __atomic_store_n(&writer->token, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&writer->thread, NULL, __ATOMIC_RELEASE);
  writer->cell = NULL;
  shareable__fork_unlock();
}
