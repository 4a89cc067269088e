/*
 * npy.c - tests of core/src/format/npy.c: headers of arrays, in memory.
 */
#include "format/npy.h"

#include "support.h"

static const char *read_text(const char *header, shareable__npy *npy) {
  return shareable__npy_read(header, strlen(header), npy);
}

/* Reads a header with this description and this shape, and returns the reason of a failure. */
static const char *read_with(const char *descr, const char *shape, shareable__npy *npy) {
  static char header[4096];

  snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': %s, }\n", descr, shape);
  return read_text(header, npy);
}

static void assert_item(const char *descr, shareable_dtype dtype, uint64_t size) {
  shareable__npy npy;
  const char *reason = read_with(descr, "(2,)", &npy);

  cr_assert_null(reason, "%s: %s", descr, reason);
  cr_assert_eq(npy.descr.dtype, dtype, "%s: dtype %d", descr, (int)npy.descr.dtype);
  cr_assert_eq(npy.descr.item_size, size, "%s: %llu bytes", descr, (unsigned long long)npy.descr.item_size);
  cr_assert_eq(npy.nbytes, 2 * size);
}

static void assert_refused(const char *descr, const char *shape, const char *part) {
  shareable__npy npy;
  const char *reason = read_with(descr, shape, &npy);

  cr_assert_not_null(reason, "%s, %s is accepted", descr, shape);
  cr_assert_not_null(strstr(reason, part), "%s, %s: %s", descr, shape, reason);
}

Test(npy, reads_the_keys_in_any_order_and_any_white_space) {
  shareable__npy npy;

  cr_assert_null(read_text("{'descr':'|u1','fortran_order':True,'shape':(2,3)}", &npy));
  cr_assert_eq(npy.descr.dtype, SHAREABLE_DTYPE_U8);
  cr_assert(npy.is_fortran_order);
  cr_assert_eq(npy.ndim, 2);
  cr_assert_eq(npy.shape[1], 3);
  cr_assert_eq(npy.size, 6);
  cr_assert_null(read_text(" { \"shape\" : ( 4L , ) ,\n\t'fortran_order' : False , 'descr' : '|i1' } \n", &npy));
  cr_assert_eq(npy.shape[0], 4);
  cr_assert_not(npy.is_fortran_order);
}

Test(npy, knows_each_type_of_numbers) {
  for (int dtype = SHAREABLE_DTYPE_BOOL; dtype <= SHAREABLE_DTYPE_C128; dtype++) {
    static const unsigned char sizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 8, 16};

    assert_item(shareable__descr_of(dtype), dtype, sizes[dtype]);
  }
  cr_assert_null(shareable__descr_of(SHAREABLE_DTYPE_BYTES));
  cr_assert_null(shareable__descr_of(SHAREABLE_DTYPE_C128 + 1));
}

Test(npy, describes_other_types_by_their_size) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  assert_item("'>f8'", SHAREABLE_DTYPE_BYTES, 8);
#else
  assert_item("'<f8'", SHAREABLE_DTYPE_BYTES, 8);
#endif
  assert_item("'>u1'", SHAREABLE_DTYPE_U8, 1);
  assert_item("'<f16'", SHAREABLE_DTYPE_BYTES, 16);
  assert_item("'|S5'", SHAREABLE_DTYPE_BYTES, 5);
  assert_item("'<U3'", SHAREABLE_DTYPE_BYTES, 12);
  assert_item("'|V7'", SHAREABLE_DTYPE_BYTES, 7);
  assert_item("'|S0'", SHAREABLE_DTYPE_BYTES, 0);
  assert_item("'<M8[ns]'", SHAREABLE_DTYPE_BYTES, 8);
  assert_item("'<m8[25s]'", SHAREABLE_DTYPE_BYTES, 8);
  assert_item("'<m8'", SHAREABLE_DTYPE_BYTES, 8);
}

Test(npy, adds_the_sizes_of_fields) {
  assert_item("[('x', '<f4'), ('y', '>f8')]", SHAREABLE_DTYPE_BYTES, 12);
  assert_item("[('x', '<f4', (2, 3)), ('', '|V4'), (('title', 'n'), '|i1', (5,))]", SHAREABLE_DTYPE_BYTES, 33);
  assert_item("[('in', [('a', '<i2'), ('b', '<i2')], (3,)), ('it\\'s', '|b1')]", SHAREABLE_DTYPE_BYTES, 13);
  assert_item("[(\"it's\", '|b1')]", SHAREABLE_DTYPE_BYTES, 1);
}

