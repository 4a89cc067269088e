/*
 * orphan.h - finding out whether the process that becomes the parent of orphans waits for them when they exit.
 */
#ifndef REAPER_ORPHAN_H
#define REAPER_ORPHAN_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes an orphan that exits at once. Returns its pid, or 0 if no process can be made. */
pid_t orphan_make(void);

/* Whether the orphan is no zombie any more: its new parent has waited for it. */
bool orphan_is_gone(pid_t orphan);

/* The same, within 300 ms. */
bool orphan_goes(pid_t orphan);

#endif
