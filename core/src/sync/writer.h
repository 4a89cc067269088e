/*
 * writer.h - who writes a list: a token, and the proof that its owner lives.
 *
 * The proof is a lock of the kernel's (an open file description lock, fcntl(2)) on one byte of the segment's file, far past
 * its end: the byte at BASE + token. A mapping that a fork's child does not get holds the lock, so it ends with the
 * handle, or with the process however that ends, and with nothing else.
 *
 * The lock is exclusive, which takes the right to write the file. A process that may only read the file can take read locks: on
 * a byte that no writer holds, which proves nothing; or on all bytes, which keeps exclusive locks from being taken. Then a
 * writer takes an id with the bit SHAREABLE__SHARED_WRITER_ID and a read lock, which is compatible with other read locks. While
 * another process holds a read lock on such an id, its writer seems alive.
 */
#ifndef SHAREABLE__WRITER_H
#define SHAREABLE__WRITER_H

#include <stdbool.h>

#include "base/descriptor.h"
#include "base/fork.h"
#include "shareable.h"

/* Set in the id of a writer whose lock is a read lock. */
#define SHAREABLE__SHARED_WRITER_ID UINT32_C(0x80000000)
/* Set in no id: the list's lock has it beside its owner's id, while a process may sleep until the lock changes. */
#define SHAREABLE__LOCK_WAITERS UINT32_C(0x40000000)

struct shareable__hazard;

typedef struct shareable__writer {
  const void *thread;             /* the one thread that may use the cell; NULL: none yet, or no cell */
  struct shareable__hazard *cell; /* NULL: no fast stores */
  unsigned forks;          /* shareable__fork_generation when it was joined: in a child, all of this is the parent's */
  uint32_t token;          /* 0: not joined yet */
  uint32_t slow_writes;    /* since there was no cell for it */
  int *fd;                 /* of the segment's file, which the program may have closed: to ask for locks */
  shareable__file_id file; /* which file that is */
  const char *name;        /* of that file */
  bool read_only;
  void *proof; /* the mapping that holds the lock */
} shareable__writer;

/* Its address is the name of the thread that looks at it. */
extern _Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

/* *fd is open on the segment's file, called `name`. All three must stay as long as the writer. */
void shareable__writer_start(shareable__writer *writer, int *fd, const char *name, bool read_only);

/*
 * Gives the writer an id, if it has none that is this process's own. Returns E_READ_ONLY, or E_SYSTEM if the kernel gives no
 * lock: the file cannot be opened any more. To be called when the file is opened: later the process may have lost that right.
 */
shareable_status shareable__writer_take_id(shareable__writer *writer);

/*
 * Finds a free cell. If `ask` is set, one whose owner has died is free, too, which costs a system call for each cell that is in
 * use. Returns NULL if there is none.
 */
typedef struct shareable__hazard *shareable__hazard_acquire(void *area, shareable__writer *writer, bool ask);

/*
 * Registers the writer, and finds a cell for it: the calling thread becomes the one that may use the cell. If all cells are in
 * use, later calls try again now and then. Returns the errors of shareable__writer_take_id().
 */
shareable_status shareable__writer_register(shareable__writer *writer, shareable__hazard_acquire *claim, void *area);

/* Gives the proof up. The descriptor is the segment's, and stays. */
void shareable__writer_unregister(shareable__writer *writer);

/* Whether the token's owner lives, as far as this process can find out: if it cannot ask, it does. */
bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t token);

/* Has every thread of every process that stores to lists pass a full memory barrier. */
void shareable__membarrier(void);

/* Whether the token is this process's own: in a fork's child it is the parent's until the child joins. */
static inline bool shareable__writer_is_current_process(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__fork_generation;
}

/*
 * The writer's cell if this very thread may use it, otherwise NULL. Another thread may close the handle at any moment: so the cell
 * is loaded once, and is NULL from then on.
 */
static inline struct shareable__hazard *shareable__writer_fast_cell(const shareable__writer *writer) {
  return __atomic_load_n(&writer->thread, __ATOMIC_RELAXED) == &shareable__thread &&
             __atomic_load_n(&writer->forks, __ATOMIC_RELAXED) == shareable__fork_generation
           ? __atomic_load_n(&writer->cell, __ATOMIC_RELAXED)
           : NULL;
}

#endif
