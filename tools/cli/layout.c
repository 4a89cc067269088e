/*
 * layout.c - shareable layout: shows where each part of a list or a dict is in its block.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/dict_area.h"
#include "format/item.h"
#include "list/list.h"
#include "table.h"
#include "text.h"

enum { AREA, OFFSET, SIZE, FORMAT, CODE, HOLDS };

static const cli_column columns[] = {
  [AREA] = {"AREA", SCOLS_FL_TREE, SCOLS_JSON_STRING, false, 0},
  [OFFSET] = {"OFFSET", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [SIZE] = {"SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [FORMAT] = {"FORMAT", 0, SCOLS_JSON_STRING, false, 0},
  [CODE] = {"CODE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [HOLDS] = {"HOLDS", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, true, 0},
};

/* The number of items that are shown of a list of more than twice as many. */
#define SHORT_LIST 32

typedef struct area {
  const char *name;
  uint64_t offset, size;
  const char *format; /* or NULL */
  int code;           /* or -1 */
  const char *holds;
} area;

static char *cell(const void *row, size_t column, const cli_view *view) {
  const area *part = row;

  (void)view;
  switch (column) {
  case AREA:
    return cli_format("%s", part->name);
  case OFFSET:
    return cli_format("%" PRIu64, part->offset);
  case SIZE:
    return cli_format("%" PRIu64, part->size);
  case FORMAT:
    return part->format == NULL ? NULL : cli_format("%s", part->format);
  case CODE:
    return part->code < 0 ? NULL : cli_format("%d", part->code);
  default:
    return cli_format("%s", part->holds);
  }
}

typedef struct report {
  shareable_list *list;
  cli_table *table;
  const cli_view *view;
  const unsigned char *base;
  cli_text item, text;
  size_t unread; /* the number of items that could not be read */
} report;

/* JSON and raw tables escape the texts themselves, but a NUL would end a text. */
static cli_style style_for(const shareable_value *value, const cli_view *view) {
  bool has_nul =
    value->type == SHAREABLE_TYPE_STR && value->length > 0 && memchr(value->text, '\0', (size_t)value->length) != NULL;

  return (view->json || view->raw) && !has_nul ? CLI_EXACT : CLI_ONE_LINE;
}

/* Returns a description of the item's value, which is valid until the next call. */
static const char *describe(report *state, size_t i) {
  shareable_value value;
  shareable_status status = cli_read_item_or_warn(state->list, (int64_t)i, &value, &state->item);

  if (status != SHAREABLE_OK) {
    state->unread++;
    return cli_unread_type_name(status);
  }
  cli_format_value(&state->text, &value, style_for(&value, state->view));
  return state->text.bytes;
}

static void add_slot(report *state, size_t i, struct libscols_line *parent) {
  const shareable__layout *layout = &state->list->layout;
  area row = {.code = -1};
  char name[24], format[9] = "";
  shareable__slot slot;

  snprintf(name, sizeof name, "%zu", i);
  row.name = name;
  if (!shareable__layout_slot(layout, i, &slot)) {
    row.holds = "corrupt: its offsets are invalid";
    state->unread++;
    cli_table_add(state->table, &row, parent, 0, NULL);
    return;
  }
  row.offset = (uint64_t)(slot.data - state->base);
  row.size = slot.size;
  row.code = shareable__item_code(&slot);
  if (shareable__item_format(&slot, format) > 0)
    row.format = format;
  row.holds = describe(state, i);
  cli_table_add(state->table, &row, parent, 0, NULL);
}

static struct libscols_line *add_area(report *state, const char *name, const unsigned char *start, uint64_t size,
                                      const char *holds) {
  const area row = {name, (uint64_t)(start - state->base), size, NULL, -1, holds};

  return cli_table_add(state->table, &row, NULL, 0, NULL);
}

static void add_slots(report *state, bool is_all) {
  const shareable__layout *layout = &state->list->layout;
  size_t shown = is_all || layout->count <= (size_t)2 * SHORT_LIST ? layout->count : SHORT_LIST;
  struct libscols_line *slots = add_area(state, "slots", layout->data, layout->data_size, "the items");

  for (size_t i = 0; i < shown; i++)
    add_slot(state, i, slots);
  if (shown < layout->count)
    cli_warn("%zu more items are not shown: use --all to show them", layout->count - shown);
}

