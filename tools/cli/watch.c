/*
 * watch.c - shareable watch and dict watch: print items, and the keys of dicts, as they change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dict.h"
#include "dict_call.h"
#include "held.h"
#include "list/list.h"
#include "list_name.h"
#include "output.h"
#include "watch_keys.h"

/* The interval, in nanoseconds, at which --follow=name looks for a new list. */
#define REOPEN_CHECK_NS INT64_C(100000000)

/* What happens when the list loses its name, as in tail(1). */
typedef enum follow { FOLLOW_NOTHING, FOLLOW_DESCRIPTOR, FOLLOW_NAME } follow;

typedef struct watch {
  const char *name;
  char *const *index_texts; /* the arguments */
  size_t index_count;       /* of the arguments */
  follow follow;
  bool json;
  int64_t timeout; /* in nanoseconds; negative: without limit */
  int64_t end;     /* the time when it expires, unless an item changes */
  int64_t left;    /* the number of lines that remain to be printed */

  /* The keys of a dict, if it is watched by `dict watch`, or by `watch` without indexes. */
  bool is_dict_command;
  bool prints;                   /* the lines of the keys that change */
  const shareable_value *wanted; /* or NULL: all */
  shareable_dict *dict;
  watch_keys keys;

  shareable_list *list;     /* the list that has the name, and its items that are watched */
  shareable_watch *changes; /* reports that they may have changed */
  int64_t *indexes;
  char **lines; /* the last line of each item, or NULL */
  size_t count;
  cli_text item, text;
} watch;

static char *line_of(watch *state, int64_t index) {
  shareable_value value;
  shareable_status status = cli_read_item(state->list, index, &value, &state->item);

  if (status != SHAREABLE_OK)
    return cli_format(state->json ? "{\"index\": %lld, \"type\": \"%s\"}" : "%lld  %s", (long long)index,
                      cli_unread_type_name(status));
  cli_format_value(&state->text, &value, state->json ? CLI_JSON : CLI_ONE_LINE);
  return cli_format(state->json ? "{\"index\": %lld, \"type\": \"%s\", \"value\": %s}" : "%lld  %-5s  %s",
                    (long long)index, cli_type_name(value.type), state->text.bytes);
}

static void print_line(watch *state, const char *line) {
  cli_put(line);
  cli_put("\n");
  state->left--;
  state->end = shareable__deadline(state->timeout);
}

/* Reads all items, and prints those that have changed if `print` is set. */
static void check_items(watch *state, bool print) {
  held_clear();
  for (size_t i = 0; i < state->count && state->left > 0; i++) {
    char *line = line_of(state, state->indexes[i]);

    if (state->lines[i] != NULL && strcmp(state->lines[i], line) == 0) {
      free(line);
      continue;
    }
    if (print)
      print_line(state, line);
    free(state->lines[i]);
    state->lines[i] = line;
  }
}

static void print_key(void *context, const char *line) {
  watch *state = context;

  if (state->prints && state->left > 0)
    print_line(state, line);
}

static void check(watch *state, bool print) {
  state->prints = print;
  if (state->dict != NULL)
    watch_keys_check(&state->keys, print_key, state);
  else
    check_items(state, print);
  if (cli_flush() != 0)
    exit(cli_flush_or_warn(CLI_FAILED));
}

/* Returns whether the list has lost its name and --follow=name waits for a new one. */
static bool has_lost_name(const watch *state) {
  if (state->follow == FOLLOW_DESCRIPTOR)
    return false;
  if (state->follow == FOLLOW_NOTHING)
    list_name_require(state->list);
  return list_name_check(state->list) != LIST_NAME_KEPT;
}

/* Takes all reports. Returns whether there is one. */
static bool take_reports(const watch *state) {
  bool is_reported = false;
  uint64_t ids[64];
  size_t count;

  do {
    if (shareable_watch_changed(state->changes, ids, sizeof ids / sizeof *ids, &count) != SHAREABLE_OK)
      cli_die("out of memory");
    is_reported |= count > 0;
  } while (count == sizeof ids / sizeof *ids);
  return is_reported;
}

/* Returns the nanoseconds until the first key expires, which is not reported. */
static int64_t time_to_expiry(const watch *state) {
  return state->dict == NULL || state->keys.expiry == INT64_MAX ? INT64_MAX : state->keys.expiry - shareable__now();
}

/*
 * Waits until an item may have changed. Returns E_TIMED_OUT at state->end, or E_NOT_FOUND if the list
 * has lost its name and --follow=name waits for a new one.
 */
