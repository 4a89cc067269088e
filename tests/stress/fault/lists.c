/*
 * lists.c - operations on lists: create, open, read, write, lock and wait, and checks of what may
 * have changed.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "list/list.h"
#include "operations.h"
#include "sync/fast_store.h"
#include "sync/redo_acquire.h"

#define MS INT64_C(1000000)

void fill(world *w) {
  const shareable_value items[ITEMS] = {shareable_int(1),          shareable_float(2.5), shareable_str("text"),
                                        shareable_bytes("b\0", 2), shareable_bool(1),    shareable_none(),
                                        shareable_int(7)};

  memcpy(w->items, items, sizeof items);
  w->items[3].capacity = 1000;
}

static shareable_status make(world *w, const char *name, uint32_t flags) {
  fill(w);
  return shareable_list_create(&w->list, name, w->items, ITEMS, flags, 0, &w->error);
}

static shareable_status make_list(world *w) {
  return make(w, w->name, 0);
}

static shareable_status make_without_area(world *w) {
  return make(w, w->name, SHAREABLE_NO_SYNC);
}

static shareable_status make_lazy(world *w) {
  return make(w, w->name, SHAREABLE_LAZY);
}

static shareable_status make_random(world *w) {
  return make(w, NULL, 0);
}

static shareable_status make_owned(world *w) {
  return make(w, w->name, SHAREABLE_OWNED);
}

static shareable_status make_ints(world *w) {
  static int64_t many[10000];

  return shareable_list_create_ints(&w->list, w->name, many, 10000, 0, 0, &w->error);
}

static void drop_list(world *w) {
  must(shareable_list_unlink(w->list, &w->error), w->error.message);
  shareable_list_unref(w->list);
}

static void close_list(world *w) {
  shareable_list_unref(w->list);
}

static void prepare_list_of(world *w, uint32_t flags) {
  fill(w);
  w->changed = -1;
  must(shareable_list_create(&w->witness, w->name, w->items, ITEMS, flags, 0, &w->error), w->error.message);
}

static void prepare_list(world *w) {
  prepare_list_of(w, 0);
}

static void prepare_list_without_area(world *w) {
  prepare_list_of(w, SHAREABLE_NO_SYNC);
}

/* The new list keeps the name, which the next replacement uses. */
static shareable_status replace_list(world *w) {
  return shareable__list_replace(&w->list, w->name, w->items, ITEMS, 0, 0, &w->error);
}

static void prepare_old_list_without_tmpfile(world *w) {
  without_tmpfile(w);
  prepare_list(w);
}

static void end_replaced(world *w) {
  must(shareable_unlink(w->name, &w->error), w->error.message);
  shareable_list_unref(w->witness);
}

void prepare_handle(world *w) {
  prepare_list(w);
  must(shareable_list_open(&w->list, w->name, 0, &w->error), w->error.message);
}

static void prepare_reader(world *w) {
  prepare_list(w);
  must(shareable_list_open(&w->list, w->name, SHAREABLE_READ_ONLY, &w->error), w->error.message);
}

void end_handle(world *w) {
  shareable_list_unref(w->list);
  must(shareable_list_unlink(w->witness, &w->error), w->error.message);
  shareable_list_unref(w->witness);
}

static void end_list(world *w) {
  w->list = NULL;
  end_handle(w);
}

static shareable_status open_list(world *w) {
  return shareable_list_open(&w->list, w->name, 0, &w->error);
}

static shareable_status open_list_read_only(world *w) {
  return shareable_list_open(&w->list, w->name, SHAREABLE_READ_ONLY, &w->error);
}

static shareable_status close_in_place(world *w) {
  shareable_status status = open_list(w);

  if (status == SHAREABLE_OK) {
    shareable_list_close_in_place(w->list);
    shareable_list_unref(w->list);
  }
  return status;
}

/* The handle must find the sync area if the list has one. */
static void check_opened(world *w, shareable_status status) {
  if (status == SHAREABLE_OK)
    need((w->list->sync.area != NULL) == (w->witness->sync.area != NULL), "the handle does not find the sync area");
}

static bool is_same(const shareable_value *a, const shareable_value *b) {
  if (a->type != b->type)
    return false;
  if (a->type < SHAREABLE_TYPE_STR)
    return a->bits == b->bits;
  return a->length == b->length && memcmp(a->text, b->text, (size_t)a->length) == 0;
}

