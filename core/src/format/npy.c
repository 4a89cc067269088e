/*
 * npy.c - the header of an array: NumPy's .npy format (numpy.lib.format).
 */
#include "format/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY"

enum {
  MAGIC_SIZE = 6,
  VERSION_SIZE = 2,
  ALIGNMENT = 64,
  GROWTH_DIGITS = 21 /* NumPy leaves room for so many digits of the length of the longest dimension */
};

static uint64_t read_little_endian(const unsigned char *bytes, size_t size) {
  uint64_t number = 0;

  while (size-- > 0)
    number = number << 8 | bytes[size];
  return number;
}

const char *shareable__npy_read_prologue(const unsigned char *bytes, shareable__npy_prologue *prologue) {
  unsigned major = bytes[MAGIC_SIZE], minor = bytes[MAGIC_SIZE + 1];
  size_t length_size = major == 1 ? 2 : 4;

  if (memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
    return "it does not begin as a .npy file";
  if (major < 1 || major > 3 || minor != 0)
    return "its version of the .npy format is not known";
  prologue->offset = MAGIC_SIZE + VERSION_SIZE + length_size;
  prologue->length = (uint32_t)read_little_endian(bytes + MAGIC_SIZE + VERSION_SIZE, length_size);
  prologue->is_latin1 = major < 3;
  return prologue->length > SHAREABLE__NPY_HEADER_MAX ? "its header is longer than 1 MiB" : NULL;
}

const char *shareable__npy_measure(shareable__npy *npy) {
  uint64_t nbytes = npy->descr.item_size == 0 ? 1 : npy->descr.item_size;
  bool is_empty = npy->descr.item_size == 0;

  npy->size = 1;
  for (size_t i = 0; i < npy->ndim; i++) {
    if (npy->shape[i] > 0 &&
        (__builtin_mul_overflow(nbytes, npy->shape[i], &nbytes) || nbytes > SHAREABLE__ARRAY_BYTES_MAX))
      return "it is too large";
    npy->size *= npy->shape[i]; /* at most nbytes, or 0 from now on */
  }
  npy->nbytes = is_empty || npy->size == 0 ? 0 : nbytes;
  return NULL;
}

void shareable__npy_strides(const shareable__npy *npy, int64_t *strides) {
  uint64_t stride = npy->descr.item_size;

  for (size_t i = 0; i < npy->ndim; i++) {
    size_t dimension = npy->is_fortran_order ? i : npy->ndim - 1 - i;

    strides[dimension] = (int64_t)stride;
    if (npy->shape[dimension] > 0)
      stride *= npy->shape[dimension];
  }
}

/* A tuple of one element ends in a comma. */
static const char *take_shape(shareable__literal *literal, shareable__npy *npy) {
  bool has_comma = true;

  npy->ndim = 0;
  if (!shareable__literal_take(literal, '('))
    return "its shape is not a tuple";
  while (!shareable__literal_take(literal, ')')) {
    if (!has_comma || npy->ndim == SHAREABLE_NDIM_MAX || !shareable__literal_integer(literal, &npy->shape[npy->ndim]))
      return "its shape is not a tuple of at most 64 lengths";
    npy->ndim++;
    has_comma = shareable__literal_take(literal, ',');
  }
  return npy->ndim == 1 && !has_comma ? "its shape is not a tuple" : NULL;
}

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

/* Takes an entry of the dict after its key, and adds it to the set of entries. */
static const char *take_entry(shareable__literal *literal, const shareable__span *key, shareable__npy *npy,
                              int *found) {
  int entry = shareable__span_is(key, "descr")           ? HAS_DESCR
              : shareable__span_is(key, "fortran_order") ? HAS_ORDER
              : shareable__span_is(key, "shape")         ? HAS_SHAPE
                                                         : 0;

  if (entry == 0 || (*found & entry) != 0 || !shareable__literal_take(literal, ':'))
    return "its header does not have the keys descr, fortran_order and shape";
  *found |= entry;
  if (entry == HAS_DESCR)
    return shareable__descr_take(literal, &npy->descr);
  if (entry == HAS_SHAPE)
    return take_shape(literal, npy);
  return shareable__literal_boolean(literal, &npy->is_fortran_order) ? NULL : "its fortran_order is not True or False";
}

const char *shareable__npy_read(const char *header, size_t length, shareable__npy *npy) {
  shareable__literal literal = {header, header + length};
  const char *reason = NULL;
  bool has_comma = true;
  int found = 0;

  if (!shareable__literal_take(&literal, '{'))
    return "its header is not a dict";
  while (reason == NULL && !shareable__literal_take(&literal, '}')) {
    shareable__span key;

    if (!has_comma || !shareable__literal_string(&literal, &key))
      return "its header is not a dict";
    reason = take_entry(&literal, &key, npy, &found);
    has_comma = shareable__literal_take(&literal, ',');
  }
  if (reason == NULL && (found != HAS_ALL || !shareable__literal_is_at_end(&literal)))
    reason = "its header does not have the keys descr, fortran_order and shape";
  return reason != NULL ? reason : shareable__npy_measure(npy);
}

/* What is written, and how much there would be with enough room. */
typedef struct builder {
  unsigned char *bytes;
  size_t capacity, length;
} builder;

static void put(builder *out, const void *bytes, size_t length) {
  if (out->bytes != NULL && out->length <= out->capacity && length <= out->capacity - out->length)
    memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void put_text(builder *out, const char *text) {
  put(out, text, strlen(text));
}

static void put_spaces(builder *out, size_t count) {
  while (count-- > 0)
    put(out, " ", 1);
}

/* Returns the number of digits. */
static size_t put_number(builder *out, uint64_t number) {
  char text[24];
  int length = snprintf(text, sizeof text, "%" PRIu64, number);

  put(out, text, (size_t)length);
  return (size_t)length;
}

static void put_dict(builder *out, const shareable__npy *npy) {
  size_t growing = npy->is_fortran_order ? npy->ndim - 1 : 0, digits = GROWTH_DIGITS;

  put_text(out, "{'descr': ");
  put(out, npy->descr.text.text, npy->descr.text.length);
  put_text(out, npy->is_fortran_order ? ", 'fortran_order': True, 'shape': (" : ", 'fortran_order': False, 'shape': (");
  for (size_t i = 0; i < npy->ndim; i++) {
    size_t written = put_number(out, npy->shape[i]);

    if (i == growing)
      digits = written;
    put_text(out, i + 1 < npy->ndim ? ", " : npy->ndim == 1 ? "," : "");
  }
  put_text(out, "), }");
  put_spaces(out, GROWTH_DIGITS - digits);
}

static bool is_ascii(const shareable__span *span) {
  for (size_t i = 0; i < span->length; i++)
    if ((unsigned char)span->text[i] >= 0x80)
      return false;
  return true;
}

/* NumPy adds 64 spaces, not 0, if the header has the right length without them. */
static size_t padded(size_t prologue_size, size_t length) {
  size_t unpadded = prologue_size + length + 1;

  return length + 1 + ALIGNMENT - unpadded % ALIGNMENT;
}

size_t shareable__npy_write(const shareable__npy *npy, unsigned char *bytes, size_t capacity) {
  builder out = {bytes, capacity, 0}, measured = {NULL, 0, 0};
  size_t length_size = 2, length;
  unsigned char version[VERSION_SIZE] = {1, 0}, length_bytes[4];

  put_dict(&measured, npy);
  length = padded(MAGIC_SIZE + VERSION_SIZE + 2, measured.length);
  if (!is_ascii(&npy->descr.text))
    version[0] = 3;
  else if (length > UINT16_MAX)
    version[0] = 2;
  if (version[0] > 1) {
    length_size = 4;
    length = padded(MAGIC_SIZE + VERSION_SIZE + 4, measured.length);
  }
  for (size_t i = 0; i < sizeof length_bytes; i++)
    length_bytes[i] = (unsigned char)(length >> 8 * i);
  put(&out, MAGIC, MAGIC_SIZE);
  put(&out, version, sizeof version);
  put(&out, length_bytes, length_size);
  put_dict(&out, npy);
  put_spaces(&out, length - measured.length - 1);
  put_text(&out, "\n");
  return out.length;
}
