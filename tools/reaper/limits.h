/*
 * limits.h - the resource limits of the reaper, which it inherits from the owner that starts it.
 */
#ifndef REAPER_LIMITS_H
#define REAPER_LIMITS_H

#include <stdbool.h>

/* Raises all limits that could stop the reaper, as far as this process may. */
void limits_raise(void);

/* Returns whether `count` more files can be open at the same time; false with errno if not. */
bool limits_allow_files(int count);

#endif
