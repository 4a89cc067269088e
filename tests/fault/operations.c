/*
 * operations.c - what the library does for its users, each with what it needs and what it must not touch.
 */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/src/list.h"
#include "../../core/src/mapped.h"
#include "control.h"

#define MS INT64_C(1000000)

static void need(bool condition, const char *what) {
  if (!condition)
    complain("%s", what);
}

static void must(shareable_status status, const char *what) {
  if (status != SHAREABLE_OK)
    complain("%s: %s", what, shareable_status_name(status));
}

static bool exists(const char *name) {
  char path[100];

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return access(path, F_OK) == 0;
}

static const char *extended(const world *w, const char *suffix) {
  static char name[50];

  snprintf(name, sizeof name, "%s%s", w->name, suffix);
  return name;
}

/* Blocks. */

static shareable_status create(world *w, const char *name, uint64_t size, uint32_t flags) {
  return shareable_memory_create(&w->memory, name, size, flags, 0, &w->error);
}

static shareable_status create_named(world *w) {
  return create(w, w->name, 5000, 0);
}

static shareable_status create_random(world *w) {
  return create(w, NULL, 5000, 0);
}

static shareable_status create_lazy(world *w) {
  return create(w, w->name, 5000, SHAREABLE_LAZY);
}

static shareable_status create_large(world *w) {
  return create(w, w->name, 3 << 20, 0);
}

static shareable_status create_owned(world *w) {
  return create(w, w->name, 5000, SHAREABLE_OWNED);
}

static shareable_status create_owned_at_random(world *w) {
  return create(w, NULL, 5000, SHAREABLE_OWNED);
}

static void without_tmpfile(world *w) {
  (void)w;
  faults_have_tmpfile(false);
}

/* One more than the journal has records for. */
static void own_many(world *w) {
  for (int i = 0; i < RECORDS; i++)
    must(shareable_memory_create(&w->owned[i], NULL, 8, SHAREABLE_OWNED, 0, &w->error), w->error.text);
}

static void own_one(world *w) {
  must(shareable_memory_create(&w->owned[0], NULL, 8, SHAREABLE_OWNED, 0, &w->error), w->error.text);
}

static void disown(world *w) {
  for (int i = 0; i < RECORDS && w->owned[i] != NULL; i++) {
    must(shareable_memory_unlink(w->owned[i], &w->error), w->error.text);
    shareable_memory_unref(w->owned[i]);
  }
}

static void drop_block(world *w) {
  char *bytes = shareable_memory_address(w->memory);

  bytes[shareable_memory_size(w->memory) - 1] = 1; /* it is all there */
  must(shareable_memory_unlink(w->memory, &w->error), w->error.text);
  shareable_memory_unref(w->memory);
}

static void have_block(world *w) {
  must(shareable_memory_create(&w->other, w->name, 5000, 0, 0, &w->error), w->error.text);
  strcpy(shareable_memory_address(w->other), "as it was");
}

static void end_block(world *w) {
  if (exists(w->name))
    must(shareable_memory_unlink(w->other, &w->error), w->error.text);
  shareable_memory_unref(w->other);
}

static void check_block(world *w, shareable_status status) {
  (void)status;
  need(strcmp(shareable_memory_address(w->other), "as it was") == 0, "the block has changed");
}

static shareable_status create_over(world *w) {
  return create(w, w->name, 1 << 20, 0);
}

static shareable_status open_block(world *w) {
  return shareable_memory_open(&w->memory, w->name, 0, &w->error);
}

static shareable_status open_read_only(world *w) {
  return shareable_memory_open(&w->memory, w->name, SHAREABLE_READ_ONLY, &w->error);
}

static void close_block(world *w) {
  shareable_memory_unref(w->memory);
}

static void have_block_again(world *w) {
  end_block(w);
  have_block(w);
}

static shareable_status unlink_block(world *w) {
  return shareable_memory_unlink(w->other, &w->error);
}

static shareable_status unlink_name(world *w) {
  return shareable_unlink(w->name, &w->error);
}

static void check_unlinked(world *w, shareable_status status) {
  need(exists(w->name) == (status != SHAREABLE_OK), "the name is there if, and only if, it could not be removed");
}

static shareable_status unlink_of_another(world *w) {
  return shareable_memory_unlink(w->memory, &w->error);
}

