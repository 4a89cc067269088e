/*
 * wanted.c - a value that a command waits for, compared in the type that the present value has.
 */
#include "wanted.h"

#include <math.h>
#include <string.h>

static bool texts_equal(const shareable_value *a, const shareable_value *b) {
  return a->length == b->length && (a->length == 0 || memcmp(a->text, b->text, (size_t)a->length) == 0);
}

static bool floats_equal(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

/* Compares values of the same type. */
static bool values_equal(const shareable_value *a, const shareable_value *b) {
  switch (a->type) {
  case SHAREABLE_TYPE_INT:
    return a->integer == b->integer;
  case SHAREABLE_TYPE_FLOAT:
    return floats_equal(a->real, b->real);
  case SHAREABLE_TYPE_BOOL:
    return (a->boolean != 0) == (b->boolean != 0);
  case SHAREABLE_TYPE_NONE:
    return true;
  default:
    return texts_equal(a, b);
  }
}

#define TWO_TO_63 9223372036854775808.0

/* As in Python, 5.0 equals the int 5. The conversion of a larger float would be undefined. */
static bool equals_real(int64_t integer, double real) {
  return real >= -TWO_TO_63 && real < TWO_TO_63 && (double)(int64_t)real == real && (int64_t)real == integer;
}

/* Parses the wanted value in the type of the present one. A float that is an integer is also an int. */
static bool parse(wanted_value *wanted, const shareable_value *value, shareable_value *parsed) {
  if (cli_parse(wanted->text, (shareable_type)value->type, parsed, &wanted->parsed))
    return true;
  return value->type == SHAREABLE_TYPE_INT && wanted->type == NULL &&
         cli_parse(wanted->text, SHAREABLE_TYPE_FLOAT, parsed, &wanted->parsed);
}

wanted_match wanted_compare(wanted_value *wanted, const shareable_value *value) {
  shareable_value parsed;
  bool is_equal;

  if (wanted->type != NULL && strcmp(wanted->type, cli_type_name(value->type)) != 0)
    return WANTED_DIFFERENT;
  if (!parse(wanted, value, &parsed))
    return WANTED_IMPOSSIBLE;
  is_equal = parsed.type == value->type ? values_equal(value, &parsed) : equals_real(value->integer, parsed.real);
  return is_equal ? WANTED_EQUAL : WANTED_DIFFERENT;
}

void wanted_check(wanted_value *wanted) {
  shareable_value value;
  shareable_type type;

  if (wanted->type == NULL)
    return;
  type = cli_parse_type(wanted->type);
  if (!cli_parse(wanted->text, type, &value, &wanted->parsed))
    cli_usage_error("'%s' is not a valid %s%s", wanted->text, wanted->type, cli_type_form(type));
}

bool wanted_is_nan(const shareable_value *value) {
  return value->type == SHAREABLE_TYPE_FLOAT && isnan(value->real);
}
