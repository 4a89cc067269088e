/*
 * atomic.c - shareable add and cas: atomic changes of an int in a list.
 */
#include <inttypes.h>

#include "cli.h"
#include "output.h"

static _Noreturn void die(const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  if (status != SHAREABLE_E_TYPE)
    cli_die_item(list, index, status);
  shareable_list_explain_item(list, index, status, &error);
  cli_die_message(cli_format("%s, not an int: 'shareable set --type int' changes its type", error.message));
}

static int64_t parse_int(const char *text, const char *noun) {
  return cli_parse_number(text, INT64_MIN, INT64_MAX, noun);
}

static int run_add(int argc, char **argv) {
  static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
  int64_t index, number = 1, sum;
  shareable_status status;
  shareable_list *list;

  while (cli_option(&cli_add, argc, argv, "+:h", longs) >= 0)
    ;
  if (argc - optind != 2 && argc - optind != 3)
    cli_usage_error("expected NAME, INDEX and at most one NUMBER");
  index = cli_parse_index(argv[optind + 1]);
  if (argc - optind == 3)
    number = parse_int(argv[optind + 2], "number to add");
  list = cli_open(argv[optind], 0);
  status = shareable_list_add(list, index, number, &sum);
  if (status != SHAREABLE_OK)
    die(list, index, status);
  cli_line("%" PRId64, sum);
  shareable_list_unref(list);
  return CLI_DONE;
}

const cli_command cli_add = {"add", "NAME INDEX [NUMBER]", "Add a number to an int, atomically, and print the sum.",
                             "  -h, --help  print this help\n"
                             "\n"
                             "NUMBER is 1 if it is missing, and may be negative. Processes that add at the\n"
                             "same time, in any language, lose nothing.\n",
                             run_add};

static int run_cas(int argc, char **argv) {
  static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
  int64_t index, value, desired;
  shareable_status status;
  shareable_list *list;
  int exchanged;

  while (cli_option(&cli_cas, argc, argv, "+:h", longs) >= 0)
    ;
  if (argc - optind != 4)
    cli_usage_error("expected NAME, INDEX, EXPECTED and NEW");
  index = cli_parse_index(argv[optind + 1]);
  value = parse_int(argv[optind + 2], "expected value");
  desired = parse_int(argv[optind + 3], "new value");
  list = cli_open(argv[optind], 0);
  status = shareable_list_compare_exchange(list, index, &value, desired, &exchanged);
  if (status != SHAREABLE_OK)
    die(list, index, status);
  cli_line("%" PRId64, value);
  shareable_list_unref(list);
  return exchanged ? CLI_DONE : CLI_DIFFERENT;
}

const cli_command cli_cas = {"cas", "NAME INDEX EXPECTED NEW",
                             "Replace an int if it has the expected value, atomically.",
                             "  -h, --help  print this help\n"
                             "\n"
                             "Prints the value that the item had. The exit status is 0 if that was EXPECTED\n"
                             "and the item is now NEW, and 4 if the item has another value and is unchanged.\n",
                             run_cas};