static void add_part(report *state, const char *name, const void *start, uint64_t size, const char *holds,
                     struct libscols_line *parent) {
  const area row = {name, (uint64_t)((const unsigned char *)start - state->base), size, NULL, -1, holds};

  cli_table_add(state->table, &row, parent, 0, NULL);
}

/* Adds the dict area, if there is one. Returns its size. */
static uint64_t add_dict_area(report *state, uint64_t offset) {
  uint64_t size = shareable_memory_size(state->list->memory);
  unsigned char *start = (unsigned char *)state->base + offset;
  shareable__dict_area header;
  shareable__dict_parts parts;
  struct libscols_line *parent;

  if (!state->list->has_keys || offset >= size || size - offset < sizeof header)
    return 0;
  memcpy(&header, start, sizeof header);
  if (shareable__dict_area_check(&header, size - offset, state->list->layout.count, state->list->layout.data_size) !=
      SHAREABLE__DICT_USABLE)
    return 0;
  shareable__dict_area_parts(&parts, start, &header);
  parent = add_area(state, "dict area", start, header.size, "what makes the list a dict");
  add_part(state, "header", start, sizeof header, "sizes, the lock of the keys, their number", parent);
  add_part(state, "record", parts.record_data, header.value_size, "a long value that is being written", parent);
  add_part(state, "expiries", parts.expiries, 8 * header.places, "when the key of each place expires", parent);
  add_part(state, "index", parts.index, 16 * header.places, "the places by the hashes of the keys", parent);
  return header.size;
}

static void add_areas(report *state, bool is_all) {
  const shareable__layout *layout = &state->list->layout;
  uint64_t size = shareable_memory_size(state->list->memory), end, tail, count = layout->count;
  char *items = cli_format("%zu item%s", layout->count, cli_plural(layout->count));
  const unsigned char *sync = (const unsigned char *)state->list->sync.area;

  add_area(state, "header", state->base, 8, items);
  add_area(state, "offsets", layout->offsets, 8 * (count + 1), "the start of each slot, and the end of the last");
  add_slots(state, is_all);
  add_area(state, "formats", layout->formats, 8 * count, "each item's packing format, as in Python's struct");
  add_area(state, "codes", layout->codes, count, "0: as packed, 1: str, 2: bytes, 3: None");
  end = (uint64_t)(layout->codes - state->base) + count;
  if (sync != NULL)
    add_area(state, "sync area", sync, shareable__area_size(count), "versions of the items, locks, waiters");
  end = sync == NULL ? end : (uint64_t)(sync - state->base) + shareable__area_size(count);
  tail = add_dict_area(state, state->list->tail);
  end = tail == 0 ? end : state->list->tail + tail;
  if (end < size)
    add_area(state, "rest", state->base + end, size - end, "unused");
  free(items);
}

static int run_layout(int argc, char **argv) {
  static const struct option longs[] = {
    CLI_VIEW_LONGS, {"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
  cli_view view = {0};
  report state = {.view = &view};
  bool is_all = false;
  int option;

  while ((option = cli_option(&cli_layout, argc, argv, CLI_VIEW_SHORTS "ah", longs)) >= 0)
    if (!cli_view_apply(&view, option))
      is_all = true;
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  state.table = cli_table_new("areas", columns, sizeof columns / sizeof *columns, "AREA,OFFSET,SIZE,FORMAT,CODE,HOLDS",
                              cell, &view);
  state.list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  state.base = shareable_memory_address(state.list->memory);
  add_areas(&state, is_all);
  cli_table_print(state.table);
  free(state.item.bytes);
  free(state.text.bytes);
  shareable_list_unref(state.list);
  return state.unread == 0 ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_layout = {"layout", "NAME", "Show where each part of a list or a dict is in its block.",
                                CLI_VIEW_HELP
                                "\n"
                                "                        AREA,OFFSET,SIZE,FORMAT,CODE,HOLDS\n"
                                "  -a, --all             show all items of a long list, not the first 32\n"
                                "  -h, --help            print this help\n"
                                "\n"
                                "Offsets and sizes are in bytes. See shareable-layout(5) for the areas.\n",
                                run_layout};
