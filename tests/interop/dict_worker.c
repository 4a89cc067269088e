/*
 * dict_worker.c - the worker of test_dicts.py in C: random operations on a dict that workers in all
 * languages use at the same time.
 *
 * usage: dict_worker NAME ID OPERATIONS
 *
 * The keys "ID:0", "ID:1" and so on are this worker's own: each result is compared with a model. The
 * keys "shared:0" and so on are counters, which all workers add to, by add and by compare-exchange.
 * Prints what was added to each counter, "shared N SUM", and each of its own keys that is in the dict,
 * "own KEY ITEM", with the item as in notation.py.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shareable.h"

enum { OWN_KEYS = 200, SHARED_KEYS = 10 };

/* The value of an own key: None is an absent key. */
static struct {
  uint32_t type;
  int64_t number;
} model[OWN_KEYS];
static int64_t added[SHARED_KEYS];

static shareable_dict *dict;
static const char *id;

static void check(int ok, const char *what, int status) {
  if (ok)
    return;
  fprintf(stderr, "dict_worker: %s: %s\n", what, shareable_status_name(status));
  exit(1);
}

static unsigned random_below(unsigned limit) {
  static uint64_t state;

  if (state == 0)
    for (const char *c = id; *c != '\0'; c++)
      state = state * 31 + (unsigned char)*c;
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(state >> 33) % limit;
}

static shareable_value key_of(char buffer[40], const char *owner, unsigned n) {
  return shareable_strn(buffer, (size_t)snprintf(buffer, 40, "%s:%u", owner, n));
}

/* Returns the value with a number: an int, a float, or a str of 1 to 500 digits. */
static shareable_value value_of(char text[512], uint32_t type, int64_t number) {
  if (type == SHAREABLE_TYPE_INT)
    return shareable_int(number);
  if (type == SHAREABLE_TYPE_FLOAT)
    return shareable_float((double)number + 0.5);
  return shareable_strn(text, (size_t)snprintf(text, 512, "%0*" PRId64, (int)(number % 500), number));
}

static void check_own(unsigned n) {
  char name[40], text[512], buffer[512];
  const shareable_value key = key_of(name, id, n);
  shareable_value wanted, value;
  shareable_status status = shareable_dict_get(dict, &key, &value, buffer, sizeof buffer);

  if (model[n].type == SHAREABLE_TYPE_NONE) {
    check(status == SHAREABLE_E_NO_KEY, "an absent key was found", status);
    return;
  }
  check(status == SHAREABLE_OK, name, status);
  wanted = value_of(text, model[n].type, model[n].number);
  check(value.type == wanted.type, "a value of another type", status);
  if (value.type == SHAREABLE_TYPE_STR)
    check(value.length == wanted.length && memcmp(buffer, text, (size_t)value.length) == 0, "another text", status);
  else
    check(value.bits == wanted.bits, "another number", status);
}

static void set_own(unsigned n) {
  static const uint32_t types[] = {SHAREABLE_TYPE_INT, SHAREABLE_TYPE_FLOAT, SHAREABLE_TYPE_STR};
  char name[40], text[512];
  const shareable_value key = key_of(name, id, n);
  shareable_value value;
  shareable_status status;

  model[n].type = types[random_below(3)];
  model[n].number = random_below(1000000);
  value = value_of(text, model[n].type, model[n].number);
  status = shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_ANY, 0, -1);
  check(status == SHAREABLE_OK, name, status);
}

static void delete_own(unsigned n) {
  char name[40];
  const shareable_value key = key_of(name, id, n);
  shareable_status status = shareable_dict_delete(dict, &key, -1);

  check(status == (model[n].type == SHAREABLE_TYPE_NONE ? SHAREABLE_E_NO_KEY : SHAREABLE_OK), name, status);
  model[n].type = SHAREABLE_TYPE_NONE;
}

static void add_to_shared(unsigned n) {
  char name[40];
  const shareable_value key = key_of(name, "shared", n);
  int64_t amount = random_below(100);
  shareable_status status = shareable_dict_add(dict, &key, amount, 0, 0, 0, -1, NULL);

  check(status == SHAREABLE_OK, name, status);
  added[n] += amount;
}

/* Tries once: another worker may win. */
static void exchange_shared(unsigned n) {
  char name[40];
  const shareable_value key = key_of(name, "shared", n);
  int64_t expected = 0, amount = random_below(100);
  int exchanged = 0;
  shareable_status status = shareable_dict_get_int(dict, &key, &expected);

  if (status == SHAREABLE_E_NO_KEY)
    return;
  check(status == SHAREABLE_OK, name, status);
  status = shareable_dict_compare_exchange(dict, &key, &expected, expected + amount, -1, &exchanged);
  check(status == SHAREABLE_OK, name, status);
  added[n] += exchanged ? amount : 0;
}

static void print_own(unsigned n) {
  char text[512];
  const shareable_value value = value_of(text, model[n].type, model[n].number);

  if (value.type == SHAREABLE_TYPE_INT) {
    printf("own %s:%u int %" PRId64 "\n", id, n, value.integer);
  } else if (value.type == SHAREABLE_TYPE_FLOAT) {
    printf("own %s:%u float %016" PRIx64 "\n", id, n, value.bits);
  } else {
    printf("own %s:%u str ", id, n);
    for (size_t i = 0; i < value.length; i++)
      printf("%02x", (unsigned char)text[i]);
    printf("\n");
  }
}

int main(int argc, char **argv) {
  shareable_error error = {0};

  if (argc != 4)
    return 2;
  id = argv[2];
  check(shareable_dict_open(&dict, argv[1], 0, &error) == SHAREABLE_OK, error.message, error.status);
  for (long left = strtol(argv[3], NULL, 10); left > 0; left--) {
    switch (random_below(8)) {
    case 0:
      set_own(random_below(OWN_KEYS));
      break;
    case 1:
      delete_own(random_below(OWN_KEYS));
      break;
    case 2:
    case 3:
      check_own(random_below(OWN_KEYS));
      break;
    case 4:
    case 5:
      exchange_shared(random_below(SHARED_KEYS));
      break;
    default:
      add_to_shared(random_below(SHARED_KEYS));
    }
  }
  for (unsigned n = 0; n < SHARED_KEYS; n++)
    printf("shared %u %" PRId64 "\n", n, added[n]);
  for (unsigned n = 0; n < OWN_KEYS; n++)
    if (model[n].type != SHAREABLE_TYPE_NONE)
      print_own(n);
  shareable_dict_unref(dict);
  return 0;
}
