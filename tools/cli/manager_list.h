/*
 * manager_list.h - the subcommands of `shareable manager`.
 */
#ifndef SHAREABLE__CLI_MANAGER_LIST_H
#define SHAREABLE__CLI_MANAGER_LIST_H

#include "manager_find.h"

extern const cli_command cli_manager_list, cli_manager_status, cli_manager_stop;

/* Prints the message that the text is not the PID or the address of one of the managers. */
void manager_warn_not_found(const managers *found, const char *text);

#endif
