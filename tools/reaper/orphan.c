/*
 * orphan.c - tests whether the process that becomes the parent of orphans reaps them when they
 * exit.
 */
#include "orphan.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Runs in a child process. Its own child becomes the orphan when this process exits. */
static void make_orphan(int fd) {
  pid_t orphan = fork();

  if (orphan > 0)
    (void)!write(fd, &orphan, sizeof orphan);
  _exit(0);
}

pid_t orphan_make(void) {
  pid_t parent, orphan = 0;
  int ends[2];

  if (pipe(ends) != 0)
    return 0;
  parent = fork();
  if (parent == 0)
    make_orphan(ends[1]);
  close(ends[1]);
  if (parent < 0 || read(ends[0], &orphan, sizeof orphan) != (ssize_t)sizeof orphan)
    orphan = 0;
  close(ends[0]);
  while (parent > 0 && waitpid(parent, NULL, 0) < 0 && errno == EINTR)
    ;
  return orphan;
}

bool orphan_is_reaped(pid_t orphan) {
  return orphan <= 0 || (kill(orphan, 0) != 0 && errno == ESRCH);
}

bool orphan_is_reaped_soon(pid_t orphan) {
  struct timespec interval = {0, 100000};

  for (int i = 0; i < 60 && !orphan_is_reaped(orphan); i++) {
    nanosleep(&interval, NULL);
    if (interval.tv_nsec < 6000000)
      interval.tv_nsec += interval.tv_nsec / 4;
  }
  return orphan_is_reaped(orphan);
}
