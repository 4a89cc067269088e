/*
 * dump_dict.c - prints the keys and the values of a dict.
 *
 * Each line is printed as soon as its key is read, as those of a list are.
 */
#include "dump_dict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dict_visit.h"
#include "output.h"
#include "table_width.h"

/* The width of the column of keys, unless the keys of the dict are shorter. */
enum { KEY_WIDTH_MAX = 32 };

typedef struct dump {
  dict_visit visit;
  size_t width; /* of the column of keys */
  cli_text text;
} dump;

static const char *type_of(shareable_status status, const shareable_value *value) {
  return status == SHAREABLE_OK ? cli_type_name(value->type) : cli_unread_type_name(status);
}

static void put_text(dump *state) {
  cli_put_bytes(state->text.bytes, state->text.length);
}

static double seconds_of(int64_t ttl) {
  return (double)ttl / 1e9;
}

static void print_line(dump *state) {
  const dict_visit *visit = &state->visit;
  char type[64], ttl[32];
  size_t width;

  snprintf(type, sizeof type, "%-5s  ", type_of(visit->key_status, &visit->key));
  cli_put(type);
  cli_text_clear(&state->text);
  if (visit->key_status == SHAREABLE_OK)
    cli_format_value(&state->text, &visit->key, CLI_ONE_LINE);
  put_text(state);
  width = state->text.length == 0 ? 0 : table_text_width(state->text.bytes);
  for (; width < state->width; width++)
    cli_put(" ");
  snprintf(ttl, sizeof ttl, "%.3f", seconds_of(visit->ttl));
  snprintf(type, sizeof type, "  %10s  %-5s", visit->ttl == 0 ? "-" : ttl, type_of(visit->value_status, &visit->value));
  cli_put(type);
  if (visit->value_status == SHAREABLE_OK) {
    cli_format_value(&state->text, &visit->value, CLI_ONE_LINE);
    cli_put("  ");
    put_text(state);
  }
  cli_put("\n");
}

static void print_members(dump *state, bool is_first) {
  const dict_visit *visit = &state->visit;
  char ttl[48];

  cli_put(is_first ? "\n      {\"key\": " : ",\n      {\"key\": ");
  if (visit->key_status == SHAREABLE_OK)
    cli_format_tagged(&state->text, &visit->key);
  else
    cli_text_clear(&state->text);
  put_text(state);
  cli_put(visit->key_status == SHAREABLE_OK ? ", " : "null, ");
  snprintf(ttl, sizeof ttl, "\"ttl\": %.9f, ", seconds_of(visit->ttl));
  cli_put(visit->ttl == 0 ? "" : ttl);
  if (visit->value_status == SHAREABLE_OK) {
    cli_format_members(&state->text, &visit->value);
    put_text(state);
  } else {
    cli_put("\"type\": \"");
    cli_put(cli_unread_type_name(visit->value_status));
    cli_put("\"");
  }
  cli_put("}");
}

static void print_beginning(dump *state, const shareable_dict *dict, bool json, bool noheadings) {
  const shareable_value name = shareable_str(shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))));
  char *sizes;

  if (!json) {
    if (!noheadings)
      cli_line("%-5s  %-*s  %10s  %-5s  %s", "KTYPE", (int)state->width, "KEY", "TTL", "TYPE", "VALUE");
    return;
  }
  cli_format_value(&state->text, &name, CLI_JSON);
  cli_put("{\n   \"name\": ");
  put_text(state);
  sizes = cli_format(",\n   \"places\": %zu,\n   \"key_size\": %zu,\n   \"value_size\": %zu,\n   \"evict\": %s",
                     shareable_dict_places(dict), shareable_dict_key_size(dict), shareable_dict_value_size(dict),
                     shareable_dict_evicts(dict) ? "true" : "false");
  cli_put(sizes);
  free(sizes);
  cli_put(",\n   \"items\": [");
}

uint64_t dump_dict(const shareable_dict *dict, uint64_t count, bool json, bool noheadings) {
  size_t key_size = shareable_dict_key_size(dict), places = shareable_dict_places(dict);
  dump state = {.width = key_size < KEY_WIDTH_MAX ? key_size : KEY_WIDTH_MAX};
  uint64_t shown = 0, unread = 0;

  dict_visit_begin(&state.visit, dict);
  print_beginning(&state, dict, json, noheadings);
  for (; shown < count && dict_visit_next(&state.visit); shown++) {
    bool is_read = state.visit.key_status == SHAREABLE_OK && state.visit.value_status == SHAREABLE_OK;

    dict_visit_warn(&state.visit);
    unread += !is_read;
    if (json)
      print_members(&state, shown == 0);
    else
      print_line(&state);
    if (shown % 4096 == 0)
      cli_progress("places", state.visit.place, places);
  }
  cli_progress("places", places, places);
  if (json)
    cli_put(shown == 0 ? "]\n}\n" : "\n   ]\n}\n");
  dict_visit_end(&state.visit);
  free(state.text.bytes);
  return unread;
}
