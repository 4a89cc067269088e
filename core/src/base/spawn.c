/*
 * spawn.c - starts the programs of this project.
 */
#include "base/spawn.h"

#include <signal.h>

int shareable__spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                     const char *const *arguments, char *const *environment) {
  posix_spawnattr_t attributes;
  sigset_t none, all;
  int result = posix_spawnattr_init(&attributes);

  if (result != 0)
    return result;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none); /* these three fail only for unknown flags */
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  result = posix_spawn(process, path, actions, &attributes, (char *const *)arguments, environment);
  posix_spawnattr_destroy(&attributes);
  return result;
}
