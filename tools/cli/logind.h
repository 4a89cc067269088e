/*
 * logind.h - whether systemd's logind removes the blocks of a user when the last session ends.
 */
#ifndef SHAREABLE__CLI_LOGIND_H
#define SHAREABLE__CLI_LOGIND_H

#include <stdbool.h>
#include <sys/types.h>

bool logind_is_running(void);

/* Returns the setting RemoveIPC, as logind reads it from its files. */
bool logind_removes_ipc(void);

/* Returns whether logind removes nothing of this user, whatever the setting. */
bool logind_spares(uid_t user);

#endif
