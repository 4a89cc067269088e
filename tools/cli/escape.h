/*
 * escape.h - text from outside the program, made safe to show: on a terminal, and in JSON.
 *
 * A name, a value, an argument or an error message may contain any bytes. Control characters drive a terminal, and
 * format characters reorder or hide the text around them. These are escaped, as are bytes that are not UTF-8.
 */
#ifndef SHAREABLE__CLI_ESCAPE_H
#define SHAREABLE__CLI_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* A growing text. Initialize it to zeros; the caller frees `bytes`, which end in a NUL once anything was added. */
typedef struct cli_text {
  char *bytes;
  size_t size, length;
} cli_text;

/* Makes room for `size` bytes in all. */
void cli_text_reserve(cli_text *to, size_t size);
void cli_text_clear(cli_text *to);
void cli_text_add(cli_text *to, const char *bytes, size_t length);

/*
 * Adds the bytes on one line: each byte of a control or format character, of a backslash, and of what is not UTF-8 as
 * \xHH. The result is unambiguous.
 */
void cli_escape(cli_text *to, const char *bytes, size_t length);

/* The same for a whole string, as memory that the caller frees. */
char *cli_escaped(const char *text);

/*
 * Adds the bytes as a JSON string with its quotes. Control and format characters are \uHHHH; a byte 0xHH that is not
 * UTF-8 is \udcHH, as Python's surrogateescape has it, and becomes that byte again by os.fsencode().
 */
void cli_escape_json(cli_text *to, const char *bytes, size_t length);

/*
 * Whether characters beyond ASCII are escaped too, from now on: a terminal that is not set to UTF-8 may take some of
 * their bytes for control characters.
 */
void cli_escape_to_ascii(bool is_ascii);

#endif
