/*
 * fork.c - tests of core/src/fork.c: threads that are cancelled while they hold the lock, and forks after that.
 */
#include "../../core/src/fork.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

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

  cr_assert(shareable__fork_watch());
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

/* Ends by a signal if fork() does not return. What a cancelled thread had is not freed: a child has that. */
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

  cr_assert(shareable__fork_watch());
  child = fork();
  if (child == 0) {
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    _exit(state != PTHREAD_CANCEL_ENABLE);
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
}
