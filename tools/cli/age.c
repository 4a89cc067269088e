/*
 * age.c - reads and formats ages, as in 2h.
 */
#include "age.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  int64_t seconds;
  char name;
} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

enum { UNITS = sizeof units / sizeof *units };

char *cli_age(int64_t seconds, const cli_view *view) {
  size_t i = 0;

  if (view->in_bytes)
    return cli_format("%" PRId64, seconds);
  while (i < UNITS - 1 && seconds < 2 * units[i].seconds)
    i++;
  return cli_format("%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
}

/* Returns the seconds of a unit, or 0. No suffix stands for seconds, as in sleep(1). */
static int64_t unit_of(const char *suffix) {
  if (suffix[0] == '\0')
    return 1;
  for (size_t i = 0; i < UNITS; i++)
    if (suffix[0] == units[i].name && suffix[1] == '\0')
      return units[i].seconds;
  return 0;
}

int64_t cli_parse_age(const char *text) {
  size_t digits = strspn(text, "0123456789");
  int64_t unit = unit_of(text + digits), number = 0;
  char *copy = cli_format("%.*s", (int)digits, text);

  if (unit == 0 || !cli_parse_integer(copy, &number) || __builtin_mul_overflow(number, unit, &number))
    cli_usage_error("'%s' is not a valid age: expected a number and s, m, h or d, such as 2h", text);
  free(copy);
  return number;
}
