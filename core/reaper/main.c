/*
 * main.c - shareable-reaper: waits until a process has ended, and unlinks the blocks that it owned.
 *
 * The library starts it with the process's first such block (core/src/owner.c), in a session of its own, so that what ends
 * the process's group does not end this. It also clears the journals of processes whose reaper was killed with them.
 */
#include <errno.h>
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
static void outlive(const shareable__journal_head *head) {
  struct pollfd ended = {.events = POLLIN};

  if (head->heir.pid <= 0)
    return;
  ended.fd = (int)syscall(SYS_pidfd_open, (pid_t)head->heir.pid, 0u);
  while (shareable__heir_lives(head) && /* looked at once the descriptor is of this process or none */
         poll(&ended, 1, ended.fd < 0 ? 100 : -1) <= 0)
    ;
  if (ended.fd >= 0)
    close(ended.fd);
}

/* Whether the log is locked by now, and has not been cleared by another reaper before that. */
static bool take(shareable__owner_log *log, bool wait) {
  struct stat status;

  return shareable__journal_lock(log, wait) && fstat(log->fd, &status) == 0 && status.st_nlink > 0;
}

/* Of a process that ended with its reaper, which did not live to clear this; or even before it had filled it. */
static void sweep(shareable__owner_log *log, void *context) {
  shareable__journal_head head = {0};
  shareable__answer is_log;

  (void)context;
  if (!shareable__journal_is_left(log->fd) || !take(log, false))
    return;
  is_log = shareable__journal_read(log->fd, &head);
  if (is_log == SHAREABLE__YES && !shareable__heir_lives(&head))
    shareable__journal_clear(log);
  else if (is_log == SHAREABLE__NO && head.magic == 0)
    shareable__journal_remove(log);
}

/* Clears the log once its owner has ended, and the heir. */
static void reap(const shareable__owner_directory *directory, const char *name) {
  shareable__owner_log log;
  shareable__journal_head head;

  if (shareable__journal_open(directory, name, &log) != 0)
    return;
  if (take(&log, true) && shareable__journal_read(log.fd, &head) == SHAREABLE__YES) {
    outlive(&head);
    shareable__journal_clear(&log);
  }
  shareable__journal_close(&log);
}

/* Of a program that changed its effective user only: its own user is not to have power over this process. */
static bool be_one_user(void) {
  return setresgid(getegid(), getegid(), getegid()) == 0 && setresuid(geteuid(), geteuid(), geteuid()) == 0;
}

/* A directory of this user's alone. */
static int open_directory(const char *name, shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), system = shm < 0 ? errno : 0;

  if (system == 0)
    system = shareable__owner_directory_open(shm, name, directory);
  if (shm >= 0)
    close(shm);
  if (system == 0 && directory->user != geteuid())
    system = EPERM;
  return system;
}

static void sweep_directory(const shareable__owner_directory *directory, void *context) {
  (void)context;
  if (directory->user == geteuid())
    shareable__journal_each(directory, sweep, NULL);
}

int main(int argc, char **argv) {
  shareable__owner_directory directory;

  if (argc != 3 || !be_one_user() || open_directory(argv[1], &directory) != 0) {
    fputs("usage: shareable-reaper DIRECTORY LOG\n\nIt is started by libshareable, for a process that owns blocks.\n",
          stderr);
    return 2;
  }
  switch (fork()) {
  case -1:
    return 1;
  case 0:
    break;
  default:
    return 0; /* the process that started this waits for that */
  }
  detach();
  if (open_directory(argv[1], &directory) != 0)
    return 1;
  shareable__owner_directory_each(sweep_directory, NULL);
  reap(&directory, argv[2]);
  return 0;
}
