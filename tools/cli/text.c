/*
 * text.c - converts between values and the texts that are printed and typed for them.
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format_double.h"
#include "held.h"

static const char *const type_names[] = {"none", "int", "float", "bool", "str", "bytes"};
enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

static void put(cli_text *out, const char *bytes, size_t length) {
  cli_text_clear(out);
  cli_text_add(out, bytes, length);
}

/* Adds ".0" if the text would look like an int. */
static void put_float(cli_text *out, double real) {
  char digits[CLI_DOUBLE_MAX + sizeof ".0"];
  int length;

  if (!isfinite(real)) {
    const char *name = isnan(real) ? "nan" : real > 0 ? "inf" : "-inf"; /* nan has no sign */
    put(out, name, strlen(name));
    return;
  }
  length = cli_format_double(digits, real);
  if (memchr(digits, '.', (size_t)length) == NULL && memchr(digits, 'e', (size_t)length) == NULL) {
    digits[length++] = '.';
    digits[length++] = '0';
  }
  put(out, digits, (size_t)length);
}

static void put_hexadecimal(cli_text *out, const char *bytes, size_t length) {
  static const char digits[] = "0123456789abcdef";

  cli_text_reserve(out, 2 * length + 1);
  for (size_t i = 0; i < length; i++) {
    out->bytes[2 * i] = digits[(unsigned char)bytes[i] >> 4];
    out->bytes[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
  }
  out->length = 2 * length;
  out->bytes[out->length] = '\0';
}

static void put_in_quotes(cli_text *out) {
  cli_text_reserve(out, out->length + 3);
  memmove(out->bytes + 1, out->bytes, out->length);
  out->bytes[0] = out->bytes[out->length + 1] = '"';
  out->length += 2;
  out->bytes[out->length] = '\0';
}

static void put_str(cli_text *out, const shareable_value *value, cli_style style) {
  const char *text = value->length == 0 ? "" : value->text;
  size_t length = (size_t)value->length;

  cli_text_clear(out);
  if (style == CLI_JSON)
    cli_escape_json(out, text, length);
  else if (style == CLI_ONE_LINE)
    cli_escape(out, text, length);
  else
    cli_text_add(out, text, length);
}

void cli_format_value(cli_text *out, const shareable_value *value, cli_style style) {
  char digits[24];

  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    /* cppcheck-suppress uninitvar; snprintf() fills the array before put() reads it */
    put(out, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, value->integer));
    break;
  case SHAREABLE_TYPE_FLOAT:
    put_float(out, value->real);
    if (style == CLI_JSON && !isfinite(value->real))
      put_in_quotes(out);
    break;
  case SHAREABLE_TYPE_BOOL:
    put(out, value->boolean ? "true" : "false", value->boolean ? 4 : 5);
    break;
  case SHAREABLE_TYPE_STR:
    put_str(out, value, style);
    break;
  case SHAREABLE_TYPE_BYTES:
    put_hexadecimal(out, value->text, (size_t)value->length);
    if (style == CLI_JSON)
      put_in_quotes(out);
    break;
  default:
    put(out, style == CLI_JSON ? "null" : "none", 4);
  }
}

/* The bits of the nan that Python and this command write. */
#define NAN_BITS UINT64_C(0x7ff8000000000000)

void cli_format_members(cli_text *out, const shareable_value *value) {
  cli_text text = {0};
  char bits[64];
  uint64_t word;

  cli_format_value(&text, value, CLI_JSON);
  cli_text_clear(out);
  cli_text_add(out, "\"type\": \"", 9);
  cli_text_add(out, cli_type_name(value->type), strlen(cli_type_name(value->type)));
  cli_text_add(out, "\", \"value\": ", 12);
  cli_text_add(out, text.bytes, text.length);
  memcpy(&word, &value->real, sizeof word);
  if (value->type == SHAREABLE_TYPE_FLOAT && isnan(value->real) && word != NAN_BITS)
    cli_text_add(out, bits, (size_t)snprintf(bits, sizeof bits, ", \"bits\": \"0x%016" PRIx64 "\"", word));
  free(text.bytes);
}

