/*
 * lease.h - whether another process uses a file of shared memory, as the kernel knows it and not as /proc shows it.
 *
 * On tmpfs a write lease (fcntl(2), F_SETLEASE) is refused while the file is open or mapped anywhere else: by another user,
 * in another pid or mount namespace, or by a mapping whose descriptor is closed. Descriptors opened with O_PATH do not count.
 * The uses of this process count, except the descriptor that the lease is asked for.
 */
#ifndef SHAREABLE__LEASE_H
#define SHAREABLE__LEASE_H

#include <signal.h>
#include <stdbool.h>

typedef enum shareable__use {
  SHAREABLE__UNUSED, /* no other descriptor and no mapping refers to the file */
  SHAREABLE__IN_USE, /* at least one does */
  SHAREABLE__USE_UNKNOWN /* this process has no right to ask (another user's file, no CAP_LEASE), or the kernel cannot tell */
} shareable__use;

/* A lease that is held. Processes that open the file meanwhile wait, or get EWOULDBLOCK: it must be short. */
typedef struct shareable__lease {
  int fd;
  sigset_t mask; /* of this thread before */
} shareable__lease;

/*
 * Takes a lease on the file of `fd`, which must be open for reading only. If the answer is SHAREABLE__UNUSED, the
 * lease is held, and SIGURG is blocked in this thread, until shareable__lease_drop() is called by the same thread.
 */
shareable__use shareable__lease_take(shareable__lease *lease, int fd);

/* Whether no process has tried to open the file since. */
bool shareable__lease_is_undisturbed(const shareable__lease *lease);

void shareable__lease_drop(shareable__lease *lease);

/* Takes a lease and drops it at once. */
shareable__use shareable__lease_probe(int fd);

#endif
