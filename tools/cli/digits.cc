/*
 * digits.cc - a float in as few digits as give it again, as Python's repr() writes it.
 *
 * In C++, whose library finds them at once. C's has to be asked with 15, 16 and 17 digits, which takes 25 times as long.
 */
#include "digits.h"

#include <charconv>
#include <cmath>

int cli_digits(char digits[CLI_DIGITS_MAX], double real) {
  const double size = std::fabs(real);
  const bool is_far = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto format = is_far ? std::chars_format::scientific : std::chars_format::fixed;

  return static_cast<int>(std::to_chars(digits, digits + CLI_DIGITS_MAX, real, format).ptr - digits);
}
