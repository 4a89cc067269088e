/*
 * dict_wait.c - shareable dict wait: waits until a key has a value, appears, or is gone.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "dict.h"
#include "dict_call.h"
#include "list_name.h"
#include "wanted.h"

/* The interval, in nanoseconds, at which a value that is NaN is read: NaN differs from itself. */
#define NAN_CHECK_NS INT64_C(10000000)

/* The interval, in nanoseconds, at which a value is read again that could not be read. */
#define UNREAD_CHECK_NS INT64_C(50000000)

typedef struct wait_state {
  const shareable_dict *dict;
  const char *key_text;
  shareable_value key;
  wanted_value wanted; /* its text is NULL: any value */
  bool wants_absent;
  bool has_warned; /* that the value cannot be read, or that no value of its type is the wanted one */
  cli_text buffer;
} wait_state;

/* The type of the value may change later, so this is not an error. */
static void warn_of_type(wait_state *state, const shareable_value *value) {
  if (!state->has_warned)
    cli_warn("the value of key '%s' is now of the type %s: it cannot be '%s'", state->key_text,
             cli_type_name(value->type), state->wanted.text);
  state->has_warned = true;
}

static bool is_wanted(wait_state *state, const shareable_value *value) {
  wanted_match match;

  if (state->wants_absent || state->wanted.text == NULL)
    return !state->wants_absent;
  match = wanted_compare(&state->wanted, value);
  if (match == WANTED_IMPOSSIBLE)
    warn_of_type(state, value);
  return match == WANTED_EQUAL;
}

/* A writer may release a value that it holds, or write a corrupt value again. */
static bool may_be_read_later(shareable_status status) {
  return status == SHAREABLE_E_BUSY || status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_UTF8;
}

static const shareable_list *list_of(const wait_state *state) {
  return shareable_dict_list(state->dict);
}

/* Waits for a moment before the value is read again. */
static void wait_to_read(wait_state *state, shareable_status status, int64_t interval) {
  if (!state->has_warned)
    dict_warn(state->dict, &state->key, status);
  state->has_warned = true;
  shareable__sleep(interval < UNREAD_CHECK_NS ? interval : UNREAD_CHECK_NS);
  list_name_require(list_of(state));
}

/* Waits until the key appears, if `value` is NULL, or no longer has the value; but not for long. */
static void wait_for_change(wait_state *state, const shareable_value *value, int64_t interval) {
  shareable_status status;

  if (value != NULL && wanted_is_nan(value)) {
    shareable__sleep(interval < NAN_CHECK_NS ? interval : NAN_CHECK_NS);
    status = SHAREABLE_E_TIMED_OUT;
  } else {
    status = shareable_dict_wait(state->dict, &state->key, value, interval);
  }
  if (status == SHAREABLE_E_TIMED_OUT)
    list_name_require(list_of(state));
  else if (status != SHAREABLE_OK && !may_be_read_later(status))
    dict_die(state->dict, &state->key, status);
}

/* Returns whether the wait is over. */
static bool check(wait_state *state, int64_t end) {
  shareable_value value;
  shareable_status status = dict_get(state->dict, &state->key, &value, &state->buffer);
  int64_t left = end - shareable__now(), interval = left < LIST_NAME_CHECK_NS ? left : LIST_NAME_CHECK_NS;

  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY && !may_be_read_later(status))
    dict_die(state->dict, &state->key, status);
  if (status == SHAREABLE_E_NO_KEY ? state->wants_absent : status == SHAREABLE_OK && is_wanted(state, &value))
    return true;
  if (left <= 0)
    exit(CLI_TIMED_OUT);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_NO_KEY)
    wait_for_change(state, status == SHAREABLE_OK ? &value : NULL, interval);
  else
    wait_to_read(state, status, interval);
  return false;
}

/* A process that may only read the dict cannot be woken. */
static shareable_dict *open_to_wait(const char *name) {
  shareable_dict *dict;

  cli_report_truncation(name);
  return shareable_dict_open(&dict, name, 0, NULL) == SHAREABLE_OK ? dict : cli_open_dict(name, SHAREABLE_READ_ONLY);
}

typedef struct wait_options {
  dict_options common;
  const char *type;
  bool wants_absent;
} wait_options;

static void parse_options(int argc, char **argv, wait_options *options) {
  static const struct option longs[] = {
    {"absent", no_argument, NULL, 'a'},     {"timeout", required_argument, NULL, 'w'},
    {"type", required_argument, NULL, 't'}, DICT_KEY_TYPE_LONG,
    {"help", no_argument, NULL, 'h'},       {0}};
  int option;

  while ((option = cli_option(&cli_dict_wait, argc, argv, "+:w:t:K:h", longs)) >= 0)
    if (option == 'a')
      options->wants_absent = true;
    else if (option == 't')
      options->type = cli_type_name(cli_parse_type(optarg));
    else
      dict_option(&options->common, option);
}

static void check_conflicts(const wait_options *options, const char *value) {
  if (options->wants_absent && value != NULL)
    cli_usage_error("--absent waits until the key is gone: it cannot be used with a VALUE");
  if (options->type != NULL && value == NULL)
    cli_usage_error("--type is the type of the VALUE, which is missing");
}

static int run_wait(int argc, char **argv) {
  wait_options options = {.common = {.key_type = SHAREABLE_TYPE_STR, .timeout = -1}};
  wait_state state = {0};
  shareable_dict *dict;
  cli_text bytes = {0};
  int64_t end;

  parse_options(argc, argv, &options);
  if (argc - optind != 2 && argc - optind != 3)
    cli_usage_error("expected NAME, KEY and at most one VALUE");
  check_conflicts(&options, argv[optind + 2]);
  state.key_text = argv[optind + 1];
  state.key = dict_key(argv[optind + 1], &options.common, &bytes);
  state.wants_absent = options.wants_absent;
  state.wanted = (wanted_value){.text = argv[optind + 2], .type = options.type};
  wanted_check(&state.wanted);
  state.dict = dict = open_to_wait(argv[optind]);
  end = options.common.timeout < 0 ? INT64_MAX : shareable__deadline(options.common.timeout);
  while (!check(&state, end))
    ;
  free(bytes.bytes);
  free(state.buffer.bytes);
  free(state.wanted.parsed.bytes);
  shareable_dict_unref(dict);
  return CLI_DONE;
}

const cli_command cli_dict_wait = {
  "dict wait", "NAME KEY [VALUE]", "Wait until a key has a value, or any value if VALUE is missing.",
  "  --absent                wait until the key is not in the dict\n"
  "  -w, --timeout SECONDS   exit with status 3 if that takes more than SECONDS\n"
  "  -t, --type TYPE         the value must also have this type\n" DICT_KEY_TYPE_HELP DICT_HELP_HELP "\n"
  "VALUE is compared in the type that the value has at the time, as by 'shareable\n"
  "wait'. A value that cannot be read is read again. If the dict is removed, wait\n"
  "exits with status 1. Options must come before NAME.\n",
  run_wait};
