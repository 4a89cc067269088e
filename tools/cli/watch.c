/*
 * watch.c - shareable watch: prints items as they change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "held.h"
#include "list/list.h"
#include "output.h"
#include "text.h"

/* The interval, in nanoseconds, at which the list's name is checked. */
#define NAME_CHECK_NS INT64_C(500000000)

typedef struct watch {
  const shareable_list *list;
  const char *name;
  const int64_t *indexes;
  char **lines; /* the last line of each item, or NULL */
  size_t count;
  bool json;
  int64_t left; /* the number of lines that remain to be printed */
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

/* Reads all items, and prints those that have changed if `print` is set. */
static void check_items(watch *state, bool print) {
  held_clear();
  for (size_t i = 0; i < state->count && state->left > 0; i++) {
    char *line = line_of(state, state->indexes[i]);

    if (state->lines[i] != NULL && strcmp(state->lines[i], line) == 0) {
      free(line);
      continue;
    }
    if (print) {
      cli_put(line);
      cli_put("\n");
      state->left--;
    }
    free(state->lines[i]);
    state->lines[i] = line;
  }
  if (cli_flush() != 0)
    exit(cli_flush_or_warn(CLI_FAILED));
}

/* Exits if the list has lost its name: programs that open the name no longer change this list. */
static void check_name(const watch *state) {
  const shareable__segment *segment = &state->list->memory->segment;
  char *path = cli_format(SHAREABLE__DIRECTORY "/%s", state->name);
  struct stat file;
  int errnum = lstat(path, &file) == 0 ? 0 : errno;

  free(path);
  if (errnum == ENOENT)
    cli_die("list '%s' was removed", state->name);
  if (errnum == 0 && (file.st_ino != segment->inode || file.st_dev != segment->device))
    cli_die("list '%s' was removed, and another block now has its name", state->name);
}

/* Waits for a change for at most `timeout` nanoseconds, or without limit if it is negative. */
static shareable_status wait_for_change(const watch *state, uint64_t *hash, int64_t timeout) {
  shareable_status status;

  do {
    int64_t interval = timeout < 0 || timeout > NAME_CHECK_NS ? NAME_CHECK_NS : timeout;

    status = shareable_list_wait_any(state->list, hash, interval);
    timeout -= timeout < 0 ? 0 : interval;
    if (status == SHAREABLE_E_TIMED_OUT)
      check_name(state);
  } while (status == SHAREABLE_E_TIMED_OUT && timeout != 0);
  return status;
}

static int run(watch *state, bool show_initial, int64_t timeout) {
  shareable_status status = SHAREABLE_OK;
  uint64_t hash = 0;
  shareable_error error;

  status = shareable_list_hash(state->list, &hash); /* first, so that no change is missed */
  check_items(state, show_initial);
  while (status == SHAREABLE_OK && state->left > 0) {
    status = wait_for_change(state, &hash, timeout);
    if (status == SHAREABLE_OK) {
      check_items(state, true);
      if (state->left > 0)
        check_name(state);
    }
  }
  if (status == SHAREABLE_OK || status == SHAREABLE_E_TIMED_OUT)
    return status == SHAREABLE_OK ? CLI_DONE : CLI_TIMED_OUT;
  shareable_list_explain(state->list, status, &error);
  cli_die("%s", error.message);
}

static int64_t *parse_indexes(const shareable_list *list, char *const *texts, size_t *count) {
  bool is_all = *count == 0;
  int64_t *indexes;

  if (is_all)
    *count = shareable_list_length(list);
  indexes = cli_allocate(NULL, *count, sizeof *indexes);
  for (size_t i = 0; i < *count; i++) {
    size_t capacity;

    indexes[i] = is_all ? (int64_t)i : cli_parse_index(texts[i]);
    if (shareable_list_capacity(list, indexes[i], &capacity) == SHAREABLE_E_INDEX)
      cli_die_item(list, indexes[i], SHAREABLE_E_INDEX);
  }
  return indexes;
}

static int run_watch(int argc, char **argv) {
  static const struct option longs[] = {
    {"json", no_argument, NULL, 'J'},        {"initial", no_argument, NULL, 'i'},
    {"count", required_argument, NULL, 'c'}, {"timeout", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},        {0}};
  watch state = {.left = INT64_MAX};
  bool show_initial = false;
  int64_t timeout = -1;
  int64_t *indexes;
  shareable_list *list;
  int option, status;

  while ((option = cli_option(&cli_watch, argc, argv, "+:Jic:t:h", longs)) >= 0) {
    state.json |= option == 'J';
    show_initial |= option == 'i';
    if (option == 'c')
      state.left = cli_parse_number(optarg, 1, INT64_MAX, "number of changes");
    if (option == 't')
      timeout = cli_parse_timeout(optarg);
  }
  if (optind == argc)
    cli_usage_error("NAME is missing");
  state.list = list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  state.name = shareable__name_normalize(argv[optind]);
  state.count = (size_t)(argc - optind - 1);
  state.indexes = indexes = parse_indexes(list, argv + optind + 1, &state.count);
  state.lines = cli_allocate(NULL, state.count, sizeof *state.lines);
  memset(state.lines, 0, state.count * sizeof *state.lines);
  status = run(&state, show_initial, timeout);
  for (size_t i = 0; i < state.count; i++)
    free(state.lines[i]);
  free(state.lines);
  free(indexes);
  free(state.item.bytes);
  free(state.text.bytes);
  shareable_list_unref(list);
  return status;
}

const cli_command cli_watch = {"watch", "NAME [INDEX]...", "Print items as they change, one per line.",
                               "  -J, --json             print each item as a line of JSON\n"
                               "  -i, --initial          print the items' present values first\n"
                               "  -c, --count NUMBER     exit after NUMBER lines\n"
                               "  -t, --timeout SECONDS  exit with status 3 if nothing changes for SECONDS\n"
                               "  -h, --help             print this help\n"
                               "\n"
                               "watch sleeps until this library writes to the list. It checks for writes by\n"
                               "stock Python 20 times a second. If the list is removed, watch exits with\n"
                               "status 1.\n"
                               "Options must come before NAME, because INDEX may begin with '-'.\n",
                               run_watch};
