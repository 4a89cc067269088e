/*
 * spawn.c - starting a program of this project.
 */
#include "base/spawn.h"

#include <signal.h>
#include <stdlib.h>

const char *shareable__spawn_path(const char *variable, const char *installed) {
  const char *path = secure_getenv(variable);

  return path != NULL && path[0] != '\0' ? path : installed;
}

int shareable__spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                     const char *const *arguments, char *const *environment) {
  posix_spawnattr_t how;
  sigset_t none, all;
  int result = posix_spawnattr_init(&how);

  if (result != 0)
    return result;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&how, &none); /* these three fail only for what is none of their flags */
  posix_spawnattr_setsigdefault(&how, &all);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  result = posix_spawn(process, path, actions, &how, (char *const *)arguments, environment);
  posix_spawnattr_destroy(&how);
  return result;
}
