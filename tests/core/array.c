/*
 * array.c - tests of core/src/array: creating, opening and closing arrays.
 */
#include "array/array.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support.h"

static const uint64_t matrix[] = {3, 4};

static shareable_array *new_array(shareable_dtype dtype, size_t ndim, const uint64_t *shape, uint32_t flags) {
  shareable_error error = {0};
  shareable_array *array = NULL;

  cr_assert_eq(shareable_array_create(&array, own_name(), dtype, ndim, shape, flags, 0, &error), SHAREABLE_OK, "%s",
               error.message);
  return array;
}

static shareable_array *open_array(uint32_t flags) {
  shareable_error error = {0};
  shareable_array *array = NULL;

  cr_assert_eq(shareable_array_open(&array, own_name(), flags, &error), SHAREABLE_OK, "%s", error.message);
  return array;
}

static void end_array(shareable_array *array) {
  cr_ok(shareable_array_unlink(array, NULL));
  shareable_array_unref(array);
}

/* Makes a block of these bytes, as any program can. */
static void write_block(const void *bytes, size_t size) {
  char path[60];
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
  close(fd);
}

/* Makes a .npy file of version 1.0 with this header, and `items` bytes behind it. */
static void write_file(const char *header, size_t items) {
  unsigned char bytes[4096] = "\x93NUMPY\1";
  size_t length = strlen(header);

  bytes[8] = (unsigned char)length;
  bytes[9] = (unsigned char)(length >> 8);
  memcpy(bytes + 10, header, length);
  write_block(bytes, 10 + length + items);
}

static void assert_open_fails(shareable_status wanted, const char *part) {
  shareable_array *array = NULL;
  shareable_error error = {0};
  size_t before = descriptors();

  cr_status(shareable_array_open(&array, own_name(), 0, &error), wanted);
  cr_assert_null(array);
  cr_assert_not_null(strstr(error.message, part), "%s", error.message);
  cr_assert_eq(descriptors(), before);
  cr_ok(shareable_unlink(own_name(), NULL));
}

Test(array, has_a_type_and_a_shape) {
  shareable_array *array = new_array(SHAREABLE_DTYPE_F64, 2, matrix, 0);

  cr_assert_eq(shareable_array_dtype(array), SHAREABLE_DTYPE_F64);
  cr_assert_str_eq(shareable_array_descr(array), shareable__descr_of(SHAREABLE_DTYPE_F64));
  cr_assert_eq(shareable_array_item_size(array), 8);
  cr_assert_eq(shareable_array_ndim(array), 2);
  cr_assert_eq(shareable_array_shape(array)[0], 3);
  cr_assert_eq(shareable_array_shape(array)[1], 4);
  cr_assert_eq(shareable_array_strides(array)[0], 32);
  cr_assert_eq(shareable_array_strides(array)[1], 8);
  cr_assert_eq(shareable_array_size(array), 12);
  cr_assert_eq(shareable_array_nbytes(array), 96);
  cr_assert_str_eq(shareable_memory_name(shareable_array_memory(array)), own_name());
  cr_assert_eq(shareable_memory_size(shareable_array_memory(array)), 128 + 96);
  end_array(array);
}

Test(array, is_shared) {
  shareable_array *a = new_array(SHAREABLE_DTYPE_I32, 2, matrix, 0), *b = open_array(0);
  int32_t *written = shareable_array_data(a), *read = shareable_array_data(b);

  cr_assert_neq(written, read);
  cr_assert_eq((uintptr_t)written % 64, 0);
  for (int i = 0; i < 12; i++)
    cr_assert_eq(read[i], 0);
  written[11] = 42;
  cr_assert_eq(read[11], 42);
  shareable_array_unref(b);
  end_array(a);
}

Test(array, has_each_type_of_numbers) {
  for (int dtype = SHAREABLE_DTYPE_BOOL; dtype <= SHAREABLE_DTYPE_C128; dtype++) {
    shareable_array *array = new_array(dtype, 2, matrix, 0), *opened = open_array(SHAREABLE_READ_ONLY);

    cr_assert_eq((int)shareable_array_dtype(opened), dtype);
    cr_assert_eq(shareable_array_nbytes(opened), 12 * shareable_array_item_size(array));
    shareable_array_unref(opened);
    end_array(array);
  }
}

