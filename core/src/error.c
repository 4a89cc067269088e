/*
 * error.c - every status, and how a failure is put into words.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

_Static_assert(sizeof(shareable_error) == 512, "shareable_error is part of the ABI");

const char *shareable_status_text(int status) {
  switch (status) {
#define CASE(name, number, kind, text)                                                                                 \
  case number:                                                                                                         \
    return text;
    SHAREABLE_STATUS_MAP(CASE)
#undef CASE
  }
  return "unknown status";
}

const char *shareable_status_name(int status) {
  switch (status) {
#define CASE(name, number, kind, text)                                                                                 \
  case number:                                                                                                         \
    return #name;
    SHAREABLE_STATUS_MAP(CASE)
#undef CASE
  }
  return "E_UNKNOWN";
}

int shareable_status_kind(int status) {
  switch (status) {
#define CASE(name, number, kind, text)                                                                                 \
  case number:                                                                                                         \
    return kind;
    SHAREABLE_STATUS_MAP(CASE)
#undef CASE
  }
  return 0;
}

const char *shareable_version(void) {
#define STRING(x) #x
#define DOTTED(a, b, c) STRING(a) "." STRING(b) "." STRING(c)
  return DOTTED(SHAREABLE_VERSION_MAJOR, SHAREABLE_VERSION_MINOR, SHAREABLE_VERSION_PATCH);
}

static shareable_status status_of(int system) {
  switch (system) {
  case ENOENT:
    return SHAREABLE_E_NOT_FOUND;
  case EEXIST:
    return SHAREABLE_E_EXISTS;
  case EACCES:
  case EPERM:
    return SHAREABLE_E_PERMISSION;
  case ENOSPC:
    return SHAREABLE_E_NO_SPACE;
  case ENOMEM:
    return SHAREABLE_E_NO_MEMORY;
  default:
    return SHAREABLE_E_SYSTEM;
  }
}

shareable_status shareable__tell(shareable_error *error, shareable_status status, int system, const char *format, ...) {
  va_list arguments;

  if (error == NULL)
    return status;
  error->status = status;
  error->system = system;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

shareable_status shareable__tell_system(shareable_error *error, int system, const char *format, ...) {
  va_list arguments;
  char subject[400];

  va_start(arguments, format);
  vsnprintf(subject, sizeof subject, format, arguments);
  va_end(arguments);
  return shareable__tell(error, status_of(system), system, "%s: %s", subject, strerror(system));
}