static shareable_status wait_for_change(const watch *state) {
  int64_t to_expiry;

  while (!take_reports(state) && (to_expiry = time_to_expiry(state)) > 0) {
    int64_t left = state->end - shareable__now(), interval = left < to_expiry ? left : to_expiry;

    if (left <= 0)
      return SHAREABLE_E_TIMED_OUT;
    cli_wait_readable(shareable_watch_fd(state->changes),
                      interval < LIST_NAME_CHECK_NS ? interval : LIST_NAME_CHECK_NS);
    if (has_lost_name(state))
      return SHAREABLE_E_NOT_FOUND;
  }
  return SHAREABLE_OK;
}

/* Watches one list. Returns OK when all lines are printed, or what wait_for_change() returns. */
static shareable_status watch_list(watch *state, bool show_initial) {
  shareable_status status = SHAREABLE_OK;

  state->end = shareable__deadline(state->timeout);
  check(state, show_initial);
  while (status == SHAREABLE_OK && state->left > 0) {
    status = wait_for_change(state);
    if (status == SHAREABLE_OK)
      check(state, true);
  }
  return status;
}

/* Adds the item, if the list has it. A new list may be shorter than the one before. */
static void add_index(watch *state, int64_t index) {
  size_t capacity;
  shareable_error error;
  shareable_status status = shareable_list_capacity(state->list, index, &capacity);

  if (status != SHAREABLE_E_INDEX) {
    state->indexes[state->count++] = index;
    return;
  }
  if (state->follow != FOLLOW_NAME)
    cli_die_item(state->list, index, status);
  shareable_list_explain_item(state->list, index, status, &error);
  cli_warn_message(error.message);
}

static void read_indexes(watch *state) {
  bool is_all = state->index_count == 0;
  size_t count = is_all ? shareable_list_length(state->list) : state->index_count;

  state->indexes = cli_allocate(NULL, count, sizeof *state->indexes);
  state->count = 0;
  for (size_t i = 0; i < count; i++)
    add_index(state, is_all ? (int64_t)i : cli_parse_index(state->index_texts[i]));
}

static void require(const watch *state, shareable_status status) {
  shareable_error error;

  if (status == SHAREABLE_OK)
    return;
  shareable_list_explain(state->list, status, &error);
  cli_die_message(error.message);
}

