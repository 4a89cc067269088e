/*
 * dict_copy.c - shareable dict copy and reindex.
 */
#include "dict.h"
#include "dict_call.h"

/* The library does not return which key does not fit. */
static _Noreturn void die_of_copy(const shareable_dict *target, shareable_status status) {
  const char *name = shareable_memory_name(shareable_list_memory(shareable_dict_list(target)));

  if (status == SHAREABLE_E_KEY)
    cli_die("a key is too long for dict '%s', whose keys have at most %zu bytes: some keys have been copied", name,
            shareable_dict_key_size(target));
  if (status == SHAREABLE_E_CAPACITY || status == SHAREABLE_E_TOO_LONG)
    cli_die("a value is too long for dict '%s', whose values have at most %zu bytes: some keys have been copied", name,
            shareable_dict_value_size(target));
  dict_die(target, NULL, status);
}

static int run_copy(int argc, char **argv) {
  static const struct option longs[] = {DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  shareable_dict *source, *target;
  shareable_status status;
  int option;

  while ((option = cli_option(&cli_dict_copy, argc, argv, ":w:h", longs)) >= 0)
    dict_option(&options, option);
  if (argc - optind != 2)
    cli_usage_error("expected SOURCE and TARGET");
  source = cli_open_dict(argv[optind], SHAREABLE_READ_ONLY);
  target = cli_open_dict(argv[optind + 1], 0);
  status = shareable_dict_copy(source, target, options.timeout);
  if (status != SHAREABLE_OK)
    die_of_copy(target, status);
  shareable_dict_unref(source);
  shareable_dict_unref(target);
  return CLI_DONE;
}

const cli_command cli_dict_copy = {
  "dict copy", "SOURCE TARGET", "Copy the keys of a dict, with their values and TTLs, to another dict.",
  DICT_TIMEOUT_HELP DICT_HELP_HELP "\n"
                                   "The TARGET may be larger: 'shareable create --dict PLACES TARGET' creates it.\n"
                                   "Keys that are in both get the value of the SOURCE. Each key is copied as it is\n"
                                   "at that time. 'shareable copy' creates a new dict instead, of the same size.\n",
  run_copy};

static int run_reindex(int argc, char **argv) {
  static const struct option longs[] = {DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  shareable_status status;
  shareable_dict *dict;
  int option;

  while ((option = cli_option(&cli_dict_reindex, argc, argv, ":w:h", longs)) >= 0)
    dict_option(&options, option);
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  dict = cli_open_dict(argv[optind], 0);
  status = shareable_dict_reindex(dict, options.timeout);
  if (status != SHAREABLE_OK)
    dict_die(dict, NULL, status);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

const cli_command cli_dict_reindex = {"dict reindex", "NAME", "Make the index and the number of keys again.",
                                      DICT_TIMEOUT_HELP DICT_HELP_HELP
                                      "\n"
                                      "That changes nothing, unless another program has damaged them, or has written\n"
                                      "keys as items of the list.\n",
                                      run_reindex};
