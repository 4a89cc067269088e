/*
 * dict_ls.c - shareable dict ls: lists the keys of a dict.
 */
#include <stdlib.h>

#include "dict.h"
#include "dict_visit.h"
#include "value_print.h"

static int run_ls(int argc, char **argv) {
  static const struct option longs[] = {VALUE_PRINT_LONGS, {"help", no_argument, NULL, 'h'}, {0}};
  value_print_options options = {0};
  cli_text text = {0};
  shareable_dict *dict;
  dict_visit visit;
  int option, status = CLI_DONE;

  while ((option = cli_option(&cli_dict_ls, argc, argv, ":" VALUE_PRINT_SHORTS "h", longs)) >= 0)
    value_print_option(&options, option);
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  dict = cli_open_dict(argv[optind], SHAREABLE_READ_ONLY);
  for (dict_visit_begin(&visit, dict); dict_visit_next(&visit);)
    if (visit.key_status == SHAREABLE_OK) {
      value_print(&visit.key, &text, &options);
    } else {
      dict_visit_warn(&visit);
      status = CLI_FAILED;
    }
  dict_visit_end(&visit);
  free(text.bytes);
  shareable_dict_unref(dict);
  return status;
}

const cli_command cli_dict_ls = {"dict ls", "NAME", "List the keys of a dict, one per line.",
                                 "  -J, --json  print JSON strings; bytes become objects with a type\n"
                                 "  -t, --type  print each key's type before it: str or bytes\n"
                                 "  -z, --zero  end each key with a NUL byte, because a key may contain newlines\n"
                                 "  -h, --help  print this help\n"
                                 "\n"
                                 "The order is that of the places. Keys that have expired are not listed.\n"
                                 "'shareable dump NAME' prints the values, too.\n",
                                 run_ls};
