/*
 * error.h - how a failure is put into words.
 */
#ifndef SHAREABLE__ERROR_H
#define SHAREABLE__ERROR_H

#include "shareable.h"

/* What an errno means: in English, in static memory or the thread's own. */
const char *shareable__system_text(int system);

/*
 * Fills *error, where there is one, and returns status. `system` is an errno or 0. The format has %s, %.*s, %d, %u, %x and %#o
 * alone, with l, ll or z, and no %%. Every text is quoted by shareable__quote(): a caller gives names and answers as they are.
 */
shareable_status shareable__error_set(shareable_error *error, shareable_status status, int system, const char *format,
                                      ...) __attribute__((format(printf, 4, 5)));

/* The same for a system call that failed: the status is the one that fits the errno, which ends the sentence. */
shareable_status shareable__error_set_errno(shareable_error *error, int system, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

/* Says to compilers and analysers what they cannot see from one file: that what fails does not return success. */
static inline shareable_status shareable__is_failure(shareable_status status) {
  if (status == SHAREABLE_OK)
    __builtin_unreachable();
  return status;
}

/* As these, for a status that is none of success. */
#define shareable__fail(...) shareable__is_failure(shareable__error_set(__VA_ARGS__))
#define shareable__fail_system(...) shareable__is_failure(shareable__error_set_errno(__VA_ARGS__))

#endif
