/*
 * dict_crash.c - what a writer of a dict leaves that is killed.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "dict_support.h"

/*
 * A writer that is killed after each of its stores. ptrace(2) stops it after each instruction. If that
 * has changed the block, the block is copied: no process holds the writer's liveness lock on the copy, so
 * the copy is what the writer would leave if it were killed there.
 */

typedef shareable_status change(shareable_dict *dict);

static shareable_status insert_c(shareable_dict *dict) {
  return set(dict, "c", shareable_int(3));
}

static shareable_status delete_a(shareable_dict *dict) {
  return delete_key(dict, "a");
}

static shareable_status replace_a(shareable_dict *dict) {
  return set(dict, "a", shareable_str("replaced"));
}

static shareable_status add_to_a(shareable_dict *dict) {
  const shareable_value key = shareable_str("a");

  return shareable_dict_add(dict, &key, 10, 0, 0, 0, -1, NULL);
}

static shareable_status add_half_to_a(shareable_dict *dict) {
  const shareable_value key = shareable_str("a");

  return shareable_dict_add_float(dict, &key, 0.5, 0, SHAREABLE_DICT_CONVERT, 0, -1, NULL);
}

static shareable_status reindex(shareable_dict *dict) {
  return shareable_dict_reindex(dict, -1);
}

/* Starts a child that opens the dict, registers as a writer, and stops. Then it makes the change. */
static pid_t traced(change *operation) {
  pid_t child = fork();
  int state;

  if (child == 0) {
    shareable_dict *own = NULL;

    if (shareable_dict_open(&own, created, 0, NULL) != SHAREABLE_OK ||
        set(own, "b", shareable_int(2)) != SHAREABLE_OK || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit(1);
    raise(SIGSTOP);
    _exit(operation(own) == SHAREABLE_OK ? 0 : 1);
  }
  cr_assert_eq(waitpid(child, &state, 0), child);
  if (!WIFSTOPPED(state))
    skip_because("needs ptrace(2)");
  return child;
}

static bool step(pid_t child) {
  int state;

  return ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && waitpid(child, &state, 0) == child && WIFSTOPPED(state);
}

static shareable_status lengthen_a(shareable_dict *dict) {
  static char characters[1001];

  memset(characters, 'l', sizeof characters - 1);
  return set(dict, "a", shareable_str(characters));
}

static shareable_status insert_long_c(shareable_dict *dict) {
  static char characters[1001];

  memset(characters, 'l', sizeof characters - 1);
  return set(dict, "c", shareable_str(characters));
}

/* A reader that cannot complete the change gets a result, too. */
static void read_only(const char *name) {
  static const char *const keys[] = {"a", "b", "c", "absent"};
  shareable_dict *reader = NULL;
  shareable_value value;
  char buffer[1000];

  cr_ok(shareable_dict_open(&reader, name, SHAREABLE_READ_ONLY, NULL));
  alarm(60); /* ends a read that waits forever */
  for (size_t i = 0; i < LENGTH(keys); i++) {
    const shareable_value key = text(keys[i]);
    shareable_status status = shareable_dict_get(reader, &key, &value, buffer, sizeof buffer);

    cr_assert(status == SHAREABLE_OK || (status == SHAREABLE_E_NO_KEY && i != 1), "%s", keys[i]);
  }
  alarm(0);
  shareable_dict_unref(reader);
}

static void check_copy(const void *bytes, size_t size, void (*check)(shareable_dict *dict)) {
  shareable_memory *memory;
  shareable_dict *copy;
  char name[60];

  snprintf(name, sizeof name, "%s-copy", created);
  cr_ok(shareable_memory_create(&memory, name, size, 0, 0600, NULL));
  memcpy(shareable_memory_address(memory), bytes, size);
  read_only(name);
  cr_ok(shareable_dict_open(&copy, name, 0, NULL));
  check(copy);
  check_index(copy);
  shareable_dict_unref(copy);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static void kill_at_each_store(change *operation, size_t value_size, void (*check)(shareable_dict *dict)) {
  shareable_dict *dict = new_dict(3, 8, value_size);
  shareable_memory *memory = shareable_list_memory(shareable_dict_list(dict));
  const void *address = shareable_memory_address(memory);
  size_t size = shareable_memory_size(memory);
  void *last = malloc(size);
  int found = 0, tried = 0;
  pid_t child;

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  child = traced(operation);
  memcpy(last, address, size);
  while (step(child)) {
    if (memcmp(last, address, size) == 0)
      continue;
    found++;
    memcpy(last, address, size);
    check_copy(last, size, check);
    tried++;
  }
  fprintf(stderr, "stores found: %d, stores tried: %d\n", found, tried);
  cr_assert(found == tried && found >= 3);
  free(last);
  end_dict(dict);
}

static void check_b(shareable_dict *dict) {
  cr_assert_eq(get(dict, "b"), 2);
  cr_ok(set(dict, "d", shareable_int(4)));
  cr_ok(delete_key(dict, "d"));
}

static void check_inserted(shareable_dict *dict) {
  int64_t found = get(dict, "c");

  cr_assert(found == 3 || found == -1);
  cr_assert_eq(get(dict, "a"), 1);
  cr_ok(delete_key(dict, "a"));
  check_b(dict);
  cr_assert_eq(get(dict, "c"), found);
}

static void check_deleted(shareable_dict *dict) {
  int64_t found = get(dict, "a");

  cr_assert(found == 1 || found == -1);
  check_b(dict);
  cr_assert_eq(get(dict, "a"), found);
}

static void check_added(shareable_dict *dict) {
  int64_t found = get(dict, "a");

  cr_assert(found == 1 || found == 11);
  check_b(dict);
}

static void check_half_added(shareable_dict *dict) {
  const shareable_value key = shareable_str("a");
  shareable_value value;

  cr_ok(shareable_dict_get(dict, &key, &value, NULL, 0));
  cr_assert(value.type == SHAREABLE_TYPE_INT ? value.integer == 1
                                             : value.type == SHAREABLE_TYPE_FLOAT && value.real == 1.5);
  check_b(dict);
}

static void check_replaced(shareable_dict *dict) {
  const shareable_value key = shareable_str("a");
  char buffer[8];
  shareable_value value;

  cr_ok(shareable_dict_get(dict, &key, &value, buffer, sizeof buffer));
  cr_assert(value.type == SHAREABLE_TYPE_INT ? value.integer == 1
                                             : value.length == 8 && memcmp(buffer, "replaced", 8) == 0);
  check_b(dict);
}

Test(dict_crash, completes_the_insert_of_a_killed_writer) {
  kill_at_each_store(insert_c, 8, check_inserted);
}

Test(dict_crash, completes_the_delete_of_a_killed_writer) {
  kill_at_each_store(delete_a, 8, check_deleted);
}

Test(dict_crash, has_the_old_or_the_new_value_of_a_killed_writer) {
  kill_at_each_store(add_to_a, 8, check_added);
  kill_at_each_store(add_half_to_a, 8, check_half_added);
  kill_at_each_store(replace_a, 8, check_replaced);
}

static bool is_old_or_long(const shareable_dict *dict) {
  const shareable_value key = shareable_str("a");
  shareable_value value;
  char buffer[1000];

  cr_ok(shareable_dict_get(dict, &key, &value, buffer, sizeof buffer));
  if (value.type == SHAREABLE_TYPE_INT)
    return value.integer == 1;
  for (size_t i = 0; i < value.length; i++)
    if (buffer[i] != 'l')
      return false;
  return value.length == 1000;
}

static void check_long(shareable_dict *dict) {
  const shareable_value key = shareable_str("a"), other = shareable_str("neither");
  shareable_dict *reader;

  cr_ok(shareable_dict_open(&reader, shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))),
                            SHAREABLE_READ_ONLY, NULL));
  cr_assert(is_old_or_long(reader));
  cr_ok(shareable_dict_wait(reader, &key, &other, 0));
  cr_ok(shareable_dict_wait(dict, &key, &other, 0));
  cr_assert(is_old_or_long(dict));
  cr_assert(is_old_or_long(reader));
  shareable_dict_unref(reader);
  check_b(dict);
}

