/*
 * fork.c - tests of core/src/base/fork.c: the lock, cancelled threads and signals while it is held,
 * and children.
 */
#include "base/fork.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "child.h"
#include "support.h"

static void *be_cancelled_under_the_lock(void *is_past) {
  pthread_cancel(pthread_self());
  shareable__fork_lock();
  sleep(0); /* a cancellation point */
  shareable__fork_unlock();
  *(bool *)is_past = true;
  pthread_testcancel();
  return NULL;
}

Test(fork, a_thread_is_cancelled_only_after_it_has_released_the_lock) {
  bool is_past = false;
  pthread_t thread;
  void *result;

  cr_assert(shareable__fork_init());
  cr_assert_eq(pthread_create(&thread, NULL, be_cancelled_under_the_lock, &is_past), 0);
  cr_assert_eq(pthread_join(thread, &result), 0);
  cr_assert(is_past);
  cr_assert_eq(result, PTHREAD_CANCELED, "the thread's own state is restored");
  shareable__fork_lock();
  shareable__fork_unlock();
}

static void *own_a_block(void *name) {
  shareable_memory *memory;

  pthread_cancel(pthread_self());
  shareable_memory_create(&memory, name, 8, SHAREABLE_OWNED, 0, NULL);
  return NULL;
}

/*
 * SIGALRM kills it if fork() does not return. A child does the test, because a cancelled thread
 * leaks memory.
 */
static void fork_after_a_cancelled_call(char *name) {
  pthread_t thread;
  pid_t child;

  pthread_create(&thread, NULL, own_a_block, name);
  pthread_join(thread, NULL);
  alarm(5);
  child = fork();
  if (child == 0)
    _exit(0);
  _exit(waitpid(child, NULL, 0) != child);
}

Test(fork, returns_after_a_thread_was_cancelled_in_its_first_call) {
  char name[40];
  pid_t child;
  int status;

  snprintf(name, sizeof name, "%s", own_name());
  child = fork();
  if (child == 0)
    fork_after_a_cancelled_call(name);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
}

Test(fork, a_child_s_only_thread_can_be_cancelled) {
  int status, state;
  pid_t child;

  cr_assert(shareable__fork_init());
  child = fork();
  if (child == 0) {
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    _exit(state != PTHREAD_CANCEL_ENABLE);
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
}

static int status_of(pid_t child) {
  int status = -1;

  cr_assert_eq(waitpid(child, &status, 0), child);
  return status;
}

Test(fork, a_child_without_fork_handlers_has_its_own_generation) {
  unsigned parent;
  pid_t child;

  need_cleared_pages();
  cr_assert(shareable__fork_init());
  parent = shareable__fork_generation;
  cr_assert_neq(parent, 0);
  child = fork_without_handlers();
  if (child == 0) {
    bool is_new = shareable__fork_generation != parent && shareable__fork_init() && shareable__fork_generation > parent;
    unsigned own = shareable__fork_generation;
    pid_t grandchild = fork();

    if (grandchild == 0)
      _exit(shareable__fork_generation <= own);
    _exit(!is_new || status_of(grandchild) != 0);
  }
  cr_assert_eq(status_of(child), 0);
  cr_assert_eq(shareable__fork_generation, parent);
}

static void *hold_the_lock(void *is_held) {
  shareable__fork_lock();
  *(atomic_bool *)is_held = true;
  pause();
  return NULL;
}

Test(fork, a_child_without_fork_handlers_finds_the_lock_free) {
  atomic_bool is_held = false;
  pthread_t thread;
  pid_t child;

  need_cleared_pages();
  cr_assert(shareable__fork_init());
  cr_assert_eq(pthread_create(&thread, NULL, hold_the_lock, &is_held), 0);
  while (!is_held)
    usleep(1000);
  child = fork_without_handlers();
  if (child == 0) {
    alarm(5);
    shareable__fork_lock();
    shareable__fork_unlock();
    _exit(0);
  }
  cr_assert_eq(status_of(child), 0);
}

Test(fork, a_child_without_fork_handlers_can_own_blocks) {
  shareable_memory *memory = NULL, *other = NULL;
  char name[60];
  pid_t child;

  need_cleared_pages();
  cr_ok(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0, NULL));
  snprintf(name, sizeof name, "%s-child", own_name());
  child = fork_without_handlers();
  if (child == 0) {
    if (shareable_memory_create(&other, name, 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK)
      _exit(1);
    _exit(shareable_memory_unlink(other, NULL) != SHAREABLE_OK);
  }
  cr_assert_eq(status_of(child), 0);
  cr_assert(exists(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static volatile sig_atomic_t forks_of_handler;

static void fork_in_handler(int signal) {
  pid_t child = fork();

  (void)signal;
  if (child == 0)
    _exit(0);
  waitpid(child, NULL, 0);
  forks_of_handler++;
}

/* SIGALRM kills it if the handler's fork() waits for the lock. */
static void be_interrupted_under_the_lock(void) {
  sigset_t mask;

  signal(SIGUSR1, fork_in_handler);
  shareable__fork_init();
  alarm(5);
  shareable__fork_lock();
  raise(SIGUSR1);
  if (forks_of_handler != 0)
    _exit(1);
  shareable__fork_unlock();
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  _exit(forks_of_handler != 1 || sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGTERM));
}

Test(fork, a_signal_handler_that_forks_runs_after_the_lock_is_released) {
  pid_t child = fork();

  if (child == 0)
    be_interrupted_under_the_lock();
  cr_assert_eq(status_of(child), 0);
}

Test(fork, does_not_block_signals_that_report_an_error_of_the_thread) {
  sigset_t mask;

  shareable__fork_lock();
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  shareable__fork_unlock();
  cr_assert_eq(sigismember(&mask, SIGSEGV), 0);
  cr_assert_eq(sigismember(&mask, SIGBUS), 0);
  cr_assert_eq(sigismember(&mask, SIGALRM), 1);
}

Test(fork, a_child_has_the_signal_mask_of_its_parent) {
  pid_t child;

  cr_assert(shareable__fork_init());
  child = fork();
  if (child == 0) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    _exit(sigismember(&mask, SIGALRM));
  }
  cr_assert_eq(status_of(child), 0);
}
