/*
 * json.c - reads the values of a list, or the keys and values of a dict, from JSON: the output of 'shareable dump --json', or an
 * array.
 *
 * This file reads the outer object and the array, and jansson reads each item. So an error has a
 * position and the index of the item, and a list of a million items needs no tree in memory.
 */
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/item.h"
#include "text.h"

#define CHUNK_SIZE 65536

typedef struct reader {
  const char *path; /* for messages */
  cli_text text;
  size_t at;       /* the offset of the next byte */
  size_t item_at;  /* the offset of the item that is being read */
  size_t item;     /* its index */
  bool is_in_item; /* an item is being read, or its key */
  bool is_in_key;
  json_list *list;
} reader;

/* Prints an error at an offset, with its line and column, which count from 1, and exits. */
static _Noreturn void die_at(const reader *json, size_t offset, const char *message) {
  size_t line = 1, column = 1;

  for (size_t i = 0; i < offset && i < json->text.length; i++)
    if (json->text.bytes[i] == '\n') {
      line++;
      column = 1;
    } else {
      column += ((unsigned char)json->text.bytes[i] & 0xc0) != 0x80;
    }
  if (json->is_in_item)
    cli_die("%s:%zu:%zu: item %zu: %s%s", json->path, line, column, json->item, json->is_in_key ? "\"key\": " : "",
            message);
  cli_die("%s:%zu:%zu: %s", json->path, line, column, message);
}

static _Noreturn void die_item(const reader *json, const char *message) {
  die_at(json, json->item_at, message);
}

/* Skips white space, and returns the next byte, or a NUL at the end. */
static char peek(reader *json) {
  const char *bytes = json->text.bytes;

  while (json->at < json->text.length && bytes[json->at] != '\0' && strchr(" \t\r\n", bytes[json->at]) != NULL)
    json->at++;
  return json->at < json->text.length ? bytes[json->at] : '\0';
}

static bool take(reader *json, char expected) {
  if (peek(json) != expected)
    return false;
  json->at++;
  return true;
}

static void require(reader *json, char expected, const char *message) {
  if (!take(json, expected))
    die_at(json, json->at, json->at == json->text.length ? "the text ends too early" : message);
}

static _Noreturn void die_parse(const reader *json, json_error_t *error) {
  if (json_error_code(error) == json_error_numeric_overflow)
    die_at(json, json->at, "the number is too large: an int has 64 bits, and a float is at most 1.8e308");
  die_at(json, json->at + (size_t)error->position, error->text);
}

/* Reads any value. The caller drops the reference. */
static json_t *take_value(reader *json) {
  json_error_t error;
  json_t *value;

  peek(json);
  value = json_loadb(json->text.bytes + json->at, json->text.length - json->at,
                     JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  if (value == NULL)
    die_parse(json, &error);
  json->at += (size_t)error.position;
  return value;
}

/*
 * Skips a string. The name of a list may contain halves of surrogate pairs, for bytes that are not
 * UTF-8, which jansson rejects.
 */
static void skip_string(reader *json) {
  const char *bytes = json->text.bytes;

  require(json, '"', "expected a string");
  while (json->at < json->text.length && bytes[json->at] != '"')
    json->at += bytes[json->at] == '\\' ? 2 : 1;
  if (json->at > json->text.length)
    json->at = json->text.length;
  require(json, '"', "expected the end of a string");
}

static shareable_value str_of(const json_t *text) {
  return shareable_strn(json_string_value(text), json_string_length(text));
}

static shareable_value plain_value(const reader *json, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_INTEGER:
    return shareable_int(json_integer_value(value));
  case JSON_REAL:
    return shareable_float(json_real_value(value));
  case JSON_TRUE:
  case JSON_FALSE:
    return shareable_bool(json_is_true(value));
  case JSON_STRING:
    return str_of(value);
  case JSON_NULL:
    return shareable_none();
  default:
    die_item(json, "an item cannot be an array");
  }
}

