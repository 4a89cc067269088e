/*
 * watch_keys.c - the keys of a dict whose changes are printed.
 */
#include "watch_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dict_call.h"
#include "dict_visit.h"
#include "held.h"

void watch_keys_begin(watch_keys *keys, const shareable_dict *dict, const shareable_value *wanted, size_t count,
                      bool json) {
  *keys = (watch_keys){.dict = dict, .wanted = wanted, .json = json};
  keys->count = wanted == NULL ? shareable_dict_places(dict) : count;
  keys->entries = cli_allocate(NULL, keys->count, sizeof *keys->entries);
  for (size_t i = 0; i < keys->count; i++)
    keys->entries[i] = (watched_key){.key = shareable_none()};
}

static void clear(watched_key *entry) {
  free(entry->bytes);
  free(entry->line);
  entry->bytes = entry->line = NULL;
  entry->key = shareable_none();
}

void watch_keys_end(watch_keys *keys) {
  for (size_t i = 0; i < keys->count; i++)
    clear(&keys->entries[i]);
  free(keys->entries);
  free(keys->value_buffer.bytes);
  free(keys->key_text.bytes);
  free(keys->value_text.bytes);
  keys->dict = NULL;
}

/* Returns the beginning of a line, up to the type of the value. The caller frees it. */
static char *format_key(watch_keys *keys, const shareable_value *key) {
  if (keys->json) {
    cli_format_tagged(&keys->key_text, key);
    return cli_format("{\"key\": %s, \"type\": ", keys->key_text.bytes);
  }
  cli_format_value(&keys->key_text, key, CLI_ONE_LINE);
  return cli_format("%-5s  %s  ", cli_type_name(key->type), keys->key_text.bytes);
}

static char *format_without_value(watch_keys *keys, const shareable_value *key, const char *type) {
  char *beginning = format_key(keys, key), *line = cli_format(keys->json ? "%s\"%s\"}" : "%s%s", beginning, type);

  free(beginning);
  return line;
}

static char *format_line(watch_keys *keys, const shareable_value *key, shareable_status status,
                         const shareable_value *value) {
  char *beginning, *line;

  if (status == SHAREABLE_E_NO_KEY)
    return format_without_value(keys, key, "absent");
  if (status != SHAREABLE_OK)
    return format_without_value(keys, key, cli_unread_type_name(status));
  beginning = format_key(keys, key);
  cli_format_value(&keys->value_text, value, keys->json ? CLI_JSON : CLI_ONE_LINE);
  line = cli_format(keys->json ? "%s\"%s\", \"value\": %s}" : "%s%-5s  %s", beginning, cli_type_name(value->type),
                    keys->value_text.bytes);
  free(beginning);
  return line;
}

/* Replaces the line of an entry, and reports it if it has changed. */
static void set_line(watched_key *entry, char *line, watch_keys_line *changed, void *context) {
  bool is_changed = entry->line == NULL || strcmp(entry->line, line) != 0;

  free(entry->line);
  entry->line = line;
  if (is_changed)
    changed(context, line);
}

static void note_ttl(watch_keys *keys, int64_t ttl) {
  int64_t expiry = ttl == 0 ? INT64_MAX : shareable__deadline(ttl);

  if (expiry < keys->expiry)
    keys->expiry = expiry;
}

static void check_wanted(watch_keys *keys, watch_keys_line *changed, void *context) {
  for (size_t i = 0; i < keys->count; i++) {
    const shareable_value *key = &keys->wanted[i];
    shareable_value value = shareable_none();
    shareable_status status = dict_get(keys->dict, key, &value, &keys->value_buffer);
    int64_t ttl;

    if (status == SHAREABLE_E_KEY || status == SHAREABLE_E_CLOSED)
      dict_die(keys->dict, key, status);
    set_line(&keys->entries[i], format_line(keys, key, status, &value), changed, context);
    if (status == SHAREABLE_OK && shareable_dict_ttl(keys->dict, key, &ttl) == SHAREABLE_OK)
      note_ttl(keys, ttl);
  }
}

static bool has_key(const watched_key *entry, const shareable_value *key) {
  return entry->key.type == key->type && entry->key.length == key->length &&
         memcmp(entry->key.text, key->text, (size_t)key->length) == 0;
}

/* The key has left its place. It may have another one: then its line is reported there. */
static void leave(watch_keys *keys, watched_key *entry, watch_keys_line *changed, void *context) {
  shareable_value value = shareable_none();

  if (entry->key.type == SHAREABLE_TYPE_NONE)
    return;
  if (shareable_dict_get(keys->dict, &entry->key, &value, NULL, 0) == SHAREABLE_E_NO_KEY)
    set_line(entry, format_line(keys, &entry->key, SHAREABLE_E_NO_KEY, &value), changed, context);
  clear(entry);
}

static void set_key(watched_key *entry, const shareable_value *key) {
  entry->bytes = cli_allocate(NULL, (size_t)key->length, 1);
  memcpy(entry->bytes, key->text, (size_t)key->length);
  entry->key = *key;
  entry->key.text = entry->bytes;
}

static void check_place(watch_keys *keys, const dict_visit *visit, watch_keys_line *changed, void *context) {
  watched_key *entry = &keys->entries[visit->place];

  if (visit->key_status != SHAREABLE_OK) /* the line remains until the key can be read */
    return;
  if (!has_key(entry, &visit->key)) {
    leave(keys, entry, changed, context);
    set_key(entry, &visit->key);
  }
  set_line(entry, format_line(keys, &visit->key, visit->value_status, &visit->value), changed, context);
  note_ttl(keys, visit->ttl);
}

static void check_all(watch_keys *keys, watch_keys_line *changed, void *context) {
  size_t place = 0;
  dict_visit visit;

  for (dict_visit_begin(&visit, keys->dict); dict_visit_next(&visit); place = visit.place + 1) {
    for (; place < visit.place; place++)
      leave(keys, &keys->entries[place], changed, context);
    check_place(keys, &visit, changed, context);
  }
  for (; place < keys->count; place++)
    leave(keys, &keys->entries[place], changed, context);
  dict_visit_end(&visit);
}

void watch_keys_check(watch_keys *keys, watch_keys_line *changed, void *context) {
  held_clear();
  keys->expiry = INT64_MAX;
  (keys->wanted == NULL ? check_all : check_wanted)(keys, changed, context);
}
