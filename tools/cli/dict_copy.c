/*
 * dict_copy.c - shareable dict copy and reindex.
 */
#include "dict.h"
#include "dict_call.h"
#include "dict_visit.h"
#include "format/item.h"

/* Returns why shareable_dict_copy() does not copy what the visit found, or OK. */
static shareable_status status_of(const dict_visit *visit, const shareable_dict *target) {
  if (visit->key_status != SHAREABLE_OK || visit->value_status != SHAREABLE_OK)
    return visit->key_status != SHAREABLE_OK ? visit->key_status : visit->value_status;
  if (visit->key.length > shareable_dict_key_size(target))
    return SHAREABLE_E_KEY;
  return shareable__item_fits(&visit->value, shareable_dict_value_size(target));
}

/* The library does not return which key it could not copy. `visit` is at the first one that has this status. */
static _Noreturn void die_of_key(const dict_visit *visit, const shareable_dict *target, shareable_status status) {
  bool is_read = visit->key_status == SHAREABLE_OK && visit->value_status == SHAREABLE_OK;
  shareable_error error;

  if (visit->key_status != SHAREABLE_OK) {
    dict_visit_warn(visit);
  } else {
    shareable_dict_explain(is_read ? target : visit->dict, &visit->key, status, &error);
    cli_warn_message(error.message);
  }
  cli_die("some keys have been copied to dict '%s'",
          shareable_memory_name(shareable_list_memory(shareable_dict_list(target))));
}

static _Noreturn void die_of_copy(const shareable_dict *source, const shareable_dict *target, shareable_status status) {
  dict_visit visit;

  if (status == SHAREABLE_E_TIMED_OUT || status == SHAREABLE_E_FULL)
    dict_die(target, NULL, status);
  for (dict_visit_begin(&visit, source); dict_visit_next(&visit);)
    if (status_of(&visit, target) == status)
      die_of_key(&visit, target, status);
  dict_visit_end(&visit);
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
    die_of_copy(source, target, status);
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
