/*
 * dicts.c - operations on dicts: create, open, read, write, reindex, copy, wait and watch, also after
 * a process was killed while it changed the dict.
 */
#include "dict/dict.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "operations.h"

#define MS INT64_C(1000000)

enum { KEYS = 4, PLACES = 6, VALUE_SIZE = 640 };

static char long_text[VALUE_SIZE], other_text[VALUE_SIZE];

/* The keys of the dict, with the values that it must have. A value of the type NONE: the key is absent. */
static const char *const keys[KEYS] = {"int", "text", "long", "new"};
static shareable_value values[KEYS];

static void set_values(void) {
  memset(long_text, 'l', sizeof long_text);
  memset(other_text, 'o', sizeof other_text);
  values[0] = shareable_int(1);
  values[1] = shareable_str("text");
  values[2] = shareable_strn(long_text, sizeof long_text);
  values[3] = shareable_none();
}

/* The key that an operation changes, and its value then; -1: none. */
static int changed = -1;
static shareable_value new_value;

/* -- Creating and opening. */

static shareable_status create(world *w, const char *name, uint32_t flags) {
  return shareable_dict_create(&w->dict, name, 100, 16, 64, flags, 0, &w->error);
}

static shareable_status create_named(world *w) {
  return create(w, w->name, 0);
}

static shareable_status create_random(world *w) {
  return create(w, NULL, 0);
}

static shareable_status create_lazy(world *w) {
  return create(w, w->name, SHAREABLE_LAZY);
}

static shareable_status create_owned(world *w) {
  return create(w, w->name, SHAREABLE_OWNED);
}

static shareable_status create_evicting(world *w) {
  return create(w, w->name, SHAREABLE_EVICT);
}

static void drop_dict(world *w) {
  size_t length = 1;

  need(shareable_dict_length(w->dict, &length) == SHAREABLE_OK && length == 0, "the new dict is not empty");
  must(shareable_dict_unlink(w->dict, &w->error), w->error.message);
  shareable_dict_unref(w->dict);
}

static void put(shareable_dict *dict, int k, const shareable_value *value) {
  const shareable_value key = shareable_str(keys[k]);
  shareable_status status = value->type == SHAREABLE_TYPE_NONE ? shareable_dict_delete(dict, &key, -1)
                                                               : shareable_dict_set(dict, &key, value, 0, 0, -1);

  must(status == SHAREABLE_E_NO_KEY ? SHAREABLE_OK : status, "cannot prepare a key");
}

static void prepare_dict_of(world *w, uint32_t flags) {
  set_values();
  must(shareable_dict_create(&w->other_dict, w->name, PLACES, 8, VALUE_SIZE, flags, 0, &w->error), w->error.message);
  for (int k = 0; k < KEYS; k++)
    put(w->other_dict, k, &values[k]);
}

static void prepare_dict(world *w) {
  prepare_dict_of(w, 0);
}

static void end_dict(world *w) {
  must(shareable_dict_unlink(w->other_dict, &w->error), w->error.message);
  shareable_dict_unref(w->other_dict);
}

static shareable_status open_dict(world *w) {
  return shareable_dict_open(&w->dict, w->name, 0, &w->error);
}

static shareable_status open_read_only(world *w) {
  return shareable_dict_open(&w->dict, w->name, SHAREABLE_READ_ONLY, &w->error);
}

static void close_dict(world *w) {
  shareable_dict_unref(w->dict);
}

/* Stock Python can have made it. */
static void prepare_plain_list(world *w) {
  const shareable_value items[] = {shareable_str("int"), shareable_int(1), shareable_none(), shareable_none()};

  must(shareable_list_create(&w->witness, w->name, items, 4, SHAREABLE_NO_SYNC, 0, &w->error), w->error.message);
}

static void end_plain_list(world *w) {
  must(shareable_list_unlink(w->witness, &w->error), w->error.message);
  shareable_list_unref(w->witness);
}

static void check_plain(world *w, shareable_status status) {
  const shareable_value key = shareable_str("int"), absent = shareable_str("absent");
  int64_t integer = 0;

  if (status == SHAREABLE_OK)
    need(shareable_dict_get_int(w->dict, &key, &integer) == SHAREABLE_OK && integer == 1 &&
           shareable_dict_get_int(w->dict, &absent, &integer) == SHAREABLE_E_NO_KEY,
         "the keys of the plain list are wrong");
}

/* -- Reading and writing. */

static void prepare_keys(world *w) {
  prepare_dict(w);
  must(open_dict(w), w->error.message);
}

static void prepare_evicting(world *w) {
  prepare_dict_of(w, SHAREABLE_EVICT);
  must(open_dict(w), w->error.message);
}

