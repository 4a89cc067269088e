/*
 * size.c - a number of bytes, as the user writes it.
 */
#include "size.h"

#include <string.h>

#include "cli.h"

uint64_t size_parse(const char *text) {
  static const char units[] = "KMGT";
  size_t length = strlen(text);
  const char *unit = length == 0 ? NULL : strchr(units, text[length - 1]);
  char number[32];
  int shift = 0;

  if (unit == NULL || *unit == '\0' || length >= sizeof number)
    return (uint64_t)cli_parse_number(text, 1, INT64_MAX, "size in bytes");
  shift = 10 * (int)(unit - units + 1);
  memcpy(number, text, length - 1);
  number[length - 1] = '\0';
  return (uint64_t)cli_parse_number(number, 1, INT64_MAX >> shift, "size") << shift;
}
