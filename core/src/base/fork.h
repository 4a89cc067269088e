/*
 * fork.h - detects that this process is a fork's child, and a lock during which no child is forked.
 */
#ifndef SHAREABLE__FORK_H
#define SHAREABLE__FORK_H

#include <pthread.h>
#include <stdbool.h>

/* The largest page of the architecture. */
#if defined(__i386__) || defined(__x86_64__)
#define SHAREABLE__FORK_PAGE 4096
#else
#define SHAREABLE__FORK_PAGE 65536
#endif

/* State that a fork's child does not inherit: the kernel clears this page in the child. */
typedef union shareable__fork_page {
  struct {
    unsigned generation; /* 0: this process has no number yet */
    pthread_mutex_t lock;
  };
  unsigned char all[SHAREABLE__FORK_PAGE];
} shareable__fork_page;

extern shareable__fork_page shareable__fork_state;

/*
 * The number of this process. It differs from the numbers of all processes that this process was
 * forked from. In a child of _Fork() or clone(2), which run no handlers, it is 0 until the child
 * calls shareable__fork_init() or shareable__fork_lock().
 */
#define shareable__fork_generation (shareable__fork_state.generation)

/*
 * Registers handlers that make fork() change the number, and gives this process a number if it has
 * none. May be called any number of times. Returns false if there is no memory to register the
 * handlers.
 */
bool shareable__fork_init(void);

/*
 * Called in the child of fork(), with the lock held, if it is not NULL. It must be set with the lock
 * held. A child of _Fork() or clone(2) does not call it.
 */
extern void (*shareable__fork_in_child)(void);

/*
 * A lock for the kernel objects of this process that a fork's child does not have. fork() waits for
 * the lock, so that no child is forked while such an object is incomplete. The thread that holds
 * the lock cannot be cancelled: a cancelled thread would leave the lock held, and every later
 * fork() would hang. Its signals are blocked, except those that report an error of the thread
 * itself: a handler that calls fork() would wait for the thread that it has interrupted.
 *
 * _Fork() and clone(2) do not wait for the lock. Their child finds it free, and discards the
 * objects of its parent.
 */
void shareable__fork_lock(void);
void shareable__fork_unlock(void);

#endif
