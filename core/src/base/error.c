/*
 * error.c - every status, and how a failure is put into words.
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

/* glibc's is never translated. Others have one function of two types. */
#if defined(__GLIBC_PREREQ)
#define HAS_DESCRIPTIONS __GLIBC_PREREQ(2, 32)
#else
#define HAS_DESCRIPTIONS 0
#endif
#if HAS_DESCRIPTIONS
const char *shareable__system_text(int system) {
  const char *text = strerrordesc_np(system);

  return text == NULL ? "unknown error" : text;
}
#else
static const char *filled(int result, const char *buffer) {
  return result == 0 ? buffer : "unknown error";
}

static const char *returned(const char *result, const char *buffer) {
  (void)buffer;
  return result;
}

const char *shareable__system_text(int system) {
  static _Thread_local char buffer[100];

  return _Generic(strerror_r(0, buffer, sizeof buffer), int: filled, char *: returned)(
    strerror_r(system, buffer, sizeof buffer), buffer);
}
#endif

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

/* The most that is shown of a name in quotes, of other text, and of an answer with a length: the reason must have room too. */
enum { NAME_SHOWN = 100, TEXT_SHOWN = 200, ANSWER_SHOWN = 300 };

typedef struct sentence {
  char *text;
  size_t room, used;
} sentence;

typedef struct arguments {
  va_list list;
} arguments;

static void append(sentence *to, const char *text, size_t length, size_t limit) {
  to->used += shareable__quote(to->text + to->used, to->room - to->used, text, length, limit);
}

static intmax_t take_signed(unsigned longs, bool is_size, arguments *from) {
  if (is_size)
    return va_arg(from->list, ssize_t);
  return longs == 0 ? va_arg(from->list, int) : longs == 1 ? va_arg(from->list, long) : va_arg(from->list, long long);
}

static uintmax_t take_unsigned(unsigned longs, bool is_size, arguments *from) {
  if (is_size)
    return va_arg(from->list, size_t);
  return longs == 0   ? va_arg(from->list, unsigned)
         : longs == 1 ? va_arg(from->list, unsigned long)
                      : va_arg(from->list, unsigned long long);
}

/* Of %d, %u, %x and %#o, with l, ll or z. */
static const char *append_number(sentence *to, const char *format, arguments *from) {
  bool has_prefix = *format == '#', is_size = false;
  unsigned longs = 0;
  char digits[32];

  for (format += has_prefix; *format == 'l' || *format == 'z'; format++) {
    longs += *format == 'l';
    is_size |= *format == 'z';
  }
  if (*format == 'd')
    snprintf(digits, sizeof digits, "%jd", take_signed(longs, is_size, from));
  else if (*format == 'u')
    snprintf(digits, sizeof digits, "%ju", take_unsigned(longs, is_size, from));
  else if (*format == 'x')
    snprintf(digits, sizeof digits, "%jx", take_unsigned(longs, is_size, from));
  else
    snprintf(digits, sizeof digits, has_prefix ? "%#jo" : "%jo", take_unsigned(longs, is_size, from));
  append(to, digits, strlen(digits), sizeof digits);
  return format + 1;
}

static const char *append_text(sentence *to, const char *format, bool is_name, arguments *from) {
  int most = *format == '.' ? va_arg(from->list, int) : INT_MAX;
  const char *text = va_arg(from->list, const char *);
  size_t length = text == NULL ? 0 : strnlen(text, (size_t)most);

  append(to, text, length, *format == '.' ? ANSWER_SHOWN : is_name ? NAME_SHOWN : TEXT_SHOWN);
  return format + (*format == '.' ? 3 : 1);
}

/*
 * As vsnprintf(), for the conversions that sentences need, with each text quoted (quote.h). So no caller can forget to do that,
 * and a long name leaves room for what follows it.
 */
static void append_all(sentence *to, const char *format, arguments *from) {
  while (*format != '\0') {
    size_t plain = strcspn(format, "%");
    bool is_name = plain > 0 && format[plain - 1] == '\'';

    append(to, format, plain, to->room);
    format += plain;
    if (*format == '\0')
      break;
    format++;
    if (*format == 's' || *format == '.')
      format = append_text(to, format, is_name, from);
    else
      format = append_number(to, format, from);
  }
}

shareable_status shareable__error_set(shareable_error *error, shareable_status status, int system, const char *format,
                                      ...) {
  sentence text;
  arguments from;

  if (error == NULL)
    return status;
  error->status = status;
  error->system = system;
  text = (sentence){error->text, sizeof error->text, 0};
  va_start(from.list, format);
  append_all(&text, format, &from);
  va_end(from.list);
  return status;
}

shareable_status shareable__error_set_errno(shareable_error *error, int system, const char *format, ...) {
  const char *reason = shareable__system_text(system);
  sentence text;
  arguments from;

  if (error == NULL)
    return status_of(system);
  error->status = status_of(system);
  error->system = system;
  text = (sentence){error->text, sizeof error->text - strlen(": ") - strlen(reason), 0};
  va_start(from.list, format);
  append_all(&text, format, &from);
  va_end(from.list);
  text.room = sizeof error->text;
  append(&text, ": ", 2, text.room);
  append(&text, reason, strlen(reason), text.room);
  return error->status;
}