Test(npy, refuses_python_objects_and_unknown_types) {
  assert_refused("'|O'", "(1,)", "Python objects");
  assert_refused("'|O8'", "(1,)", "Python objects");
  assert_refused("[('a', [('b', '|O')])]", "(1,)", "Python objects");
  assert_refused("'<f3'", "(1,)", "not known");
  assert_refused("'<x8'", "(1,)", "not known");
  assert_refused("'<f8[ns]'", "(1,)", "not known");
  assert_refused("'<M8(ns)'", "(1,)", "time");
  assert_refused("'f8'", "(1,)", "byte order");
  assert_refused("''", "(1,)", "byte order");
  assert_refused("'<'", "(1,)", "byte order");
  assert_refused("None", "(1,)", "not a string");
  assert_refused("'<U99999999999999999999'", "(1,)", "too large");
  assert_refused("'<U9999999999999999999'", "(1,)", "too large");
  assert_refused("'|S9999999999999999999'", "(0,)", "too large");
  assert_refused("[('a', '|S9223372036854775807'), ('b', '|S1')]", "(0,)", "too large");
  assert_refused("[('a', '|S4', (4611686018427387904, 4))]", "(0,)", "shape");
  assert_refused("[('a', '<f8'", "(1,)", "no valid shape");
  assert_refused("[('a', '<f8', (1,)]", "(1,)", "does not end");
  assert_refused("[('a', '<f8') ('b', '<f8')]", "(1,)", "commas");
  assert_refused("['<f8']", "(1,)", "not a tuple");
  assert_refused("[('a')]", "(1,)", "no name");
  assert_refused("[(1, '<f8')]", "(1,)", "no name");
}

Test(npy, refuses_fields_that_are_nested_too_deeply) {
  char descr[2000] = "";

  for (int i = 0; i < 100; i++)
    strcat(descr, "[('a', ");
  assert_refused(descr, "(1,)", "too deeply");
}

Test(npy, refuses_a_shape_that_is_not_a_tuple_of_lengths) {
  static const char *const shapes[] = {
    "(3)",    "3",    "[3]",   "(3, -1)", "(-1,)", "(3,,4)", "(,)",
    "(3 4)",  "(3.)", "(03,)", "(0x3,)",  "(3",    "(3,",    "(18446744073709551616,)",
    "(True,)"};

  for (size_t i = 0; i < LENGTH(shapes); i++)
    assert_refused("'<f8'", shapes[i], "its shape is not a tuple");
}

Test(npy, accepts_64_dimensions_and_no_more) {
  shareable__npy npy;
  char shape[300] = "(";

  for (int i = 0; i < 64; i++)
    strcat(shape, "1, ");
  strcat(shape, ")");
  cr_assert_null(read_with("'<f8'", shape, &npy));
  cr_assert_eq(npy.ndim, 64);
  strcpy(strrchr(shape, ')'), "1)");
  assert_refused("'<f8'", shape, "at most 64");
}

Test(npy, refuses_arrays_that_are_too_large) {
  shareable__npy npy;

  assert_refused("'<f8'", "(1152921504606846976,)", "too large");
  assert_refused("'|u1'", "(4294967296, 4294967296)", "too large");
  assert_refused("'|u1'", "(0, 4294967296, 4294967296)", "too large");
  cr_assert_null(read_with("'|u1'", "(9223372036854775807,)", &npy));
  cr_assert_eq(npy.nbytes, INT64_MAX);
}

Test(npy, refuses_headers_that_are_not_the_dict) {
  static const char *const headers[] = {"",
                                        "{",
                                        "{}",
                                        "{'descr': '<f8'}",
                                        "[]",
                                        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
                                        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
                                        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} 1",
                                        "{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}",
                                        "{'descr' '<f8', 'fortran_order': False, 'shape': (1,)}",
                                        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
                                        "{'descr': '<f8', 'fortran_order': Falsey, 'shape': (1,)}",
                                        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)",
                                        "{'descr",
                                        "{'descr\\",
                                        "{'descr\n': 1}"};

  for (size_t i = 0; i < LENGTH(headers); i++) {
    shareable__npy npy;

    cr_assert_not_null(read_text(headers[i], &npy), "%s is accepted", headers[i]);
  }
}

Test(npy, computes_strides_like_numpy) {
  shareable__npy npy;
  int64_t strides[SHAREABLE_NDIM_MAX];

  cr_assert_null(read_with("'<i4'", "(2, 3, 4)", &npy));
  shareable__npy_strides(&npy, strides);
  cr_assert(strides[0] == 48 && strides[1] == 16 && strides[2] == 4);
  npy.is_fortran_order = true;
  shareable__npy_strides(&npy, strides);
  cr_assert(strides[0] == 4 && strides[1] == 8 && strides[2] == 24);
}