/* The handle's name has come to stand for another block. */
static void replace_block(world *w) {
  must(create(w, w->name, 100, 0), w->error.text);
  must(shareable_memory_unlink(w->memory, &w->error), w->error.text);
  have_block(w);
}

static void check_other_stays(world *w, shareable_status status) {
  (void)status;
  need(exists(w->name), "another's block was unlinked");
}

static void end_both(world *w) {
  shareable_memory_unref(w->memory);
  end_block(w);
}

static pid_t start_sleeper(void) {
  pid_t child = fork();

  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause();
  }
  return child;
}

static void end_stranger(world *w) {
  if (w->stranger > 0) {
    kill(w->stranger, SIGKILL);
    waitpid(w->stranger, NULL, 0);
  }
}

static void have_heir(world *w) {
  w->stranger = start_sleeper();
}

static void own_one_and_have_heir(world *w) {
  own_one(w);
  have_heir(w);
}

static void disown_and_end_heir(world *w) {
  disown(w);
  end_stranger(w);
}

static shareable_status hand_over(world *w) {
  return shareable_list_explain_whole(NULL, shareable_hand_over(w->stranger), &w->error);
}

/* Lists. */

static void fill(world *w) {
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

static shareable_status make_plain(world *w) {
  return make(w, w->name, SHAREABLE_PLAIN);
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
  must(shareable_list_unlink(w->list, &w->error), w->error.text);
  shareable_list_unref(w->list);
}

static void close_list(world *w) {
  shareable_list_unref(w->list);
}

static void have_list_of(world *w, uint32_t flags) {
  fill(w);
  w->at = -1;
  must(shareable_list_create(&w->witness, w->name, w->items, ITEMS, flags, 0, &w->error), w->error.text);
}

static void have_list(world *w) {
  have_list_of(w, 0);
}

static void have_plain_list(world *w) {
  have_list_of(w, SHAREABLE_PLAIN);
}

static void have_handle(world *w) {
  have_list(w);
  must(shareable_list_open(&w->list, w->name, 0, &w->error), w->error.text);
}

static void have_reader(world *w) {
  have_list(w);
  must(shareable_list_open(&w->list, w->name, SHAREABLE_READ_ONLY, &w->error), w->error.text);
}

static void end_handle(world *w) {
  shareable_list_unref(w->list);
  must(shareable_list_unlink(w->witness, &w->error), w->error.text);
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

/* What another says in the sync area is seen through the handle, which has it. */
static void check_opened(world *w, shareable_status status) {
  if (status == SHAREABLE_OK)
    need((w->list->sync.area != NULL) == (w->witness->sync.area != NULL), "the handle overlooks the sync area");
}

static bool is_same(const shareable_value *one, const shareable_value *other) {
  if (one->type != other->type)
    return false;
  if (one->type < SHAREABLE_TYPE_STR)
    return one->bits == other->bits;
  return one->length == other->length && memcmp(one->text, other->text, (size_t)one->length) == 0;
}

/* Each item is as it was; or, where the operation succeeded, the one that it changes is as it wants it. */
static void check_items(world *w, shareable_status status) {
  static char text[1000];

  for (int i = 0; i < ITEMS; i++) {
    bool is_changed = status == SHAREABLE_OK && i == w->at;
    const shareable_value *wanted = is_changed ? &w->wanted : &w->items[i];
    shareable_value value;

    must(shareable_list_get(w->witness, i, &value, text, sizeof text), "an item cannot be read afterwards");
    if (!is_same(&value, wanted))
      complain("item %d is not as it %s", i, is_changed ? "was to be" : "was");
  }
}

/* An operation on an item: the sentence is made with what failed still failing. */
static shareable_status of_item(world *w, int64_t index, shareable_status status) {
  return status == SHAREABLE_OK ? status : shareable_list_explain(w->list, index, status, &w->error);
}

#define WRITES(function, index, value, call)                                                                           \
  static shareable_status function(world *w) {                                                                         \
    w->at = (index);                                                                                                   \
    w->wanted = (value);                                                                                               \
    return of_item(w, (index), (call));                                                                                \
  }

WRITES(set_int, 0, shareable_int(99), shareable_list_set_int(w->list, 0, 99))
WRITES(set_int_over_text, 2, shareable_int(99), shareable_list_set_int(w->list, 2, 99))
WRITES(set_float, 1, shareable_float(9.5), shareable_list_set_float(w->list, 1, 9.5))
WRITES(set_bool, 4, shareable_bool(0), shareable_list_set_bool(w->list, 4, 0))
WRITES(set_none, 6, shareable_none(), shareable_list_set_none(w->list, 6))
WRITES(set_text_over_int, 0, shareable_str("new"), shareable_list_set_str(w->list, 0, "new", 3))
WRITES(set_bytes, 3, shareable_bytes("new", 3), shareable_list_set_bytes(w->list, 3, "new", 3))
WRITES(set_value, 5, shareable_str("new"), shareable_list_set(w->list, 5, &w->wanted))
WRITES(add, 0, shareable_int(43), shareable_list_add(w->list, 0, 42, NULL))
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

  w->at = 6;
  w->wanted = shareable_int(70);
  return of_item(w, 6, status);
}

static void take_back(world *w) {
  if (w->at >= 0)
    must(shareable_list_set(w->witness, w->at, &w->items[w->at]), "to take it back");
}

static shareable_status read_all(world *w) {
  char text[1000];

  for (int i = 0; i < ITEMS; i++) {
    shareable_value value;
    shareable_status status = shareable_list_get(w->list, i, &value, text, sizeof text);

    if (status != SHAREABLE_OK)
      return of_item(w, i, status);
    need(is_same(&value, &w->items[i]), "an item is read wrong");
  }
  return SHAREABLE_OK;
}

static shareable_status search(world *w) {
  const shareable_value seven = shareable_int(7);
  uint64_t digest;
  char format[80];
  size_t at, count, length;
  shareable_status status = shareable_list_index(w->list, &seven, &at);

  if (status == SHAREABLE_OK)
    status = shareable_list_count(w->list, &seven, &count);
  if (status == SHAREABLE_OK)
    status = shareable_list_format(w->list, format, sizeof format, &length);
  if (status == SHAREABLE_OK)
    status = shareable_list_digest(w->list, &digest);
  need(status != SHAREABLE_OK || (at == 6 && count == 1), "it is not found where it is");
  return of_item(w, 0, status);
}

/* A writer that was killed has locked item 2, and its journal says what it was to write. */
static void die_writing(const world *w) {
  shareable_value value = shareable_str("gone");
  shareable__journal *journal;
  shareable__image image;
  shareable_list *list;
  uint64_t token;

  if (shareable_list_open(&list, w->name, 0, NULL) != SHAREABLE_OK || shareable__sync_join(&list->sync) != SHAREABLE_OK)
    _exit(1);
  token = list->sync.writer.token;
  shareable__item_image(&value, 8, &image);
  journal = &list->sync.area->journals[1];
  *journal = (shareable__journal){.token = (uint32_t)token, .ready = 1, .item = 2, .format = image.format};
  journal->code = image.code;
  journal->length = image.length;
  memcpy(journal->data, image.data, image.length);
  list->sync.area->words[2] |= SHAREABLE__LOCKED | token << 32;
  _exit(0);
}

static void die_locking(const world *w) {
  shareable_list *list;

  _exit(shareable_list_open(&list, w->name, 0, NULL) != SHAREABLE_OK || shareable_list_lock(list, 0) != SHAREABLE_OK);
}

static void after_death(const world *w, void die(const world *)) {
  pid_t child = fork();
  int state;

  if (child == 0)
    die(w);
  need(waitpid(child, &state, 0) == child && state == 0, "the one who was to die lives");
}

static void have_killed_writer(world *w) {
  have_handle(w);
  after_death(w, die_writing);
  w->items[2] = shareable_str("gone");
}

static void have_killed_writer_and_reader(world *w) {
  have_reader(w);
  after_death(w, die_writing);
  w->items[2] = shareable_str("gone");
}

static void have_killed_locker(world *w) {
  have_handle(w);
  after_death(w, die_locking);
}

static void have_held_lock(world *w) {
  have_handle(w);
  must(shareable_list_lock(w->witness, 0), "to lock it");
}

WRITES(set_after_death, 2, shareable_str("new"), shareable_list_set_str(w->list, 2, "new", 3))

static shareable_status of_whole(world *w, shareable_status status) {
  return status == SHAREABLE_OK ? status : shareable_list_explain_whole(w->list, status, &w->error);
}

static shareable_status lock(world *w) {
  return of_whole(w, shareable_list_lock(w->list, 20 * MS));
}

static void unlock(world *w) {
  must(shareable_list_unlock(w->list), "to unlock it");
}

static shareable_status wait_for_item(world *w) {
  return of_item(w, 0, shareable_list_wait(w->list, 0, &w->items[0], 3 * MS));
}

static shareable_status wait_for_any(world *w) {
  uint64_t digest = 0;
  shareable_status status = shareable_list_digest(w->list, &digest);

  return of_whole(w, status == SHAREABLE_OK ? shareable_list_wait_any(w->list, &digest, 3 * MS) : status);
}

/* Someone who waits is to be woken by the write. */
static void have_waiter(world *w) {
  have_handle(w);
  w->stranger = fork();
  if (w->stranger == 0) {
    shareable_list *list;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (shareable_list_open(&list, w->name, 0, NULL) == SHAREABLE_OK)
      shareable_list_wait(list, 0, &w->items[0], -1);
    _exit(0);
  }
  while ((__atomic_load_n(&w->witness->sync.area->bells.armed, __ATOMIC_ACQUIRE) & 1) == 0)
    usleep(100);
}

static void check_woken(world *w, shareable_status status) {
  check_items(w, status);
  if (status != SHAREABLE_OK || w->stranger == 0)
    return;
  need(waitpid(w->stranger, NULL, 0) == w->stranger, "who waits is not woken");
  w->stranger = 0;
}

static void end_waiter(world *w) {
  end_stranger(w);
  end_handle(w);
}

/* Garbage: blocks of an owner that has ended, with its reaper: one is left to a process that lives, one is mapped by one that
   does not use this library, and one by nobody; and a block that nobody owns. */

static void leave_garbage(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-g"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK);
}

static void leave_mapped(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-s"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK);
}

static void leave_legacy(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-h"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK ||
        shareable_hand_over(getppid()) != SHAREABLE_OK);
}

