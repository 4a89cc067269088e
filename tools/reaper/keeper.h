/*
 * keeper.h - clearing the log of one owner, once it has ended.
 */
#ifndef REAPER_KEEPER_H
#define REAPER_KEEPER_H

#include "shm/ownership_log.h"

/* Waits until the log's owner has ended, and its heir; then clears the log. */
void reaper_keep(const shareable__owner_directory *directory, const char *name);

/* A visit: clears a log whose owner has ended with its reaper, if it has no heir that lives, and a file that was never filled. */
void reaper_sweep(shareable__ownership_log *log, void *context);

#endif
