/*
 * size.c - a number of bytes, as the user writes it.
 */
#include "size.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Returns the number of bits by which a unit shifts a number, or 0. */
static int shift_of(char unit) {
  static const char units[] = "KMGT";
  const char *found = unit == '\0' ? NULL : strchr(units, toupper((unsigned char)unit));

  return found == NULL ? 0 : 10 * (int)(found - units + 1);
}

/* Parses an integer, or decimal digits with a point. Returns a negative number for other text. */
static long double parse_number(const char *text) {
  int64_t integer;
  long double number;
  char *end;

  if (cli_parse_integer(text, &integer))
    return (long double)integer;
  if (text[strspn(text, "0123456789.")] != '\0')
    return -1;
  number = strtold(text, &end);
  return end == text || *end != '\0' ? -1 : number;
}

uint64_t size_parse(const char *text) {
  size_t length = strlen(text);
  int shift = length == 0 ? 0 : shift_of(text[length - 1]);
  char *number = cli_format("%.*s", (int)length - (shift > 0), text);
  long double size = parse_number(number) * (long double)(UINT64_C(1) << shift);
  uint64_t whole = size > 0 && size < 0x1p63L ? (uint64_t)size : 0;

  if (!(size > 0 && size < 0x1p63L) || (shift == 0 && (long double)whole < size))
    cli_usage_error(
      "'%s' is not a valid size: expected a number of bytes, such as 4096, or with K, M, G or T, as in 1.5G", text);
  free(number);
  return whole + ((long double)whole < size);
}
