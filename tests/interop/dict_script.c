/*
 * dict_script.c - the worker of test_dict_kills.py in C: it repeats a script of operations on a dict
 * until it is killed, and reports each one.
 *
 * usage: dict_script NAME FIRST COUNT OPERATION...
 *
 * An operation has a number: the first one has the number FIRST, and operation number n is the
 * argument n % (number of arguments), counted from 0. COUNT is the number of operations, or -1: no
 * end. An OPERATION is one of
 *
 *   set KEY KIND LENGTH TTL     writes the value with this number; the TTL is in milliseconds
 *   get KEY, pop KEY            the value must be one that a set of the script has written to the key
 *   delete KEY
 *   add KEY, add_float KEY      adds 1, or 0.5
 *   exchange KEY                reads an int and adds 1 by one compare-exchange
 *   delete_expired, reindex
 *
 * The value of the kind int is the number, a float is the number and a half, and a str repeats the
 * number, with leading zeros and a semicolon, up to LENGTH. The first byte of bytes is 0xff, so that
 * Lua stores them as bytes, and the others are those of the str.
 *
 * Each report is one byte on the standard output, written when the operation has returned. It is 1,
 * except for these operations. get and pop: 0 if the key is absent; 255 if the value is not what one
 * set has written; otherwise 1 plus how many operations ago it was written, which is at most 201.
 * exchange: 254 if it has added, otherwise 253.
 *
 * Before FIRST, the worker deletes the key "none", which completes what a killed worker has begun, and
 * executes each get of the script once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shareable.h"

enum { NO_VALUE = 0, AGE_MAX = 200, EXCHANGED = 254, NOT_EXCHANGED = 253, NOT_WHOLE = 255, VALUE_MAX = 1 << 16 };

typedef struct operation {
  char name[16], key[24], kind[8];
  int length;
  long ttl;
} operation;

static shareable_dict *dict;
static operation *script;
static int64_t operations;
static char found_text[VALUE_MAX], wanted_text[VALUE_MAX];

static void check(shareable_status status, const operation *o) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "dict_script: %s %s: %s\n", o->name, o->key, shareable_status_name(status));
  exit(1);
}

static int is(const operation *o, const char *name) {
  return strcmp(o->name, name) == 0;
}

/* Returns the value that an operation with this number writes. The buffer has VALUE_MAX bytes. */
static shareable_value value_of(const operation *o, int64_t number, char *buffer) {
  const int is_bytes = strcmp(o->kind, "bytes") == 0;
  char stamp[12];

  if (strcmp(o->kind, "int") == 0)
    return shareable_int(number);
  if (strcmp(o->kind, "float") == 0)
    return shareable_float((double)number + 0.5);
  snprintf(stamp, sizeof stamp, "%010" PRId64 ";", number);
  for (int i = is_bytes; i < o->length; i++)
    buffer[i] = stamp[(i - is_bytes) % 11];
  if (!is_bytes)
    return shareable_strn(buffer, (size_t)o->length);
  buffer[0] = (char)0xff;
  return shareable_bytes(buffer, (size_t)o->length);
}

/* Returns the number of the operation that has written a value, if it is whole. */
static int64_t number_of(const shareable_value *value) {
  if (value->type == SHAREABLE_TYPE_INT)
    return value->integer;
  if (value->type == SHAREABLE_TYPE_FLOAT)
    return (int64_t)value->real;
  if (value->length < 11)
    return -1;
  return strtoll((const char *)value->text + (value->type == SHAREABLE_TYPE_BYTES), NULL, 10);
}

/* Returns whether the operation with this number has written the value of the key. */
static int is_value_of(const shareable_value *value, int64_t number, const char *key) {
  const operation *o = &script[number < 0 ? 0 : number % operations];
  shareable_value wanted;

  if (number < 0 || !is(o, "set") || strcmp(o->key, key) != 0)
    return 0;
  wanted = value_of(o, number, wanted_text);
  if (value->type != wanted.type)
    return 0;
  if (value->type == SHAREABLE_TYPE_INT || value->type == SHAREABLE_TYPE_FLOAT)
    return value->bits == wanted.bits;
  return value->length == wanted.length && memcmp(value->text, wanted.text, (size_t)value->length) == 0;
}

