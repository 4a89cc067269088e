/*
 * error.c - the statuses and error messages.
 */
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/quote.h"

_Static_assert(sizeof(shareable_error) == 512, "shareable_error is part of the ABI");

const char *shareable_status_message(int status) {
  switch (status) {
#define CASE(name, number, nearest_errno, message)                                                                     \
  case number:                                                                                                         \
    return message;
    SHAREABLE_STATUS_MAP(CASE)
#undef CASE
  }
  return "unknown status";
}

const char *shareable_status_name(int status) {
  switch (status) {
#define CASE(name, number, nearest_errno, message)                                                                     \
  case number:                                                                                                         \
    return #name;
    SHAREABLE_STATUS_MAP(CASE)
#undef CASE
  }
  return "E_UNKNOWN";
}

int shareable_status_errno(int status) {
  switch (status) {
#define CASE(name, number, nearest_errno, message)                                                                     \
  case number:                                                                                                         \
    return nearest_errno;
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

/*
 * strerrordesc_np() of glibc is never translated. Other systems have strerror_r() with one of two
 * types.
 */
#if defined(__GLIBC_PREREQ)
#define HAS_DESCRIPTIONS __GLIBC_PREREQ(2, 32)
#else
#define HAS_DESCRIPTIONS 0
#endif
#if HAS_DESCRIPTIONS
const char *shareable__errno_text(int errnum) {
  const char *text = strerrordesc_np(errnum);

  return text == NULL ? "unknown error" : text;
}
#else
static const char *buffer_of_posix(int result, const char *buffer) {
  return result == 0 ? buffer : "unknown error";
}

static const char *result_of_gnu(const char *result, const char *buffer) {
  (void)buffer;
  return result;
}

const char *shareable__errno_text(int errnum) {
  static _Thread_local char buffer[100];

  return _Generic(strerror_r(0, buffer, sizeof buffer), int: buffer_of_posix, char *: result_of_gnu)(
    strerror_r(errnum, buffer, sizeof buffer), buffer);
}
#endif

static shareable_status status_of(int errnum) {
  switch (errnum) {
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

/*
 * The maximum number of bytes that are shown of a name in quotes, of another text, and of a text
 * with a length (%.*s). The description of the errno needs room too.
 */
enum { NAME_MAX_SHOWN = 100, TEXT_MAX_SHOWN = 200, ANSWER_MAX_SHOWN = 300 };

typedef struct message {
  char *text;
  size_t capacity, length;
} message;

typedef struct arguments {
  va_list list;
} arguments;

static void append(message *out, const char *text, size_t length, size_t limit) {
  out->length += shareable__quote(out->text + out->length, out->capacity - out->length, text, length, limit);
}

static intmax_t take_signed(unsigned longs, bool is_size, arguments *values) {
  if (is_size)
    return va_arg(values->list, ssize_t);
  return longs == 0   ? va_arg(values->list, int)
         : longs == 1 ? va_arg(values->list, long)
                      : va_arg(values->list, long long);
}

static uintmax_t take_unsigned(unsigned longs, bool is_size, arguments *values) {
  if (is_size)
    return va_arg(values->list, size_t);
  return longs == 0   ? va_arg(values->list, unsigned)
         : longs == 1 ? va_arg(values->list, unsigned long)
                      : va_arg(values->list, unsigned long long);
}

/* Appends a number for %d, %u, %x or %#o, with l, ll or z. */
static const char *append_number(message *out, const char *format, arguments *values) {
  bool has_prefix = *format == '#', is_size = false;
  unsigned longs = 0;
  char digits[32];

  for (format += has_prefix; *format == 'l' || *format == 'z'; format++) {
    longs += *format == 'l';
    is_size |= *format == 'z';
  }
  if (*format == 'd')
    snprintf(digits, sizeof digits, "%jd", take_signed(longs, is_size, values));
  else if (*format == 'u')
    snprintf(digits, sizeof digits, "%ju", take_unsigned(longs, is_size, values));
  else if (*format == 'x')
    snprintf(digits, sizeof digits, "%jx", take_unsigned(longs, is_size, values));
  else
    snprintf(digits, sizeof digits, has_prefix ? "%#jo" : "%jo", take_unsigned(longs, is_size, values));
  append(out, digits, strlen(digits), sizeof digits);
  return format + 1;
}

static const char *append_text(message *out, const char *format, bool is_name, arguments *values) {
  int limit = *format == '.' ? va_arg(values->list, int) : INT_MAX;
  const char *text = va_arg(values->list, const char *);
  size_t length = text == NULL ? 0 : strnlen(text, (size_t)limit);

  append(out, text, length, *format == '.' ? ANSWER_MAX_SHOWN : is_name ? NAME_MAX_SHOWN : TEXT_MAX_SHOWN);
  return format + (*format == '.' ? 3 : 1);
}

/*
 * Formats like vsnprintf(), but quotes each text (quote.h) and shortens it. So no caller can forget
 * to quote, and a long name leaves room for the rest of the message. Supports only the conversions
 * that messages use.
 */
static void append_all(message *out, const char *format, arguments *values) {
  while (*format != '\0') {
    size_t literal = strcspn(format, "%");
    bool is_name = literal > 0 && format[literal - 1] == '\'';

    append(out, format, literal, out->capacity);
    format += literal;
    if (*format == '\0')
      break;
    format++;
    if (*format == 's' || *format == '.')
      format = append_text(out, format, is_name, values);
    else
      format = append_number(out, format, values);
  }
}

shareable_status shareable__error_set(shareable_error *error, shareable_status status, int errnum, const char *format,
                                      ...) {
  message out;
  arguments values;

  if (error == NULL)
    return status;
  error->status = status;
  error->sys_errno = errnum;
  out = (message){error->message, sizeof error->message, 0};
  va_start(values.list, format);
  append_all(&out, format, &values);
  va_end(values.list);
  return status;
}

shareable_status shareable__error_set_errno(shareable_error *error, int errnum, const char *format, ...) {
  const char *reason = shareable__errno_text(errnum);
  message out;
  arguments values;

  if (error == NULL)
    return status_of(errnum);
  error->status = status_of(errnum);
  error->sys_errno = errnum;
  out = (message){error->message, sizeof error->message - strlen(": ") - strlen(reason), 0};
  va_start(values.list, format);
  append_all(&out, format, &values);
  va_end(values.list);
  out.capacity = sizeof error->message;
  append(&out, ": ", 2, out.capacity);
  append(&out, reason, strlen(reason), out.capacity);
  return error->status;
}
