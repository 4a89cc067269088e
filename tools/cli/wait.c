/*
 * wait.c - shareable wait: waits until an item has a value.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "list_name.h"
#include "wanted.h"

/* The interval, in nanoseconds, at which an item that is NaN is read: NaN differs from itself. */
#define NAN_CHECK_NS INT64_C(10000000)

/* The interval, in nanoseconds, at which an item is read again that could not be read. */
#define UNREAD_CHECK_NS INT64_C(50000000)

typedef struct wait_state {
  const shareable_list *list;
  int64_t index;
  wanted_value wanted;
  cli_text item;
  bool has_warned; /* that the item cannot be read, or that no value of its type is the wanted one */
} wait_state;

static void warn_once(wait_state *state, const char *message) {
  if (!state->has_warned)
    cli_warn_message(message);
  state->has_warned = true;
}

/* The type of the item may change later, so this is not an error. */
static void warn_of_type(wait_state *state, const shareable_value *value) {
  char *message = cli_format("item %" PRId64 " is now of the type %s: it cannot have the value '%s'", state->index,
                             cli_type_name(value->type), state->wanted.text);

  warn_once(state, message);
  free(message);
}

static bool is_wanted(wait_state *state, const shareable_value *value) {
  wanted_match match = wanted_compare(&state->wanted, value);

  if (match == WANTED_IMPOSSIBLE)
    warn_of_type(state, value);
  return match == WANTED_EQUAL;
}

/* A writer may release an item that it holds, or write a corrupt item again. */
static bool may_be_read_later(shareable_status status) {
  return status == SHAREABLE_E_BUSY || status == SHAREABLE_E_CORRUPT;
}

/* Waits for a moment before the item is read again. */
static void wait_to_read(wait_state *state, shareable_status status, int64_t end) {
  int64_t left = end - shareable__now();
  shareable_error error;

  shareable_list_explain_item(state->list, state->index, status, &error);
  warn_once(state, error.message);
  shareable__sleep(left < UNREAD_CHECK_NS ? left : UNREAD_CHECK_NS);
  list_name_require(state->list);
}

/* Waits until the item differs from the value, but not for long. */
static void wait_for_change(const wait_state *state, const shareable_value *value, int64_t end) {
  int64_t left = end - shareable__now(), interval = left < LIST_NAME_CHECK_NS ? left : LIST_NAME_CHECK_NS;
  shareable_status status;

  if (wanted_is_nan(value)) {
    shareable__sleep(interval < NAN_CHECK_NS ? interval : NAN_CHECK_NS);
    status = SHAREABLE_E_TIMED_OUT;
  } else {
    status = shareable_list_wait(state->list, state->index, value, interval);
  }
  if (status == SHAREABLE_E_TIMED_OUT)
    list_name_require(state->list);
  else if (status != SHAREABLE_OK && !may_be_read_later(status))
    cli_die_item(state->list, state->index, status);
}

static int run(wait_state *state, int64_t timeout) {
  int64_t end = timeout < 0 ? INT64_MAX : shareable__deadline(timeout);
  shareable_value value;

  for (;;) {
    shareable_status status = cli_read_item(state->list, state->index, &value, &state->item);

    if (status == SHAREABLE_OK && is_wanted(state, &value))
      return CLI_DONE;
    if (status != SHAREABLE_OK && !may_be_read_later(status))
      cli_die_item(state->list, state->index, status);
    if (shareable__now() >= end)
      return CLI_TIMED_OUT;
    if (status == SHAREABLE_OK)
      wait_for_change(state, &value, end);
    else
      wait_to_read(state, status, end);
  }
}

typedef struct wait_options {
  const char *type;
  int64_t timeout;
} wait_options;

static void parse_options(int argc, char **argv, wait_options *options) {
  static const struct option longs[] = {{"timeout", required_argument, NULL, 'w'},
                                        {"type", required_argument, NULL, 't'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  int option;

  while ((option = cli_option(&cli_wait, argc, argv, "+:w:t:h", longs)) >= 0)
    if (option == 'w')
      options->timeout = cli_parse_timeout(optarg);
    else
      options->type = cli_type_name(cli_parse_type(optarg));
}

static shareable_list *open_list(const char *name) {
  shareable_list *list;

  cli_report_truncation(name);
  return cli_open_to_wait(&list, name, NULL) == SHAREABLE_OK ? list : cli_open(name, SHAREABLE_READ_ONLY);
}

static int run_wait(int argc, char **argv) {
  wait_options options = {.timeout = -1};
  wait_state state = {0};
  shareable_list *list;
  char **operands;
  int status;

  parse_options(argc, argv, &options);
  operands = argv + optind;
  if (argc - optind < 3)
    cli_usage_error("expected NAME, INDEX and VALUE");
  optind += 3;
  parse_options(argc, argv, &options); /* VALUE may begin with '-', but options may follow it */
  if (optind < argc)
    cli_usage_error("unexpected argument '%s' after VALUE", argv[optind]);
  state.index = cli_parse_index(operands[1]);
  state.wanted = (wanted_value){.text = operands[2], .type = options.type};
  wanted_check(&state.wanted);
  state.list = list = open_list(operands[0]);
  status = run(&state, options.timeout);
  free(state.item.bytes);
  free(state.wanted.parsed.bytes);
  shareable_list_unref(list);
  return status;
}

const cli_command cli_wait = {"wait", "NAME INDEX VALUE", "Wait until an item has a value.",
                              "  -w, --timeout SECONDS  exit with status 3 if that takes more than SECONDS\n"
                              "  -t, --type TYPE        the item must also have this type\n"
                              "  -h, --help             print this help\n"
                              "\n"
                              "VALUE is compared in the type that the item has at the time: '5' matches the\n"
                              "int 5, the float 5.0 and the str \"5\"; '5.0' matches the int and the float. An\n"
                              "item that cannot be read is read again. If the list is removed, wait exits with\n"
                              "status 1. Options may come before NAME or after VALUE.\n",
                              run_wait};
