/*
 * keeper.c - clearing the log of one owner, once it has ended.
 */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/moved.h"

/*
 * Waits until the heir has ended too: by a descriptor of it, or looking now and then if there are no such descriptors. The
 * keeper is in the owner's pid namespace, also if /proc does not show that.
 */
static void outlive(const shareable__ownership_log_header *head) {
  struct pollfd ended = {.events = POLLIN};

  if (head->successor.pid <= 0)
    return;
  ended.fd = (int)syscall(SYS_pidfd_open, (pid_t)head->successor.pid, 0u);
  if (ended.fd < 0 && errno == ESRCH)
    return;
  while (shareable__successor_is_alive(head) && /* asked once the descriptor is of this process or none */
         poll(&ended, 1, ended.fd < 0 ? 100 : -1) <= 0)
    ;
  if (ended.fd >= 0)
    close(ended.fd);
}

/* Whether the log is locked by now, and has not been cleared by another reaper before that. */
static bool take(shareable__ownership_log *log, bool wait, shareable__ownership_log_header *head) {
  struct stat status;

  return shareable__ownership_log_lock(log, wait) && fstat(log->fd, &status) == 0 && status.st_nlink > 0 &&
         shareable__ownership_log_read_header(log->fd, head) == SHAREABLE__YES;
}

void reaper_sweep(shareable__ownership_log *log, void *context) {
  shareable__ownership_log_header head;

  (void)context;
  shareable__ownership_log_remove_unfilled(log);
  if (shareable__ownership_log_read_header(log->fd, &head) == SHAREABLE__YES &&
      shareable__ownership_log_owner_is_dead(log->fd) && take(log, false, &head) &&
      !shareable__successor_is_alive(&head))
    shareable__ownership_log_unlink_blocks(log);
}

void reaper_keep(const shareable__owner_directory *directory, const char *name) {
  shareable__ownership_log log;
  shareable__ownership_log_header head;

  if (shareable__ownership_log_open(directory, name, &log) != 0)
    return;
  if (take(&log, true, &head)) {
    outlive(&head);
    shareable__ownership_log_unlink_blocks(&log);
    shareable__moved_recover(); /* the owner may have been killed while it unlinked a block */
  }
  shareable__ownership_log_close(&log);
}
