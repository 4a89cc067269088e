/*
 * list_lock.h - the lock of a list, which a command holds while it reads the list.
 */
#ifndef SHAREABLE__CLI_LIST_LOCK_H
#define SHAREABLE__CLI_LIST_LOCK_H

#include "cli.h"

/*
 * Waits up to ten seconds for the lock; if another process then still holds it, prints a message and
 * exits. Until list_lock_release(), signals that end a process are blocked, and if the process exits,
 * the lock is released: its next owner must not take this process for an owner that died. Does
 * nothing if this user may only read the list, and so may not lock it.
 */
void list_lock_acquire(shareable_list *list);
void list_lock_release(void);

#endif