static _Noreturn void die_value(const reader *json, const char *type) {
  char *message = cli_format("\"value\" is not a valid %s", type);

  die_item(json, message);
}

/* jq(1) prints 2.0 as 2. */
static double float_of_int(const reader *json, int64_t integer) {
  double real = (double)integer;

  if (real >= 0x1p63 || (int64_t)real != integer)
    die_item(json, "\"value\" is an int that no float can represent exactly");
  return real;
}

/* Returns the float with the bits that 16 hexadecimal digits after 0x give. */
static double float_of_bits(const reader *json, const json_t *bits) {
  const char *text = json_string_value(bits);
  uint64_t word;
  double real;

  if (text == NULL || strlen(text) != 18 || cli_integer_base(text) != 16 || text[0] != '0')
    die_item(json, "\"bits\" is not a string of 0x and 16 hexadecimal digits");
  /* cppcheck-suppress nullPointerRedundantCheck; die_item() does not return */
  word = strtoull(text, NULL, 16);
  memcpy(&real, &word, sizeof real);
  if (!isnan(real))
    die_item(json, "\"bits\" is only for a nan");
  return real;
}

static shareable_value float_value(const reader *json, const json_t *value, const json_t *bits) {
  cli_text buffer = {0};
  shareable_value parsed;

  if (json_is_real(value))
    return shareable_float(json_real_value(value));
  if (json_is_integer(value))
    return shareable_float(float_of_int(json, json_integer_value(value)));
  if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
      !cli_parse(json_string_value(value), SHAREABLE_TYPE_FLOAT, &parsed, &buffer))
    die_value(json, "float");
  return bits == NULL ? parsed : shareable_float(float_of_bits(json, bits));
}

/* Replaces the text of a string by the bytes that it represents in hexadecimal digits. */
static shareable_value bytes_value(const reader *json, json_t *value) {
  cli_text buffer = {0};
  shareable_value parsed;

  if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
      !cli_parse(json_string_value(value), SHAREABLE_TYPE_BYTES, &parsed, &buffer))
    die_value(json, "string of hexadecimal digits");
  json_string_setn_nocheck(value, parsed.text, (size_t)parsed.length);
  parsed.text = json_string_value(value);
  free(buffer.bytes);
  return parsed;
}

static shareable_value typed_value(const reader *json, shareable_type type, json_t *value, const json_t *bits) {
  static const json_type types[] = {JSON_NULL, JSON_INTEGER, JSON_REAL, JSON_TRUE, JSON_STRING, JSON_STRING};

  if (bits != NULL && type != SHAREABLE_TYPE_FLOAT)
    die_item(json, "\"bits\" is only for a nan");
  if (type == SHAREABLE_TYPE_NONE && value == NULL)
    return shareable_none();
  if (value == NULL)
    die_item(json, "\"value\" is missing");
  if (type == SHAREABLE_TYPE_FLOAT)
    return float_value(json, value, bits);
  if (type == SHAREABLE_TYPE_BYTES)
    return bytes_value(json, value);
  if (json_typeof(value) != types[type] && !(type == SHAREABLE_TYPE_BOOL && json_is_false(value)))
    die_value(json, cli_type_name(type));
  return plain_value(json, value);
}

/* Returns the type that the member "type" names. */
static shareable_type type_of(const reader *json, const json_t *type) {
  const char *name = json_string_value(type);

  if (name == NULL)
    die_item(json, "\"type\" is missing, or not a string");
  /* cppcheck-suppress nullPointerRedundantCheck; die_item() does not return */
  if (strcmp(name, "held") == 0 || strcmp(name, "corrupt") == 0)
    die_item(json, "dump could not read the item");
  for (uint32_t i = SHAREABLE_TYPE_NONE; i <= SHAREABLE_TYPE_BYTES; i++)
    if (strcmp(name, cli_type_name(i)) == 0)
      return (shareable_type)i;
  die_item(json, "unknown \"type\": expected int, float, bool, str, bytes or none");
}

