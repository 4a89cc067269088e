/*
 * format_double.h - formats a float with the fewest digits that identify it, as Python's repr()
 * does.
 */
#ifndef SHAREABLE__CLI_FORMAT_DOUBLE_H
#define SHAREABLE__CLI_FORMAT_DOUBLE_H

#ifdef __cplusplus
extern "C" {
#endif

/* The longest texts: a sign, 17 digits, a point and "e-308"; or 0.0001 and 16 more digits. */
enum { CLI_DOUBLE_MAX = 32 };

/*
 * Writes a finite number without a NUL, and returns its length in bytes. An integral number below
 * 10^16 has no point.
 */
int cli_format_double(char digits[CLI_DOUBLE_MAX], double real);

#ifdef __cplusplus
}
#endif

#endif
