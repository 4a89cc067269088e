/*
 * wait.c - shareable wait: waits until an item has a value.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "list_name.h"
#include "text.h"

/* The interval, in nanoseconds, at which an item that is NaN is read: NaN differs from itself. */
#define NAN_CHECK_NS INT64_C(10000000)

typedef struct wait_state {
  const shareable_list *list;
  int64_t index;
  const char *wanted; /* compared in the type that the item has at the time */
  const char *type;   /* the name of the only type that it may have, or NULL */
  cli_text item, parsed;
} wait_state;

static bool texts_equal(const shareable_value *a, const shareable_value *b) {
  return a->length == b->length && (a->length == 0 || memcmp(a->text, b->text, (size_t)a->length) == 0);
}

static bool floats_equal(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

/* Compares values of the same type. */
static bool values_equal(const shareable_value *a, const shareable_value *b) {
  switch (a->type) {
  case SHAREABLE_TYPE_INT:
    return a->integer == b->integer;
  case SHAREABLE_TYPE_FLOAT:
    return floats_equal(a->real, b->real);
  case SHAREABLE_TYPE_BOOL:
    return (a->boolean != 0) == (b->boolean != 0);
  case SHAREABLE_TYPE_NONE:
    return true;
  default:
    return texts_equal(a, b);
  }
}

static bool is_wanted(wait_state *state, const shareable_value *value) {
  shareable_value wanted;

  return (state->type == NULL || strcmp(state->type, cli_type_name(value->type)) == 0) &&
         cli_parse(state->wanted, (shareable_type)value->type, &wanted, &state->parsed) && values_equal(value, &wanted);
}

/* Waits until the item differs from the value, but not for long. */
static void wait_for_change(const wait_state *state, const shareable_value *value, int64_t end) {
  int64_t left = end - shareable__now(), interval = left < LIST_NAME_CHECK_NS ? left : LIST_NAME_CHECK_NS;
  shareable_status status;

  if (value->type == SHAREABLE_TYPE_FLOAT && isnan(value->real)) {
    shareable__sleep(interval < NAN_CHECK_NS ? interval : NAN_CHECK_NS);
    status = SHAREABLE_E_TIMED_OUT;
  } else {
    status = shareable_list_wait(state->list, state->index, value, interval);
  }
  if (status == SHAREABLE_E_TIMED_OUT)
    list_name_require(state->list);
  else if (status != SHAREABLE_OK)
    cli_die_item(state->list, state->index, status);
}

static int run(wait_state *state, int64_t timeout) {
  int64_t end = timeout < 0 ? INT64_MAX : shareable__deadline(timeout);
  shareable_value value;

  for (;;) {
    shareable_status status = cli_read_item(state->list, state->index, &value, &state->item);

    if (status != SHAREABLE_OK)
      cli_die_item(state->list, state->index, status);
    if (is_wanted(state, &value))
      return CLI_DONE;
    if (shareable__now() >= end)
      return CLI_TIMED_OUT;
    wait_for_change(state, &value, end);
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

/* A process that may only read the list cannot be woken, and reads it again and again. */
static shareable_list *open_list(const char *name) {
  shareable_list *list;

  cli_report_truncation(name);
  if (shareable_list_open(&list, name, 0, NULL) == SHAREABLE_OK)
    return list;
  return cli_open(name, SHAREABLE_READ_ONLY);
}

static int run_wait(int argc, char **argv) {
  wait_options options = {.timeout = -1};
  wait_state state = {0};
  cli_text buffer = {0};
  shareable_value value;
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
  state.wanted = operands[2];
  state.type = options.type;
  if (state.type != NULL && !cli_parse(state.wanted, cli_parse_type(state.type), &value, &buffer))
    cli_usage_error("'%s' is not a valid %s", state.wanted, state.type);
  state.list = list = open_list(operands[0]);
  status = run(&state, options.timeout);
  free(buffer.bytes);
  free(state.item.bytes);
  free(state.parsed.bytes);
  shareable_list_unref(list);
  return status;
}

const cli_command cli_wait = {"wait", "NAME INDEX VALUE", "Wait until an item has a value.",
                              "  -w, --timeout SECONDS  exit with status 3 if that takes more than SECONDS\n"
                              "  -t, --type TYPE        the item must also have this type\n"
                              "  -h, --help             print this help\n"
                              "\n"
                              "VALUE is compared in the type that the item has at the time: '5' matches the\n"
                              "int 5, the float 5.0 and the str \"5\". If the list is removed, wait exits with\n"
                              "status 1. Options may come before NAME or after VALUE.\n",
                              run_wait};
