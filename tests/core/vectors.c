/*
 * vectors.c - the golden and the hostile lists of tests/vectors, opened as what they are: segments that others wrote.
 */
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>

#include "support.h"

/* A block with the bytes of a file; one of no bytes cannot be made by us, so it is only named. */
static shareable_memory *block_of(const char *path) {
  static char bytes[4096];
  FILE *file = fopen(path, "rb");
  shareable_memory *memory = NULL;
  size_t size;

  cr_assert_not_null(file, "%s", path);
  size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (size == 0)
    return NULL;
  cr_ok(shareable_memory_create(&memory, own_name(), size, 0, 0, NULL));
  memcpy(shareable_memory_address(memory), bytes, size);
  return memory;
}

static void end_block(shareable_memory *memory) {
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static const char *vectors(void) {
  static char path[900];
  const char *top = getenv("top_srcdir");

  snprintf(path, sizeof path, "%s/tests/vectors", top == NULL ? "." : top);
  return path;
}

/* Those of a machine with this byte order, or with the other one. */
static glob_t files_in(const char *pattern, bool is_ours) {
  const bool is_big = *(const unsigned char *)&(const int){1} == 0;
  char path[1000];
  glob_t found;

  snprintf(path, sizeof path, "%s/%s%s", vectors(), is_big == is_ours ? "big-endian/" : "", pattern);
  cr_assert_eq(glob(path, 0, NULL, &found), 0, "no file %s", path);
  return found;
}

static glob_t files_of(const char *pattern) {
  return files_in(pattern, true);
}

/* The item as a line of a .items file: see make_valid.py. */
static void describe(const shareable_list *list, size_t i, char *line, size_t size) {
  static const char *const texts[] = {[SHAREABLE_TYPE_STR] = "str", [SHAREABLE_TYPE_BYTES] = "bytes"};
  char buffer[64];
  shareable_value value;
  size_t n;

  cr_ok(shareable_list_get(list, (int64_t)i, &value, buffer, sizeof buffer));
  switch (value.type) {
  case SHAREABLE_TYPE_NONE:
    snprintf(line, size, "none");
    break;
  case SHAREABLE_TYPE_INT:
    snprintf(line, size, "int %" PRId64, value.integer);
    break;
  case SHAREABLE_TYPE_FLOAT:
    snprintf(line, size, "float %016" PRIx64, value.bits);
    break;
  case SHAREABLE_TYPE_BOOL:
    snprintf(line, size, "bool %d", value.boolean);
    break;
  default:
    n = (size_t)snprintf(line, size, "%s%s", texts[value.type], value.length > 0 ? " " : "");
    for (size_t k = 0; k < value.length; k++)
      n += (size_t)snprintf(line + n, size - n, "%02x", (unsigned char)value.text[k]);
  }
}

/* "…/types-3.9.bin" is described in "valid/types.items". */
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

Test(vectors, lists_of_each_cpython_are_read_as_it_reads_them) {
  glob_t files = files_of("valid/*.bin");

  cr_assert_geq(files.gl_pathc, 10);
  for (size_t i = 0; i < files.gl_pathc; i++)
    check_valid(files.gl_pathv[i]);
  globfree(&files);
}

/* Byte for byte what CPython writes, for what it can express: the list is made anew from what was read. */
static void check_rewrite(const char *path) {
  shareable_memory *memory = block_of(path);
  shareable_value values[32];
  static char texts[32][64];
  shareable_list *list, *ours;
  size_t size = shareable_memory_size(memory), count;
  char name[64];

  cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
  count = shareable_list_length(list);
  for (size_t i = 0; i < count; i++)
    cr_ok(shareable_list_get(list, (int64_t)i, &values[i], texts[i], sizeof texts[i]));
  snprintf(name, sizeof name, "%s-ours", own_name());
  cr_ok(shareable_list_create(&ours, name, values, count, SHAREABLE_PLAIN, 0, NULL));
  cr_assert_eq(shareable_memory_size(shareable_list_memory(ours)), size, "%s", path);
  cr_assert_eq(memcmp(shareable_memory_address(shareable_list_memory(ours)), shareable_memory_address(memory), size), 0,
               "%s", path);
  end_list(ours);
  shareable_list_unref(list);
  end_block(memory);
}

Test(vectors, lists_are_written_to_the_byte_as_cpython_writes_them) {
  const char *const patterns[] = {"valid/empty-*.bin", "valid/types-*.bin", "valid/numbers-*.bin"};

  for (size_t k = 0; k < LENGTH(patterns); k++) {
    glob_t files = files_of(patterns[k]);
    for (size_t i = 0; i < files.gl_pathc; i++)
      check_rewrite(files.gl_pathv[i]);
    globfree(&files);
  }
}

Test(vectors, lists_of_a_machine_of_the_other_byte_order_are_refused_and_told) {
  glob_t files = files_in("valid/*.bin", false);

  cr_assert_geq(files.gl_pathc, 10);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    shareable_memory *memory = block_of(files.gl_pathv[i]);
    shareable_list *list = NULL;
    shareable_error error;

    if (strstr(files.gl_pathv[i], "/empty-") == NULL) { /* whose bytes are all 0 */
      cr_assert_eq(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NOT_LIST, "%s", files.gl_pathv[i]);
      cr_assert_not_null(strstr(error.text, "byte order"), "%s", error.text);
    }
    end_block(memory);
  }
  globfree(&files);
}