/* As stock Python does it: without a lock. */
static pid_t start_stranger(const char *name) {
  int done[2], fd;
  char path[100], byte;
  pid_t child;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = open(path, O_RDWR);
  need(pipe(done) == 0 && fd >= 0, "a stranger cannot be started");
  child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
      _exit(1);
    close(done[0]);
    close(done[1]);
    close(fd);
    for (;;)
      pause();
  }
  close(fd);
  close(done[1]);
  need(read(done[0], &byte, 1) == 0, "a stranger has not begun");
  close(done[0]);
  return child;
}

static void have_garbage(world *w) {
  after_death(w, leave_garbage);
  after_death(w, leave_mapped);
  after_death(w, leave_legacy);
  w->stranger = start_stranger(extended(w, "-s"));
  must(shareable_memory_create(&w->other, extended(w, "-n"), 8, 0, 0, &w->error), w->error.text);
}

static shareable_status tell_garbage(world *w) {
  return shareable_gc_run(&w->gc, 0, &w->error);
}

static shareable_status remove_garbage(world *w) {
  return shareable_gc_run(&w->gc, SHAREABLE_REMOVE, &w->error);
}

static void free_findings(world *w) {
  shareable_gc_free(w->gc);
  if (!exists(extended(w, "-g")))
    after_death(w, leave_garbage);
}