static uint32_t capacity_of(const reader *json, const json_t *capacity) {
  if (capacity == NULL)
    return 0;
  if (!json_is_integer(capacity) || json_integer_value(capacity) < 1 ||
      json_integer_value(capacity) > SHAREABLE__SLOT_MAX)
    die_item(json, cli_format("\"capacity\" is not a number of bytes from 1 to %d", SHAREABLE__SLOT_MAX));
  return (uint32_t)json_integer_value(capacity);
}

/* A typed item: an object with the members that dump prints. "index" is ignored. */
static shareable_value object_value(const reader *json, json_t *object) {
  static const char *const known[] = {"index", "type", "value", "bits", "capacity"};
  shareable_value result;
  size_t found = 0;

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    found += json_object_get(object, known[i]) != NULL;
  if (found != json_object_size(object))
    die_item(json, "unknown member: expected only index, type, value, bits and capacity");
  result = typed_value(json, type_of(json, json_object_get(object, "type")), json_object_get(object, "value"),
                       json_object_get(object, "bits"));
  result.capacity = capacity_of(json, json_object_get(object, "capacity"));
  if (result.capacity != 0 && result.type >= SHAREABLE_TYPE_STR && result.length > result.capacity)
    die_item(json, cli_format("\"value\" has %" PRIu64 " bytes, more than its \"capacity\" of %" PRIu32, result.length,
                              result.capacity));
  return result;
}

static void grow(json_list *list) {
  size_t size = list->count == 0 ? 64 : 2 * list->count;

  if (list->count != 0 && (list->count < 64 || (list->count & (list->count - 1)) != 0))
    return;
  list->values = cli_allocate(list->values, size, sizeof *list->values);
  list->texts = cli_allocate(list->texts, size, sizeof *list->texts);
  list->offsets = cli_allocate(list->offsets, size, sizeof *list->offsets);
}

/* Adds a value, and keeps what its text points to. */
static void add_value(reader *json, const shareable_value *value, json_t *text) {
  json_list *list = json->list;

  grow(list);
  list->values[list->count] = *value;
  list->offsets[list->count] = json->item_at;
  list->texts[list->count++] = value->type >= SHAREABLE_TYPE_STR ? json_incref(text) : NULL;
}

/* The key of a dict is a string, or a typed item. */
static shareable_value key_value(reader *json, json_t *key) {
  shareable_value value;

  if (json_is_null(key))
    die_item(json, "dump could not read the key");
  if (!json_is_string(key) && !json_is_object(key))
    die_item(json, "\"key\" is not a string, or an object with the type bytes");
  json->is_in_key = true;
  value = json_is_object(key) ? object_value(json, key) : plain_value(json, key);
  json->is_in_key = false;
  if (value.type < SHAREABLE_TYPE_STR || value.length == 0 || value.length > SHAREABLE_DICT_KEY_MAX ||
      value.text[value.length - 1] == '\0')
    die_item(json, cli_format("\"key\" is not a str or bytes of 1 to %d bytes whose last byte is not NUL",
                              SHAREABLE_DICT_KEY_MAX));
  return value;
}

static int64_t ttl_of(const reader *json, const json_t *ttl) {
  int64_t result = 0;

  if (ttl == NULL)
    return 0;
  if (!json_is_number(ttl) || !cli_ttl_of_seconds(json_number_value(ttl), &result) || result == 0)
    die_item(json, "\"ttl\" is not a number of seconds from 1e-9 to " CLI_TTL_MAX);
  return result;
}

/* Adds a key with its value. */
static void add_key(reader *json, json_t *item) {
  json_t *key = json_incref(json_object_get(item, "key"));
  shareable_value name = key_value(json, key), value;
  int64_t ttl = ttl_of(json, json_object_get(item, "ttl"));

  json_object_del(item, "key");
  json_object_del(item, "ttl");
  value = object_value(json, item);
  if (value.capacity != 0)
    die_item(json, "\"capacity\" is only for the items of a list");
  dict_items_add(&json->list->items, name, value, ttl);
  add_value(json, &name, key);
  add_value(json, &value, item);
  json_decref(key);
}