/* Each item must be unchanged, except that a successful operation has changed its item. */
static void check_items(world *w, shareable_status status) {
  static char text[1000];

  for (int i = 0; i < ITEMS; i++) {
    bool is_changed = status == SHAREABLE_OK && i == w->changed;
    const shareable_value *expected = is_changed ? &w->new_value : &w->items[i];
    shareable_value value;

    must(shareable_list_get(w->witness, i, &value, text, sizeof text), "cannot read an item afterwards");
    if (!is_same(&value, expected))
      complain("item %d %s", i, is_changed ? "does not have the new value" : "has changed");
  }
}

/* Makes the error message of an operation on an item, while the planned calls still fail. */
static shareable_status explain_item(world *w, int64_t index, shareable_status status) {
  return status == SHAREABLE_OK ? status : shareable_list_explain_item(w->list, index, status, &w->error);
}

#define WRITES(function, index, value, call)                                                                           \
  static shareable_status function(world *w) {                                                                         \
    w->changed = (index);                                                                                              \
    w->new_value = (value);                                                                                            \
    return explain_item(w, (index), (call));                                                                           \
  }

WRITES(set_int, 0, shareable_int(99), shareable_list_set_int(w->list, 0, 99))
WRITES(set_int_over_text, 2, shareable_int(99), shareable_list_set_int(w->list, 2, 99))
WRITES(set_float, 1, shareable_float(9.5), shareable_list_set_float(w->list, 1, 9.5))
WRITES(set_bool, 4, shareable_bool(0), shareable_list_set_bool(w->list, 4, 0))
WRITES(set_none, 6, shareable_none(), shareable_list_set_none(w->list, 6))
WRITES(set_text_over_int, 0, shareable_str("new"), shareable_list_set_str(w->list, 0, "new", 3))
WRITES(set_bytes, 3, shareable_bytes("new", 3), shareable_list_set_bytes(w->list, 3, "new", 3))
WRITES(set_value, 5, shareable_str("new"), shareable_list_set(w->list, 5, &w->new_value))
WRITES(add, 0, shareable_int(43), shareable_list_add(w->list, 0, 42, NULL))
WRITES(replace_int, 0, shareable_int(99), shareable_list_replace_int(w->list, 0, 99))
WRITES(exchange, 6, shareable_int(-1), shareable_list_exchange(w->list, 6, -1, NULL))
WRITES(set_ints, 6, shareable_int(8), shareable_list_set_ints(w->list, 6, 1, &(int64_t){8}, NULL))
WRITES(set_floats, 1, shareable_float(8.5), shareable_list_set_floats(w->list, 1, 1, &(double){8.5}, NULL))

static char long_text[900];

WRITES(set_long, 3, shareable_bytes(long_text, sizeof long_text),
       shareable_list_set_bytes(w->list, 3, long_text, sizeof long_text))

static shareable_status compare_exchange(world *w) {
  int64_t expected = 7;
  int exchanged = 0;
  shareable_status status = shareable_list_compare_exchange(w->list, 6, &expected, 70, &exchanged);

  w->changed = 6;
  w->new_value = shareable_int(70);
  return explain_item(w, 6, status);
}

static void restore_item(world *w) {
  if (w->changed >= 0)
    must(shareable_list_set(w->witness, w->changed, &w->items[w->changed]), "cannot restore the item");
}

static shareable_status read_all(world *w) {
  char text[1000];

  for (int i = 0; i < ITEMS; i++) {
    shareable_value value;
    shareable_status status = shareable_list_get(w->list, i, &value, text, sizeof text);

    if (status != SHAREABLE_OK)
      return explain_item(w, i, status);
    need(is_same(&value, &w->items[i]), "an item has a wrong value");
  }
  return SHAREABLE_OK;
}

static shareable_status search(world *w) {
  const shareable_value seven = shareable_int(7);
  uint64_t hash;
  char format[80];
  size_t index, count, length;
  shareable_status status = shareable_list_index(w->list, &seven, &index);

  if (status == SHAREABLE_OK)
    status = shareable_list_count(w->list, &seven, &count);
  if (status == SHAREABLE_OK)
    status = shareable_list_format(w->list, format, sizeof format, &length);
  if (status == SHAREABLE_OK)
    status = shareable_list_hash(w->list, &hash);
  need(status != SHAREABLE_OK || (index == 6 && count == 1), "the search found another item");
  return explain_item(w, 0, status);
}

