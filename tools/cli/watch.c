/*
 * watch.c - shareable watch: what changes in a list, as it does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "held.h"
#include "list/list.h"
#include "output.h"
#include "text.h"

/* How often the list's name is looked at, in nanoseconds. */
#define NAME_CHECK INT64_C(500000000)

typedef struct watch {
  const shareable_list *list;
  const char *name;
  const int64_t *indexes;
  char **lines; /* what was last seen of each */
  size_t count;
  bool json;
  int64_t left; /* how many changes are to be told yet */
  cli_text item, text;
} watch;

static char *line_of(watch *of, int64_t index) {
  shareable_value value;
  shareable_status status = cli_try_item(of->list, index, &value, &of->item);

  if (status != SHAREABLE_OK)
    return cli_format(of->json ? "{\"index\": %lld, \"type\": \"%s\"}" : "%lld  %s", (long long)index,
                      cli_type_of_unread(status));
  cli_text_of(&of->text, &value, of->json ? CLI_JSON : CLI_ONE_LINE);
  return cli_format(of->json ? "{\"index\": %lld, \"type\": \"%s\", \"value\": %s}" : "%lld  %-5s  %s",
                    (long long)index, cli_type_name(value.type), of->text.bytes);
}

/* Tells what is another than it was; all of it where nothing was seen yet and that is wanted. */
static void look(watch *of, bool is_told) {
  held_forget();
  for (size_t i = 0; i < of->count && of->left > 0; i++) {
    char *line = line_of(of, of->indexes[i]);

    if (of->lines[i] != NULL && strcmp(of->lines[i], line) == 0) {
      free(line);
      continue;
    }
    if (is_told) {
      cli_put(line);
      cli_put("\n");
      of->left--;
    }
    free(of->lines[i]);
    of->lines[i] = line;
  }
  if (cli_flush() != 0)
    exit(cli_finish(CLI_FAILED));
}

/* A list that has lost its name stays in memory, and no program that opens the name now writes to it. */
static void check_name(const watch *of) {
  const shareable__segment *segment = &of->list->memory->segment;
  char *path = cli_format(SHAREABLE__DIRECTORY "/%s", of->name);
  struct stat file;
  int system = lstat(path, &file) == 0 ? 0 : errno;

  free(path);
  if (system == ENOENT)
    cli_fail("list '%s' was removed", of->name);
  if (system == 0 && (file.st_ino != segment->inode || file.st_dev != segment->device))
    cli_fail("list '%s' was removed, and another block now has its name", of->name);
}

/* Waits for a change at most so long, in nanoseconds; a negative timeout is none. */
static shareable_status wait_for_change(const watch *of, uint64_t *digest, int64_t timeout) {
  shareable_status status;

  do {
    int64_t slice = timeout < 0 || timeout > NAME_CHECK ? NAME_CHECK : timeout;

    status = shareable_list_wait_any(of->list, digest, slice);
    timeout -= timeout < 0 ? 0 : slice;
    if (status == SHAREABLE_E_UNCHANGED)
      check_name(of);
  } while (status == SHAREABLE_E_UNCHANGED && timeout != 0);
  return status;
}

static int run(watch *of, bool with_first, int64_t timeout) {
  shareable_status status = SHAREABLE_OK;
  uint64_t digest = 0;
  shareable_error error;

  status = shareable_list_digest(of->list, &digest); /* before the look: what changes between them is told later */
  look(of, with_first);
  while (status == SHAREABLE_OK && of->left > 0) {
    status = wait_for_change(of, &digest, timeout);
    if (status == SHAREABLE_OK) {
      look(of, true);
      if (of->left > 0)
        check_name(of);
    }
  }
  if (status == SHAREABLE_OK || status == SHAREABLE_E_UNCHANGED)
    return status == SHAREABLE_OK ? CLI_DONE : CLI_TIMED_OUT;
  shareable_list_explain_whole(of->list, status, &error);
  cli_fail("%s", error.text);
}

/* In nanoseconds. */
static int64_t timeout_from(const char *text) {
  char *end;
  double seconds = strtod(text, &end);

  if (end == text || *end != '\0' || !(seconds >= 0) || seconds > 1e9)
    cli_misuse("'%s' is not a valid timeout: expected seconds from 0 to 1000000000", text);
  return (int64_t)(seconds * 1e9);
}

static int64_t *indexes_from(const shareable_list *list, char *const *texts, size_t *count) {
  bool is_all = *count == 0;
  int64_t *indexes;

  if (is_all)
    *count = shareable_list_length(list);
  indexes = cli_allocate(NULL, *count, sizeof *indexes);
  for (size_t i = 0; i < *count; i++) {
    size_t capacity;

    indexes[i] = is_all ? (int64_t)i : cli_number(texts[i], INT64_MIN, INT64_MAX, "index");
    if (shareable_list_capacity(list, indexes[i], &capacity) == SHAREABLE_E_INDEX)
      cli_fail_item(list, indexes[i], SHAREABLE_E_INDEX);
  }
  return indexes;
}

static int run_watch(int argc, char **argv) {
  static const struct option longs[] = {
    {"json", no_argument, NULL, 'J'},        {"initial", no_argument, NULL, 'i'},
    {"count", required_argument, NULL, 'c'}, {"timeout", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},        {0}};
  watch of = {.left = INT64_MAX};
  bool with_first = false;
  int64_t timeout = -1;
  int64_t *indexes;
  shareable_list *list;
  int option, status;

  while ((option = cli_option(&cli_watch, argc, argv, "+:Jic:t:h", longs)) >= 0) {
    of.json |= option == 'J';
    with_first |= option == 'i';
    if (option == 'c')
      of.left = cli_number(optarg, 1, INT64_MAX, "number of changes");
    if (option == 't')
      timeout = timeout_from(optarg);
  }
  if (optind == argc)
    cli_misuse("NAME is missing");
  of.list = list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  of.name = shareable__name_normalize(argv[optind]);
  of.count = (size_t)(argc - optind - 1);
  of.indexes = indexes = indexes_from(list, argv + optind + 1, &of.count);
  of.lines = cli_allocate(NULL, of.count, sizeof *of.lines);
  memset(of.lines, 0, of.count * sizeof *of.lines);
  status = run(&of, with_first, timeout);
  for (size_t i = 0; i < of.count; i++)
    free(of.lines[i]);
  free(of.lines);
  free(indexes);
  free(of.item.bytes);
  free(of.text.bytes);
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
                               "watch sleeps until this library writes to the list. It looks for writes by stock\n"
                               "Python 20 times a second. If the list is removed, watch exits with status 1.\n"
                               "Options must come before NAME, because INDEX may begin with '-'.\n",
                               run_watch};
