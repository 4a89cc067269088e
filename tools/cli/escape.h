/*
 * escape.h - escapes untrusted text for terminals and JSON.
 *
 * A name, a value, an argument or an error message may contain any bytes. Control characters
 * have effects on a terminal, and format characters reorder or hide the text around them. These are
 * escaped, and so are bytes that are not UTF-8.
 */
#ifndef SHAREABLE__CLI_ESCAPE_H
#define SHAREABLE__CLI_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing text. The caller initializes it to zeros and frees `bytes`, which end in a NUL after
 * the first addition.
 */
typedef struct cli_text {
  char *bytes;
  size_t size, length;
} cli_text;

/* Grows the buffer to at least `size` bytes. */
void cli_text_reserve(cli_text *out, size_t size);
void cli_text_clear(cli_text *out);
void cli_text_add(cli_text *out, const char *bytes, size_t length);

/*
 * Adds the bytes as one line. Control and format characters, backslashes and bytes that are not
 * UTF-8 become one \xHH for each byte, so the result is unambiguous.
 */
void cli_escape(cli_text *out, const char *bytes, size_t length);

/*
 * Adds a message of the library, in which names are already escaped: its backslashes are not
 * escaped again.
 */
void cli_escape_message(cli_text *out, const char *bytes, size_t length);

/* Returns the escaped text, which the caller frees. */
char *cli_escaped(const char *text);

/*
 * Adds the bytes as a JSON string in quotes. Control and format characters become \uHHHH. A byte
 * 0xHH that is not UTF-8 becomes \udcHH, as in Python's surrogateescape: os.fsencode() decodes it.
 */
void cli_escape_json(cli_text *out, const char *bytes, size_t length);

/*
 * Sets whether characters that are not ASCII are escaped too. A terminal that is not set to UTF-8
 * may interpret some of their bytes as control characters.
 */
void cli_escape_to_ascii(bool is_ascii);

#endif
