/*
 * text.h - an item's value ↔ what is printed of it and typed for it.
 *
 * An int is decimal, a float has a point or an exponent (or is nan, inf, -inf), a bool is true or false, None is none, a str
 * is itself, bytes are pairs of hexadecimal digits.
 */
#ifndef SHAREABLE__CLI_TEXT_H
#define SHAREABLE__CLI_TEXT_H

#include "cli.h"
#include "escape.h"

typedef enum cli_style {
  CLI_EXACT,    /* a str as it is */
  CLI_ONE_LINE, /* a str as cli_escape() writes it */
  CLI_JSON      /* a JSON value; bytes, and the floats that JSON has not, as strings */
} cli_style;

/* Puts the value into the text, in place of what was there, and a NUL behind it. */
void cli_text_of(cli_text *to, const shareable_value *value, cli_style style);

/*
 * Reads an item, whatever its length. If it cannot be read, cli_read_item() reports why; cli_try_item() does not. A writer
 * that holds items is waited for once (held.h): E_TIMED_OUT.
 */
shareable_status cli_read_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer);
shareable_status cli_try_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer);

const char *cli_type_name(uint32_t type);

/* What is printed in place of a type if the item cannot be read: "held" or "damaged". */
const char *cli_type_of_unread(shareable_status status);

/* A type by its name, or the end of the program. */
shareable_type cli_type(const char *name);

/* Reads a value of a type; a text points into `text`, bytes into `buffer`. False: it is not written so. */
bool cli_value(const char *text, shareable_type type, shareable_value *value, cli_text *buffer);

/* A value of the type that it looks like: int, float, bool, none, or else str. */
shareable_value cli_guess(const char *text);

#endif
