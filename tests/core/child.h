/*
 * child.h - processes of a unit test's, which do something and then sleep until they are ended.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <signal.h>
#include <sys/wait.h>

#include "support.h"

/* Of a build that counts what is run (`make coverage`): a process that a signal ends would keep its figures to itself. */
extern void __gcov_dump(void) __attribute__((weak));

/* What a child does before it sleeps, with whatever it is to know. No assertion in it: it would be the child's own. */
typedef void work(const void *with);

/* A child that has done its work when this returns. */
static inline pid_t start(work *does, const void *with) {
  int done[2];
  char byte;
  pid_t child;

  cr_assert_eq(pipe(done), 0);
  child = fork();
  if (child == 0) {
    does(with);
    if (__gcov_dump != NULL)
      __gcov_dump();
    close(done[0]);
    close(done[1]);
    for (;;)
      pause();
  }
  close(done[1]);
  cr_assert_eq(read(done[0], &byte, 1), 0);
  close(done[0]);
  return child;
}

static inline void end(pid_t child, int signal) {
  kill(child, signal);
  waitpid(child, NULL, 0);
}

#endif
