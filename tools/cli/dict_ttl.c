/*
 * dict_ttl.c - shareable dict ttl and expire: when keys expire.
 */
#include <stdlib.h>

#include "dict.h"
#include "dict_call.h"
#include "output.h"

static void print(int64_t ttl) {
  const shareable_value seconds = shareable_float((double)ttl / 1e9);
  cli_text text = {0};

  cli_format_value(&text, &seconds, CLI_EXACT);
  cli_line("%s", ttl == 0 ? "inf" : text.bytes);
  free(text.bytes);
}

static int run_ttl(int argc, char **argv) {
  static const struct option longs[] = {DICT_KEY_TYPE_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  cli_text bytes = {0};
  shareable_dict *dict;
  int64_t ttl;
  int option;

  while ((option = cli_option(&cli_dict_ttl, argc, argv, "+:K:h", longs)) >= 0)
    dict_option(&options, option);
  if (argc - optind < 2)
    cli_usage_error("expected NAME and at least one KEY");
  dict_check_keys(argv + optind + 1, &options);
  dict = cli_open_dict(argv[optind], SHAREABLE_READ_ONLY);
  for (int i = optind + 1; i < argc; i++) {
    shareable_value key = dict_key(argv[i], &options, &bytes);
    shareable_status status = shareable_dict_ttl(dict, &key, &ttl);

    if (status != SHAREABLE_OK)
      dict_die(dict, &key, status);
    print(ttl);
  }
  free(bytes.bytes);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

const cli_command cli_dict_ttl = {
  "dict ttl", "NAME KEY...", "Print the seconds until keys expire, one per line; inf: never.",
  DICT_KEY_TYPE_HELP DICT_HELP_HELP "\n"
                                    "ttl stops at the first key that is not in the dict.\n",
  run_ttl};

static int run_expire(int argc, char **argv) {
  static const struct option longs[] = {DICT_KEY_TYPE_LONG, DICT_TIMEOUT_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  dict_options options = DICT_OPTIONS;
  cli_text bytes = {0};
  shareable_status status;
  shareable_value key;
  shareable_dict *dict;
  int64_t ttl;
  int option;

  while ((option = cli_option(&cli_dict_expire, argc, argv, "+:K:w:h", longs)) >= 0)
    dict_option(&options, option);
  if (argc - optind != 3)
    cli_usage_error("expected NAME, KEY and SECONDS");
  key = dict_key(argv[optind + 1], &options, &bytes);
  ttl = cli_parse_ttl(argv[optind + 2]);
  dict = cli_open_dict(argv[optind], 0);
  status = shareable_dict_expire(dict, &key, ttl, options.timeout);
  if (status != SHAREABLE_OK)
    dict_die(dict, &key, status);
  free(bytes.bytes);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

const cli_command cli_dict_expire = {
  "dict expire", "NAME KEY SECONDS", "Let a key expire after SECONDS, or never if that is 0.",
  DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP DICT_HELP_HELP "\n"
                                                      "The value remains. SECONDS may have a fraction.\n",
  run_expire};
