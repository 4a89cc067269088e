/*
 * digits.h - a float in as few digits as give it again, as Python's repr() writes it.
 */
#ifndef SHAREABLE__CLI_DIGITS_H
#define SHAREABLE__CLI_DIGITS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The longest: a sign, 17 digits, a point, and "e-308"; or 0.0001 and 16 digits more. */
enum { CLI_DIGITS_MAX = 32 };

/* Writes a finite number, without a NUL, and returns how many bytes that took. A whole one below 10^16 has no point. */
int cli_digits(char digits[CLI_DIGITS_MAX], double real);

#ifdef __cplusplus
}
#endif

#endif
