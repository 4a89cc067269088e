/*
 * vectors.c - tests that open the valid and the invalid lists of tests/vectors, which other
 * programs wrote.
 */
#include "vector_files.h"

/* Formats the item as a line of a .items file. */
static void describe(const shareable_list *list, size_t i, char *line, size_t size) {
  char buffer[64];
  shareable_value value;

  cr_ok(shareable_list_get(list, (int64_t)i, &value, buffer, sizeof buffer));
  describe_value(&value, line, size);
}

/* Opens the description of a list: that of "…/types-3.9.bin" is "valid/types.items". */
static FILE *items_of(const char *path) {
  const char *name = strrchr(path, '/') + 1;
  char items[1000];
  FILE *file;

  snprintf(items, sizeof items, "%s/valid/%.*s.items", vectors(), (int)(strrchr(name, '-') - name), name);
  file = fopen(items, "r");
  cr_assert_not_null(file, "%s", items);
  return file;
}

static void check_valid(const char *path) {
  shareable_memory *memory = block_of(path);
  FILE *items = items_of(path);
  char wanted[200], found[200];
  shareable_list *list;
  size_t i = 0;

  cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
  for (; fgets(wanted, sizeof wanted, items) != NULL; i++) {
    wanted[strcspn(wanted, "\n")] = '\0';
    describe(list, i, found, sizeof found);
    cr_assert_str_eq(found, wanted, "%s, item %zu: %s, not %s", path, i, found, wanted);
  }
  cr_assert_eq(shareable_list_length(list), i, "%s", path);
  fclose(items);
  shareable_list_unref(list);
  end_block(memory);
}

Test(vectors, lists_of_each_cpython_version_are_read_as_cpython_reads_them) {
  glob_t files = files_of("valid/*.bin");

  cr_assert_geq(files.gl_pathc, 10);
  for (size_t i = 0; i < files.gl_pathc; i++)
    check_valid(files.gl_pathv[i]);
  globfree(&files);
}

/* Creates a list from the items of a list of CPython, and compares their bytes. */
static void check_rewrite(const char *path) {
  shareable_memory *memory = block_of(path);
  shareable_value values[32];
  static char texts[32][64];
  shareable_list *list, *copy;
  size_t size = shareable_memory_size(memory), count;
  char name[64];

  cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
  count = shareable_list_length(list);
  for (size_t i = 0; i < count; i++)
    cr_ok(shareable_list_get(list, (int64_t)i, &values[i], texts[i], sizeof texts[i]));
  snprintf(name, sizeof name, "%s-copy", own_name());
  cr_ok(shareable_list_create(&copy, name, values, count, SHAREABLE_NO_SYNC, 0, NULL));
  cr_assert_eq(shareable_memory_size(shareable_list_memory(copy)), size, "%s", path);
  cr_assert_eq(memcmp(shareable_memory_address(shareable_list_memory(copy)), shareable_memory_address(memory), size), 0,
               "%s", path);
  end_list(copy);
  shareable_list_unref(list);
  end_block(memory);
}

Test(vectors, lists_have_the_bytes_that_cpython_writes) {
  const char *const patterns[] = {"valid/empty-*.bin", "valid/types-*.bin", "valid/numbers-*.bin"};

  for (size_t k = 0; k < LENGTH(patterns); k++) {
    glob_t files = files_of(patterns[k]);
    for (size_t i = 0; i < files.gl_pathc; i++)
      check_rewrite(files.gl_pathv[i]);
    globfree(&files);
  }
}

Test(vectors, opening_a_list_of_the_other_byte_order_fails_and_reports_the_byte_order) {
  glob_t files = files_in("valid/*.bin", false);

  cr_assert_geq(files.gl_pathc, 10);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    shareable_memory *memory = block_of(files.gl_pathv[i]);
    shareable_list *list = NULL;
    shareable_error error;

    if (strstr(files.gl_pathv[i], "/empty-") == NULL) { /* its bytes are all 0 */
      cr_assert_eq(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NOT_LIST, "%s", files.gl_pathv[i]);
      cr_assert_not_null(strstr(error.message, "byte order"), "%s", error.message);
    }
    end_block(memory);
  }
  globfree(&files);
}

/* An empty list without an area has the same bytes in both byte orders. */
Test(vectors, opening_an_empty_list_of_the_other_byte_order_fails_if_it_has_an_area) {
  shareable_list *list = new_list(NULL, 0), *again = NULL;
  unsigned char *area = (unsigned char *)shareable_memory_address(shareable_list_memory(list)) + 64;
  shareable_error error;
  uint32_t version;

  memcpy(&version, area + 8, sizeof version);
  version = __builtin_bswap32(version);
  memcpy(area + 8, &version, sizeof version);
  cr_status(shareable_list_open(&again, own_name(), 0, &error), SHAREABLE_E_NOT_LIST);
  cr_assert_not_null(strstr(error.message, "byte order"), "%s", error.message);
  end_list(list);
}

