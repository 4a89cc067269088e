/*
 * writer.h - the writers of a list: writer ids, and the liveness locks that show which writers are
 * alive.
 *
 * A writer id is alive while its liveness lock is held. That is an open file description lock
 * (fcntl(2)) on one byte of the segment's file, far past the end of the file: the byte at BASE +
 * id. A mapping that a fork's child does not inherit holds the lock. So the lock ends when the
 * handle is closed or the process ends, and at no other time.
 *
 * An exclusive lock needs write permission for the file. A process that may only read the file can
 * take read locks. A read lock on the byte of an exclusive lock does not count as a writer's. But
 * read locks on all bytes prevent exclusive locks. Then a writer takes an id that contains the bit
 * SHAREABLE__SHARED_WRITER_ID, and a read lock, which is compatible with other read locks. While
 * another process holds a read lock on the byte of such an id, its writer seems alive.
 */
#ifndef SHAREABLE__WRITER_H
#define SHAREABLE__WRITER_H

#include <stdbool.h>

#include "base/descriptor.h"
#include "base/fork.h"
#include "shareable.h"

/* Set in the id of a writer whose liveness lock is a read lock. */
#define SHAREABLE__SHARED_WRITER_ID UINT32_C(0x80000000)
/* Set in no id. The list's lock contains it while a process may sleep until the lock changes. */
#define SHAREABLE__LOCK_WAITERS UINT32_C(0x40000000)

struct shareable__hazard;

typedef struct shareable__writer {
  const void *thread;               /* the only thread that may use the hazard; NULL: none yet, or no hazard */
  struct shareable__hazard *hazard; /* NULL: no fast stores */
  unsigned forks;                   /* shareable__fork_generation: differs in a fork's child, which owns none of this */
  uint32_t id;                      /* 0: not registered */
  uint32_t slow_writes;             /* the number of writes since all hazards were in use */
  int *fd;                          /* of the segment's file, for locks; the program may have closed it */
  shareable__file_id file;          /* identifies the segment's file */
  const char *name;                 /* of the segment's file */
  bool read_only;
  void *liveness_lock; /* the mapping that holds the lock */
} shareable__writer;

/* Its address identifies the calling thread. */
extern _Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

/* *fd is open on the segment's file, whose name is `name`. All three must outlive the writer. */
void shareable__writer_start(shareable__writer *writer, int *fd, const char *name, bool read_only);

/*
 * Gives the writer an id, unless it has one of this process. Returns E_READ_ONLY, or E_SYSTEM if
 * the file cannot be opened again or the kernel grants no lock. Call this when the file is opened:
 * the process may later lose the right to open it.
 */
shareable_status shareable__writer_take_id(shareable__writer *writer);

/*
 * Acquires a free hazard for the writer, or returns NULL. If `check_owners` is set, a hazard whose
 * owner is dead is free too, which takes a system call for each hazard that is in use.
 */
typedef struct shareable__hazard *shareable__hazard_acquire(void *area, shareable__writer *writer, bool check_owners);

/*
 * Gives the writer an id, and a hazard, which only the calling thread may use. If all hazards are
 * in use, some of the later calls try again. Returns the errors of shareable__writer_take_id().
 */
shareable_status shareable__writer_register(shareable__writer *writer, shareable__hazard_acquire *acquire, void *area);

/* Releases the liveness lock. Does not close the descriptor, which belongs to the segment. */
void shareable__writer_unregister(shareable__writer *writer);

/*
 * Returns whether the owner of the id is alive. If this process cannot find out, it returns true.
 */
bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t id);

/* Returns whether the id is this process's: a fork's child has its parent's until it registers. */
static inline bool shareable__writer_is_current_process(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__fork_generation;
}

/*
 * Returns the writer's id, or 0 if it is not registered. Another thread may close the handle at any
 * moment, and the id is 0 from then on.
 */
static inline uint32_t shareable__writer_id(const shareable__writer *writer) {
  return __atomic_load_n(&writer->id, __ATOMIC_RELAXED);
}

/*
 * Returns the writer's hazard if the calling thread may use it, otherwise NULL. Another thread may
 * close the handle at any moment. So the hazard is loaded once; after the close it is NULL.
 */
static inline struct shareable__hazard *shareable__writer_fast_hazard(const shareable__writer *writer) {
  return __atomic_load_n(&writer->thread, __ATOMIC_RELAXED) == &shareable__thread &&
             __atomic_load_n(&writer->forks, __ATOMIC_RELAXED) == shareable__fork_generation
           ? __atomic_load_n(&writer->hazard, __ATOMIC_RELAXED)
           : NULL;
}

#endif
