/*
 * lease.c - finds whether another process uses a file of shared memory, from the kernel and not
 * from /proc.
 *
 * When a process opens a file under lease, the kernel sends a signal to the holder of the lease:
 * SIGIO, which kills, unless F_SETSIG sets another one. This uses SIGURG, which is ignored by
 * default. The program may have a handler for it, so the signal is directed to this thread, blocked
 * there, and then consumed.
 */
#include "shm/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef F_SETLEASE
static bool direct_signal(int fd) {
  struct f_owner_ex here = {.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};

  return fcntl(fd, F_SETOWN_EX, &here) == 0 && fcntl(fd, F_SETSIG, SIGURG) == 0;
}

/* Sends a signal of the program's again, to the thread or to the process. */
static void resend(siginfo_t *signal) {
  if (signal->si_code == SI_TKILL)
    syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGURG, signal);
  else
    syscall(SYS_rt_sigqueueinfo, getpid(), SIGURG, signal);
}

static void consume_signal(int fd) {
  const struct timespec now = {0, 0};
  siginfo_t signal;
  sigset_t urgent;

  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  if (sigtimedwait(&urgent, &signal, &now) == SIGURG && (signal.si_code != POLL_MSG || signal.si_fd != fd))
    resend(&signal);
}

static void restore_mask(const shareable__lease *lease) {
  pthread_sigmask(SIG_SETMASK, &lease->mask, NULL);
}

shareable__use shareable__lease_take(shareable__lease *lease, int fd) {
  shareable__use use;
  sigset_t urgent;

  lease->fd = fd;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  if (pthread_sigmask(SIG_BLOCK, &urgent, &lease->mask) != 0)
    return SHAREABLE__USE_UNKNOWN;
  if (!direct_signal(fd))
    use = SHAREABLE__USE_UNKNOWN;
  else if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
    return SHAREABLE__UNUSED;
  else
    use = errno == EAGAIN ? SHAREABLE__IN_USE : SHAREABLE__USE_UNKNOWN;
  restore_mask(lease);
  return use;
}

bool shareable__lease_is_undisturbed(const shareable__lease *lease) {
  return fcntl(lease->fd, F_GETLEASE) == F_WRLCK;
}

/*
 * Closing the descriptor is not enough: a child that another thread has forked may have a copy,
 * which keeps the lease.
 */
void shareable__lease_drop(shareable__lease *lease) {
  fcntl(lease->fd, F_SETLEASE, F_UNLCK);
  consume_signal(lease->fd);
  restore_mask(lease);
}
#else
shareable__use shareable__lease_take(shareable__lease *lease, int fd) {
  lease->fd = fd;
  return SHAREABLE__USE_UNKNOWN;
}

bool shareable__lease_is_undisturbed(const shareable__lease *lease) {
  (void)lease;
  return false;
}

void shareable__lease_drop(shareable__lease *lease) {
  (void)lease;
}
#endif

shareable__use shareable__lease_probe(int fd) {
  shareable__lease lease;
  shareable__use use = shareable__lease_take(&lease, fd);

  if (use == SHAREABLE__UNUSED)
    shareable__lease_drop(&lease);
  return use;
}
