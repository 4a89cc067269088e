/*
 * keeper.h - unlinks the blocks of one owner when the owner has ended.
 */
#ifndef REAPER_KEEPER_H
#define REAPER_KEEPER_H

#include "shm/ownership_log.h"

/*
 * Waits until the log's owner and its successor have ended. Then unlinks the blocks in the log, and
 * the log.
 */
void reaper_keep(const shareable__owner_directory *directory, const char *name);

/*
 * Unlinks the blocks in a log whose owner and reaper have ended, unless its successor is alive.
 * Unlinks a log that was never filled.
 */
void reaper_reap_stale_log(shareable__ownership_log *log, void *context);

#endif