static void prepare_reader(world *w) {
  prepare_dict(w);
  must(open_read_only(w), w->error.message);
}

static void end_keys(world *w) {
  close_dict(w);
  end_dict(w);
}

static bool is_same(const shareable_value *a, const shareable_value *b) {
  if (a->type != b->type)
    return false;
  return a->type < SHAREABLE_TYPE_STR ? a->bits == b->bits
                                      : a->length == b->length && memcmp(a->text, b->text, (size_t)a->length) == 0;
}

/* Reads each key. A status other than OK and NO_KEY is an error. */
static shareable_status read_keys(const shareable_dict *dict, int except, const shareable_value *excepted) {
  static char text[VALUE_SIZE];

  for (int k = 0; k < KEYS; k++) {
    const shareable_value key = shareable_str(keys[k]), *expected = k == except ? excepted : &values[k];
    shareable_value value = shareable_none();
    shareable_status status = shareable_dict_get(dict, &key, &value, text, sizeof text);

    if (status == SHAREABLE_E_NO_KEY)
      value = shareable_none();
    else if (status != SHAREABLE_OK)
      return status;
    if (!is_same(&value, expected))
      complain("key '%s' does not have its %s value", keys[k], k == except ? "new" : "old");
  }
  return SHAREABLE_OK;
}

/* Each key must be unchanged, except that a successful operation has changed one. The index must be right. */
static void check_keys(world *w, shareable_status status) {
  size_t before = 0, after = 0;

  must(read_keys(w->other_dict, status == SHAREABLE_OK ? changed : -1, &new_value), "cannot read a key afterwards");
  must(shareable_dict_length(w->other_dict, &before), "cannot read the length");
  must(shareable_dict_reindex(w->other_dict, -1), "cannot reindex");
  must(shareable_dict_length(w->other_dict, &after), "cannot read the length");
  need(before == after, "the length was wrong");
}

static void restore_keys(world *w) {
  for (int k = 0; k < KEYS; k++)
    put(w->other_dict, k, &values[k]);
}

/* Makes the error message, while the planned calls still fail. */
static shareable_status explain(world *w, int k, shareable_status status) {
  const shareable_value key = k < 0 ? shareable_none() : shareable_str(keys[k]);

  return status == SHAREABLE_OK ? status : shareable_dict_explain(w->dict, k < 0 ? NULL : &key, status, &w->error);
}

#define WRITES(function, k, value, call)                                                                               \
  static shareable_status function(world *w) {                                                                         \
    const shareable_value key = shareable_str(keys[k]);                                                                \
                                                                                                                       \
    changed = (k);                                                                                                     \
    new_value = (value);                                                                                               \
    return explain(w, (k), (call));                                                                                    \
  }

static shareable_value deleted;

WRITES(set_int, 0, shareable_int(99), shareable_dict_set(w->dict, &key, &new_value, 0, 0, 20 * MS))
WRITES(set_text, 0, shareable_str("new"), shareable_dict_set(w->dict, &key, &new_value, 0, 0, 20 * MS))
WRITES(set_long, 2, shareable_strn(other_text, sizeof other_text),
       shareable_dict_set(w->dict, &key, &new_value, 0, 0, 20 * MS))
WRITES(insert, 3, shareable_float(0.5), shareable_dict_set(w->dict, &key, &new_value, 0, 60000 * MS, 20 * MS))
WRITES(insert_long, 3, shareable_strn(other_text, sizeof other_text),
       shareable_dict_set(w->dict, &key, &new_value, SHAREABLE_DICT_IF_ABSENT, 0, 20 * MS))
WRITES(add, 0, shareable_int(43), shareable_dict_add(w->dict, &key, 42, 0, 0, 0, 20 * MS, NULL))
WRITES(add_half, 0, shareable_float(1.5),
       shareable_dict_add_float(w->dict, &key, 0.5, 0, SHAREABLE_DICT_CONVERT, 0, 20 * MS, NULL))
WRITES(delete_key, 0, shareable_none(), shareable_dict_delete(w->dict, &key, 20 * MS))
WRITES(pop, 0, shareable_none(), shareable_dict_pop(w->dict, &key, &deleted, NULL, 0, 20 * MS))

static shareable_status exchange(world *w) {
  const shareable_value key = shareable_str(keys[0]);
  int64_t expected = 1;
  int exchanged = 0;

  changed = 0;
  new_value = shareable_int(70);
  return explain(w, 0, shareable_dict_compare_exchange(w->dict, &key, &expected, 70, 20 * MS, &exchanged));
}

