/*
 * value_text.h - the text of a value that a command writes: an argument, or the content of a file.
 */
#ifndef SHAREABLE__CLI_VALUE_TEXT_H
#define SHAREABLE__CLI_VALUE_TEXT_H

#include "text.h"

/* The option in the long form, for each command that has it, and its line of the help. */
#define VALUE_TEXT_FILE 'F'
/* Versions of clang-format differ here. */
/* clang-format off */
#define VALUE_TEXT_LONG                                                                                                \
  { "from-file", required_argument, NULL, VALUE_TEXT_FILE }
/* clang-format on */

typedef struct value_text {
  const char *path; /* of the file; "-": standard input; NULL: the text is an argument */
  const char *bytes;
  size_t length;
  cli_text content; /* of the file */
} value_text;

/* The text of an argument. */
value_text value_text_of(const char *argument);

/*
 * Reads the file. A newline at its end is not part of the text: `get` prints one after each value. Exits
 * if the file cannot be read, or is longer than any value.
 */
value_text value_text_read(const char *path);

void value_text_free(value_text *text);

/*
 * These do the same as cli_parse() and cli_parse_any(). A str points into the text, and may contain NULs
 * if the text is that of a file.
 */
bool value_text_parse(const value_text *text, shareable_type type, shareable_value *value, cli_text *buffer);
shareable_value value_text_parse_any(const value_text *text);

/* Reports that the text is not a value of that type, and exits. `advice` follows, or is "". */
_Noreturn void value_text_die(const value_text *text, shareable_type type, const char *advice);

#endif