/* A killed writer has locked item 2, and its redo record contains the value. */
static void die_writing(const world *w) {
  shareable_value value = shareable_str("gone");
  shareable__redo_record *record;
  shareable__encoded_item encoded;
  shareable_list *list;
  uint64_t writer_id;

  if (shareable_list_open(&list, w->name, 0, NULL) != SHAREABLE_OK ||
      shareable__sync_register(&list->sync) != SHAREABLE_OK)
    _exit(1);
  writer_id = list->sync.writer.id;
  shareable__item_encode(&value, 8, &encoded);
  record = &list->sync.area->redo_records[1];
  *record = (shareable__redo_record){
    .writer_id = (uint32_t)writer_id, .use = SHAREABLE__REDO_COMMITTED, .item = 2, .format = encoded.format};
  record->code = encoded.code;
  record->length = encoded.length;
  memcpy(record->data, encoded.data, encoded.length);
  list->sync.area->version_words[2] |= SHAREABLE__LOCKED | writer_id << 32;
  _exit(0);
}

static void die_locking(const world *w) {
  shareable_list *list;

  _exit(shareable_list_open(&list, w->name, 0, NULL) != SHAREABLE_OK || shareable_list_lock(list, 0) != SHAREABLE_OK);
}

void after_death(const world *w, void die(const world *)) {
  pid_t child = fork();
  int state;

  if (child == 0)
    die(w);
  need(waitpid(child, &state, 0) == child && state == 0, "the child did not end as planned");
}

static void prepare_killed_writer(world *w) {
  prepare_handle(w);
  after_death(w, die_writing);
  w->items[2] = shareable_str("gone");
}

static void prepare_killed_writer_and_reader(world *w) {
  prepare_reader(w);
  after_death(w, die_writing);
  w->items[2] = shareable_str("gone");
}

static void prepare_killed_owner(world *w) {
  prepare_handle(w);
  after_death(w, die_locking);
}

static void prepare_locked_list(world *w) {
  prepare_handle(w);
  must(shareable_list_lock(w->witness, 0), "cannot lock the list");
}

WRITES(set_after_death, 2, shareable_str("new"), shareable_list_set_str(w->list, 2, "new", 3))

static shareable_status explain_list(world *w, shareable_status status) {
  return status == SHAREABLE_OK ? status : shareable_list_explain(w->list, status, &w->error);
}

static shareable_status lock(world *w) {
  return explain_list(w, shareable_list_lock(w->list, 20 * MS));
}

static void unlock(world *w) {
  must(shareable_list_unlock(w->list), "cannot unlock the list");
}

static shareable_status wait_for_item(world *w) {
  return explain_item(w, 0, shareable_list_wait(w->list, 0, &w->items[0], 3 * MS));
}

static shareable_status wait_for_any(world *w) {
  uint64_t hash = 0;
  shareable_status status = shareable_list_hash(w->list, &hash);

  return explain_list(w, status == SHAREABLE_OK ? shareable_list_wait_any(w->list, &hash, 3 * MS) : status);
}

/* The write must wake a waiter. */
static void prepare_waiter(world *w) {
  prepare_handle(w);
  w->child = fork();
  if (w->child == 0) {
    shareable_list *list;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (shareable_list_open(&list, w->name, 0, NULL) == SHAREABLE_OK)
      shareable_list_wait(list, 0, &w->items[0], -1);
    _exit(0);
  }
  while ((__atomic_load_n(&w->witness->sync.area->eventcounts.state, __ATOMIC_ACQUIRE) & 1) == 0)
    usleep(100);
}

static void check_woken(world *w, shareable_status status) {
  check_items(w, status);
  if (status != SHAREABLE_OK || w->child == 0)
    return;
  need(waitpid(w->child, NULL, 0) == w->child, "the waiter was not woken");
  w->child = 0;
}

static void end_waiter(world *w) {
  end_child(w);
  end_handle(w);
}

