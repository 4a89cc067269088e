/*
 * manager.h - the public handle of a manager, and the process behind one that was started.
 */
#ifndef SHAREABLE__MANAGER_H
#define SHAREABLE__MANAGER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/error.h"
#include "manager/connection.h"

/* The process that a manager is, seen from the one that started it. */
typedef struct shareable__spawned {
  pid_t process; /* 0: there is none, or it has ended */
  pid_t owner;   /* who started it */
  int lifeline;  /* the end of a pipe that closes with its owner, however that dies */
  shareable__file_id lifeline_id;
} shareable__spawned;

struct shareable_manager {
  atomic_uint references;
  _Atomic pid_t user;   /* whose the connection is: a child has to have another one */
  pthread_mutex_t lock; /* of what follows */
  shareable__connection wire;
  bool keeps;       /* the manager answers more than one request on a connection; until it says no */
  bool is_down;     /* it was shut down */
  int cancel_state; /* of the thread that has the lock, before it took the lock */
  shareable__spawned spawned;
  shareable__address address;
  char text[SHAREABLE__ADDRESS_TEXT];
  shareable__key key;
};

/* How long a manager may take to answer, or to start, in nanoseconds. Only a test changes it. */
extern int64_t shareable__manager_timeout_ns;

/* The longest key. */
#define SHAREABLE__KEY_MAX 65536

/* Asking, in manager_call.c. The lock is held from _lock() to _unlock(), and a request has to be answered within the patience. */
shareable_status shareable__manager_lock(shareable_manager *manager, shareable_error *error);
void shareable__manager_unlock(shareable_manager *manager);

/* Looks at what came back, before the connection is anybody else's. */
typedef shareable_status shareable__manager_reply_handler(const shareable__pyvalue_arena *in,
                                                          const shareable__pyvalue *value, void *into,
                                                          shareable_error *error);

/* Has the manager run a method, with one argument or NULL; `look` may be NULL. */
shareable_status shareable__manager_call(shareable_manager *manager, const char *method, const char *argument,
                                         shareable__manager_reply_handler *look, void *into, shareable_error *error);
shareable_status shareable__manager_call_locked(shareable_manager *manager, const char *method, const char *argument,
                                                shareable__manager_reply_handler *look, void *into);

/*
 * Connects, and asks whether the connection is kept for more requests. A manager of CPython's does not know the question, and
 * closes.
 */
shareable_status shareable__manager_negotiate_keepalive(shareable_manager *manager);

static inline shareable_status shareable__manager_fail_memory(shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for a manager");
}

/* Starts the program; it listens at `where` then, which is `text` or, where that is NULL, a place of its own. */
shareable_status shareable__manager_spawn(shareable__spawned *spawned, const char *text, const shareable__key *key,
                                          int64_t deadline, shareable__address *where, shareable_error *error);

/* Closes the lifeline, unless the descriptor is another file's by now. */
void shareable__manager_drop_lifeline(shareable__spawned *spawned);

/* Waits for the process to end, first by itself, then by signals; at most so long each, in nanoseconds. False: it was killed. */
bool shareable__manager_reap(shareable__spawned *spawned, int64_t patience);

#endif
