/*
 * error.h - how a failure is put into words.
 */
#ifndef SHAREABLE__ERROR_H
#define SHAREABLE__ERROR_H

#include "shareable.h"

/* Fills *error, where there is one, and returns status. `system` is an errno or 0. */
shareable_status shareable__fail(shareable_error *error, shareable_status status, int system, const char *format, ...)
  __attribute__((format(printf, 4, 5)));

/* The same for a system call that failed: the status is the one that fits the errno, which ends the sentence. */
shareable_status shareable__fail_system(shareable_error *error, int system, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

#endif
