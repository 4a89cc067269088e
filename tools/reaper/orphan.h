/*
 * orphan.h - tests whether the process that becomes the parent of orphans reaps them when they
 * exit.
 */
#ifndef REAPER_ORPHAN_H
#define REAPER_ORPHAN_H

#include <stdbool.h>
#include <sys/types.h>

/* Creates an orphan that exits at once. Returns its pid, or 0 if no process can be created. */
pid_t orphan_make(void);

/* Returns whether the orphan's new parent has reaped it: it is no longer a zombie. */
bool orphan_is_reaped(pid_t orphan);

/* Waits until the orphan is reaped, at most 300 ms. Returns whether it is reaped. */
bool orphan_is_reaped_soon(pid_t orphan);

#endif
