/*
 * limits.c - the resource limits of the reaper, which it inherits from the owner that starts it.
 */
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * A reaper never needs more than FILES descriptors. limits_allow_files() checks FILES_MAX at most.
 */
enum { FILES = 1024, FILES_MAX = 64 };

/*
 * Raises the limit to `enough` if this process may (CAP_SYS_RESOURCE), otherwise to the hard limit.
 */
static void raise_limit(int resource, rlim_t enough) {
  struct rlimit limit;

  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= enough)
    return;
  if (limit.rlim_max < enough && setrlimit(resource, &(struct rlimit){enough, enough}) == 0)
    return;
  limit.rlim_cur = limit.rlim_max < enough ? limit.rlim_max : enough;
  setrlimit(resource, &limit);
}

void limits_raise(void) {
  static const int resources[] = {RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NPROC};

  raise_limit(RLIMIT_NOFILE, FILES);
  for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
    raise_limit(resources[i], RLIM_INFINITY);
}

bool limits_allow_files(int count) {
  int files[FILES_MAX], opened = 0, errnum;

  while (opened < count && opened < FILES_MAX && (files[opened] = dup(0)) >= 0)
    opened++;
  errnum = errno;
  for (int i = 0; i < opened; i++)
    close(files[i]);
  errno = errnum;
  return opened >= count;
}