/* Returns the report about a get or a pop. */
static int read_key(const operation *o, int64_t number) {
  const shareable_value key = shareable_str(o->key);
  shareable_value value;
  shareable_status status = is(o, "get") ? shareable_dict_get(dict, &key, &value, found_text, VALUE_MAX)
                                         : shareable_dict_pop(dict, &key, &value, found_text, VALUE_MAX, -1);
  int64_t written, age;

  if (status == SHAREABLE_E_NO_KEY)
    return NO_VALUE;
  check(status, o);
  written = number_of(&value);
  if (!is_value_of(&value, written, o->key))
    return NOT_WHOLE;
  age = number - written;
  return 1 + (int)(age < 0 || age > AGE_MAX ? AGE_MAX : age);
}

static void set_key(const operation *o, int64_t number) {
  const shareable_value key = shareable_str(o->key), value = value_of(o, number, wanted_text);

  check(shareable_dict_set(dict, &key, &value, 0, o->ttl * 1000000, -1), o);
}

static void delete_key(const operation *o) {
  const shareable_value key = shareable_str(o->key);
  shareable_status status = shareable_dict_delete(dict, &key, -1);

  check(status == SHAREABLE_E_NO_KEY ? SHAREABLE_OK : status, o);
}

static void add(const operation *o) {
  const shareable_value key = shareable_str(o->key);

  check(is(o, "add") ? shareable_dict_add(dict, &key, 1, 0, 0, 0, -1, NULL)
                     : shareable_dict_add_float(dict, &key, 0.5, 0, 0, 0, -1, NULL),
        o);
}

/* Tries once: another worker may win. */
static int exchange(const operation *o) {
  const shareable_value key = shareable_str(o->key);
  int64_t expected;
  int exchanged;

  check(shareable_dict_get_int(dict, &key, &expected), o);
  check(shareable_dict_compare_exchange(dict, &key, &expected, expected + 1, -1, &exchanged), o);
  return exchanged ? EXCHANGED : NOT_EXCHANGED;
}

/* Executes an operation, and returns the report about it. */
static int execute(const operation *o, int64_t number) {
  if (is(o, "get") || is(o, "pop"))
    return read_key(o, number);
  if (is(o, "exchange"))
    return exchange(o);
  if (is(o, "set"))
    set_key(o, number);
  else if (is(o, "delete"))
    delete_key(o);
  else if (is(o, "add") || is(o, "add_float"))
    add(o);
  else if (is(o, "delete_expired"))
    check(shareable_dict_delete_expired(dict, 0, -1, NULL), o);
  else
    check(is(o, "reindex") ? shareable_dict_reindex(dict, -1) : SHAREABLE_E_ARGUMENT, o);
  return 1;
}

static void report(int result) {
  const unsigned char byte = (unsigned char)result;

  if (write(STDOUT_FILENO, &byte, 1) != 1)
    exit(1);
}

int main(int argc, char **argv) {
  const operation none = {"delete", "none", "", 0, 0};
  shareable_error error = {0};
  int64_t number, end;

  if (argc < 5)
    return 2;
  operations = argc - 4;
  script = calloc((size_t)operations, sizeof *script);
  if (script == NULL)
    return 1;
  for (int i = 0; i < operations; i++)
    if (sscanf(argv[4 + i], "%15s %23s %7s %d %ld", script[i].name, script[i].key, script[i].kind, &script[i].length,
               &script[i].ttl) < 1)
      return 2;
  if (shareable_dict_open(&dict, argv[1], 0, &error) != SHAREABLE_OK) {
    fprintf(stderr, "dict_script: %s\n", error.message);
    return 1;
  }
  number = strtoll(argv[2], NULL, 10);
  end = number + strtoll(argv[3], NULL, 10);
  report(execute(&none, number));
  for (int i = 0; i < operations; i++)
    if (is(&script[i], "get"))
      report(execute(&script[i], number));
  for (; end < number || number != end; number++)
    report(execute(&script[number % operations], number));
  shareable_dict_unref(dict);
  free(script);
  return 0;
}