ANSWERS(creation, E(EXISTS), E(NO_SPACE), E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(opening, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));
ANSWERS(reading, E(BUSY));
ANSWERS(writing, E(BUSY), E(SYSTEM));
ANSWERS(locking, E(TIMED_OUT), E(SYSTEM));
ANSWERS(died, E(OWNER_DIED));

#define LIST .undo = drop_list, .allowed = creation
#define WRITE .finish = end_handle, .undo = restore_item, .check = check_items, .allowed = writing, .leaves = REGISTERS
#define READ .finish = end_handle, .check = check_items, .allowed = reading

const operation lists_operations[] = {
  {"create a list", NULL, make_list, LIST},
  {"create a list without a sync area", NULL, make_without_area, LIST},
  {"create a lazy list", NULL, make_lazy, LIST},
  {"create a list with a random name", NULL, make_random, LIST},
  {"create an owned list", NULL, make_owned, LIST, .leaves = OWNS},
  {"create a list of many ints", NULL, make_ints, LIST},
  {"create a list without O_TMPFILE", without_tmpfile, make_list, LIST},
  {"replace a list", prepare_list, replace_list, .undo = close_list, .finish = end_replaced, .allowed = creation},
  {"replace a list without O_TMPFILE", prepare_old_list_without_tmpfile, replace_list, .undo = close_list,
   .finish = end_replaced, .allowed = creation},
  {"open a list", prepare_list, open_list, .undo = close_list, .finish = end_list, .check = check_opened,
   .allowed = opening},
  {"open a list read-only", prepare_list, open_list_read_only, .undo = close_list, .finish = end_list,
   .check = check_opened, .allowed = opening},
  {"close a handle in place", prepare_list, close_in_place, .finish = end_list, .allowed = opening},
  {"open a list without a sync area", prepare_list_without_area, open_list, .undo = close_list, .finish = end_list,
   .check = check_opened, .allowed = opening},
  {"set an int", prepare_handle, set_int, WRITE},
  {"set an int over a text", prepare_handle, set_int_over_text, WRITE},
  {"set a float", prepare_handle, set_float, WRITE},
  {"set a bool", prepare_handle, set_bool, WRITE},
  {"set None over an int", prepare_handle, set_none, WRITE},
  {"set a text over an int", prepare_handle, set_text_over_int, WRITE},
  {"set bytes", prepare_handle, set_bytes, WRITE},
  {"set a value", prepare_handle, set_value, WRITE},
  {"set long bytes", prepare_handle, set_long, WRITE},
  {"set ints", prepare_handle, set_ints, WRITE},
  {"set floats", prepare_handle, set_floats, WRITE},
  {"add", prepare_handle, add, WRITE},
  {"replace an int", prepare_handle, replace_int, WRITE},
  {"exchange", prepare_handle, exchange, WRITE},
  {"compare and exchange", prepare_handle, compare_exchange, WRITE},
  {"set an item that a killed writer holds", prepare_killed_writer, set_after_death, WRITE},
  {"set an int that a waiter waits for", prepare_waiter, set_int, .finish = end_waiter, .undo = restore_item,
   .check = check_woken, .allowed = writing, .leaves = REGISTERS},
  {"read all items", prepare_handle, read_all, READ},
  {"read an item that a killed writer holds", prepare_killed_writer, read_all, READ, .leaves = REGISTERS},
  {"read an item that a killed writer holds, read-only", prepare_killed_writer_and_reader, read_all, READ,
   .leaves = REGISTERS},
  {"search", prepare_handle, search, READ},
  {"lock", prepare_handle, lock, .undo = unlock, .finish = end_handle, .check = check_items, .allowed = locking,
   .leaves = REGISTERS},
  {"lock a list that is locked", prepare_locked_list, lock, .finish = end_handle, .allowed = locking,
   .leaves = REGISTERS},
  {"lock a list whose lock a killed process held", prepare_killed_owner, lock, .undo = unlock, .finish = end_handle,
   .check = check_items, .allowed = locking, .again = died, .leaves = REGISTERS},
  {"wait for an item", prepare_handle, wait_for_item, READ},
  {"wait for any change", prepare_handle, wait_for_any, READ},
  {"wait for an item, read-only", prepare_reader, wait_for_item, READ},
  {0}};