Test(vectors, opening_an_impossible_list_fails_and_keeps_the_block) {
  glob_t files = files_of("invalid/refused-*.bin");

  cr_assert_geq(files.gl_pathc, 20);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    shareable_memory *memory = block_of(files.gl_pathv[i]);
    shareable_list *list = NULL;
    shareable_error error;

    if (memory == NULL)
      continue; /* an empty file: see segment.c */
    cr_assert_eq(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NOT_LIST, "%s", files.gl_pathv[i]);
    cr_assert_not_null(strstr(error.message, own_name()));
    end_block(memory);
  }
  globfree(&files);
}

/* Returns whether the corrupt item looks like one that its creator has not written yet. */
static bool is_unwritten(const char *path) {
  return strstr(path, "format-empty") != NULL || strstr(path, "corrupt-3-code-0") != NULL;
}

static void check_item(const char *path, const shareable_list *list, size_t i, bool is_corrupt) {
  static const char *const sound[] = {"int 10", "str 7477656e7479", "int 30", "bytes 666f727479"};
  shareable_value value;
  char line[200];
  int status;

  if (!is_corrupt) {
    describe(list, i, line, sizeof line);
    cr_assert_str_eq(line, sound[i], "%s, item %zu: %s", path, i, line);
    return;
  }
  status = shareable_list_get(list, (int64_t)i, &value, line, sizeof line);
  if (is_unwritten(path))
    cr_assert_eq(status, SHAREABLE_E_NOT_READY, "%s, item %zu: %s", path, i, shareable_status_name(status));
  else
    cr_assert(status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_UTF8, "%s, item %zu: %s", path, i,
              shareable_status_name(status));
}

Test(vectors, a_corrupt_item_does_not_affect_other_items) {
  glob_t files = files_of("invalid/corrupt-*.bin");

  cr_assert_geq(files.gl_pathc, 20);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i], *which = strrchr(path, '/') + strlen("/corrupt-");
    shareable_memory *memory = block_of(path);
    shareable_list *list;

    cr_assert_eq(shareable_list_open(&list, own_name(), 0, NULL), SHAREABLE_OK, "%s", path);
    for (size_t k = 0; k < 4; k++)
      check_item(path, list, k, memchr(which, '0' + (int)k, strcspn(which, "-")) != NULL);
    shareable_list_unref(list);
    end_block(memory);
  }
  globfree(&files);
}

Test(vectors, opening_a_list_with_an_impossible_sync_area_fails) {
  glob_t files = files_of("synced/refused-*.bin");

  cr_assert_geq(files.gl_pathc, 5);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i];
    shareable_memory *memory = block_of(path);
    shareable_list *list = NULL;
    shareable_status wanted = begins(path, "refused-version-1") || begins(path, "refused-version-3")
                                ? SHAREABLE_E_VERSION
                                : SHAREABLE_E_NOT_LIST;

    cr_assert_eq(shareable_list_open(&list, own_name(), 0, NULL), wanted, "%s", path);
    end_block(memory);
  }
  globfree(&files);
}

/* Changes the type of each item and back, which needs its lock, a redo record, and the hazards. */
static void check_writing(const char *path, shareable_list *list) {
  const shareable_value values[] = {shareable_str("text"), shareable_int(-7), shareable_bytes("b", 1),
                                    shareable_none()};
  char text[16];

  for (size_t k = 0; k < 4 * LENGTH(values); k++) {
    shareable_value value;
    int64_t i = (int64_t)(k % 4);
    int status = shareable_list_set(list, i, &values[(k + k / 4) % 4]);

    cr_assert_eq(status, SHAREABLE_OK, "%s, item %zu: %s", path, k % 4, shareable_status_name(status));
    status = shareable_list_get(list, i, &value, text, sizeof text);
    cr_assert_eq(status, SHAREABLE_OK, "%s, item %zu: %s", path, k % 4, shareable_status_name(status));
    cr_assert_eq(value.type, values[(k + k / 4) % 4].type, "%s", path);
  }
}

Test(vectors, the_remains_of_dead_writers_do_not_block_locks_and_writes) {
  glob_t files = files_of("synced/[il]*.bin");

  cr_assert_geq(files.gl_pathc, 26);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i];
    shareable_memory *memory = block_of(path);
    shareable_list *list;
    int status;

    cr_assert_eq(shareable_list_open(&list, own_name(), 0, NULL), SHAREABLE_OK, "%s", path);
    status = shareable_list_lock(list, 0);
    cr_assert_eq(status, begins(path, "left-list-locked") ? SHAREABLE_E_OWNER_DIED : SHAREABLE_OK, "%s: %s", path,
                 shareable_status_name(status));
    cr_ok(shareable_list_unlock(list));
    check_writing(path, list);
    shareable_list_unref(list);
    end_block(memory);
  }
  globfree(&files);
}
