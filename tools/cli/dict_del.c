/*
 * dict_del.c - shareable dict del and clear: delete keys.
 */
#include <stdlib.h>

#include "dict.h"
#include "dict_call.h"

/* Deletes each key. Returns the exit status. */
static int delete_keys(shareable_dict *dict, char *const *texts, const dict_options *options, bool ignores_absent) {
  cli_text bytes = {0};
  int result = CLI_DONE;

  for (; *texts != NULL; texts++) {
    shareable_value key = dict_key(*texts, options, &bytes);
    shareable_status status = shareable_dict_delete(dict, &key, options->timeout);

    if (status == SHAREABLE_OK || (status == SHAREABLE_E_NO_KEY && ignores_absent))
      continue;
    if (status != SHAREABLE_E_NO_KEY && status != SHAREABLE_E_KEY)
      dict_die(dict, &key, status);
    dict_warn(dict, &key, status);
    result = CLI_FAILED;
  }
  free(bytes.bytes);
  return result;
}

static int run_del(int argc, char **argv) {
  static const struct option longs[] = {
    {"force", no_argument, NULL, 'f'}, DICT_KEY_TYPE_LONG, DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  bool ignores_absent = false;
  shareable_dict *dict;
  int option, status;

  while ((option = cli_option(&cli_dict_del, argc, argv, "+:fK:w:h", longs)) >= 0)
    if (!dict_option(&options, option))
      ignores_absent = true;
  if (argc - optind < 2)
    cli_usage_error("expected NAME and at least one KEY");
  dict_check_keys(argv + optind + 1, &options);
  dict = cli_open_dict(argv[optind], 0);
  status = delete_keys(dict, argv + optind + 1, &options, ignores_absent);
  shareable_dict_unref(dict);
  return status;
}

const cli_command cli_dict_del = {
  "dict del", "NAME KEY...", "Delete keys.",
  "  -f, --force             ignore keys that are not in the dict\n" DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP DICT_HELP_HELP
  "\n"
  "If a key is not in the dict, the others are still deleted, and the exit status\n"
  "is 1. Options must come before NAME, because KEY may begin with '-'.\n",
  run_del};

static int run_clear(int argc, char **argv) {
  static const struct option longs[] = {
    {"expired", no_argument, NULL, 'e'}, DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  bool only_expired = false;
  shareable_status status;
  shareable_dict *dict;
  int option;

  while ((option = cli_option(&cli_dict_clear, argc, argv, ":w:h", longs)) >= 0)
    if (!dict_option(&options, option))
      only_expired = true;
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  dict = cli_open_dict(argv[optind], 0);
  status = only_expired ? shareable_dict_delete_expired(dict, 0, options.timeout, NULL)
                        : shareable_dict_clear(dict, options.timeout);
  if (status != SHAREABLE_OK)
    dict_die(dict, NULL, status);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

const cli_command cli_dict_clear = {
  "dict clear", "NAME", "Delete all keys, or those that have expired.",
  "  --expired               delete only keys that have expired: they need places\n"
  "                          until another key takes these\n" DICT_TIMEOUT_HELP DICT_HELP_HELP,
  run_clear};
