/*
 * output.h - prints to standard output and standard error. All output uses these functions.
 *
 * No control or format character of a name, a value, an argument or a message reaches a terminal.
 */
#ifndef SHAREABLE__CLI_OUTPUT_H
#define SHAREABLE__CLI_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sets the locale. Opens those of the descriptors 0 to 2 that are closed, so that no block gets one
 * of these numbers. Writes to such a descriptor still fail. main() calls this first.
 */
void cli_output_begin(void);

/* These print trusted text, or text that is already escaped (escape.h). */
void cli_put(const char *text);
void cli_put_bytes(const char *bytes, size_t length);

/* Prints a value unchanged, or escaped if standard output is a terminal. */
void cli_put_value(const char *bytes, size_t length);

/* Prints one line, as printf(3) does. Escapes the formatted text and adds a newline. */
void cli_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints such a line to standard error, after the unescaped `prefix`. */
void cli_error_line(const char *prefix, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Prints a message of the library to standard error, as a line. */
void cli_error_message(const char *prefix, const char *message);

/* Prints trusted text to standard error. */
void cli_put_error(const char *text);

/* Returns true if standard output is a terminal and NO_COLOR is not set. */
bool cli_has_colors(void);

/*
 * Waits until the descriptor (-1: none) is readable, for at most `timeout` nanoseconds. If the reader
 * of standard output closes it meanwhile, ends this process, as a write to it would do.
 */
void cli_wait_readable(int fd, int64_t timeout);

/* Flushes standard output. Returns 0, or the errno of the first write that failed. */
int cli_flush(void);

#endif
