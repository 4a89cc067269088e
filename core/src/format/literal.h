/*
 * literal.h - reads a Python literal token by token, as far as the header of a .npy file needs it.
 *
 * Each function skips white space first. If the next token is another one, the function returns
 * false and consumes nothing but the white space.
 */
#ifndef SHAREABLE__LITERAL_H
#define SHAREABLE__LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct shareable__literal {
  const char *next, *end;
} shareable__literal;

/* Text inside a literal, which is not NUL-terminated. */
typedef struct shareable__span {
  const char *text;
  size_t length; /* in bytes */
} shareable__span;

/* Takes one character of punctuation. */
bool shareable__literal_take(shareable__literal *literal, char punctuation);

/* Takes a string in single or double quotes. Its escape sequences are not decoded. */
bool shareable__literal_string(shareable__literal *literal, shareable__span *string);

/* Takes a decimal integer, without a sign. Python 2 wrote an L after a long one. */
bool shareable__literal_integer(shareable__literal *literal, uint64_t *integer);

/* Takes True or False. */
bool shareable__literal_boolean(shareable__literal *literal, bool *boolean);

bool shareable__literal_is_at_end(shareable__literal *literal);

bool shareable__span_is(const shareable__span *span, const char *text);

#endif
