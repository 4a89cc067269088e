/*
 * literal.c - reads a Python literal token by token.
 */
#include "format/literal.h"

#include <string.h>

static void skip_space(shareable__literal *literal) {
  while (literal->next < literal->end && (*literal->next == ' ' || *literal->next == '\n' || *literal->next == '\t'))
    literal->next++;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Returns whether `c` can continue a word or a number. */
static bool is_of_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

bool shareable__literal_take(shareable__literal *literal, char punctuation) {
  skip_space(literal);
  if (literal->next == literal->end || *literal->next != punctuation)
    return false;
  literal->next++;
  return true;
}

bool shareable__literal_string(shareable__literal *literal, shareable__span *string) {
  const char *next;
  char quote;

  skip_space(literal);
  if (literal->next == literal->end || (*literal->next != '\'' && *literal->next != '"'))
    return false;
  quote = *literal->next;
  for (next = literal->next + 1; next < literal->end && *next != quote; next++) {
    if (*next == '\\')
      next++;
    if (next >= literal->end || (unsigned char)*next < ' ')
      return false;
  }
  if (next >= literal->end)
    return false;
  *string = (shareable__span){literal->next + 1, (size_t)(next - literal->next - 1)};
  literal->next = next + 1;
  return true;
}

bool shareable__literal_integer(shareable__literal *literal, uint64_t *integer) {
  const char *next;
  uint64_t number = 0;

  skip_space(literal);
  for (next = literal->next; next < literal->end && is_digit(*next); next++)
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, (uint64_t)(*next - '0'), &number))
      return false;
  if (next == literal->next || (*literal->next == '0' && next - literal->next > 1))
    return false;
  if (next < literal->end && *next == 'L')
    next++;
  if (next < literal->end && is_of_word(*next))
    return false;
  literal->next = next;
  *integer = number;
  return true;
}

static bool take_word(shareable__literal *literal, const char *word) {
  size_t length = strlen(word), left = (size_t)(literal->end - literal->next);

  if (left < length || memcmp(literal->next, word, length) != 0 || (left > length && is_of_word(literal->next[length])))
    return false;
  literal->next += length;
  return true;
}

bool shareable__literal_boolean(shareable__literal *literal, bool *boolean) {
  skip_space(literal);
  *boolean = take_word(literal, "True");
  return *boolean || take_word(literal, "False");
}

bool shareable__literal_is_at_end(shareable__literal *literal) {
  skip_space(literal);
  return literal->next == literal->end;
}

bool shareable__span_is(const shareable__span *span, const char *text) {
  return span->length == strlen(text) && memcmp(span->text, text, span->length) == 0;
}
