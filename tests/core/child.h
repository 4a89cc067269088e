/*
 * child.h - processes of a unit test's, which do something and then sleep until they are ended.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

/* fork() without the handlers of pthread_atfork(), as _Fork() and clone(2) do it. */
static inline pid_t fork_without_handlers(void) {
#ifdef SYS_fork
  return (pid_t)syscall(SYS_fork);
#else
  return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

/* Whether the kernel clears pages in a fork's child: by that a child without handlers is noticed. */
static inline void need_cleared_pages(void) {
#ifdef MADV_WIPEONFORK
  void *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  bool clears = page != MAP_FAILED && madvise(page, 1, MADV_WIPEONFORK) == 0;

  if (page != MAP_FAILED)
    munmap(page, 1);
  if (!clears)
#endif
    skip_because("needs madvise(2) with MADV_WIPEONFORK");
}

static inline void end(pid_t child, int signal) {
  kill(child, signal);
  waitpid(child, NULL, 0);
}

#endif
