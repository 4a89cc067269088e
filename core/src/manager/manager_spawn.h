/*
 * manager_spawn.h - the process of a manager that this process starts.
 */
#ifndef SHAREABLE__MANAGER_SPAWN_H
#define SHAREABLE__MANAGER_SPAWN_H

#include <sys/types.h>

#include "base/descriptor.h"
#include "protocol/address.h"
#include "protocol/message.h"

typedef struct shareable__spawned {
  pid_t pid;    /* of the manager, also after it has ended; 0: none was started */
  pid_t parent; /* the process that started it */
  bool has_ended;
  int wait_status; /* of waitpid(2), if it has ended; 0 if other code has waited for it */
  int lifeline;    /* one end of a pipe: it closes when the parent dies, and the manager exits */
  shareable__file_id lifeline_id;
} shareable__spawned;

/*
 * Starts the program. `text` is the address to listen at; if it is NULL, the program creates one.
 * *listen_address receives the address when the program listens.
 */
shareable_status shareable__manager_spawn(shareable__spawned *spawned, const char *text, const shareable__key *key,
                                          int64_t deadline, shareable__address *listen_address, shareable_error *error);

/* Returns whether the process ends before the deadline. Only its parent may call this function. */
bool shareable__manager_wait_for_end(shareable__spawned *spawned, int64_t deadline);

/* Closes the lifeline, unless its descriptor refers to another file. */
void shareable__manager_close_lifeline(shareable__spawned *spawned);

/*
 * Waits for the process to exit, at most `timeout_ns` nanoseconds; then sends SIGTERM and waits
 * again, a second if `timeout_ns` is 0; then sends SIGKILL. Returns false after SIGKILL.
 */
bool shareable__manager_reap(shareable__spawned *spawned, int64_t timeout_ns);

#endif
