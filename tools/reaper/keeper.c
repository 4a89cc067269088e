/*
 * keeper.c - unlinks the blocks of one owner when the owner has ended.
 */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/moved.h"

/*
 * The interval in milliseconds at which a reaper that waits for a successor checks whether the log
 * still has blocks. It doubles from one check to the next.
 */
enum { CHECK_MIN_MS = 100, CHECK_MAX_MS = 25600 };

/* A block without its name may be moved for a moment. */
static bool has_blocks(const shareable__ownership_log *log) {
  shareable__file_set moved = {0};
  bool result = !shareable__ownership_log_is_obsolete(log, &moved) || !shareable__moved_find(&moved) ||
                !shareable__ownership_log_is_obsolete(log, &moved);

  shareable__file_set_free(&moved);
  return result;
}

/*
 * Waits until the successor has ended too: with a pidfd or, if the kernel has none, by checking
 * every 100 ms. Returns early if no block is left. The reaper is in the owner's pid namespace, even
 * if /proc does not show that.
 */
static void wait_for_successor(const shareable__ownership_log *log, const shareable__ownership_log_header *header,
                               const shareable__successor *successor) {
  struct pollfd ended = {.events = POLLIN};
  int interval = CHECK_MIN_MS;

  if (successor->pid <= 0)
    return;
  ended.fd = (int)syscall(SYS_pidfd_open, (pid_t)successor->pid, 0u);
  if (ended.fd < 0 && errno == ESRCH)
    return;
  while (shareable__successor_is_alive(header, successor) && /* checked last: the pid may be reused */
         has_blocks(log) && poll(&ended, 1, interval) <= 0)
    if (ended.fd >= 0 && interval < CHECK_MAX_MS)
      interval *= 2;
  if (ended.fd >= 0)
    close(ended.fd);
}

/*
 * Locks the log. Returns false if it cannot be locked, or if another reaper has removed it first.
 */
static bool lock_log(shareable__ownership_log *log, bool wait, shareable__ownership_log_header *header) {
  struct stat status;

  return shareable__ownership_log_lock(log, wait) && fstat(log->fd, &status) == 0 && status.st_nlink > 0 &&
         shareable__ownership_log_read_header(log->fd, header) == SHAREABLE__YES;
}

void reaper_reap_stale_log(shareable__ownership_log *log, void *context) {
  shareable__ownership_log_header header;

  (void)context;
  shareable__ownership_log_remove_unfilled(log);
  if (shareable__ownership_log_read_header(log->fd, &header) == SHAREABLE__YES &&
      shareable__ownership_log_owner_is_dead(log->fd) && lock_log(log, false, &header) &&
      shareable__living_successor(&header) == 0)
    shareable__ownership_log_unlink_blocks(log);
}

void reaper_keep(const shareable__owner_directory *directory, const char *name) {
  shareable__ownership_log log;
  shareable__ownership_log_header header;

  if (shareable__ownership_log_open(directory, name, &log) != 0)
    return;
  if (lock_log(&log, true, &header)) {
    for (size_t i = 0; i < SHAREABLE__SUCCESSORS; i++)
      wait_for_successor(&log, &header, &header.successors[i]);
    shareable__ownership_log_unlink_blocks(&log);
    shareable__moved_recover(); /* the owner may have been killed while it unlinked a block */
  }
  shareable__ownership_log_close(&log);
}