void cli_format_tagged(cli_text *out, const shareable_value *value) {
  cli_text members = {0};

  if (value->type != SHAREABLE_TYPE_BYTES && !(value->type == SHAREABLE_TYPE_FLOAT && !isfinite(value->real))) {
    cli_format_value(out, value, CLI_JSON);
    return;
  }
  cli_format_members(&members, value);
  cli_text_clear(out);
  cli_text_add(out, "{", 1);
  cli_text_add(out, members.bytes, members.length);
  cli_text_add(out, "}", 1);
  free(members.bytes);
}

shareable_status cli_read_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer) {
  shareable_status status;

  if (held_is(list, index))
    return SHAREABLE_E_BUSY;
  while ((status = shareable_list_get(list, index, value, buffer->bytes, buffer->size)) == SHAREABLE_E_BUFFER)
    cli_text_reserve(buffer, (size_t)value->length);
  if (status == SHAREABLE_E_BUSY)
    held_record(list, index);
  return status;
}

shareable_status cli_read_item_or_warn(const shareable_list *list, int64_t index, shareable_value *value,
                                       cli_text *buffer) {
  shareable_status status = cli_read_item(list, index, value, buffer);
  shareable_error error;

  if (status == SHAREABLE_OK)
    return status;
  shareable_list_explain_item(list, index, status, &error);
  cli_warn_message(error.message);
  return status;
}

const char *cli_unread_type_name(shareable_status status) {
  return status == SHAREABLE_E_BUSY ? "held" : "corrupt";
}

const char *cli_type_name(uint32_t type) {
  return type < TYPE_COUNT ? type_names[type] : "?";
}

const char *cli_type_form(shareable_type type) {
  switch (type) {
  case SHAREABLE_TYPE_INT:
    return ": an int is an integer from -9223372036854775808 to 9223372036854775807";
  case SHAREABLE_TYPE_BOOL:
    return ": a bool is true or false";
  case SHAREABLE_TYPE_BYTES:
    return ": bytes are pairs of hexadecimal digits";
  default:
    return "";
  }
}

shareable_type cli_parse_type(const char *name) {
  for (unsigned i = 0; i < TYPE_COUNT; i++)
    if (strcmp(name, type_names[i]) == 0)
      return (shareable_type)i;
  cli_usage_error("unknown type '%s': expected int, float, bool, str, bytes or none", name);
}

static bool read_int(const char *text, shareable_value *value) {
  int64_t integer = 0;
  bool is_read = cli_parse_integer(text, &integer);

  *value = shareable_int(integer);
  return is_read;
}

/* Rejects a number that is too large for a float: it would become infinite. */
static bool read_float(const char *text, shareable_value *value) {
  char *end;

  errno = 0;
  *value = shareable_float(strtod(text, &end));
  return !isspace((unsigned char)*text) && end != text && *end == '\0' && !(errno == ERANGE && isinf(value->real));
}

static int digit_value(char digit) {
  return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

static bool read_bytes(const char *text, shareable_value *value, cli_text *buffer) {
  size_t length = strlen(text);

  if (length % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != length)
    return false;
  cli_text_reserve(buffer, length / 2 + 1);
  for (size_t i = 0; i < length / 2; i++)
    buffer->bytes[i] = (char)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
  *value = shareable_bytes(buffer->bytes, length / 2);
  return true;
}

bool cli_parse(const char *text, shareable_type type, shareable_value *value, cli_text *buffer) {
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

shareable_value cli_parse_any(const char *text) {
  static const shareable_type order[] = {SHAREABLE_TYPE_INT, SHAREABLE_TYPE_FLOAT, SHAREABLE_TYPE_BOOL,
                                         SHAREABLE_TYPE_NONE};
  cli_text none = {0}; /* stays empty: no type of `order` needs a buffer */
  shareable_value value;

  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    if (cli_parse(text, order[i], &value, &none))
      return value;
    else if (order[i] == SHAREABLE_TYPE_INT && cli_integer_base(text) != 0)
      break; /* too large for an int: a float would lose digits */
  return shareable_str(text);
}