static void take_item(reader *json) {
  shareable_value value;
  json_t *item;

  peek(json);
  json->item_at = json->at;
  json->is_in_item = true;
  item = take_value(json);
  if (json_is_object(item) && json_object_get(item, "key") != NULL) {
    add_key(json, item);
  } else {
    value = json_is_object(item) ? object_value(json, item) : plain_value(json, item);
    add_value(json, &value, item);
  }
  json->is_in_item = false;
  json_decref(item);
  if (++json->item % 4096 == 0)
    cli_progress("bytes of JSON", json->at, json->text.length);
}

static void take_items(reader *json) {
  require(json, '[', "expected an array of items");
  if (take(json, ']'))
    return;
  do
    take_item(json);
  while (take(json, ','));
  require(json, ']', "expected ',' or ']' after an item");
  cli_progress("bytes of JSON", json->text.length, json->text.length);
}

static void take_sync(reader *json) {
  json_t *value = take_value(json);

  if (!json_is_boolean(value))
    die_at(json, json->at, "\"sync\" is not true or false");
  json->list->has_no_sync_area = json_is_false(value);
  json_decref(value);
}

/* Reads a number of 1 to `max`, as the command line also takes it. */
static size_t take_number(reader *json, uint64_t max, const char *message) {
  json_t *value = take_value(json);
  json_int_t number = json_integer_value(value);

  if (!json_is_integer(value) || number < 1 || (uint64_t)number > max)
    die_at(json, json->at, message);
  json_decref(value);
  json->list->is_dict = true;
  return (size_t)number;
}

static void take_places(reader *json) {
  json->list->places = take_number(json, SHAREABLE_DICT_PLACES_MAX, "\"places\" is not a number from 1 to 2147483648");
}

static void take_key_size(reader *json) {
  json->list->key_size = take_number(json, SHAREABLE_DICT_KEY_MAX, "\"key_size\" is not a number from 1 to 472");
}

static void take_value_size(reader *json) {
  size_t size = take_number(json, SHAREABLE__SLOT_MAX, "\"value_size\" is not a number from 1 to 9999992");

  json->list->value_size = size > SHAREABLE_TEXT_MAX ? SHAREABLE_TEXT_MAX : size; /* it was rounded up */
}

static void take_evict(reader *json) {
  json_t *value = take_value(json);

  if (!json_is_boolean(value))
    die_at(json, json->at, "\"evict\" is not true or false");
  json->list->is_dict = true;
  json->list->evicts = json_is_true(value);
  json_decref(value);
}

typedef void member_reader(reader *json);

enum { MEMBER_COUNT = 7, ITEMS = 2 };

/* Reads a member of the outer object. Each may occur once. */
static void take_member(reader *json, bool is_found[MEMBER_COUNT]) {
  static const char *const names[] = {"\"name\"",     "\"sync\"",       "\"items\"", "\"places\"",
                                      "\"key_size\"", "\"value_size\"", "\"evict\""};
  static member_reader *const take_it[] = {skip_string,   take_sync,       take_items, take_places,
                                           take_key_size, take_value_size, take_evict};

  peek(json);
  for (int i = 0; i < MEMBER_COUNT; i++) {
    size_t length = strlen(names[i]);

    if (json->text.length - json->at < length || memcmp(json->text.bytes + json->at, names[i], length) != 0)
      continue;
    if (is_found[i])
      die_at(json, json->at, "the member occurs twice");
    is_found[i] = true;
    json->at += length;
    require(json, ':', "expected ':'");
    take_it[i](json);
    return;
  }
  die_at(json, json->at,
         "expected the member \"name\", \"sync\", \"items\", or, of a dict, \"places\", \"key_size\", \"value_size\" "
         "or \"evict\", as 'shareable dump --json' prints them");
}

