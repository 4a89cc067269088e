/*
 * dump.c - shareable dump: prints the items of a list, a dict or an array.
 *
 * Each line is printed as soon as its item is read. A table would need memory for the whole list.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dump_array.h"
#include "dump_dict.h"
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

/* Prints at most `most` items. */
static void print_list(dump *state, const char *name, size_t most) {
  size_t length = shareable_list_length(state->list), count = length < most ? length : most;
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

/* Prints the keys and the values, if the list is that of a dict. */
static void print_dict(dump *state, const char *name, size_t most) {
  shareable_dict *dict = cli_open_dict(name, SHAREABLE_READ_ONLY);

  state->unread = (size_t)dump_dict(dict, most, state->json, state->noheadings);
  shareable_dict_unref(dict);
}

/* `count` is the number of items that the user wants, or -1. */
static int dump_list(dump *state, const char *name, int64_t count) {
  shareable_list *list = cli_open(name, SHAREABLE_READ_ONLY);

  state->list = list;
  (list->has_keys ? print_dict : print_list)(state, name, count < 0 ? SIZE_MAX : (size_t)count);
  free(state->item.bytes);
  free(state->text.bytes);
  shareable_list_unref(list);
  return state->unread == 0 ? CLI_DONE : CLI_FAILED;
}

static int run_dump(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'},
                                        {"count", required_argument, NULL, 'c'},
                                        {"noheadings", no_argument, NULL, 'n'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  dump state = {0};
  int64_t count = -1;
  shareable_array *array;
  int option;

  while ((option = cli_option(&cli_dump, argc, argv, ":Jc:nh", longs)) >= 0) {
    state.json |= option == 'J';
    state.noheadings |= option == 'n';
    if (option == 'c')
      count = cli_parse_number(optarg, 0, INT64_MAX, "number of items");
  }
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  if (shareable_array_open(&array, argv[optind], SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD, NULL) != SHAREABLE_OK)
    return dump_list(&state, argv[optind], count);
  dump_array(array, count < 0 ? DUMP_ARRAY_ITEMS : (uint64_t)count, state.json, state.noheadings);
  shareable_array_unref(array);
  return CLI_DONE;
}

const cli_command cli_dump = {"dump", "NAME", "Print the items of a list, a dict or an array with their types.",
                              "  -J, --json          print JSON; of a list, 'create --from-json' reads it\n"
                              "  -c, --count NUMBER  print the first NUMBER items [all; array: 100]\n"
                              "  -n, --noheadings    do not print headings\n"
                              "  -h, --help          print this help\n"
                              "\n"
                              "Items of an array that are not numbers of C (dates, texts, records), and numbers\n"
                              "in the other byte order or not aligned in the file, are printed as hexadecimal\n"
                              "digits: two for each byte.\n",
                              run_dump};