static shareable__npy described(const char *descr, size_t ndim, const uint64_t *shape) {
  shareable__literal literal = {descr, descr + strlen(descr)};
  shareable__npy npy = {.ndim = ndim};

  cr_assert_null(shareable__descr_take(&literal, &npy.descr));
  for (size_t i = 0; i < ndim; i++)
    npy.shape[i] = shape[i];
  cr_assert_null(shareable__npy_measure(&npy));
  return npy;
}

/* As numpy.save() of NumPy 1.24 and 2.2 writes it. */
Test(npy, writes_the_header_that_numpy_writes) {
  const uint64_t shape[] = {3, 4};
  const shareable__npy npy = described("'<f8'", 2, shape);
  unsigned char bytes[128];
  char wanted[129];

  cr_assert_eq(shareable__npy_write(&npy, NULL, 0), 128);
  cr_assert_eq(shareable__npy_write(&npy, bytes, sizeof bytes), 128);
  snprintf(wanted, sizeof wanted, "\x93NUMPY\x01%cv%c%-117s\n", 0, 0,
           "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }");
  cr_assert_eq(memcmp(bytes, wanted, 128), 0);
}

/* Writes a header, reads it, and returns the version of the format. */
static unsigned write_and_read(const shareable__npy *written) {
  size_t size = shareable__npy_write(written, NULL, 0);
  unsigned char *bytes = malloc(size);
  shareable__npy_prologue prologue;
  unsigned version;
  shareable__npy npy;

  cr_assert_eq(shareable__npy_write(written, bytes, size), size);
  cr_assert_eq(size % 64, 0);
  cr_assert_null(shareable__npy_read_prologue(bytes, &prologue));
  cr_assert_eq(prologue.offset + prologue.length, size);
  cr_assert_null(shareable__npy_read((const char *)bytes + prologue.offset, prologue.length, &npy));
  cr_assert_eq(npy.ndim, written->ndim);
  cr_assert_eq(memcmp(npy.shape, written->shape, npy.ndim * sizeof *npy.shape), 0);
  cr_assert_eq(npy.nbytes, written->nbytes);
  cr_assert_eq(npy.is_fortran_order, written->is_fortran_order);
  version = bytes[6];
  free(bytes);
  return version;
}

Test(npy, reads_what_it_writes) {
  uint64_t shape[SHAREABLE_NDIM_MAX];
  shareable__npy npy;

  for (size_t ndim = 0; ndim <= SHAREABLE_NDIM_MAX; ndim++) {
    for (size_t i = 0; i < ndim; i++)
      shape[i] = i < 16 ? i % 3 + 1 : 1;
    npy = described("'<c16'", ndim, shape);
    npy.is_fortran_order = ndim % 2 == 1;
    cr_assert_eq(write_and_read(&npy), 1);
  }
}

Test(npy, writes_version_2_for_long_headers_and_3_for_other_characters) {
  const uint64_t shape[] = {1};
  char *descr = calloc(1, 200000), *end = descr;
  shareable__npy npy;

  end += sprintf(end, "[");
  for (int i = 0; i < 5000; i++)
    end += sprintf(end, "('f%d', '<f8'), ", i);
  sprintf(end, "]");
  npy = described(descr, 1, shape);
  cr_assert_eq(npy.descr.item_size, 40000);
  cr_assert_eq(write_and_read(&npy), 2);
  free(descr);
  npy = described("[('\xc3\xa4', '<f8')]", 1, shape);
  cr_assert_eq(write_and_read(&npy), 3);
}

Test(npy, refuses_other_prologues) {
  shareable__npy_prologue prologue;

  cr_assert_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\1\0\x10\0{'", &prologue));
  cr_assert_eq(prologue.offset, 10);
  cr_assert_eq(prologue.length, 16);
  cr_assert(prologue.is_latin1);
  cr_assert_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\3\0\0\0\x10\0", &prologue));
  cr_assert_eq(prologue.offset, 12);
  cr_assert_eq(prologue.length, 1 << 20);
  cr_assert_not(prologue.is_latin1);
  cr_assert_not_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\2\0\1\0\x10\0", &prologue));
  cr_assert_not_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPZ\1\0\x10\0{'", &prologue));
  cr_assert_not_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\0\0\x10\0{'", &prologue));
  cr_assert_not_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\4\0\x10\0{'", &prologue));
  cr_assert_not_null(shareable__npy_read_prologue((const unsigned char *)"\x93NUMPY\1\1\x10\0{'", &prologue));
}
