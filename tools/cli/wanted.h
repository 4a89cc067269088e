/*
 * wanted.h - a value that a command waits for, compared in the type that the present value has.
 */
#ifndef SHAREABLE__CLI_WANTED_H
#define SHAREABLE__CLI_WANTED_H

#include "text.h"

typedef struct wanted_value {
  const char *text;
  const char *type; /* the name of the only type that the value may have, or NULL */
  cli_text parsed;
} wanted_value;

/* Reports a usage error if the text is not a value of the type. */
void wanted_check(wanted_value *wanted);

typedef enum wanted_match {
  WANTED_DIFFERENT,
  WANTED_IMPOSSIBLE, /* no value of the present type is the wanted one */
  WANTED_EQUAL
} wanted_match;

/* Compares a value with the wanted one. As in Python, 5.0 equals the int 5. */
wanted_match wanted_compare(wanted_value *wanted, const shareable_value *value);

/* Returns whether the value is NaN, which differs from itself. */
bool wanted_is_nan(const shareable_value *value);

#endif
