/*
 * checker.h - the thread that checks armed entries at intervals, for changes that wake no waiter:
 * stock Python's writes, those of a writer that is killed before it wakes the waiters, and the death
 * of a lock's owner.
 */
#ifndef SHAREABLE__CHECKER_H
#define SHAREABLE__CHECKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shareable.h"
#include "watch/thread.h"

typedef struct shareable__checker shareable__checker;

/*
 * The interval between two checks of an item, in nanoseconds, and the shorter interval that applies
 * while an entry is armed whose handle no writer wakes; and how many times as long as a round of slow
 * checks the pause after it is. Only tests change these.
 */
extern int64_t shareable__checker_interval;
extern int64_t shareable__checker_short_interval;
extern int64_t shareable__checker_pause_factor;

/* The caller of the functions below holds the watch lock, if not stated otherwise. */

/* Starts the thread if it does not run. Returns E_SYSTEM if the system refuses. */
shareable_status shareable__checker_start(void);

/*
 * Counts an entry that is armed or disarmed. `is_polled`: no writer wakes the entry's handle. While
 * no entry is armed, the thread sleeps.
 */
void shareable__checker_count(bool is_polled, bool is_armed);

/*
 * Makes the thread end, and returns it. The caller passes the result to shareable__checker_join()
 * after it has released the lock.
 */
shareable__checker *shareable__checker_end(void);
void shareable__checker_join(shareable__checker *ended);

/* Frees what a child of a fork inherited of its parent's thread. */
void shareable__checker_forget(void);

#endif
