/*
 * process.h - a process as tables show it: its command and its user.
 */
#ifndef SHAREABLE__CLI_PROCESS_H
#define SHAREABLE__CLI_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns whether /proc is mounted: without it, no process can be seen. */
bool process_proc_is_mounted(void);

/*
 * Returns the command name of a process, as ps(1) shows it with -o comm: any bytes, at most 63, so
 * escape it (escape.h). Returns NULL if the process has ended, or if /proc does not show it. The
 * caller frees the name. Not cached, because a pid may be reused.
 */
char *process_command(int64_t pid);

/*
 * Returns the same text, or NULL, as it was when it was first asked for. This is for a table of a
 * single moment: a process may use thousands of blocks. The text is valid until this program exits.
 */
const char *process_command_once(int64_t pid);

/* Ends the moment: process_command_once() asks again, and the texts that it returned are freed. */
void process_forget_commands(void);

/*
 * Returns the name of a user, or the uid in digits if the user has no name. The text is valid until
 * this program exits. Each user is looked up once.
 */
const char *process_user_name(uid_t uid);

#endif
