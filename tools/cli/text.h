/*
 * text.h - converts between values and the texts that are printed and typed for them.
 *
 * An int is decimal. A float has a point or an exponent, or is nan, inf or -inf. A bool is true or
 * false. None is none. A str is the text itself. Bytes are pairs of hexadecimal digits.
 */
#ifndef SHAREABLE__CLI_TEXT_H
#define SHAREABLE__CLI_TEXT_H

#include "cli.h"
#include "escape.h"

typedef enum cli_style {
  CLI_EXACT,    /* a str is unchanged */
  CLI_ONE_LINE, /* a str is escaped by cli_escape() */
  CLI_JSON      /* a JSON value; bytes, and floats that JSON lacks, are strings */
} cli_style;

/* Replaces the content of `out` by the value's text and a NUL. */
void cli_format_value(cli_text *out, const shareable_value *value, cli_style style);

/*
 * Replaces the content of `out` by the members of a JSON object that describe the value exactly:
 * "type", "value", and "bits" for a nan with other bits than Python's.
 */
void cli_format_members(cli_text *out, const shareable_value *value);

/*
 * Replaces the content of `out` by a JSON value that describes the value exactly: an object with
 * these members for bytes and for floats that JSON lacks, otherwise the value itself.
 */
void cli_format_tagged(cli_text *out, const shareable_value *value);

/*
 * These read an item of any length. If it cannot be read, cli_read_item_or_warn() prints the
 * reason. They wait only once for a writer that holds items (held.h), and then return E_BUSY.
 */
shareable_status cli_read_item_or_warn(const shareable_list *list, int64_t index, shareable_value *value,
                                       cli_text *buffer);
shareable_status cli_read_item(const shareable_list *list, int64_t index, shareable_value *value, cli_text *buffer);

const char *cli_type_name(uint32_t type);

/* Returns ": " and what a text must be to be a value of that type, or "". */
const char *cli_type_form(shareable_type type);

/* Returns what is printed as the type of an item that cannot be read: "held" or "corrupt". */
const char *cli_unread_type_name(shareable_status status);

/* Returns the type with that name. Reports a usage error if there is none. */
shareable_type cli_parse_type(const char *name);

/*
 * Parses a value of a type. A str points into `text`, bytes point into `buffer`. Returns false if
 * the text is not a value of that type.
 */
bool cli_parse(const char *text, shareable_type type, shareable_value *value, cli_text *buffer);

/* Parses a value and infers its type: int, float, bool, none, or str for any other text. */
shareable_value cli_parse_any(const char *text);

#endif