/* Whatever fails, nothing is taken away from anybody; and nothing is said that is not so. */
static void check_garbage(world *w, shareable_status status) {
  static const struct {
    const char *suffix, *reason;
  } blocks[] = {
    {"-g", "its owner"}, {"-s", "its owner"}, {"-h", "its owner"}, {"-n", "nobody has it recorded as owned"}};

  need(exists(extended(w, "-s")), "a block that a process has mapped was removed");
  need(exists(extended(w, "-h")), "a block whose heir lives was removed");
  need(exists(extended(w, "-n")), "a block that nobody owns was removed");
  for (size_t i = 0; status == SHAREABLE_OK && i < sizeof blocks / sizeof *blocks; i++) {
    const char *reason = NULL;

    for (size_t k = 0; k < shareable_gc_count(w->gc); k++)
      if (strcmp(shareable_gc_name(w->gc, k), extended(w, blocks[i].suffix)) == 0)
        reason = shareable_gc_reason(w->gc, k);
    need(reason != NULL, "a block is not told of");
    if (strncmp(reason, blocks[i].reason, strlen(blocks[i].reason)) != 0 &&
        strstr(reason, "cannot be looked at") == NULL)
      complain("of block %s it is said: %s", blocks[i].suffix, reason);
  }
}

static void end_garbage(world *w) {
  end_stranger(w);
  shareable_unlink(extended(w, "-s"), NULL);
  shareable_unlink(extended(w, "-g"), NULL);
  shareable_unlink(extended(w, "-h"), NULL);
  must(shareable_memory_unlink(w->other, &w->error), w->error.text);
  shareable_memory_unref(w->other);
  if (shareable_gc_run(&w->gc, SHAREABLE_REMOVE, NULL) == SHAREABLE_OK)
    shareable_gc_free(w->gc);
}

