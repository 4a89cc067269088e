/*
 * dict_number.c - shareable dict add and cas: atomic changes of a number.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "dict.h"
#include "dict_call.h"
#include "output.h"

static _Noreturn void die(const shareable_dict *dict, const shareable_value *key, shareable_status status,
                          const char *type) {
  shareable_error error;

  if (status != SHAREABLE_E_TYPE)
    dict_die(dict, key, status);
  shareable_dict_explain(dict, key, status, &error);
  cli_die_message(cli_format("%s, not %s: 'shareable dict set --type' changes its type", error.message, type));
}

/* A number to add, or the initial value: a float, or an int. */
static shareable_value parse_number(const char *text, const char *noun) {
  shareable_value number = cli_parse_any(text);

  if (number.type != SHAREABLE_TYPE_INT && number.type != SHAREABLE_TYPE_FLOAT)
    cli_usage_error("'%s' is not a valid %s: expected an int of 64 bits or a float", text, noun);
  return number;
}

static double real_of(const shareable_value *number) {
  return number->type == SHAREABLE_TYPE_FLOAT ? number->real : (double)number->integer;
}

/* Returns the sum. If one of the numbers is a float, adds to a float. */
static shareable_value add(shareable_dict *dict, const shareable_value *key, const shareable_value *number,
                           const shareable_value *initial, const dict_options *options) {
  shareable_value sum;
  shareable_status status;

  if (number->type == SHAREABLE_TYPE_INT && initial->type == SHAREABLE_TYPE_INT) {
    sum = shareable_int(0);
    status =
      shareable_dict_add(dict, key, number->integer, initial->integer, 0, options->ttl, options->timeout, &sum.integer);
    if (status != SHAREABLE_OK)
      die(dict, key, status, "an int");
    return sum;
  }
  sum = shareable_float(0);
  status = shareable_dict_add_float(dict, key, real_of(number), real_of(initial), 0, options->ttl, options->timeout,
                                    &sum.real);
  if (status != SHAREABLE_OK)
    die(dict, key, status, "a float");
  return sum;
}

static void print(const shareable_value *number) {
  cli_text text = {0};

  cli_format_value(&text, number, CLI_EXACT);
  cli_line("%s", text.bytes);
  free(text.bytes);
}

static int run_add(int argc, char **argv) {
  static const struct option longs[] = {{"initial", required_argument, NULL, 'I'},
                                        DICT_TTL_LONG,
                                        DICT_KEY_TYPE_LONG,
                                        DICT_TIMEOUT_LONG,
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  shareable_value key, number = shareable_int(1), initial = shareable_int(0), sum;
  dict_options options = DICT_OPTIONS;
  cli_text bytes = {0};
  shareable_dict *dict;
  int option;

  while ((option = cli_option(&cli_dict_add, argc, argv, "+:T:K:w:h", longs)) >= 0)
    if (!dict_option(&options, option))
      initial = parse_number(optarg, "initial value");
  if (argc - optind != 2 && argc - optind != 3)
    cli_usage_error("expected NAME, KEY and at most one NUMBER");
  key = dict_key(argv[optind + 1], &options, &bytes);
  if (argc - optind == 3)
    number = parse_number(argv[optind + 2], "number to add");
  dict = cli_open_dict(argv[optind], 0);
  sum = add(dict, &key, &number, &initial, &options);
  print(&sum);
  free(bytes.bytes);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

/* Versions of clang-format differ here. */
/* clang-format off */
const cli_command cli_dict_add = {
  "dict add", "NAME KEY [NUMBER]", "Add a number to the value of a key, atomically, and print the sum.",
  "  --initial NUMBER        the value before, if the key is absent [0]\n"
  "  -T, --ttl SECONDS       a new key expires after SECONDS; 0: never [0]\n" DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP
    DICT_HELP_HELP "\n"
  "NUMBER is 1 if it is missing, and may be negative. If NUMBER or the initial\n"
  "value is a float (1.0), the value must be a float, otherwise an int. A key that\n"
  "is in the dict keeps its TTL. Processes that add at the same time, in any\n"
  "language, lose nothing. Options must come before NAME.\n",
  run_add};
/* clang-format on */

static int64_t parse_int(const char *text, const char *noun) {
  return cli_parse_number(text, INT64_MIN, INT64_MAX, noun);
}

static int run_cas(int argc, char **argv) {
  static const struct option longs[] = {DICT_KEY_TYPE_LONG, DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  cli_text bytes = {0};
  int64_t value, desired;
  shareable_status status;
  shareable_value key;
  shareable_dict *dict;
  int option, exchanged;

  while ((option = cli_option(&cli_dict_cas, argc, argv, "+:K:w:h", longs)) >= 0)
    dict_option(&options, option);
  if (argc - optind != 4)
    cli_usage_error("expected NAME, KEY, EXPECTED and NEW");
  key = dict_key(argv[optind + 1], &options, &bytes);
  value = parse_int(argv[optind + 2], "expected value");
  desired = parse_int(argv[optind + 3], "new value");
  dict = cli_open_dict(argv[optind], 0);
  status = shareable_dict_compare_exchange(dict, &key, &value, desired, options.timeout, &exchanged);
  if (status != SHAREABLE_OK)
    die(dict, &key, status, "an int");
  cli_line("%" PRId64, value);
  free(bytes.bytes);
  shareable_dict_unref(dict);
  return exchanged ? CLI_DONE : CLI_DIFFERENT;
}

const cli_command cli_dict_cas = {"dict cas", "NAME KEY EXPECTED NEW",
                                  "Replace an int if it has the expected value, atomically.",
                                  DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP DICT_HELP_HELP
                                  "\n"
                                  "Prints the value that the key had. The exit status is 0 if that was EXPECTED\n"
                                  "and the value is now NEW, and 4 if the key has another value and is unchanged.\n"
                                  "The key keeps its TTL.\n",
                                  run_cas};
