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
 * Waits until the successor has ended too: with a pidfd or, if the kernel has none, by checking
 * every 100 ms. The reaper is in the owner's pid namespace, even if /proc does not show that.
 */
static void wait_for_successor(const shareable__ownership_log_header *header) {
  struct pollfd ended = {.events = POLLIN};

  if (header->successor.pid <= 0)
    return;
  ended.fd = (int)syscall(SYS_pidfd_open, (pid_t)header->successor.pid, 0u);
  if (ended.fd < 0 && errno == ESRCH)
    return;
  while (shareable__successor_is_alive(header) && /* checked last: the pid may be reused */
         poll(&ended, 1, ended.fd < 0 ? 100 : -1) <= 0)
    ;
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
      !shareable__successor_is_alive(&header))
    shareable__ownership_log_unlink_blocks(log);
}

void reaper_keep(const shareable__owner_directory *directory, const char *name) {
  shareable__ownership_log log;
  shareable__ownership_log_header header;

  if (shareable__ownership_log_open(directory, name, &log) != 0)
    return;
  if (lock_log(&log, true, &header)) {
    wait_for_successor(&header);
    shareable__ownership_log_unlink_blocks(&log);
    shareable__moved_recover(); /* the owner may have been killed while it unlinked a block */
  }
  shareable__ownership_log_close(&log);
}
