/*
 * reaper.c - starts shareable-reaper, which unlinks the blocks in an ownership log when their owner
 * has ended.
 */
#include "shm/reaper.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/program.h"
#include "base/spawn.h"

static const char *program(void) {
  return shareable__program_path(SHAREABLE__REAPER);
}

/* The reaper's exit status is 0, an errno above 2, or another one that gives no reason. */
static int errno_of_exit(int state) {
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
    return 0;
  return WIFEXITED(state) && WEXITSTATUS(state) > 2 && WEXITSTATUS(state) < 126 ? WEXITSTATUS(state) : ENOEXEC;
}

/*
 * The process that is started here forks the reaper and exits. So the reaper is not a child of this
 * process.
 */
int shareable__reaper_start(const char *directory, const char *name) {
  const char *const arguments[] = {"shareable-reaper", directory, name, NULL};
  char *environment[] = {NULL};
  int errnum, state;
  pid_t pid;

  errnum = shareable__spawn(&pid, program(), NULL, arguments, environment);
  if (errnum != 0)
    return errnum;
  while (waitpid(pid, &state, 0) < 0)
    if (errno != EINTR) /* ECHILD: this program ignores SIGCHLD */
      return 0;
  return errno_of_exit(state);
}

shareable_status shareable__reaper_fail(shareable_error *error, int errnum) {
  struct rlimit limit = {0};

  if (errnum != EMFILE)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum,
                           "cannot start '%s'%s, which cleans up after this process: %s", program(),
                           shareable__program_advice(SHAREABLE__REAPER, errnum), shareable__errno_text(errnum));
  getrlimit(RLIMIT_NOFILE, &limit);
  return shareable__fail(error, SHAREABLE_E_SYSTEM, errnum,
                         "cannot start '%s', which cleans up after this process: the limit of %" PRIu64
                         " open files (RLIMIT_NOFILE) is too low: raise it",
                         program(), (uint64_t)limit.rlim_max);
}
