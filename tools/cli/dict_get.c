/*
 * dict_get.c - shareable dict get and pop: print the values of keys.
 */
#include <stdlib.h>

#include "dict.h"
#include "dict_call.h"
#include "value_print.h"

enum { STALE = 256 }; /* an option without a short form */

/* The same as dict_get(), for an expired key too. */
static shareable_status get_stale(const shareable_dict *dict, const shareable_value *key, shareable_value *value,
                                  cli_text *buffer, int *is_stale) {
  shareable_status status;

  while ((status = shareable_dict_get_stale(dict, key, value, buffer->bytes, buffer->size, is_stale)) ==
         SHAREABLE_E_BUFFER)
    cli_text_reserve(buffer, (size_t)value->length);
  return status;
}

/* Prints the values until one cannot be read, because a script takes the lines by their positions. */
static int print_values(const shareable_dict *dict, char *const *texts, bool reads_stale, const dict_options *options,
                        const value_print_options *print) {
  cli_text bytes = {0}, buffer = {0}, text = {0};
  shareable_status status = SHAREABLE_OK;
  bool has_stale = false;
  shareable_value value;

  for (; *texts != NULL && status == SHAREABLE_OK; texts++) {
    shareable_value key = dict_key(*texts, options, &bytes);
    int is_stale = 0;

    status = reads_stale ? get_stale(dict, &key, &value, &buffer, &is_stale) : dict_get(dict, &key, &value, &buffer);
    has_stale = has_stale || is_stale;
    if (status == SHAREABLE_OK)
      value_print(&value, &text, print);
    else
      dict_warn(dict, &key, status);
  }
  free(bytes.bytes);
  free(buffer.bytes);
  free(text.bytes);
  if (status != SHAREABLE_OK)
    return CLI_FAILED;
  return has_stale ? CLI_DIFFERENT : CLI_DONE;
}

static int run_get(int argc, char **argv) {
  static const struct option longs[] = {
    VALUE_PRINT_LONGS, DICT_KEY_TYPE_LONG, {"stale", no_argument, NULL, STALE}, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  value_print_options print = {0};
  bool reads_stale = false;
  shareable_dict *dict;
  int option, status;

  while ((option = cli_option(&cli_dict_get, argc, argv, "+:K:" VALUE_PRINT_SHORTS "h", longs)) >= 0)
    if (option == STALE)
      reads_stale = true;
    else if (!dict_option(&options, option))
      value_print_option(&print, option);
  if (argc - optind < 2)
    cli_usage_error("expected NAME and at least one KEY");
  dict_check_keys(argv + optind + 1, &options);
  dict = cli_open_dict(argv[optind], SHAREABLE_READ_ONLY);
  status = print_values(dict, argv + optind + 1, reads_stale, &options, &print);
  shareable_dict_unref(dict);
  return status;
}

const cli_command cli_dict_get = {"dict get", "NAME KEY...", "Print the values of keys, one per line.",
                                  "  -J, --json              print JSON values; bytes, nan and inf become objects\n"
                                  "                          with a type\n"
                                  "  -t, --type              print each value's type before it\n"
                                  "  -z, --zero              end each value with a NUL byte, because a str may\n"
                                  "                          contain newlines\n" DICT_KEY_TYPE_HELP
                                  "  --stale                 also print values of expired keys, and then exit\n"
                                  "                          with status 4\n" DICT_HELP_HELP "\n"
                                  "get stops at the first key that is not in the dict. Options must come before\n"
                                  "NAME, because KEY may begin with '-'.\n",
                                  run_get};

/* The value must be read and deleted in one call. So the buffer has room for any value of the dict. */
static void pop(shareable_dict *dict, const shareable_value *key, const dict_options *options,
                const value_print_options *print) {
  cli_text buffer = {0}, text = {0};
  shareable_value value;
  shareable_status status;

  cli_text_reserve(&buffer, shareable_dict_value_size(dict));
  status = shareable_dict_pop(dict, key, &value, buffer.bytes, buffer.size, options->timeout);
  if (status != SHAREABLE_OK)
    dict_die(dict, key, status);
  value_print(&value, &text, print);
  free(buffer.bytes);
  free(text.bytes);
}

static int run_pop(int argc, char **argv) {
  static const struct option longs[] = {
    VALUE_PRINT_LONGS, DICT_KEY_TYPE_LONG, DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  value_print_options print = {0};
  cli_text bytes = {0};
  shareable_value key;
  shareable_dict *dict;
  int option;

  while ((option = cli_option(&cli_dict_pop, argc, argv, "+:K:w:" VALUE_PRINT_SHORTS "h", longs)) >= 0)
    if (!dict_option(&options, option))
      value_print_option(&print, option);
  if (argc - optind != 2)
    cli_usage_error("expected NAME and KEY");
  key = dict_key(argv[optind + 1], &options, &bytes);
  dict = cli_open_dict(argv[optind], 0);
  pop(dict, &key, &options, &print);
  free(bytes.bytes);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

/* Versions of clang-format differ here. */
/* clang-format off */
const cli_command cli_dict_pop = {
  "dict pop", "NAME KEY", "Print the value of a key, and delete the key.",
  "  -J, --json              print a JSON value\n"
  "  -t, --type              print the value's type before it\n"
  "  -z, --zero              end the value with a NUL byte, not a newline\n" DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP
    DICT_HELP_HELP "\n"
  "No process can change the value between the reading and the deletion. Options\n"
  "must come before NAME.\n",
  run_pop};
/* clang-format on */