static void check_all(shareable_dict *dict) {
  cr_assert_eq(get(dict, "a"), 1);
  check_b(dict);
}

Test(dict_crash, completes_the_reindex_of_a_killed_writer) {
  kill_at_each_store(reindex, 8, check_all);
}

Test(dict_crash, has_the_old_or_the_new_long_value_of_a_killed_writer) {
  kill_at_each_store(lengthen_a, 1000, check_long);
}

/* Stock Python reads all values, also those of free places. */
static void check_long_insert(shareable_dict *dict) {
  const shareable_list *list = shareable_dict_list(dict);
  shareable_value value;
  char buffer[1000];

  cr_status(delete_key(dict, "absent"), SHAREABLE_E_NO_KEY);
  for (int64_t item = 0; item < 6; item++)
    cr_ok(shareable_list_get(list, item, &value, buffer, sizeof buffer));
  cr_assert(value.type == SHAREABLE_TYPE_NONE || value.length == 1000);
  cr_ok(delete_key(dict, "a"));
  check_b(dict);
}

Test(dict_crash, leaves_no_part_of_a_long_value_of_a_killed_writer) {
  kill_at_each_store(insert_long_c, 1000, check_long_insert);
}

/* A writer of a long value dies with or without the item, and before it has changed that. */
static void die_before_long_value(bool has_item) {
  static char characters[601];
  const shareable_value key = shareable_str("a"), longer = shareable_strn(characters, 600);
  shareable_dict *own = NULL;
  shareable__dict_key encoded;
  shareable__dict_hit hit;
  uint64_t before;

  memset(characters, 'x', 600);
  if (shareable_dict_open(&own, created, 0, NULL) != SHAREABLE_OK || shareable__dict_lock(own, -1) != SHAREABLE_OK ||
      shareable__dict_encode_key(own, &key, &encoded) != SHAREABLE_OK ||
      shareable__dict_find_locked(own, &encoded, &hit) != SHAREABLE_OK ||
      (has_item && !shareable__dict_try_lock_value(own, hit.place, &before)))
    _exit(1);
  shareable__dict_begin_value(own, hit.place, &longer);
  kill(getpid(), SIGKILL);
}

Test(dict_crash, keeps_a_value_that_was_set_after_a_writer_of_a_long_one_was_killed) {
  for (int has_item = 0; has_item < 2; has_item++) {
    shareable_dict *dict = new_dict(8, 8, 640);
    int state;
    pid_t child;

    cr_ok(set(dict, "a", shareable_int(1)));
    child = fork();
    if (child == 0)
      die_before_long_value(has_item != 0);
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_assert(WIFSIGNALED(state));
    cr_ok(set(dict, "a", shareable_int(2)));
    cr_ok(set(dict, "b", shareable_int(1)));
    cr_assert_eq(get(dict, "a"), 2);
    end_dict(dict);
  }
}
