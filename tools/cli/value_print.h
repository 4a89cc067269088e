/*
 * value_print.h - prints values, one per line, for get and the subcommands of dict.
 */
#ifndef SHAREABLE__CLI_VALUE_PRINT_H
#define SHAREABLE__CLI_VALUE_PRINT_H

#include "text.h"

typedef struct value_print_options {
  bool json, with_type, nul_terminated;
} value_print_options;

#define VALUE_PRINT_SHORTS "Jtz"
/* Versions of clang-format differ here. */
/* clang-format off */
#define VALUE_PRINT_LONGS                                                                                              \
  {"json", no_argument, NULL, 'J'}, {"type", no_argument, NULL, 't'}, {"zero", no_argument, NULL, 'z'}
/* clang-format on */

/* Applies one of these options. Returns false if it is another one. */
bool value_print_option(value_print_options *options, int option);

/* Prints a value. `text` is a buffer for it. */
void value_print(const shareable_value *value, cli_text *text, const value_print_options *options);

#endif
