/*
 * format_double.cc - formats a float with the fewest digits that identify it, as Python's repr()
 * does.
 *
 * std::to_chars() of C++ finds these digits directly. With printf(3), 15, 16 and 17 digits would
 * have to be tried, which takes 25 times as long.
 */
#include "format_double.h"

#include <charconv>
#include <cmath>

int cli_format_double(char digits[CLI_DOUBLE_MAX], double real) {
  const double size = std::fabs(real);
  const bool is_far = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto format = is_far ? std::chars_format::scientific : std::chars_format::fixed;

  return static_cast<int>(std::to_chars(digits, digits + CLI_DOUBLE_MAX, real, format).ptr - digits);
}
