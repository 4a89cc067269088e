/*
 * main.c - shareable-reaper: waits until a process has ended, and unlinks the blocks that it owned.
 *
 * The library starts it with the process's first such block (core/src/owner.c), in a session of its own, so that what ends
 * the process's group does not end this. It also clears the journals of processes whose reaper was killed with them.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"

/* Nothing of the process that started it is kept open, or in the way; and nobody who asks programs to end means this one. */
static void detach(void) {
  static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
  int nothing;

  if (syscall(SYS_close_range, 0u, ~0u, 0u) != 0)
    for (int fd = 0; fd < 1024; fd++)
      close(fd);
  nothing = open("/dev/null", O_RDWR);
  if (nothing == 0 && dup(0) == 1)
    (void)!dup(0);
  (void)!chdir("/");
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    signal(signals[i], SIG_IGN);
}

/* Waits until the heir has ended too: by a descriptor of it, or looking now and then where there are no such. */
static void outlive(const shareable__heir *heir) {
  struct pollfd ended = {.events = POLLIN};

  if (heir->pid <= 0)
    return;
  ended.fd = (int)syscall(SYS_pidfd_open, (pid_t)heir->pid, 0u);
  while (shareable__heir_lives(heir) && /* looked at once the descriptor is of this process or none */
         poll(&ended, 1, ended.fd < 0 ? 100 : -1) <= 0)
    ;
  if (ended.fd >= 0)
    close(ended.fd);
}

/* Whether the journal is locked by now, and has not been cleared by another reaper before that. */
static bool take(int fd, bool wait, shareable__journal_head *head) {
  struct stat status;

  return shareable__journal_lock(fd, wait) && fstat(fd, &status) == 0 && status.st_nlink > 0 &&
         shareable__journal_read(fd, head) == SHAREABLE__YES;
}

/* Of a process that ended with its reaper: one that did not live to clear this. */
static void sweep(int fd, const char *path, void *context) {
  shareable__journal_head head;

  (void)context;
  if (take(fd, false, &head) && !shareable__heir_lives(&head.heir))
    shareable__journal_clear(fd, path);
}

/* Clears the journal once its owner has ended, and the heir. */
static void reap(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  shareable__journal_head head;

  if (fd < 0)
    return;
  if (take(fd, true, &head)) {
    outlive(&head.heir);
    shareable__journal_clear(fd, path);
  }
  close(fd);
}

int main(int argc, char **argv) {
  shareable__folder folder = shareable__journal_folder();

  if (argc != 2 || strncmp(argv[1], folder.path, strlen(folder.path)) != 0) {
    fputs("usage: shareable-reaper JOURNAL\n\nIt is started by libshareable, for a process that owns blocks.\n",
          stderr);
    return 2;
  }
  switch (fork()) {
  case -1:
    return 1;
  case 0:
    break;
  default:
    return 0; /* whoever started this waits for that */
  }
  detach();
  shareable__journal_each(&folder, sweep, NULL);
  reap(argv[1]);
  return 0;
}
