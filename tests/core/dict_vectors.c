/*
 * dict_vectors.c - tests that open the dicts of tests/vectors, which make_dicts.py wrote.
 */
#include <pthread.h>

#include "dict_support.h"
#include "sync/item_lock.h"
#include "vector_files.h"

#define LINES_MAX 32

/* The keys and values of a dict in order, as lines. */
typedef struct lines {
  size_t count;
  char line[LINES_MAX][4000];
} lines;

/* Reads the keys and values, and compares each value with that of a get. */
static void read_dict(const shareable_dict *dict, lines *found) {
  static char key[SHAREABLE_DICT_KEY_MAX], value[1000], again[1000];
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = value, .value_buffer_size = sizeof value};
  shareable_status status;
  size_t cursor = 0;

  memset(found, 0, sizeof *found);
  while ((status = shareable_dict_next(dict, &cursor, &item)) == SHAREABLE_OK) {
    char *line = found->line[found->count++];
    size_t size = sizeof found->line[0], length = describe_value(&item.key, line, size);
    shareable_value got;

    cr_assert_lt(found->count, LINES_MAX);
    length += (size_t)snprintf(line + length, size - length, "\t");
    describe_value(&item.value, line + length, size - length);
    cr_assert_eq(shareable_dict_get(dict, &item.key, &got, again, sizeof again), SHAREABLE_OK, "%s", line);
    cr_assert_eq(got.type, item.value.type, "%s", line);
    cr_assert_eq(got.length, item.value.length, "%s", line);
  }
  cr_status(status, SHAREABLE_E_NO_KEY);
}

/* Compares a dict with a file of lines: that of "made-full.bin" is "made-full.items". */
static void check_lines(const shareable_dict *dict, const char *path) {
  static lines found;
  static char wanted[4000];
  const char *name = strrchr(path, '/') + 1;
  char items[1000];
  FILE *file;
  size_t i = 0;

  snprintf(items, sizeof items, "%s/dicts/%.*s.items", vectors(), (int)strcspn(name, "."), name);
  file = fopen(items, "r");
  cr_assert_not_null(file, "%s", items);
  read_dict(dict, &found);
  for (; fgets(wanted, sizeof wanted, file) != NULL; i++) {
    wanted[strcspn(wanted, "\n")] = '\0';
    cr_assert_str_eq(found.line[i], wanted, "%s: %.80s, not %.80s", items, found.line[i], wanted);
  }
  cr_assert_eq(found.count, i, "%s: %zu keys, not %zu", items, found.count, i);
  fclose(file);
}

static shareable_dict *open_vector(const char *path, uint32_t flags) {
  shareable_dict *dict = NULL;
  shareable_error error = {0};

  cr_assert_eq(shareable_dict_open(&dict, own_name(), flags, &error), SHAREABLE_OK, "%s: %s", path, error.message);
  return dict;
}

/* Calls a check for each file that matches a pattern, with its block. */
static void for_each(const char *pattern, size_t at_least, void (*check)(const char *path, shareable_memory *memory)) {
  glob_t files = files_of(pattern);

  cr_assert_geq(files.gl_pathc, at_least);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    shareable_memory *memory = block_of(files.gl_pathv[i]);

    check(files.gl_pathv[i], memory);
    end_block(memory);
  }
  globfree(&files);
}

static void check_read_only(const char *path, shareable_memory *memory) {
  static char before[8192];
  size_t size = shareable_memory_size(memory);
  shareable_dict *dict = open_vector(path, SHAREABLE_READ_ONLY);

  memcpy(before, shareable_memory_address(memory), size);
  check_lines(dict, path);
  cr_assert_eq(memcmp(before, shareable_memory_address(memory), size), 0, "%s: a read has written", path);
  shareable_dict_unref(dict);
}

Test(dict_vectors, are_read_without_a_write) {
  for_each("dicts/made-*.bin", 8, check_read_only);
}

Test(dict_vectors, of_killed_owners_are_read_without_a_write) {
  for_each("dicts/left-*.bin", 17, check_read_only);
}

/* Deletes each key and sets it again, which uses the whole index. */
static void replace_all(shareable_dict *dict, const char *path) {
  static char key[SHAREABLE_DICT_KEY_MAX], buffer[1000];
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = buffer, .value_buffer_size = sizeof buffer};

  for (size_t cursor = 0, place; shareable_dict_next(dict, &cursor, &item) == SHAREABLE_OK; cursor = place) {
    shareable_value got;
    shareable_status status = shareable_dict_delete(dict, &item.key, 0);

    place = cursor;
    cr_assert_eq(status, SHAREABLE_OK, "%s: %s", path, shareable_status_name(status));
    cr_status(shareable_dict_get(dict, &item.key, &got, NULL, 0), SHAREABLE_E_NO_KEY);
    cr_ok(shareable_dict_set(dict, &item.key, &item.value, SHAREABLE_DICT_IF_ABSENT, 0, 0));
  }
  check_index(dict);
}

/* A process that takes the lock over completes the change. */
static void check_recovery(const char *path, shareable_memory *memory) {
  shareable_dict *dict = open_vector(path, 0);

  (void)memory;
  cr_ok(shareable__dict_lock(dict, 0));
  shareable__dict_unlock(dict);
  check_lines(dict, path);
  check_index(dict);
  cr_ok(shareable_dict_reindex(dict, 0));
  check_lines(dict, path);
  check_index(dict);
  replace_all(dict, path);
  shareable_dict_unref(dict);
}

Test(dict_vectors, of_killed_owners_are_completed) {
  for_each("dicts/left-*.bin", 17, check_recovery);
}

