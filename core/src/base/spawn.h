/*
 * spawn.h - starting a program of this project.
 */
#ifndef SHAREABLE__SPAWN_H
#define SHAREABLE__SPAWN_H

#include <spawn.h>
#include <sys/types.h>

/* Where a program is: what the environment variable says (in the build tree), or else where it was installed. */
const char *shareable__spawn_path(const char *variable, const char *installed);

/*
 * Starts it in a session of its own, so that what a terminal sends is not for it, with no signal of this process's blocked or
 * ignored. `actions` may be NULL. An errno.
 */
int shareable__spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                     const char *const *arguments, char *const *environment);

#endif
