/*
 * dict.h - the subcommands of shareable dict.
 */
#ifndef SHAREABLE__CLI_DICT_H
#define SHAREABLE__CLI_DICT_H

#include "cli.h"

extern const cli_command cli_dict_get, cli_dict_set, cli_dict_add, cli_dict_cas, cli_dict_pop, cli_dict_del,
  cli_dict_ls, cli_dict_watch, cli_dict_wait, cli_dict_ttl, cli_dict_expire, cli_dict_copy, cli_dict_clear,
  cli_dict_reindex;

#endif
