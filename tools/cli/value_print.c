/*
 * value_print.c - prints values, one per line, for get and the subcommands of dict.
 */
#include "value_print.h"

#include "output.h"

bool value_print_option(value_print_options *options, int option) {
  options->json |= option == 'J';
  options->with_type |= option == 't';
  options->nul_terminated |= option == 'z';
  return option == 'J' || option == 't' || option == 'z';
}

void value_print(const shareable_value *value, cli_text *text, const value_print_options *options) {
  if (options->json)
    cli_format_tagged(text, value);
  else
    cli_format_value(text, value, CLI_EXACT);
  if (options->with_type) {
    cli_put(cli_type_name(value->type));
    cli_put(" ");
  }
  if (options->json)
    cli_put_bytes(text->bytes, text->length);
  else
    cli_put_value(text->bytes, text->length);
  cli_put_bytes(options->nul_terminated ? "" : "\n", 1);
}
