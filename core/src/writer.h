/*
 * writer.h - who writes a list: a token, and the proof that its owner lives.
 *
 * The proof is a lock of the kernel's (an open file description lock, fcntl(2)) on one byte of the segment's file, far past
 * its end: the byte at BASE + token. A mapping that a fork's child does not get holds the lock, so it ends with the
 * handle, or with the process however that ends, and with nothing else.
 */
#ifndef SHAREABLE__WRITER_H
#define SHAREABLE__WRITER_H

#include <stdbool.h>

#include "fork.h"
#include "shareable.h"

struct shareable__cell;

typedef struct shareable__writer {
  const void *thread;           /* the one thread that may use the cell; NULL: none yet, or no cell */
  struct shareable__cell *cell; /* NULL: no fast stores */
  unsigned forks;               /* shareable__forks when it was joined: in a child, all of this is the parent's */
  uint32_t token;               /* 0: not joined yet */
  int fd;                       /* of the segment's file: to ask for locks, to open it once more */
  const char *name;             /* of that file */
  bool read_only;
  void *proof; /* the mapping that holds the lock */
} shareable__writer;

/* Its address is the name of the thread that looks at it. */
extern _Thread_local char shareable__thread __attribute__((tls_model("initial-exec")));

/* The descriptor is that of the segment's file, called `name`; both are to stay as long as the writer. */
void shareable__writer_start(shareable__writer *writer, int fd, const char *name, bool read_only);

/*
 * Gives the writer a token, if it has none that is its own: E_READ_ONLY, or E_SYSTEM where the kernel gives no proof. The
 * thread that does becomes the one that may use the cell, which `claim` finds.
 */
shareable_status shareable__writer_join(shareable__writer *writer,
                                        struct shareable__cell *claim(void *, shareable__writer *), void *area);

/* Gives the proof up. The fd is the segment's, and stays. */
void shareable__writer_leave(shareable__writer *writer);

/* Whether the token's owner lives. */
bool shareable__writer_is_alive(const shareable__writer *writer, uint32_t token);

/* Has every thread of every process that stores to lists pass a full memory barrier. */
void shareable__writer_barrier(void);

/* Whether the token is this process's own: in a fork's child it is the parent's until the child joins. */
static inline bool shareable__writer_is_own(const shareable__writer *writer) {
  return __atomic_load_n(&writer->forks, __ATOMIC_ACQUIRE) == shareable__forks;
}

/* Whether this very thread may use the writer's cell. */
static inline bool shareable__writer_is_fast(const shareable__writer *writer) {
  return __atomic_load_n(&writer->thread, __ATOMIC_RELAXED) == &shareable__thread &&
         __atomic_load_n(&writer->forks, __ATOMIC_RELAXED) == shareable__forks;
}

#endif
