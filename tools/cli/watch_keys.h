/*
 * watch_keys.h - the keys of a dict whose changes are printed.
 */
#ifndef SHAREABLE__CLI_WATCH_KEYS_H
#define SHAREABLE__CLI_WATCH_KEYS_H

#include "text.h"

/* A key, and the last line of it. */
typedef struct watched_key {
  shareable_value key; /* its text is `bytes`; None: the place was free */
  char *bytes;
  char *line;
} watched_key;

typedef struct watch_keys {
  const shareable_dict *dict; /* NULL: no dict is watched */
  bool json;
  const shareable_value *wanted; /* the keys that are watched, or NULL: all */
  watched_key *entries;          /* one for each wanted key, or for each place */
  size_t count;
  int64_t expiry; /* the time when the first of the keys expires, as of shareable__now(), or INT64_MAX */
  cli_text value_buffer, key_text, value_text;
} watch_keys;

/* Receives a line that has changed. */
typedef void watch_keys_line(void *context, const char *line);

/* Watches `count` keys, which must be valid until the end, or all if `wanted` is NULL. */
void watch_keys_begin(watch_keys *keys, const shareable_dict *dict, const shareable_value *wanted, size_t count,
                      bool json);

/* Reads the keys, and calls `changed` with the line of each that has changed since the last call. */
void watch_keys_check(watch_keys *keys, watch_keys_line *changed, void *context);

void watch_keys_end(watch_keys *keys);

#endif
