/*
 * held.h - items of a list that a living writer holds locked.
 *
 * Reading such an item takes a second. A stopped or hostile writer may hold all items, so a command
 * waits only once. After the first item that timed out, it only checks whether a living writer has
 * the next item locked.
 */
#ifndef SHAREABLE__CLI_HELD_H
#define SHAREABLE__CLI_HELD_H

#include <stdbool.h>

#include "cli.h"

/* Records that reading the item timed out. */
void held_record(const shareable_list *list, int64_t index);

/* Clears the record: the command waits again for the next held item. */
void held_clear(void);

/* Returns true if a previous item timed out and a living writer has this item locked. */
bool held_is(const shareable_list *list, int64_t index);

#endif
