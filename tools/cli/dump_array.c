/*
 * dump_array.c - prints the type, the shape and the first items of an array.
 */
#include "dump_array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array_text.h"
#include "output.h"

/* The most bytes that are read at once. */
enum { PART_BYTES = 4096 };

typedef struct dump {
  const shareable_array *array;
  size_t ndim;
  const uint64_t *shape;
  uint64_t index[SHAREABLE_NDIM_MAX]; /* of the next item */
  uint64_t count;                     /* of the items that are printed */
  bool json, noheadings;
  int width; /* of the largest index */
  cli_text text;
  /* The bytes of the block that were read last. */
  uint64_t part_offset;
  size_t part_length;
  char part[PART_BYTES];
} dump;

static void read_bytes(const dump *state, uint64_t offset, void *bytes, size_t length) {
  shareable_memory *memory = shareable_array_memory(state->array);
  int errnum = cli_read_memory(memory, offset, bytes, length);

  if (errnum != 0)
    cli_die_memory(memory, errnum);
}

/* Returns where the next item is in the block. */
static uint64_t item_offset(const dump *state) {
  const int64_t *strides = shareable_array_strides(state->array);
  uint64_t offset = state->array->data_offset;

  for (size_t i = 0; i < state->ndim; i++)
    offset += state->index[i] * (uint64_t)strides[i];
  return offset;
}

static void advance(dump *state) {
  for (size_t i = state->ndim; i-- > 0;) {
    if (++state->index[i] < state->shape[i])
      return;
    state->index[i] = 0;
  }
}

/* Replaces the text by numbers separated by a comma and `blank`. */
static void format_index(dump *state, const uint64_t *index, const char *blank) {
  char number[32];

  cli_text_clear(&state->text);
  for (size_t i = 0; i < state->ndim; i++)
    cli_text_add(
      &state->text, number,
      (size_t)snprintf(number, sizeof number, "%s%s%" PRIu64, i == 0 ? "" : ",", i == 0 ? "" : blank, index[i]));
}

/* Prints the part of a line before the value. */
static void print_index(dump *state, bool is_first) {
  char *line;

  format_index(state, state->index, state->json ? " " : "");
  if (state->json)
    line = cli_format("%s\n      {\"index\": [%s], \"value\": ", is_first ? "" : ",", state->text.bytes);
  else
    line = cli_format("%*s  ", state->width, state->ndim == 0 ? "()" : state->text.bytes);
  cli_put(line);
  free(line);
}

/* Returns the next number, which is smaller than a part. Reads those after it too. */
static const char *read_number(dump *state) {
  uint64_t offset = item_offset(state), end = state->array->data_offset + shareable_array_nbytes(state->array);
  size_t size = shareable_array_item_size(state->array);

  if (offset < state->part_offset || offset + size > state->part_offset + state->part_length) {
    state->part_offset = offset;
    state->part_length = end - offset < PART_BYTES ? (size_t)(end - offset) : PART_BYTES;
    read_bytes(state, offset, state->part, state->part_length);
  }
  return state->part + (offset - state->part_offset);
}

static void print_number(dump *state) {
  array_format_number(&state->text, state->array, read_number(state), state->json ? CLI_JSON : CLI_ONE_LINE);
  cli_put_bytes(state->text.bytes, state->text.length);
}

/* Prints the bytes of an item in parts: it may be larger than the free memory. */
static void print_bytes(dump *state) {
  uint64_t offset = item_offset(state);
  size_t size = shareable_array_item_size(state->array), part;

  cli_put(state->json ? "\"" : "");
  for (size_t at = 0; at < size && (at == 0 || cli_flush() == 0); at += part) {
    shareable_value value;

    part = size - at < PART_BYTES ? size - at : PART_BYTES;
    read_bytes(state, offset + at, state->part, part);
    value = shareable_bytes(state->part, part);
    cli_format_value(&state->text, &value, CLI_ONE_LINE);
    cli_put_bytes(state->text.bytes, state->text.length);
  }
  cli_put(state->json ? "\"" : "");
}

static void print_items(dump *state) {
  bool is_bytes = shareable_array_dtype(state->array) == SHAREABLE_DTYPE_BYTES;

  for (uint64_t i = 0; i < state->count; i++) {
    print_index(state, i == 0);
    if (is_bytes)
      print_bytes(state);
    else
      print_number(state);
    cli_put(state->json ? "}" : "\n");
    advance(state);
    if (i % 4096 == 0)
      cli_progress("items", i, state->count);
  }
  cli_progress("items", state->count, state->count);
}

static void set_width(dump *state) {
  uint64_t last[SHAREABLE_NDIM_MAX] = {0};

  for (size_t i = 0; i < state->ndim; i++)
    last[i] = state->shape[i] == 0 ? 0 : state->shape[i] - 1;
  format_index(state, last, "");
  state->width = state->text.length < 5 ? 5 : (int)state->text.length;
}

static void print_lines(dump *state) {
  char *dtype = array_dtype_text(state->array), *shape = array_shape_text(state->array, false);
  size_t all = shareable_array_size(state->array);

  set_width(state);
  if (!state->noheadings) {
    cli_line("DTYPE  %s", dtype);
    cli_line("SHAPE  %s", shape);
    cli_line("ORDER  %s", array_order_name(state->array));
    cli_put("\n");
    cli_line("%*s  %s", state->width, "INDEX", "VALUE");
  }
  print_items(state);
  if (!state->noheadings && state->count < all)
    cli_line("%" PRIu64 " of %zu items: --count NUMBER prints more", state->count, all);
  free(shape);
  free(dtype);
}

/* Prints a member of the object whose value is a string. */
static void print_member(dump *state, const char *name, const char *text) {
  const shareable_value value = shareable_str(text);

  cli_format_value(&state->text, &value, CLI_JSON);
  cli_put(name);
  cli_put_bytes(state->text.bytes, state->text.length);
}

static void print_json(dump *state) {
  char *dtype = array_dtype_text(state->array), *numbers;

  print_member(state, "{\n   \"name\": ", shareable_memory_name(shareable_array_memory(state->array)));
  print_member(state, ",\n   \"dtype\": ", dtype);
  format_index(state, state->shape, " ");
  numbers = cli_format(",\n   \"shape\": [%s],\n   \"order\": \"%s\",\n   \"size\": %zu,\n   \"items\": [",
                       state->text.bytes, array_order_name(state->array), shareable_array_size(state->array));
  cli_put(numbers);
  print_items(state);
  cli_put(state->count == 0 ? "]\n}\n" : "\n   ]\n}\n");
  free(numbers);
  free(dtype);
}

void dump_array(const shareable_array *array, uint64_t count, bool json, bool noheadings) {
  dump state = {.array = array, .json = json, .noheadings = noheadings};
  size_t all = shareable_array_size(array);

  state.ndim = shareable_array_ndim(array);
  state.shape = shareable_array_shape(array);
  state.count = count < all ? count : all;
  if (json)
    print_json(&state);
  else
    print_lines(&state);
  free(state.text.bytes);
}
