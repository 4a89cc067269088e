/*
 * lease.h - finds whether another process uses a file of shared memory, from the kernel and not
 * from /proc.
 *
 * tmpfs refuses a write lease (fcntl(2), F_SETLEASE) while the file is open or mapped anywhere
 * else: by another user, in another pid or mount namespace, or by a mapping whose descriptor is
 * closed. Descriptors opened with O_PATH do not count. This process's own uses count, except the
 * descriptor that is passed here.
 */
#ifndef SHAREABLE__LEASE_H
#define SHAREABLE__LEASE_H

#include <signal.h>
#include <stdbool.h>

typedef enum shareable__use {
  SHAREABLE__UNUSED,     /* no other descriptor and no mapping refers to the file */
  SHAREABLE__IN_USE,     /* at least one does */
  SHAREABLE__USE_UNKNOWN /* no permission (another user's file without CAP_LEASE), or no leases */
} shareable__use;

/*
 * A lease that is held. It must be short: a process that opens the file waits for it, or gets
 * EWOULDBLOCK.
 */
typedef struct shareable__lease {
  int fd;
  sigset_t mask; /* the thread's previous mask */
} shareable__lease;

/*
 * Takes a lease on the file of `fd`, which must be open for reading only. If it returns
 * SHAREABLE__UNUSED, the lease is held and SIGURG is blocked in this thread until the same thread
 * calls shareable__lease_drop().
 */
shareable__use shareable__lease_take(shareable__lease *lease, int fd);

/* Returns whether no process has tried to open the file since the lease was taken. */
bool shareable__lease_is_undisturbed(const shareable__lease *lease);

void shareable__lease_drop(shareable__lease *lease);

/* Takes a lease and drops it at once. */
shareable__use shareable__lease_probe(int fd);

#endif