/* Inserts until the dict is full, and then once more, which evicts a key. */
static shareable_status evict(world *w) {
  shareable_status status = SHAREABLE_OK;

  for (int k = 0; k <= PLACES && status == SHAREABLE_OK; k++) {
    const char text[] = {'k', (char)('0' + k), '\0'};
    const shareable_value key = shareable_str(text), value = shareable_int(k);

    status = shareable_dict_set(w->dict, &key, &value, 0, 0, 20 * MS);
  }
  return explain(w, -1, status);
}

static shareable_status read_all(world *w) {
  shareable_status status = read_keys(w->dict, -1, NULL);

  return explain(w, -1, status);
}

static shareable_status visit(world *w) {
  char key[8], text[VALUE_SIZE];
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = text, .value_buffer_size = sizeof text};
  shareable_status status;
  size_t cursor = 0, count = 0;

  while ((status = shareable_dict_next(w->dict, &cursor, &item)) == SHAREABLE_OK)
    count++;
  if (status == SHAREABLE_E_NO_KEY) {
    need(count == KEYS - 1, "the visit does not find each key");
    return SHAREABLE_OK;
  }
  return explain(w, -1, status);
}

static shareable_status reindex(world *w) {
  return explain(w, -1, shareable_dict_reindex(w->dict, 20 * MS));
}

static shareable_status clear(world *w) {
  shareable_status status = shareable_dict_clear(w->dict, 20 * MS);

  return explain(w, -1, status);
}

static void prepare_copy(world *w) {
  prepare_keys(w);
  must(shareable_dict_create(&w->copy, extended(w, "-copy"), PLACES, 8, VALUE_SIZE, 0, 0, &w->error), w->error.message);
  shareable__sync_register(&w->copy->list->sync);
}

static shareable_status copy(world *w) {
  return explain(w, -1, shareable_dict_copy(w->dict, w->copy, 20 * MS));
}

static void check_copy(world *w, shareable_status status) {
  if (status == SHAREABLE_OK)
    must(read_keys(w->copy, -1, NULL), "cannot read the copy");
  check_keys(w, status);
}

static void end_copy(world *w) {
  must(shareable_dict_unlink(w->copy, &w->error), w->error.message);
  shareable_dict_unref(w->copy);
  end_keys(w);
}

static shareable_status wait_for_key(world *w) {
  const shareable_value key = shareable_str(keys[0]);

  return explain(w, 0, shareable_dict_wait(w->dict, &key, &values[0], 3 * MS));
}

static shareable_status wait_for_absent_key(world *w) {
  const shareable_value key = shareable_str(keys[3]);

  return explain(w, 3, shareable_dict_wait(w->dict, &key, NULL, 3 * MS));
}

static shareable_status watch_key(world *w) {
  const shareable_value key = shareable_str(keys[0]);
  shareable_status status = shareable_watch_create(&w->watch, &w->error);
  uint64_t id;

  if (status != SHAREABLE_OK)
    return status;
  status = shareable_watch_add_key(w->watch, w->dict, &key, &id);
  shareable_watch_free(w->watch);
  return explain(w, 0, status);
}

static void prepare_watched(world *w) {
  faults_have_wakes();
  prepare_keys(w);
}

/* -- After a process was killed. */

/* A process is killed while it writes a long value: the record of the dict contains it. */
static void die_setting(const world *w) {
  const shareable_value key = shareable_str(keys[2]), value = shareable_strn(other_text, sizeof other_text);
  shareable__dict_key encoded;
  shareable__dict_hit hit;
  shareable_dict *dict;
  uint64_t before;

  if (shareable_dict_open(&dict, w->name, 0, NULL) != SHAREABLE_OK || shareable__dict_lock(dict, 0) != SHAREABLE_OK ||
      shareable__dict_encode_key(dict, &key, &encoded) != SHAREABLE_OK ||
      shareable__dict_find_locked(dict, &encoded, &hit) != SHAREABLE_OK ||
      !shareable__dict_try_lock_value(dict, hit.place, &before))
    _exit(1);
  shareable__dict_begin_value(dict, hit.place, &value);
  shareable__version_store(dict->list->sync.area, shareable__dict_value_item(hit.place),
                           shareable__dict_version(dict, shareable__dict_value_item(hit.place)) | SHAREABLE__UNLOGGED);
  memset(shareable__dict_value_slot(dict, hit.place).data, 'x', 100);
  _exit(0);
}

static void after_setting(world *w) {
  after_death(w, die_setting);
  values[2] = shareable_strn(other_text, sizeof other_text);
}

static void prepare_killed(world *w) {
  prepare_keys(w);
  after_setting(w);
}

