/*
 * dict_keys.h - the keys of the subjects that are dicts: 1,000 keys of 16 bytes, used in random order.
 */
#ifndef BENCH_DICT_KEYS_H
#define BENCH_DICT_KEYS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DICT_KEYS = 1000, DICT_KEY_SIZE = 16, DICT_ORDER = 8192 };

static char dict_keys[DICT_KEYS][DICT_KEY_SIZE];
static uint16_t dict_order[DICT_ORDER];

/* Stores the key with a number. */
static inline void dict_make_key(char key[DICT_KEY_SIZE], size_t number) {
  char text[32];

  snprintf(text, sizeof text, "key-%012zu", number);
  memcpy(key, text, DICT_KEY_SIZE);
}

static inline void dict_make_keys(void) {
  srand(1);
  for (size_t i = 0; i < DICT_KEYS; i++)
    dict_make_key(dict_keys[i], i);
  for (size_t i = 0; i < DICT_ORDER; i++)
    dict_order[i] = (uint16_t)(rand() % DICT_KEYS);
}

/* Returns the number of the key of an operation. */
static inline size_t dict_key_at(int64_t operation) {
  return dict_order[operation % DICT_ORDER];
}

#endif
