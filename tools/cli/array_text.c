/*
 * array_text.c - the texts that are printed for arrays and their items.
 */
#include "array_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *array_dtype_text(const shareable_array *array) {
  static const char *const names[] = {"",        "bool",    "int8",    "int16",     "int32",
                                      "int64",   "uint8",   "uint16",  "uint32",    "uint64",
                                      "float16", "float32", "float64", "complex64", "complex128"};
  shareable_dtype dtype = shareable_array_dtype(array);
  const char *descr = shareable_array_descr(array);

  if (dtype != SHAREABLE_DTYPE_BYTES)
    return cli_format("%s", names[dtype]);
  if (descr[0] != '\'' && descr[0] != '"')
    return cli_format("%s", descr);
  return cli_format("%.*s", (int)strlen(descr) - 2, descr + 1);
}

char *array_shape_text(const shareable_array *array, bool is_json) {
  size_t ndim = shareable_array_ndim(array);
  const uint64_t *shape = shareable_array_shape(array);
  cli_text text = {0};
  char length[32];

  if (ndim == 0)
    return cli_format("%s", is_json ? "" : "()");
  for (size_t i = 0; i < ndim; i++)
    cli_text_add(&text, length, (size_t)snprintf(length, sizeof length, "%s%" PRIu64, i == 0 ? "" : ",", shape[i]));
  return text.bytes;
}

const char *array_order_name(const shareable_array *array) {
  return array->npy.is_fortran_order ? "F" : "C";
}

/* A format of IEEE 754 that is narrower than a double, which has each of its numbers. */
typedef struct narrow_format {
  int fraction_bits, bias;
  /*
   * If a text of at most digits_min digits identifies a number, it is the number rounded to digits_min
   * digits, unless the number is subnormal. No number needs more than digits_max digits.
   */
  int digits_min, digits_max;
} narrow_format;

static const narrow_format half = {10, 15, 3, 5}, single = {23, 127, 6, 9};

/* Returns the number with these bits, without a sign. That after the largest one is not infinite. */
static double magnitude_of(const narrow_format *format, uint32_t bits) {
  uint32_t one = UINT32_C(1) << format->fraction_bits;
  int exponent = (int)(bits >> format->fraction_bits);

  if (exponent == 0)
    return ldexp(bits, 1 - format->bias - format->fraction_bits);
  return ldexp((bits & (one - 1)) | one, exponent - format->bias - format->fraction_bits);
}

/*
 * Returns the double whose text is the shortest one that identifies the narrow number: 0.1, and not
 * 0.0999755859375, which is the number itself. An integral number keeps all digits before its point.
 */
static double shortest(const narrow_format *format, uint32_t bits) {
  double exact = magnitude_of(format, bits), rounded = exact;
  double above = (exact + magnitude_of(format, bits + 1)) / 2;
  double below;
  int digits = bits >> format->fraction_bits == 0 ? 1 : format->digits_min;
  char text[32];

  if (exact < 1e16 && exact == floor(exact))
    return exact;
  below = (exact + magnitude_of(format, bits - 1)) / 2;
  for (; digits <= format->digits_max; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, exact);
    rounded = strtod(text, NULL);
    if (below < rounded && rounded < above)
      break;
  }
  return rounded;
}

/* `size` is the number of bits without the sign. */
static double narrow_float(const narrow_format *format, uint32_t word, int size) {
  uint32_t sign = UINT32_C(1) << size, bits = word & (sign - 1);
  uint32_t infinite = sign - (UINT32_C(1) << format->fraction_bits);
  double real = bits > infinite ? (double)NAN : bits == infinite ? (double)INFINITY : shortest(format, bits);

  return (word & sign) != 0 ? -real : real;
}

/* Reads an unsigned number of 1, 2, 4 or 8 bytes. */
static uint64_t read_unsigned(const void *bytes, size_t size) {
  uint16_t two;
  uint32_t four;
  uint64_t eight;

  switch (size) {
  case 1:
    return *(const unsigned char *)bytes;
  case sizeof two:
    memcpy(&two, bytes, sizeof two);
    return two;
  case sizeof four:
    memcpy(&four, bytes, sizeof four);
    return four;
  default:
    memcpy(&eight, bytes, sizeof eight);
    return eight;
  }
}

static int64_t read_signed(const void *bytes, size_t size) {
  uint64_t sign = UINT64_C(1) << (8 * size - 1);

  return (int64_t)((read_unsigned(bytes, size) ^ sign) - sign);
}

static double read_half(const void *bytes) {
  return narrow_float(&half, (uint32_t)read_unsigned(bytes, 2), 15);
}

static double read_single(const void *bytes) {
  return narrow_float(&single, (uint32_t)read_unsigned(bytes, 4), 31);
}

static double read_double(const void *bytes) {
  double real;

  memcpy(&real, bytes, sizeof real);
  return real;
}

/* Formats a complex number of two parts. */
static void format_complex(cli_text *out, double real, double imaginary, cli_style style) {
  const shareable_value parts[2] = {shareable_float(real), shareable_float(imaginary)};
  cli_text second = {0};

  cli_format_value(out, &parts[0], style);
  cli_format_value(&second, &parts[1], style);
  if (style == CLI_JSON) {
    char *array = cli_format("[%s, %s]", out->bytes, second.bytes);

    cli_text_clear(out);
    cli_text_add(out, array, strlen(array));
    free(array);
  } else {
    cli_text_add(out, "+", second.bytes[0] != '-');
    cli_text_add(out, second.bytes, second.length);
    cli_text_add(out, "j", 1);
  }
  free(second.bytes);
}

static void format_unsigned(cli_text *out, uint64_t integer) {
  char digits[24];

  cli_text_clear(out);
  cli_text_add(out, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, integer));
}

/* Another process may have stored any number in a bool. */
static shareable_value value_of(shareable_dtype dtype, const void *number, size_t size) {
  switch (dtype) {
  case SHAREABLE_DTYPE_BOOL:
    return shareable_bool(read_unsigned(number, size) != 0);
  case SHAREABLE_DTYPE_F16:
    return shareable_float(read_half(number));
  case SHAREABLE_DTYPE_F32:
    return shareable_float(read_single(number));
  case SHAREABLE_DTYPE_F64:
    return shareable_float(read_double(number));
  default:
    return shareable_int(read_signed(number, size));
  }
}

void array_format_number(cli_text *out, const shareable_array *array, const void *number, cli_style style) {
  shareable_dtype dtype = shareable_array_dtype(array);
  size_t size = shareable_array_item_size(array);
  const char *second = (const char *)number + size / 2;
  shareable_value value;

  switch (dtype) {
  case SHAREABLE_DTYPE_U8:
  case SHAREABLE_DTYPE_U16:
  case SHAREABLE_DTYPE_U32:
  case SHAREABLE_DTYPE_U64:
    format_unsigned(out, read_unsigned(number, size));
    break;
  case SHAREABLE_DTYPE_C64:
    format_complex(out, read_single(number), read_single(second), style);
    break;
  case SHAREABLE_DTYPE_C128:
    format_complex(out, read_double(number), read_double(second), style);
    break;
  default:
    value = value_of(dtype, number, size);
    cli_format_value(out, &value, style);
  }
}
