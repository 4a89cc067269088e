/*
 * reaper.h - starts shareable-reaper, which unlinks the blocks in an ownership log when their owner
 * has ended.
 */
#ifndef SHAREABLE__REAPER_H
#define SHAREABLE__REAPER_H

#include "shareable.h"

/*
 * Starts the reaper of the log `name` in the directory `directory` of /dev/shm. Returns 0 or an
 * errno.
 */
int shareable__reaper_start(const char *directory, const char *name);

/* Fills *error for an errno of shareable__reaper_start(), and returns the status. */
shareable_status shareable__reaper_fail(shareable_error *error, int errnum);

#endif
