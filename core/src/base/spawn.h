/*
 * spawn.h - starts the programs of this project.
 */
#ifndef SHAREABLE__SPAWN_H
#define SHAREABLE__SPAWN_H

#include <spawn.h>
#include <sys/types.h>

/*
 * Starts a program in its own session, so that a terminal's signals do not reach it, with no signal
 * blocked or ignored. `actions` may be NULL. Returns 0 or an errno.
 */
int shareable__spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                     const char *const *arguments, char *const *environment);

#endif
