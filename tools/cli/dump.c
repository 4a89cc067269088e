/*
 * dump.c - shareable dump: the items of a list.
 *
 * The lines are written as they are read, not gathered in a table: a list may be as long as memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "text.h"

typedef struct dump {
  const shareable_list *list;
  bool json, headless;
  int width; /* of the largest index */
  cli_text item, text;
  size_t unread; /* the number of items that could not be read */
} dump;

/* What comes in front of an item's type. */
static void print_index(const dump *of, size_t i, bool is_first) {
  char text[64];

  if (of->json)
    snprintf(text, sizeof text, "%s\n      {\"index\": %zu, \"type\": ", is_first ? "" : ",", i);
  else
    snprintf(text, sizeof text, "%*zu  ", of->width, i);
  cli_put(text);
}

static void print_unread(const dump *of, shareable_status status) {
  cli_put(of->json ? "\"" : "");
  cli_put(cli_type_of_unread(status));
  cli_put(of->json ? "\"}" : "\n");
}

static void print_value(dump *of, const shareable_value *value) {
  char type[32];

  snprintf(type, sizeof type, of->json ? "\"%s\", \"value\": " : "%-5s  ", cli_type_name(value->type));
  cli_put(type);
  cli_text_of(&of->text, value, of->json ? CLI_JSON : CLI_ONE_LINE);
  cli_put_bytes(of->text.bytes, of->text.length);
  cli_put(of->json ? "}" : "\n");
}

static void print_items(dump *of, size_t count) {
  shareable_value value;

  for (size_t i = 0; i < count; i++) {
    shareable_status status = cli_read_item(of->list, (int64_t)i, &value, &of->item);

    print_index(of, i, i == 0);
    if (status == SHAREABLE_OK)
      print_value(of, &value);
    else
      print_unread(of, status);
    of->unread += status != SHAREABLE_OK;
    if (i % 4096 == 0)
      cli_progress("items", i, count);
  }
  cli_progress("items", count, count);
}

static void print_list(dump *of, const char *name) {
  size_t count = shareable_list_length(of->list);
  const shareable_value text = shareable_str(name);

  of->width = snprintf(NULL, 0, "%zu", count == 0 ? 0 : count - 1);
  of->width = of->width < 5 ? 5 : of->width;
  if (of->json) {
    cli_text_of(&of->text, &text, CLI_JSON);
    cli_put("{\n   \"name\": ");
    cli_put_bytes(of->text.bytes, of->text.length);
    cli_put(",\n   \"items\": [");
  } else if (!of->headless) {
    cli_line("%*s  %-5s  %s", of->width, "INDEX", "TYPE", "VALUE");
  }
  print_items(of, count);
  if (of->json)
    cli_put(count == 0 ? "]\n}\n" : "\n   ]\n}\n");
}

static int run_dump(int argc, char **argv) {
  static const struct option longs[] = {
    {"json", no_argument, NULL, 'J'}, {"noheadings", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
  dump of = {0};
  shareable_list *list;
  int option;

  while ((option = cli_option(&cli_dump, argc, argv, ":Jnh", longs)) >= 0) {
    of.json |= option == 'J';
    of.headless |= option == 'n';
  }
  if (optind != argc - 1)
    cli_misuse("expected one NAME");
  of.list = list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  print_list(&of, argv[optind]);
  free(of.item.bytes);
  free(of.text.bytes);
  shareable_list_unref(list);
  return of.unread == 0 ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_dump = {"dump", "NAME", "Print the items of a list with their types.",
                              "  -J, --json        print JSON; bytes are strings of hexadecimal digits\n"
                              "  -n, --noheadings  do not print the line of headings\n"
                              "  -h, --help        print this help\n",
                              run_dump};
