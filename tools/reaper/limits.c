/*
 * limits.c - the resource limits of the reaper, which inherits those of the owner that starts it.
 */
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* Enough files for any reaper. */
enum { FILES = 1024, MOST = 64 };

/* To no limit if it has the privilege (CAP_SYS_RESOURCE), else to the hard limit. */
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
  int files[MOST], open_ones = 0, system;

  while (open_ones < count && open_ones < MOST && (files[open_ones] = dup(0)) >= 0)
    open_ones++;
  system = errno;
  for (int i = 0; i < open_ones; i++)
    close(files[i]);
  errno = system;
  return open_ones >= count;
}