Test(array, may_be_empty_or_have_no_dimensions) {
  const uint64_t empty[] = {3, 0, 2};
  shareable_array *array = new_array(SHAREABLE_DTYPE_U16, 3, empty, 0), *opened = open_array(0);

  cr_assert_eq(shareable_array_size(opened), 0);
  cr_assert_eq(shareable_array_nbytes(opened), 0);
  cr_assert_not_null(shareable_array_data(opened));
  shareable_array_unref(opened);
  end_array(array);
  array = new_array(SHAREABLE_DTYPE_U16, 0, NULL, 0);
  opened = open_array(0);
  cr_assert_eq(shareable_array_ndim(opened), 0);
  cr_assert_eq(shareable_array_size(opened), 1);
  cr_assert_eq(shareable_array_nbytes(opened), 2);
  shareable_array_unref(opened);
  end_array(array);
}

Test(array, is_created_from_items_of_any_type) {
  const struct {
    float x;
    int16_t n[2];
  } items[] = {{1.5f, {1, 2}}, {2.5f, {3, 4}}};
  const char *descr = "[('x', '<f4'), ('n\xc3\xa4', '<i2', (2,))]";
  const uint64_t shape[] = {2};
  shareable_error error = {0};
  shareable_array *array, *opened;

  cr_assert_eq(shareable_array_create_from(&array, own_name(), descr, 1, shape, items, sizeof items, 0, 0, &error),
               SHAREABLE_OK, "%s", error.message);
  opened = open_array(0);
  cr_assert_eq(shareable_array_dtype(opened), SHAREABLE_DTYPE_BYTES);
  cr_assert_str_eq(shareable_array_descr(opened), descr);
  cr_assert_eq(shareable_array_item_size(opened), 8);
  cr_assert_eq(memcmp(shareable_array_data(opened), items, sizeof items), 0);
  shareable_array_unref(opened);
  end_array(array);
}

Test(array, may_be_lazy_owned_and_read_only) {
  const uint64_t large[] = {UINT64_C(1) << 32};
  const int *fixed;
  shareable_array *array = new_array(SHAREABLE_DTYPE_U8, 1, large, SHAREABLE_LAZY | SHAREABLE_OWNED), *opened;
  struct stat file;
  char path[60];

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(stat(path, &file), 0);
  cr_assert_leq(file.st_blocks, 8);
  opened = open_array(SHAREABLE_READ_ONLY);
  cr_assert(shareable_memory_is_read_only(shareable_array_memory(opened)));
  fixed = shareable_array_data(opened);
  cr_assert_eq(*fixed, 0);
  shareable_array_unref(opened);
  end_array(array);
}

/* Python's numpy.save() wrote these headers. */
Test(array, opens_what_numpy_saved) {
  shareable_array *array;

  write_file(
    "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }                                                  "
    "         \n",
    12);
  array = open_array(0);
  cr_assert_eq(shareable_array_strides(array)[0], 2);
  cr_assert_eq(shareable_array_strides(array)[1], 4);
  end_array(array);
  /* Latin-1, as in versions 1.0 and 2.0. */
  write_file("{'descr': [('\xe4', '<i2')], 'fortran_order': False, 'shape': (2,), }", 4);
  array = open_array(0);
  cr_assert_str_eq(shareable_array_descr(array), "[('\xc3\xa4', '<i2')]");
  end_array(array);
}

/* Versions of NumPy before 1.14 aligned the items to 16 bytes. */
Test(array, opens_unaligned_items_as_bytes) {
  shareable_array *array;

  write_file("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }       \n", 16);
  array = open_array(0);
  cr_assert_neq((uintptr_t)shareable_array_data(array) % 8, 0);
  cr_assert_eq(shareable_array_dtype(array), SHAREABLE_DTYPE_BYTES);
  cr_assert_eq(shareable_array_item_size(array), 8);
  end_array(array);
}