/* An item whose offsets are corrupt does not change. */
static void watch_items(watch *state) {
  shareable_error error;
  uint64_t id;

  if (shareable_watch_create(&state->changes, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  if (state->index_count == 0 || state->dict != NULL) {
    require(state, shareable_watch_add_list(state->changes, state->list, 0, 0, &id));
    return;
  }
  for (size_t i = 0; i < state->count; i++) {
    shareable_status status = shareable_watch_add_item(state->changes, state->list, state->indexes[i], 0, &id);

    if (status != SHAREABLE_E_CORRUPT)
      require(state, status);
  }
}

static void begin_list(watch *state, shareable_list *list) {
  state->list = list;
  state->count = 0;
  if (state->dict != NULL)
    watch_keys_begin(&state->keys, state->dict, state->wanted, state->index_count, state->json);
  else
    read_indexes(state);
  state->lines = cli_allocate(NULL, state->count, sizeof *state->lines);
  memset(state->lines, 0, state->count * sizeof *state->lines);
  watch_items(state);
}

static void end_list(watch *state) {
  for (size_t i = 0; i < state->count; i++)
    free(state->lines[i]);
  free(state->lines);
  free(state->indexes);
  shareable_watch_free(state->changes);
  if (state->dict != NULL)
    watch_keys_end(&state->keys);
  shareable_dict_unref(state->dict);
  shareable_list_unref(state->list);
  state->dict = NULL;
  state->list = NULL;
  state->indexes = NULL;
}

/* Opens the list, or the dict, if its keys are watched. */
static shareable_status open_watched(watch *state, shareable_list **list, shareable_error *error) {
  shareable_status status;

  if (!state->is_dict_command) {
    status = cli_open_to_wait(list, state->name, error);
    if (status != SHAREABLE_OK || state->index_count > 0 || !(*list)->has_keys)
      return status;
    shareable_list_unref(*list);
  }
  status = shareable_dict_open(&state->dict, state->name, 0, NULL);
  if (status != SHAREABLE_OK)
    status = shareable_dict_open(&state->dict, state->name, SHAREABLE_READ_ONLY, error);
  if (status == SHAREABLE_OK)
    *list = shareable_list_ref(shareable_dict_list(state->dict));
  return status;
}

/* Prints why the list or dict cannot be opened, and exits, unless it can be opened now. */
static shareable_list *open_or_die(watch *state) {
  if (!state->is_dict_command)
    return cli_open(state->name, SHAREABLE_READ_ONLY);
  state->dict = cli_open_dict(state->name, SHAREABLE_READ_ONLY);
  return shareable_list_ref(shareable_dict_list(state->dict));
}

/* Returns whether a list with that name may appear later. */
static bool may_appear(shareable_status status) {
  return status == SHAREABLE_E_NOT_FOUND || status == SHAREABLE_E_NOT_READY || status == SHAREABLE_E_NOT_LIST ||
         status == SHAREABLE_E_NOT_DICT;
}

/*
 * Opens the list that has the name, and waits for one until the timeout. Another file may have the name
 * before.
 */
static shareable_status await_list(watch *state) {
  int64_t end = shareable__deadline(state->timeout);
  bool has_warned = false;
  shareable_error error;
  shareable_list *list;
  shareable_status status;

  while ((status = open_watched(state, &list, &error)) != SHAREABLE_OK) {
    if (!may_appear(status) && !has_warned) {
      cli_warn_message(error.message);
      has_warned = true;
    }
    if (shareable__now() >= end)
      return SHAREABLE_E_TIMED_OUT;
    cli_wait_readable(-1, REOPEN_CHECK_NS);
  }
  begin_list(state, list);
  return SHAREABLE_OK;
}

static const char *noun_of(const watch *state) {
  return state->is_dict_command || state->dict != NULL ? "dict" : "list";
}

/* Opens the first list. Returns whether it had to wait for it. */
static bool open_first(watch *state, shareable_status *status) {
  shareable_list *list;

  cli_report_truncation(state->name);
  *status = open_watched(state, &list, NULL);
  if (state->follow == FOLLOW_NAME && may_appear(*status)) {
    cli_warn("there is no %s called '%s': waiting for it", noun_of(state), state->name);
    *status = await_list(state);
    return true;
  }
  begin_list(state, *status == SHAREABLE_OK ? list : open_or_die(state));
  *status = SHAREABLE_OK;
  return false;
}

static int run(watch *state, bool show_initial) {
  shareable_status status;

  show_initial |= open_first(state, &status);
  while (status == SHAREABLE_OK) {
    status = watch_list(state, show_initial);
    if (status != SHAREABLE_E_NOT_FOUND)
      break;
    cli_warn("%s '%s' was removed: waiting for a new one", noun_of(state), state->name);
    end_list(state);
    status = await_list(state);
    if (status == SHAREABLE_OK)
      cli_warn("there is a new %s called '%s': watching it", noun_of(state), state->name);
    show_initial = true;
  }
  return status == SHAREABLE_OK ? CLI_DONE : CLI_TIMED_OUT;
}

static follow parse_follow(const char *text) {
  if (strcmp(text, "name") != 0 && strcmp(text, "descriptor") != 0)
    cli_usage_error("'%s' is not a valid way to follow: expected name or descriptor", text);
  return text[0] == 'n' ? FOLLOW_NAME : FOLLOW_DESCRIPTOR;
}

/* Applies an option and returns whether it is --initial. */
static bool apply_option(watch *state, int option) {
  switch (option) {
  case 'J':
    state->json = true;
    break;
  case 'c':
    state->left = cli_parse_number(optarg, 1, INT64_MAX, "number of changes");
    break;
  case 't': /* its letter before all timeouts got -w */
  case 'w':
    state->timeout = cli_parse_timeout(optarg);
    break;
  case 'F':
    state->follow = FOLLOW_NAME;
    break;
  case 'f':
    state->follow = parse_follow(optarg);
    break;
  default:
    return true;
  }
  return false;
}

/* Versions of clang-format differ here. */
/* clang-format off */
#define WATCH_LONGS                                                                                                    \
  {"json", no_argument, NULL, 'J'}, {"initial", no_argument, NULL, 'i'}, {"count", required_argument, NULL, 'c'},      \
  {"timeout", required_argument, NULL, 'w'}, {"follow", required_argument, NULL, 'f'}
/* clang-format on */

static const char *parse_name(const char *text) {
  return text[0] == '/' ? text + 1 : text;
}

static void end(watch *state) {
  if (state->list != NULL)
    end_list(state);
  free(state->item.bytes);
  free(state->text.bytes);
}

static int run_watch(int argc, char **argv) {
  static const struct option longs[] = {WATCH_LONGS, {"help", no_argument, NULL, 'h'}, {0}};
  watch state = {.left = INT64_MAX, .timeout = -1};
  bool show_initial = false;
  int option, status;

  while ((option = cli_option(&cli_watch, argc, argv, "+:Jic:t:w:Fh", longs)) >= 0)
    show_initial |= apply_option(&state, option);
  if (optind == argc)
    cli_usage_error("NAME is missing");
  state.name = parse_name(argv[optind]);
  state.index_texts = argv + optind + 1;
  state.index_count = (size_t)(argc - optind - 1);
  for (size_t i = 0; i < state.index_count; i++)
    cli_parse_index(state.index_texts[i]);
  status = run(&state, show_initial);
  end(&state);
  return status;
}

const cli_command cli_watch = {"watch", "NAME [INDEX]...", "Print items as they change, one per line.",
                               "  -J, --json             print each item as a line of JSON\n"
                               "  -i, --initial          print the items' present values first\n"
                               "  -c, --count NUMBER     exit after NUMBER lines\n"
                               "  -w, --timeout SECONDS  exit with status 3 if no item changes for SECONDS\n"
                               "  --follow HOW           if the list is removed, name: wait for a new list with\n"
                               "                         that name; descriptor: go on watching the old list\n"
                               "  -F                     the same as --follow name\n"
                               "  -h, --help             print this help\n"
                               "\n"
                               "watch sleeps until this library writes to the list. It checks for writes by\n"
                               "stock Python 20 times a second, or less often if the list is large. If the list\n"
                               "is removed, watch exits with status 1, unless --follow is given.\n"
                               "Of a dict, watch prints the keys whose values change, as 'shareable dict watch'\n"
                               "does, unless an INDEX is given.\n"
                               "Options must come before NAME, because INDEX may begin with '-'.\n",
                               run_watch};

/* Parses the keys of the arguments. `buffers` has one for each. */
static void parse_keys(watch *state, const dict_options *options, shareable_value *keys, cli_text *buffers) {
  memset(buffers, 0, state->index_count * sizeof *buffers);
  for (size_t i = 0; i < state->index_count; i++)
    keys[i] = dict_key(state->index_texts[i], options, &buffers[i]);
  state->wanted = state->index_count == 0 ? NULL : keys;
}

static int run_dict_watch(int argc, char **argv) {
  static const struct option longs[] = {WATCH_LONGS, DICT_KEY_TYPE_LONG, {"help", no_argument, NULL, 'h'}, {0}};
  watch state = {.left = INT64_MAX, .timeout = -1, .is_dict_command = true};
  dict_options options = DICT_OPTIONS;
  bool show_initial = false;
  shareable_value *keys;
  cli_text *buffers;
  int option, status;

  while ((option = cli_option(&cli_dict_watch, argc, argv, "+:Jic:w:FK:h", longs)) >= 0)
    if (option == 'K')
      dict_option(&options, option);
    else
      show_initial |= apply_option(&state, option);
  if (optind == argc)
    cli_usage_error("NAME is missing");
  state.name = parse_name(argv[optind]);
  state.index_texts = argv + optind + 1;
  state.index_count = (size_t)(argc - optind - 1);
  keys = cli_allocate(NULL, state.index_count, sizeof *keys);
  buffers = cli_allocate(NULL, state.index_count, sizeof *buffers);
  parse_keys(&state, &options, keys, buffers);
  status = run(&state, show_initial);
  end(&state);
  for (size_t i = 0; i < state.index_count; i++)
    free(buffers[i].bytes);
  free(buffers);
  free(keys);
  return status;
}

const cli_command cli_dict_watch = {
  "dict watch", "NAME [KEY]...", "Print keys as their values change, one per line.",
  "  -J, --json              print each key as a line of JSON\n"
  "  -i, --initial           print the keys' present values first\n"
  "  -c, --count NUMBER      exit after NUMBER lines\n"
  "  -w, --timeout SECONDS   exit with status 3 if no key changes for SECONDS\n"
  "  --follow HOW            if the dict is removed, name: wait for a new dict with\n"
  "                          that name; descriptor: go on watching the old dict\n"
  "  -F                      the same as --follow name\n" DICT_KEY_TYPE_HELP DICT_HELP_HELP "\n"
  "A line has the type of the key, the key, and the type and the value; the type is\n"
  "absent if the key was deleted or has expired. Without a KEY, all are watched.\n"
  "Options must come before NAME, because KEY may begin with '-'.\n",
  run_dict_watch};
