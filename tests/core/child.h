/*
 * child.h - child processes of a unit test, which do some work and then sleep until they are
 * killed.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "support.h"

/*
 * In a coverage build (`make coverage`), a process that a signal kills must write its counts
 * before.
 */
extern void __gcov_dump(void) __attribute__((weak));

/*
 * The work of a child, and its argument. It must not contain assertions: they would fail in the
 * child only.
 */
typedef void work(const void *argument);

/* Starts a child. Returns when the child has done its work. */
static inline pid_t start(work *does, const void *argument) {
  int done[2];
  char byte;
  pid_t child;

  cr_assert_eq(pipe(done), 0);
  child = fork();
  if (child == 0) {
    does(argument);
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

/* Forks without the handlers of pthread_atfork(), as _Fork() and clone(2) do. */
static inline pid_t fork_without_handlers(void) {
#ifdef SYS_fork
  return (pid_t)syscall(SYS_fork);
#else
  return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

#ifdef MADV_WIPEONFORK
/* Returns whether a fork's child finds the page cleared. QEMU accepts the advice and ignores it. */
static inline bool is_cleared_in_child(char *page) {
  int status = -1;
  pid_t child;

  *page = 1;
  child = madvise(page, 1, MADV_WIPEONFORK) == 0 ? fork_without_handlers() : -1;
  if (child == 0)
    _exit(*page);
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
#endif

/*
 * Skips the test unless the kernel clears pages in a fork's child, which detects a child without
 * fork handlers.
 */
static inline void need_cleared_pages(void) {
#ifdef MADV_WIPEONFORK
  void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  bool clears = page != MAP_FAILED && is_cleared_in_child(page);

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
