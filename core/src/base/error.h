/*
 * error.h - error messages.
 */
#ifndef SHAREABLE__ERROR_H
#define SHAREABLE__ERROR_H

#include "shareable.h"

/* Returns the English description of an errno, in static or thread-local memory. */
const char *shareable__errno_text(int errnum);

/*
 * Fills *error unless it is NULL, and returns `status`. `errnum` is an errno or 0. The format may
 * contain only %s, %.*s, %d, %u, %x and %#o, with l, ll or z, and no %%. Every text argument is
 * quoted by shareable__quote(): a caller passes names and peers' answers unchanged.
 */
shareable_status shareable__error_set(shareable_error *error, shareable_status status, int errnum, const char *format,
                                      ...) __attribute__((format(printf, 4, 5)));

/*
 * Does the same for a failed system call: the status follows from the errno, and the errno's
 * description ends the message.
 */
shareable_status shareable__error_set_errno(shareable_error *error, int errnum, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

/*
 * Informs compilers and analysers, which see only one file, that a failure does not return success.
 */
static inline shareable_status shareable__is_failure(shareable_status status) {
  if (status == SHAREABLE_OK)
    __builtin_unreachable();
  return status;
}

/* The two functions above, for a status that is not SHAREABLE_OK. */
#define shareable__fail(...) shareable__is_failure(shareable__error_set(__VA_ARGS__))
#define shareable__fail_errno(...) shareable__is_failure(shareable__error_set_errno(__VA_ARGS__))

#endif