Test(array, opens_a_block_that_is_larger_than_its_items) {
  shareable_array *array;

  write_file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", 3000);
  array = open_array(0);
  cr_assert_eq(shareable_array_nbytes(array), 2);
  end_array(array);
}

Test(array, refuses_blocks_that_are_not_arrays) {
  write_block("short", 5);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "too small");
  write_block("\2\0\0\0\0\0\0\0 a list or anything else", 32);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "does not begin as a .npy file");
  write_file("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "Python objects");
  write_file("__import__('os').system('true')", 16);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "not a dict");
  write_block("\x93NUMPY\3\0\3\0\0\0{\xff}", 15);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "not UTF-8");
  write_block("\x93NUMPY\3\0\0\0\0\1{}", 14);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "longer than 1 MiB");
}

/* numpy.save() writes the header first. */
Test(array, refuses_a_block_that_is_not_complete) {
  write_block("\x93NUMPY\1\0v\0{'descr': '<f8'", 25);
  assert_open_fails(SHAREABLE_E_NOT_READY, "describes 128 bytes, but the block has 25");
  write_file("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 0), }", 0);
  assert_open_fails(SHAREABLE_E_NOT_ARRAY, "too large");
  write_file("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 15);
  assert_open_fails(SHAREABLE_E_NOT_READY, "not ready");
  write_file("{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807,), }", 15);
  assert_open_fails(SHAREABLE_E_NOT_READY, "not ready");
}

/* Another user may change a header at any time: it is read once. */
Test(array, ignores_later_changes_of_the_header) {
  shareable_array *array = new_array(SHAREABLE_DTYPE_U8, 2, matrix, 0);
  unsigned char *header = shareable_memory_address(shareable_array_memory(array));

  memset(header, 0xff, 128);
  cr_assert_eq(shareable_array_nbytes(array), 12);
  cr_assert_eq(shareable_array_data(array), header + 128);
  end_array(array);
}

static void assert_create_from_fails(const char *descr, size_t ndim, const uint64_t *shape, const void *items,
                                     size_t size, const char *part) {
  shareable_array *array = NULL;
  shareable_error error = {0};

  cr_status(shareable_array_create_from(&array, own_name(), descr, ndim, shape, items, size, 0, 0, &error),
            SHAREABLE_E_ARGUMENT);
  cr_assert_null(array);
  cr_assert_not_null(strstr(error.message, part), "%s", error.message);
  cr_assert_not(exists(own_name()));
}

static void assert_create_fails(const char *descr, size_t ndim, const uint64_t *shape, const char *part) {
  assert_create_from_fails(descr, ndim, shape, NULL, 0, part);
}

Test(array, refuses_what_no_array_can_have) {
  const uint64_t huge[] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
  uint64_t many[65] = {0};
  shareable_array *array = NULL;

  assert_create_fails("'|O'", 2, matrix, "Python objects");
  assert_create_fails("'<f8' ", 65, many, "0 to 64 dimensions");
  assert_create_fails("'<f8'", 2, NULL, "shape is NULL");
  assert_create_fails("'<f8'", 2, huge, "too large");
  assert_create_fails("'<f8', 1", 2, matrix, "does not end");
  assert_create_fails("float", 2, matrix, "not a string or a list");
  assert_create_fails("[('\xff', '<f8')]", 2, matrix, "not UTF-8");
  assert_create_fails("", 2, matrix, "no array has the description \"\": ");
  assert_create_fails(NULL, 2, matrix, "NULL");
  assert_create_from_fails("'<f8'", 2, matrix, many, 95, "95 bytes of items: the array has 96");
  assert_create_from_fails("'<f8'", 2, matrix, NULL, 96,
                           "96 bytes of items, but the items are NULL: the size must be 0");
  cr_status(shareable_array_create(&array, own_name(), SHAREABLE_DTYPE_BYTES, 2, matrix, 0, 0, NULL),
            SHAREABLE_E_ARGUMENT);
  cr_status(shareable_array_create(&array, own_name(), 15, 2, matrix, 0, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_array_create(NULL, own_name(), SHAREABLE_DTYPE_U8, 2, matrix, 0, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_array_create(&array, "a/b", SHAREABLE_DTYPE_U8, 2, matrix, 0, 0, NULL), SHAREABLE_E_NAME);
  cr_status(shareable_array_create(&array, own_name(), SHAREABLE_DTYPE_U8, 2, matrix, SHAREABLE_NO_SYNC, 0, NULL),
            SHAREABLE_E_ARGUMENT);
  cr_status(shareable_array_open(NULL, own_name(), 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_array_open(&array, own_name(), 0, NULL), SHAREABLE_E_NOT_FOUND);
}

/* The dict around the description has about 100 bytes, so some of these headers are longer than the limit. */
Test(array, has_no_header_that_is_too_long_to_be_opened) {
  static char name[SHAREABLE__NPY_HEADER_MAX + 1], descr[SHAREABLE__NPY_HEADER_MAX + 100];
  const uint64_t shape[] = {2};
  int created = 0, refused = 0;

  memset(name, 'x', sizeof name - 1);
  for (int length = SHAREABLE__NPY_HEADER_MAX - 240; length <= SHAREABLE__NPY_HEADER_MAX; length += 8) {
    shareable_array *array = NULL, *opened;

    snprintf(descr, sizeof descr, "[('%.*s', '|u1')]", length, name);
    if (shareable_array_create_from(&array, own_name(), descr, 1, shape, NULL, 0, 0, 0, NULL) != SHAREABLE_OK) {
      assert_create_fails(descr, 1, shape, "the description of the items is too long");
      refused++;
      continue;
    }
    cr_assert_eq(refused, 0);
    opened = open_array(0);
    cr_assert_str_eq(shareable_array_descr(opened), descr);
    shareable_array_unref(opened);
    end_array(array);
    created++;
  }
  cr_assert(created > 0 && refused > 0);
}

Test(array, that_exists_is_not_replaced) {
  shareable_array *array = new_array(SHAREABLE_DTYPE_U8, 2, matrix, 0), *other = NULL;

  cr_status(shareable_array_create(&other, own_name(), SHAREABLE_DTYPE_F64, 2, matrix, 0, 0, NULL), SHAREABLE_E_EXISTS);
  cr_assert_null(other);
  end_array(array);
}

Test(array, closed_keeps_its_properties) {
  shareable_array *array = new_array(SHAREABLE_DTYPE_U8, 2, matrix, 0);

  cr_assert_eq(shareable_array_ref(array), array);
  shareable_array_unref(array);
  shareable_array_close(array);
  shareable_array_close(array);
  cr_assert_null(shareable_array_data(array));
  cr_assert_eq(shareable_array_nbytes(array), 12);
  cr_assert_str_eq(shareable_array_descr(array), "'|u1'");
  end_array(array);
}

Test(array, null_is_a_closed_array) {
  shareable_array_unref(NULL);
  shareable_array_close(NULL);
  cr_assert_null(shareable_array_ref(NULL));
  cr_assert_null(shareable_array_memory(NULL));
  cr_assert_null(shareable_array_data(NULL));
  cr_assert_null(shareable_array_descr(NULL));
  cr_assert_null(shareable_array_shape(NULL));
  cr_assert_null(shareable_array_strides(NULL));
  cr_assert_eq(shareable_array_dtype(NULL), SHAREABLE_DTYPE_BYTES);
  cr_assert_eq(shareable_array_item_size(NULL), 0);
  cr_assert_eq(shareable_array_ndim(NULL), 0);
  cr_assert_eq(shareable_array_size(NULL), 0);
  cr_assert_eq(shareable_array_nbytes(NULL), 0);
  cr_status(shareable_array_unlink(NULL, NULL), SHAREABLE_E_CLOSED);
}

Test(array, survives_its_handle_while_its_memory_is_referenced) {
  shareable_array *array = new_array(SHAREABLE_DTYPE_U8, 2, matrix, 0);
  shareable_memory *memory = shareable_memory_ref(shareable_array_memory(array));
  unsigned char *data = shareable_array_data(array);

  shareable_array_unref(array);
  data[0] = 1;
  cr_assert_not_null(shareable_memory_address(memory));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}
