/*
 * dump.c - shareable dump: prints the items of a list.
 *
 * Each line is printed as soon as its item is read. A table would need memory for the whole list.
 */
#include <stdio.h>
#include <stdlib.h>

#include "list/list.h"
#include "output.h"
#include "text.h"

typedef struct dump {
  const shareable_list *list;
  bool json, noheadings;
  int width; /* of the largest index */
  cli_text item, text;
  size_t unread; /* the number of items that could not be read */
} dump;

/* Prints the part of a line before the item's type. */
static void print_index(const dump *state, size_t i, bool is_first) {
  char text[64];

  if (state->json)
    snprintf(text, sizeof text, "%s\n      {\"index\": %zu, ", is_first ? "" : ",", i);
  else
    snprintf(text, sizeof text, "%*zu  ", state->width, i);
  cli_put(text);
}

static void print_unread(const dump *state, shareable_status status) {
  cli_put(state->json ? "\"type\": \"" : "");
  cli_put(cli_unread_type_name(status));
  cli_put(state->json ? "\"}" : "\n");
}

/* A text needs its capacity to be created again, and so does an item with room for a text. */
static void print_capacity(const dump *state, size_t i, const shareable_value *value) {
  size_t capacity;
  char text[64];

  if (shareable_list_capacity(state->list, (int64_t)i, &capacity) != SHAREABLE_OK ||
      (capacity == 8 && value->type != SHAREABLE_TYPE_STR && value->type != SHAREABLE_TYPE_BYTES))
    return;
  snprintf(text, sizeof text, ", \"capacity\": %zu", capacity);
  cli_put(text);
}

static void print_members(dump *state, size_t i, const shareable_value *value) {
  cli_format_members(&state->text, value);
  cli_put_bytes(state->text.bytes, state->text.length);
  print_capacity(state, i, value);
  cli_put("}");
}

static void print_value(dump *state, size_t i, const shareable_value *value) {
  char type[32];

  if (state->json) {
    print_members(state, i, value);
    return;
  }
  snprintf(type, sizeof type, "%-5s  ", cli_type_name(value->type));
  cli_put(type);
  cli_format_value(&state->text, value, CLI_ONE_LINE);
  cli_put_bytes(state->text.bytes, state->text.length);
  cli_put("\n");
}

static void print_items(dump *state, size_t count) {
  shareable_value value;

  for (size_t i = 0; i < count; i++) {
    shareable_status status = cli_read_item_or_warn(state->list, (int64_t)i, &value, &state->item);

    print_index(state, i, i == 0);
    if (status == SHAREABLE_OK)
      print_value(state, i, &value);
    else
      print_unread(state, status);
    state->unread += status != SHAREABLE_OK;
    if (i % 4096 == 0)
      cli_progress("items", i, count);
  }
  cli_progress("items", count, count);
}

static void print_list(dump *state, const char *name) {
  size_t count = shareable_list_length(state->list);
  const shareable_value text = shareable_str(name);

  state->width = snprintf(NULL, 0, "%zu", count == 0 ? 0 : count - 1);
  state->width = state->width < 5 ? 5 : state->width;
  if (state->json) {
    cli_format_value(&state->text, &text, CLI_JSON);
    cli_put("{\n   \"name\": ");
    cli_put_bytes(state->text.bytes, state->text.length);
    cli_put(shareable__sync_has_area(&state->list->sync) ? ",\n   \"sync\": true" : ",\n   \"sync\": false");
    cli_put(",\n   \"items\": [");
  } else if (!state->noheadings) {
    cli_line("%*s  %-5s  %s", state->width, "INDEX", "TYPE", "VALUE");
  }
  print_items(state, count);
  if (state->json)
    cli_put(count == 0 ? "]\n}\n" : "\n   ]\n}\n");
}

static int run_dump(int argc, char **argv) {
  static const struct option longs[] = {
    {"json", no_argument, NULL, 'J'}, {"noheadings", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
  dump state = {0};
  shareable_list *list;
  int option;

  while ((option = cli_option(&cli_dump, argc, argv, ":Jnh", longs)) >= 0) {
    state.json |= option == 'J';
    state.noheadings |= option == 'n';
  }
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  state.list = list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  print_list(&state, argv[optind]);
  free(state.item.bytes);
  free(state.text.bytes);
  shareable_list_unref(list);
  return state.unread == 0 ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_dump = {"dump", "NAME", "Print the items of a list with their types.",
                              "  -J, --json        print JSON, which 'create --from-json' reads\n"
                              "  -n, --noheadings  do not print the line of headings\n"
                              "  -h, --help        print this help\n",
                              run_dump};