/* A writer that has taken a corrupt value over, and ends without a write. */
typedef struct other_writer {
  shareable_dict *dict;
  uint64_t before;
} other_writer;

static void *leave_later(void *context) {
  other_writer *other = context;

  usleep(50000);
  shareable__item_unlock_and_notify(&other->dict->list->sync, shareable__dict_value_item(1), other->before);
  return NULL;
}

static void check_waiting(const char *path, shareable_memory *memory) {
  shareable_dict *dict = open_vector(path, 0);
  other_writer other = {.dict = open_vector(path, 0)};
  pthread_t thread;

  (void)memory;
  cr_ok(shareable__sync_register(&other.dict->list->sync));
  cr_ok(shareable__item_lock(&other.dict->list->sync, shareable__dict_value_item(1), &other.before));
  cr_assert(shareable__sync_is_corrupt(other.before));
  cr_assert_eq(pthread_create(&thread, NULL, leave_later, &other), 0);
  cr_ok(shareable__dict_lock(dict, 0));
  shareable__dict_unlock(dict);
  pthread_join(thread, NULL);
  check_lines(dict, path);
  shareable_dict_unref(other.dict);
  shareable_dict_unref(dict);
}

Test(dict_vectors, keep_a_long_value_until_another_writer_has_left_the_item) {
  for_each("dicts/left-long-value-half-written.bin", 1, check_waiting);
}

Test(dict_vectors, can_be_changed) {
  for_each("dicts/made-*.bin", 8, check_recovery);
}

/* Any call returns, and a new index is right. */
static void check_impossible(const char *path, shareable_memory *memory) {
  const shareable_value key = text("key 5"), absent = text("absent"), one = shareable_int(1);
  shareable_dict *dict = open_vector(path, 0);
  shareable_value value;
  char buffer[100];

  (void)memory;
  shareable_dict_get(dict, &absent, &value, buffer, sizeof buffer);
  shareable_dict_set(dict, &absent, &one, 0, 0, 0);
  shareable_dict_delete(dict, &absent, 0);
  shareable_dict_get(dict, &key, &value, buffer, sizeof buffer);
  cr_ok(shareable_dict_reindex(dict, 0));
  shareable_dict_delete(dict, &absent, 0);
  check_lines(dict, path);
  check_index(dict);
  replace_all(dict, path);
  shareable_dict_unref(dict);
}

Test(dict_vectors, with_an_impossible_index_are_repaired_by_a_reindex, .timeout = 60) {
  for_each("dicts/impossible-*.bin", 11, check_impossible);
}

/* The message names the dict. The list can be used. */
static void check_refused(const char *path, shareable_memory *memory) {
  bool is_other = begins(path, "refused-version") || begins(path, "refused-flags");
  shareable_status wanted = is_other ? SHAREABLE_E_VERSION : SHAREABLE_E_NOT_DICT;
  shareable_dict *dict = NULL;
  shareable_error error;
  shareable_list *list;

  (void)memory;
  for (uint32_t flags = 0; flags <= SHAREABLE_READ_ONLY; flags += SHAREABLE_READ_ONLY) {
    cr_assert_eq(shareable_dict_open(&dict, own_name(), flags, &error), wanted, "%s: %s", path, error.message);
    cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  }
  cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
  shareable_list_unref(list);
}

Test(dict_vectors, that_are_not_valid_are_refused) {
  for_each("dicts/refused-*.bin", 13, check_refused);
}

/* Copies the keys, in their order, to a new dict with the seed of the vector. */
static shareable_dict *copy_of(const shareable_dict *dict, const char *name) {
  shareable_dict *copy, *again;

  cr_ok(shareable_dict_create(&copy, name, shareable_dict_places(dict), shareable_dict_key_size(dict),
                              shareable_dict_value_size(dict), 0, 0, NULL));
  memcpy(copy->parts.area->seed, dict->parts.area->seed, sizeof copy->parts.area->seed);
  cr_ok(shareable_dict_open(&again, name, 0, NULL)); /* with that seed */
  shareable_dict_unref(copy);
  cr_ok(shareable_dict_copy(dict, again, 0));
  return again;
}

/* The list, and what is derived from its keys, are the same. The sync area counts the writes. */
static void check_bytes(const char *path, shareable_memory *memory) {
  shareable_dict *dict = open_vector(path, 0), *copy;
  const shareable__dict_parts *parts = &dict->parts, *made;
  const shareable__layout *layout = &dict->list->layout;
  size_t list_size = 16 + 17 * layout->count + layout->data_size;
  char name[64];

  snprintf(name, sizeof name, "%s-copy", own_name());
  copy = copy_of(dict, name);
  made = &copy->parts;
  cr_assert_eq(
    memcmp(shareable_memory_address(memory), shareable_memory_address(shareable_list_memory(copy->list)), list_size), 0,
    "%s: the list", path);
  cr_assert_eq(memcmp(parts->area, made->area, 64), 0, "%s: the constant part", path);
  cr_assert_eq(parts->area->count, made->area->count, "%s", path);
  cr_assert_eq(memcmp(parts->index, made->index, 8 * parts->slots), 0, "%s: the index", path);
  end_dict(copy);
  shareable_dict_unref(dict);
}

Test(dict_vectors, have_the_bytes_that_this_library_writes) {
  for_each("dicts/made-empty.bin", 1, check_bytes);
  for_each("dicts/made-full.bin", 1, check_bytes);
  for_each("dicts/made-large-keys.bin", 1, check_bytes);
  for_each("dicts/made-long.bin", 1, check_bytes);
}
