/*
 * manager_process.c - the process of a manager, for the program that started it.
 */
#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "manager/manager_call.h"

/* The first and the longest interval between two checks whether the process has ended. */
#define FIRST_CHECK_NS INT64_C(50000)
#define LONGEST_CHECK_NS INT64_C(5000000)

int64_t shareable_manager_pid(const shareable_manager *manager) {
  return manager == NULL ? 0 : manager->spawned.pid;
}

static int exit_code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* Checks once, without waiting, so that other threads can use the handle during a wait. */
static bool has_ended(shareable_manager *manager, int *exit_code) {
  bool result;

  shareable__manager_lock(manager, NULL);
  result = shareable__manager_wait_for_end(&manager->spawned, 0);
  if (result)
    *exit_code = exit_code_of(manager->spawned.wait_status);
  shareable__manager_unlock(manager);
  return result;
}

shareable_status shareable_manager_wait(shareable_manager *manager, int64_t timeout, int *exit_code,
                                        shareable_error *error) {
  int64_t deadline = shareable__deadline(timeout), interval = FIRST_CHECK_NS, left;
  int ignored;

  if (manager == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the handle is NULL");
  if (manager->spawned.pid == 0 || manager->spawned.parent != getpid())
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "this process did not start the manager at %s",
                           manager->text);
  while (!has_ended(manager, exit_code == NULL ? &ignored : exit_code)) {
    left = deadline - shareable__now();
    if (left <= 0)
      return shareable__fail(error, SHAREABLE_E_TIMED_OUT, 0, "the manager at %s (process %" PRId64 ") has not ended",
                             manager->text, shareable_manager_pid(manager));
    shareable__sleep(left < interval ? left : interval);
    interval = 2 * interval < LONGEST_CHECK_NS ? 2 * interval : LONGEST_CHECK_NS;
  }
  return SHAREABLE_OK;
}
