/*
 * output.h - what the command prints: all output goes through these functions.
 *
 * No control or format character that comes from a name, a value, an argument or a message reaches a terminal.
 */
#ifndef SHAREABLE__CLI_OUTPUT_H
#define SHAREABLE__CLI_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Sets the locale, and opens the descriptors 0 to 2 that are closed, so that no block gets one of these numbers. Writing
 * to such a descriptor fails, as if it were still closed. main() calls this first.
 */
void cli_output_begin(void);

/* Text that contains nothing from outside, or is escaped (escape.h) already. */
void cli_put(const char *text);
void cli_put_bytes(const char *bytes, size_t length);

/* A value as it is; or, if standard output is a terminal, escaped. */
void cli_put_value(const char *bytes, size_t length);

/* One line, as printf(3) with a newline at the end; the formatted text is escaped. */
void cli_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same on standard error, after `prefix`, which is not escaped. */
void cli_error_line(const char *prefix, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Text of this program's own on standard error. */
void cli_put_error(const char *text);

/* Whether colors are wanted: standard output is a terminal and NO_COLOR is not set. */
bool cli_has_colors(void);

/* Writes out what was printed; 0, or the errno of the first failure. */
int cli_flush(void);

#endif
