/*
 * limits.h - the resource limits of the reaper, which inherits those of the owner that starts it.
 */
#ifndef REAPER_LIMITS_H
#define REAPER_LIMITS_H

#include <stdbool.h>

/* Raises all limits that could stop the reaper, as far as it may. */
void limits_raise(void);

/* Whether so many further files can be open at a time. errno is set if not. */
bool limits_allow_files(int count);

#endif