/* Stock's are the same in both orders; one of ours has an area. */
Test(vectors, an_empty_list_of_the_other_byte_order_is_refused_and_told_if_it_has_an_area) {
  shareable_list *list = new_list(NULL, 0), *again = NULL;
  unsigned char *area = (unsigned char *)shareable_memory_address(shareable_list_memory(list)) + 64;
  shareable_error error;
  uint32_t version;

  memcpy(&version, area + 8, sizeof version);
  version = __builtin_bswap32(version);
  memcpy(area + 8, &version, sizeof version);
  cr_status(shareable_list_open(&again, own_name(), 0, &error), SHAREABLE_E_NOT_LIST);
  cr_assert_not_null(strstr(error.text, "byte order"), "%s", error.text);
  end_list(list);
}

Test(vectors, what_cannot_be_a_list_is_refused_and_stays) {
  glob_t files = files_of("invalid/refused-*.bin");

  cr_assert_geq(files.gl_pathc, 20);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    shareable_memory *memory = block_of(files.gl_pathv[i]);
    shareable_list *list = NULL;
    shareable_error error;

    if (memory == NULL)
      continue; /* of no bytes: segment.c tests it */
    cr_assert_eq(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NOT_LIST, "%s", files.gl_pathv[i]);
    cr_assert_not_null(strstr(error.text, own_name()));
    end_block(memory);
  }
  globfree(&files);
}

/* Whether the damage is what an item looks like that its creator has not written yet. */
static bool is_unwritten(const char *path) {
  return strstr(path, "format-empty") != NULL || strstr(path, "damaged-3-code-plain") != NULL;
}

static void check_item(const char *path, const shareable_list *list, size_t i, bool is_damaged) {
  static const char *const sound[] = {"int 10", "str 7477656e7479", "int 30", "bytes 666f727479"};
  shareable_value value;
  char line[200];
  int status;

  if (!is_damaged) {
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

Test(vectors, damaged_items_are_answered_one_by_one) {
  glob_t files = files_of("invalid/damaged-*.bin");

  cr_assert_geq(files.gl_pathc, 20);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i], *which = strrchr(path, '/') + strlen("/damaged-");
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

static bool begins(const char *path, const char *with) {
  return strncmp(strrchr(path, '/') + 1, with, strlen(with)) == 0;
}

Test(vectors, a_sync_area_that_cannot_be_is_refused) {
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

/* Another type for each item, which takes its lock, a journal, and the cells; and back. */
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

Test(vectors, whatever_dead_writers_left_holds_up_nobody) {
  glob_t files = files_of("synced/[il]*.bin");

  cr_assert_geq(files.gl_pathc, 22);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i];
    shareable_memory *memory = block_of(path);
    shareable_list *list;
    int status;

    cr_assert_eq(shareable_list_open(&list, own_name(), 0, NULL), SHAREABLE_OK, "%s", path);
    status = shareable_list_lock(list, 0);
    cr_assert_eq(status, begins(path, "left-the-lock") ? SHAREABLE_E_OWNER_DIED : SHAREABLE_OK, "%s: %s", path,
                 shareable_status_name(status));
    cr_ok(shareable_list_unlock(list));
    check_writing(path, list);
    shareable_list_unref(list);
    end_block(memory);
  }
  globfree(&files);
}
