/*
 * dump_dict.h - prints the keys and the values of a dict.
 */
#ifndef SHAREABLE__CLI_DUMP_DICT_H
#define SHAREABLE__CLI_DUMP_DICT_H

#include "cli.h"

/* Prints at most `count` keys, which may be UINT64_MAX. Returns the number of those that could not be read. */
uint64_t dump_dict(const shareable_dict *dict, uint64_t count, bool json, bool noheadings);

#endif