static void prepare_killed_and_reader(world *w) {
  prepare_reader(w);
  after_setting(w);
}

/* A process is killed while it makes the index again. */
static void die_indexing(const world *w) {
  shareable_dict *dict;

  if (shareable_dict_open(&dict, w->name, 0, NULL) != SHAREABLE_OK || shareable__dict_lock(dict, 0) != SHAREABLE_OK)
    _exit(1);
  shareable__dict_declare_reindex(dict);
  memset(dict->parts.index, 0, (size_t)dict->parts.slots * sizeof *dict->parts.index);
  _exit(0);
}

static void prepare_killed_reindex(world *w) {
  prepare_keys(w);
  after_death(w, die_indexing);
}

static void prepare_killed_reindex_and_reader(world *w) {
  prepare_reader(w);
  after_death(w, die_indexing);
}

ANSWERS(creation, E(EXISTS), E(NO_SPACE), E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(opening, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));
ANSWERS(reading, E(BUSY));
ANSWERS(writing, E(BUSY), E(TIMED_OUT), E(SYSTEM));
ANSWERS(copying, E(BUSY), E(TIMED_OUT), E(NO_MEMORY), E(SYSTEM));
ANSWERS(watching, E(NO_MEMORY), E(SYSTEM));

#define DICT .undo = drop_dict, .allowed = creation
#define WRITE .finish = end_keys, .undo = restore_keys, .check = check_keys, .allowed = writing, .leaves = REGISTERS
#define READ .finish = end_keys, .check = check_keys, .allowed = reading, .leaves = REGISTERS

const operation dicts_operations[] = {
  {"create a dict", NULL, create_named, DICT},
  {"create a dict with a random name", NULL, create_random, DICT},
  {"create a lazy dict", NULL, create_lazy, DICT},
  {"create an owned dict", NULL, create_owned, .undo = drop_dict, .allowed = creation, .leaves = OWNS},
  {"create a dict that evicts", NULL, create_evicting, DICT},
  {"create a dict without O_TMPFILE", without_tmpfile, create_named, DICT},
  {"open a dict", prepare_dict, open_dict, .undo = close_dict, .finish = end_dict, .allowed = opening},
  {"open a dict read-only", prepare_dict, open_read_only, .undo = close_dict, .finish = end_dict, .allowed = opening},
  {"open a plain list as a dict", prepare_plain_list, open_read_only, .undo = close_dict, .finish = end_plain_list,
   .check = check_plain, .allowed = opening},
  {"set an int of a key", prepare_keys, set_int, WRITE},
  {"set a text of a key", prepare_keys, set_text, WRITE},
  {"set a long text of a key", prepare_keys, set_long, WRITE},
  {"insert a key with a TTL", prepare_keys, insert, WRITE},
  {"insert a key with a long text", prepare_keys, insert_long, WRITE},
  {"insert a key and evict another", prepare_evicting, evict, .finish = end_keys, .allowed = writing,
   .leaves = REGISTERS},
  {"add to the int of a key", prepare_keys, add, WRITE},
  {"add a fraction to the int of a key", prepare_keys, add_half, WRITE},
  {"compare and exchange the int of a key", prepare_keys, exchange, WRITE},
  {"delete a key", prepare_keys, delete_key, WRITE},
  {"pop a key", prepare_keys, pop, WRITE},
  {"clear a dict", prepare_keys, clear, .finish = end_keys, .undo = restore_keys, .allowed = writing,
   .leaves = REGISTERS},
  {"reindex a dict", prepare_keys, reindex, WRITE},
  {"copy a dict", prepare_copy, copy, .finish = end_copy, .check = check_copy, .allowed = copying, .leaves = REGISTERS},
  {"read all keys", prepare_keys, read_all, READ},
  {"visit all keys", prepare_keys, visit, READ},
  {"wait for a key", prepare_keys, wait_for_key, READ},
  {"wait for an absent key", prepare_keys, wait_for_absent_key, READ},
  {"watch a key", prepare_watched, watch_key, .finish = end_keys, .allowed = watching},
  {"read all keys after a killed set", prepare_killed, read_all, READ},
  {"read all keys after a killed set, read-only", prepare_killed_and_reader, read_all, READ},
  {"set a key after a killed set", prepare_killed, set_int, WRITE},
  {"read all keys after a killed reindex", prepare_killed_reindex, read_all, READ},
  {"read all keys after a killed reindex, read-only", prepare_killed_reindex_and_reader, read_all, READ},
  {"insert a key after a killed reindex", prepare_killed_reindex, insert, WRITE},
  {0}};