static void take_object(reader *json) {
  bool is_found[MEMBER_COUNT] = {false};

  require(json, '{', "expected an object");
  do
    take_member(json, is_found);
  while (take(json, ','));
  require(json, '}', "expected ',' or '}'");
  if (!is_found[ITEMS])
    die_at(json, json->at, "the object has no member \"items\"");
}

static _Noreturn void die_of_size(reader *json, size_t item, const char *member, size_t length, size_t size) {
  json->is_in_item = true;
  json->item = item;
  die_at(json, json->list->offsets[2 * item],
         cli_format("\"%s\" has %zu bytes, more than the \"%s_size\" of %zu", member, length, member, size));
}

/* Checks that each key and value fits. The sizes are rounded up, as the dict does. */
static void check_sizes(reader *json) {
  const json_list *list = json->list;
  size_t key_size = (list->key_size + 7) / 8 * 8, value_size = (list->value_size + 7) / 8 * 8;

  for (size_t i = 0; i < list->items.count; i++) {
    const shareable_value *key = &list->items.keys[i], *value = &list->items.values[i];

    if (key->length > key_size)
      die_of_size(json, i, "key", (size_t)key->length, list->key_size);
    if (shareable__item_fits(value, value_size) == SHAREABLE_E_CAPACITY)
      die_of_size(json, i, "value", (size_t)value->length, list->value_size);
  }
}

/*
 * Checks what depends on several members. A key that was deleted and inserted again in a later place
 * while dump read the dict occurs twice: the last one is the newer.
 */
static void check_dict(reader *json) {
  json_list *list = json->list;

  if (!list->is_dict && list->items.count == 0)
    return;
  if (2 * list->items.count != list->count)
    die_at(json, json->at, "each item of a dict has a \"key\", and no item of a list has one");
  if (list->places == 0 || list->key_size == 0 || list->value_size == 0)
    die_at(json, json->at, "a dict has the members \"places\", \"key_size\" and \"value_size\"");
  if (list->has_no_sync_area)
    die_at(json, json->at, "a dict has a sync area");
  check_sizes(json);
  dict_items_remove_replaced(&list->items, false);
}

/* Checks the first byte at once: other files may be large, or never end. */
static void check_beginning(reader *json, bool is_complete) {
  char first = peek(json);

  if (first != '[' && first != '{' && (json->at < json->text.length || is_complete))
    die_at(json, json->at, "not JSON of a list: expected an array, or the output of 'shareable dump --json'");
}

static void read_text(reader *json, int fd) {
  ssize_t length;

  do {
    if (json->text.size - json->text.length < CHUNK_SIZE)
      cli_text_reserve(&json->text, 2 * json->text.size + CHUNK_SIZE);
    length = read(fd, json->text.bytes + json->text.length, CHUNK_SIZE);
    if (length < 0 && errno == EINTR)
      continue;
    if (length < 0)
      cli_die("cannot read %s: %s", json->path, strerror(errno));
    json->text.length += (size_t)length;
    check_beginning(json, length == 0);
  } while (length != 0);
}

void json_read(json_list *list, const char *path) {
  bool is_input = strcmp(path, "-") == 0;
  reader json = {.path = is_input ? "standard input" : path, .list = list};
  int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    cli_die("cannot open '%s': %s", path, strerror(errno));
  *list = (json_list){0};
  read_text(&json, fd);
  if (!is_input)
    close(fd);
  if (peek(&json) == '[')
    take_items(&json);
  else
    take_object(&json);
  peek(&json);
  if (json.at < json.text.length)
    die_at(&json, json.at, "unexpected text after the list");
  check_dict(&json);
  free(json.text.bytes);
}

void json_free(json_list *list) {
  for (size_t i = 0; i < list->count; i++)
    json_decref(list->texts[i]);
  dict_items_free(&list->items);
  free(list->texts);
  free(list->offsets);
  free(list->values);
}