/* Managers. */

#define KEY "secret", 6

static shareable_status start_one(world *w) {
  return shareable_manager_start(&w->manager, NULL, NULL, 0, &w->error);
}

static void check_no_child(world *w, shareable_status status) {
  (void)w;
  if (status != SHAREABLE_OK)
    need(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a process is left");
}

static void have_manager(world *w) {
  must(start_one(w), w->error.text);
}

static void drop_manager(world *w) {
  shareable_manager_unref(w->manager);
}

static shareable_status shut_down(world *w) {
  return shareable_manager_shutdown(w->manager, &w->error);
}

static shareable_status connect_one(world *w) {
  return shareable_manager_connect(&w->manager, w->address, KEY, &w->error);
}

static shareable_status connect_by_tcp(world *w) {
  return shareable_manager_connect(&w->manager, w->tcp, KEY, &w->error);
}

/* A handle that did not start the manager, which does not end by itself then. */
static void have_another(world *w) {
  const void *key;
  size_t size;

  must(shareable_manager_start(&w->another, NULL, NULL, 0, &w->error), w->error.text);
  key = shareable_manager_authkey(w->another, &size);
  must(shareable_manager_connect(&w->manager, shareable_manager_address(w->another), key, size, &w->error),
       w->error.text);
}

static void drop_another(world *w) {
  drop_manager(w);
  shareable_manager_unref(w->another);
}

/* In a fork's child, which the manager outlives. */
static shareable_status drop_in_child(world *w) {
  pid_t child = fork();
  int state;

  if (child == 0) {
    shareable_manager_unref(w->manager);
    _exit(0);
  }
  need(waitpid(child, &state, 0) == child && state == 0, "the child does not end well");
  return SHAREABLE_OK;
}

static void have_connection(world *w) {
  must(connect_one(w), w->error.text);
}

static shareable_status manager_memory(world *w) {
  return shareable_manager_create_memory(w->manager, &w->memory, 100, &w->error);
}

static void release_memory(world *w) {
  must(shareable_manager_release(w->manager, shareable_memory_name(w->memory), &w->error), w->error.text);
  shareable_memory_unref(w->memory);
}

static shareable_status manager_list(world *w) {
  fill(w);
  return shareable_manager_create_list(w->manager, &w->list, w->items, ITEMS, 0, &w->error);
}

static void release_list(world *w) {
  must(shareable_manager_release(w->manager, shareable_memory_name(shareable_list_memory(w->list)), &w->error),
       w->error.text);
  shareable_list_unref(w->list);
}

static shareable_status track(world *w) {
  return shareable_manager_track(w->manager, w->name, &w->error);
}

static void untrack(world *w) {
  shareable_manager_release(w->manager, w->name, NULL); /* there is no such block */
}

static void have_many_names(world *w) {
  have_connection(w);
  for (int i = 0; i < 100; i++)
    must(track(w), w->error.text);
}

static void end_names(world *w) {
  for (int i = 0; i < 100; i++)
    untrack(w);
  drop_manager(w);
}

static shareable_status names(world *w) {
  static char buffer[10000];
  size_t length;

  return shareable_manager_names(w->manager, buffer, sizeof buffer, &length, &w->error);
}

static void have_tracked_block(world *w) {
  have_connection(w);
  have_block(w);
  must(track(w), w->error.text);
}

static shareable_status release(world *w) {
  return shareable_manager_release(w->manager, w->name, &w->error);
}

static void track_anew(world *w) {
  have_block_again(w);
  must(track(w), w->error.text);
}

static void end_tracked_block(world *w) {
  untrack(w);
  end_block(w);
  drop_manager(w);
}

pid_t start_manager(const char *address, char where[200]) {
  int done[2];
  pid_t child;

  if (pipe(done) != 0 || (child = fork()) < 0)
    return -1;
  if (child == 0) {
    shareable_error error;
    shareable_manager *manager;

    if (shareable_manager_start(&manager, address, KEY, &error) != SHAREABLE_OK) {
      fprintf(stderr, "%s\n", error.text);
      _exit(1);
    }
    snprintf(where, 200, "%s", shareable_manager_address(manager));
    (void)!write(done[1], where, 200);
    close(done[0]);
    close(done[1]);
    for (;;)
      pause();
  }
  close(done[1]);
  if (read(done[0], where, 200) != 200)
    child = -1;
  close(done[0]);
  return child;
}

/* What the header says that each may answer. */

#define E(name) SHAREABLE_E_##name
#define ANSWERS(name, ...) static const shareable_status name[] = {__VA_ARGS__, SHAREABLE_OK}

ANSWERS(creation, E(EXISTS), E(NO_SPACE), E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(opening, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));
ANSWERS(unlinking, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));
ANSWERS(reading, E(TIMED_OUT));
ANSWERS(writing, E(TIMED_OUT), E(SYSTEM));
ANSWERS(handing, E(ARGUMENT), E(SYSTEM), E(NO_MEMORY));
ANSWERS(gathering, E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(starting, E(NOT_FOUND), E(PERMISSION), E(NO_MANAGER), E(NO_MEMORY), E(SYSTEM));
ANSWERS(asking, E(NO_MANAGER), E(PERMISSION), E(TIMED_OUT), E(NO_MEMORY), E(SYSTEM), E(NO_SPACE), E(EXISTS));
ANSWERS(shut, E(NO_MANAGER), E(CLOSED));
ANSWERS(gone, E(NOT_FOUND), E(ABSENT));
ANSWERS(died, E(OWNER_DIED));

#define MEMORY .undo = drop_block, .allowed = creation
#define LIST .undo = drop_list, .allowed = creation
#define WRITE .finish = end_handle, .undo = take_back, .check = check_items, .allowed = writing, .leaves = JOINS
#define READ .finish = end_handle, .check = check_items, .allowed = reading
#define ASK .finish = drop_manager, .allowed = asking, .leaves = CONNECTS

const operation operations[] = {
  {"create a block", NULL, create_named, MEMORY},
  {"create a block at random", NULL, create_random, MEMORY},
  {"create a lazy block", NULL, create_lazy, MEMORY},
  {"create a large block", NULL, create_large, MEMORY},
  {"create a block without O_TMPFILE", without_tmpfile, create_named, MEMORY},
  {"create a block of a name that is taken", have_block, create_over, .finish = end_block, .check = check_block,
   .allowed = creation},
  {"create an owned block", NULL, create_owned, MEMORY, .leaves = OWNS},
  {"create an owned block without O_TMPFILE", without_tmpfile, create_owned, MEMORY, .leaves = OWNS},
  {"create an owned block at random", NULL, create_owned_at_random, MEMORY, .leaves = OWNS},
  {"create a second owned block", own_one, create_owned, MEMORY, .finish = disown, .leaves = OWNS},
  {"create more owned blocks than the journal has room for", own_many, create_owned, MEMORY, .finish = disown,
   .leaves = OWNS},
  {"open a block", have_block, open_block, .undo = close_block, .finish = end_block, .check = check_block,
   .allowed = opening},
  {"open a block read-only", have_block, open_read_only, .undo = close_block, .finish = end_block, .check = check_block,
   .allowed = opening},
  {"unlink a block", have_block, unlink_block, .undo = have_block_again, .finish = end_block, .check = check_unlinked,
   .allowed = unlinking},
  {"unlink a name", have_block, unlink_name, .undo = have_block_again, .finish = end_block, .check = check_unlinked,
   .allowed = unlinking},
  {"unlink a block whose name is another's", replace_block, unlink_of_another, .finish = end_both,
   .check = check_other_stays, .allowed = unlinking},
  {"hand over", have_heir, hand_over, .finish = end_stranger, .allowed = handing},
  {"hand over what is owned", own_one_and_have_heir, hand_over, .finish = disown_and_end_heir, .allowed = handing},
  {"make a list", NULL, make_list, LIST},
  {"make a plain list", NULL, make_plain, LIST},
  {"make a lazy list", NULL, make_lazy, LIST},
  {"make a list at random", NULL, make_random, LIST},
  {"make an owned list", NULL, make_owned, LIST, .leaves = OWNS},
  {"make a list of many ints", NULL, make_ints, LIST},
  {"make a list without O_TMPFILE", without_tmpfile, make_list, LIST},
  {"open a list", have_list, open_list, .undo = close_list, .finish = end_list, .check = check_opened,
   .allowed = opening},
  {"open a list read-only", have_list, open_list_read_only, .undo = close_list, .finish = end_list,
   .check = check_opened, .allowed = opening},
  {"open a plain list", have_plain_list, open_list, .undo = close_list, .finish = end_list, .check = check_opened,
   .allowed = opening},
  {"set an int", have_handle, set_int, WRITE},
  {"set an int over a text", have_handle, set_int_over_text, WRITE},
  {"set a float", have_handle, set_float, WRITE},
  {"set a bool", have_handle, set_bool, WRITE},
  {"set None over an int", have_handle, set_none, WRITE},
  {"set a text over an int", have_handle, set_text_over_int, WRITE},
  {"set bytes", have_handle, set_bytes, WRITE},
  {"set a value", have_handle, set_value, WRITE},
  {"set long bytes", have_handle, set_long, WRITE},
  {"set ints", have_handle, set_ints, WRITE},
  {"set floats", have_handle, set_floats, WRITE},
  {"add", have_handle, add, WRITE},
  {"exchange", have_handle, exchange, WRITE},
  {"compare and exchange", have_handle, compare_exchange, WRITE},
  {"set what a killed writer holds", have_killed_writer, set_after_death, WRITE},
  {"set an int that is waited for", have_waiter, set_int, .finish = end_waiter, .undo = take_back, .check = check_woken,
   .allowed = writing, .leaves = JOINS},
  {"read all items", have_handle, read_all, READ},
  {"read what a killed writer holds", have_killed_writer, read_all, READ, .leaves = JOINS},
  {"read what a killed writer holds, read-only", have_killed_writer_and_reader, read_all, READ, .leaves = JOINS},
  {"search", have_handle, search, READ},
  {"lock", have_handle, lock, .undo = unlock, .finish = end_handle, .check = check_items, .allowed = writing,
   .leaves = JOINS},
  {"lock what somebody holds", have_held_lock, lock, .finish = end_handle, .allowed = writing, .leaves = JOINS},
  {"lock what somebody held who was killed", have_killed_locker, lock, .undo = unlock, .finish = end_handle,
   .check = check_items, .allowed = writing, .again = died, .leaves = JOINS},
  {"wait for an item", have_handle, wait_for_item, READ},
  {"wait for anything", have_handle, wait_for_any, READ},
  {"wait for an item read-only", have_reader, wait_for_item, READ},
  {"tell garbage", have_garbage, tell_garbage, .undo = free_findings, .finish = end_garbage, .check = check_garbage,
   .allowed = gathering},
  {"remove garbage", have_garbage, remove_garbage, .undo = free_findings, .finish = end_garbage, .check = check_garbage,
   .allowed = gathering},
  {"start a manager", NULL, start_one, .undo = drop_manager, .check = check_no_child, .allowed = starting},
  {"shut a manager down", have_manager, shut_down, .finish = drop_manager, .allowed = asking, .leaves = CONNECTS},
  {"shut another's manager down", have_another, shut_down, .finish = drop_another, .allowed = asking, .again = shut,
   .leaves = CONNECTS},
  {"drop a manager in a child", have_manager, drop_in_child, .finish = drop_manager},
  {"connect to a manager by TCP", NULL, connect_by_tcp, .undo = drop_manager, .allowed = asking},
  {"connect to a manager", NULL, connect_one, .undo = drop_manager, .allowed = asking},
  {"make a block of a manager", have_connection, manager_memory, ASK, .undo = release_memory},
  {"make a list of a manager", have_connection, manager_list, ASK, .undo = release_list},
  {"track a name", have_connection, track, ASK, .undo = untrack},
  {"release a block", have_tracked_block, release, .undo = track_anew, .finish = end_tracked_block, .allowed = asking,
   .again = gone, .leaves = CONNECTS | REMOVES},
  {"ask for many names", have_many_names, names, .finish = end_names, .allowed = asking, .leaves = CONNECTS},
  {0}};
