/*
 * text.c - an item's value ↔ what is printed of it and typed for it.
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "held.h"

static const char *const type_names[] = {"none", "int", "float", "bool", "str", "bytes"};
enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

static void put(cli_text *to, const char *bytes, size_t length) {
  cli_text_clear(to);
  cli_text_add(to, bytes, length);
}

/* With a sign that it is no int. */
static void put_float(cli_text *to, double real) {
  char digits[CLI_DIGITS_MAX + sizeof ".0"];
  int length;

  if (!isfinite(real)) {
    const char *name = isnan(real) ? "nan" : real > 0 ? "inf" : "-inf"; /* of nan, whatever its sign */
    put(to, name, strlen(name));
    return;
  }
  length = cli_digits(digits, real);
  if (memchr(digits, '.', (size_t)length) == NULL && memchr(digits, 'e', (size_t)length) == NULL) {
    digits[length++] = '.';
    digits[length++] = '0';
  }
  put(to, digits, (size_t)length);
}

static void put_hexadecimal(cli_text *to, const char *bytes, size_t length) {
  static const char digits[] = "0123456789abcdef";

  cli_text_reserve(to, 2 * length + 1);
  for (size_t i = 0; i < length; i++) {
    to->bytes[2 * i] = digits[(unsigned char)bytes[i] >> 4];
    to->bytes[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
  }
  to->length = 2 * length;
  to->bytes[to->length] = '\0';
}

static void put_in_quotes(cli_text *to) {
  cli_text_reserve(to, to->length + 3);
  memmove(to->bytes + 1, to->bytes, to->length);
  to->bytes[0] = to->bytes[to->length + 1] = '"';
  to->length += 2;
  to->bytes[to->length] = '\0';
}

static void put_str(cli_text *to, const shareable_value *value, cli_style style) {
  const char *text = value->length == 0 ? "" : value->text;
  size_t length = (size_t)value->length;

  cli_text_clear(to);
  if (style == CLI_JSON)
    cli_escape_json(to, text, length);
  else if (style == CLI_ONE_LINE)
    cli_escape(to, text, length);
  else
    cli_text_add(to, text, length);
}

void cli_text_of(cli_text *to, const shareable_value *value, cli_style style) {
  char digits[24];

  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    /* cppcheck-suppress uninitvar; an argument is made before the function runs */
    put(to, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, value->integer));
    break;
  case SHAREABLE_TYPE_FLOAT:
    put_float(to, value->real);
    if (style == CLI_JSON && !isfinite(value->real))
      put_in_quotes(to);
    break;
  case SHAREABLE_TYPE_BOOL:
    put(to, value->boolean ? "true" : "false", value->boolean ? 4 : 5);
    break;
  case SHAREABLE_TYPE_STR:
    put_str(to, value, style);
    break;
  case SHAREABLE_TYPE_BYTES:
    put_hexadecimal(to, value->text, (size_t)value->length);
    if (style == CLI_JSON)
      put_in_quotes(to);
    break;
  default:
    put(to, style == CLI_JSON ? "null" : "none", 4);
  }
}

shareable_status cli_try_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer) {
  shareable_status status;

  if (held_is(list, index))
    return SHAREABLE_E_TIMED_OUT;
  while ((status = shareable_list_get(list, index, value, buffer->bytes, buffer->size)) == SHAREABLE_E_BUFFER)
    cli_text_reserve(buffer, (size_t)value->length);
  if (status == SHAREABLE_E_TIMED_OUT)
    held_remember(list, index);
  return status;
}

shareable_status cli_read_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer) {
  shareable_status status = cli_try_item(list, index, value, buffer);
  shareable_error error;

  if (status == SHAREABLE_OK)
    return status;
  shareable_list_explain(list, index, status, &error);
  cli_complain("%s", error.text);
  return status;
}

const char *cli_type_of_unread(shareable_status status) {
  return status == SHAREABLE_E_TIMED_OUT ? "held" : "damaged";
}

const char *cli_type_name(uint32_t type) {
  return type < TYPE_COUNT ? type_names[type] : "?";
}

shareable_type cli_type(const char *name) {
  for (unsigned i = 0; i < TYPE_COUNT; i++)
    if (strcmp(name, type_names[i]) == 0)
      return (shareable_type)i;
  cli_misuse("unknown type '%s': expected int, float, bool, str, bytes or none", name);
}

static bool read_int(const char *text, shareable_value *value) {
  int64_t integer = 0;
  bool is_read = cli_integer(text, &integer);

  *value = shareable_int(integer);
  return is_read;
}

/* A number that is too large for a float is not one: it would become infinite. */
static bool read_float(const char *text, shareable_value *value) {
  char *end;

  errno = 0;
  *value = shareable_float(strtod(text, &end));
  return !isspace((unsigned char)*text) && end != text && *end == '\0' && !(errno == ERANGE && isinf(value->real));
}

static bool read_bytes(const char *text, shareable_value *value, cli_text *buffer) {
  size_t length = strlen(text);

  if (length % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != length)
    return false;
  cli_text_reserve(buffer, length / 2 + 1);
  for (size_t i = 0; i < length / 2; i++)
    sscanf(text + 2 * i, "%2hhx", (unsigned char *)&buffer->bytes[i]);
  *value = shareable_bytes(buffer->bytes, length / 2);
  return true;
}

bool cli_value(const char *text, shareable_type type, shareable_value *value, cli_text *buffer) {
  switch (type) {
  case SHAREABLE_TYPE_INT:
    return read_int(text, value);
  case SHAREABLE_TYPE_FLOAT:
    return read_float(text, value);
  case SHAREABLE_TYPE_BOOL:
    *value = shareable_bool(strcmp(text, "true") == 0);
    return value->boolean || strcmp(text, "false") == 0;
  case SHAREABLE_TYPE_STR:
    *value = shareable_str(text);
    return true;
  case SHAREABLE_TYPE_BYTES:
    return read_bytes(text, value, buffer);
  default:
    *value = shareable_none();
    return strcmp(text, "none") == 0;
  }
}

shareable_value cli_guess(const char *text) {
  static const shareable_type order[] = {SHAREABLE_TYPE_INT, SHAREABLE_TYPE_FLOAT, SHAREABLE_TYPE_BOOL,
                                         SHAREABLE_TYPE_NONE};
  cli_text none = {0}; /* of what has no text */
  shareable_value value;

  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    if (cli_value(text, order[i], &value, &none))
      return value;
    else if (order[i] == SHAREABLE_TYPE_INT && cli_integer_base(text) != 0)
      break; /* too large for an int: as a float it would lose digits */
  return shareable_str(text);
}
