/*
 * dict_visit.h - visits the keys of a dict with their values and the times at which they expire.
 *
 * As shareable_dict_next() does, but it waits only once for a writer that holds keys or values
 * (held.h), and continues after what cannot be read.
 */
#ifndef SHAREABLE__CLI_DICT_VISIT_H
#define SHAREABLE__CLI_DICT_VISIT_H

#include "text.h"

typedef struct dict_visit {
  const shareable_dict *dict;
  size_t next; /* the place from which the visit continues */

  /* What was found: of the key and the value, only those whose status is OK are set. */
  size_t place;
  shareable_value key, value;
  shareable_status key_status, value_status;
  int64_t ttl; /* in nanoseconds; 0: never */
  shareable_dict_item item;
  cli_text key_buffer, value_buffer;
} dict_visit;

void dict_visit_begin(dict_visit *visit, const shareable_dict *dict);

/* Finds the next key. Returns false at the end. */
bool dict_visit_next(dict_visit *visit);

/* Prints why the key or the value could not be read. Does nothing if both were. */
void dict_visit_warn(const dict_visit *visit);

void dict_visit_end(dict_visit *visit);

#endif
