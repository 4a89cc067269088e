/*
 * held.h - items of a list that a living writer holds locked.
 *
 * Reading such an item waits for a second. A stopped or hostile writer may hold every item, so a command waits once: after
 * the first item that timed out, it only looks whether a living writer has the next one locked.
 */
#ifndef SHAREABLE__CLI_HELD_H
#define SHAREABLE__CLI_HELD_H

#include <stdbool.h>

#include "cli.h"

/* Remembers that reading the item timed out. */
void held_remember(const shareable_list *list, int64_t index);

/* Forgets that: the next held item is waited for again. */
void held_forget(void);

/* Returns true if an item timed out before, and a living writer has this one locked. */
bool held_is(const shareable_list *list, int64_t index);

#endif
