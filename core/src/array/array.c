/*
 * array.c - the public handle of an array, and its properties.
 */
#include "array/array.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

static shareable_status fail_handle(shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a handle");
}

shareable_array *shareable__array_allocate(shareable_error *error) {
  shareable_array *array = calloc(1, sizeof *array);

  if (array == NULL) {
    fail_handle(error);
    return NULL;
  }
  atomic_init(&array->references, 1);
  return array;
}

/* Allocates a NUL-terminated copy in UTF-8. Each byte of Latin-1 is one character. */
static char *copy_text(const shareable__span *text, bool is_latin1) {
  char *copy = malloc(2 * text->length + 1), *next = copy;

  if (copy == NULL)
    return NULL;
  for (size_t i = 0; i < text->length; i++) {
    unsigned char byte = (unsigned char)text->text[i];

    if (is_latin1 && byte >= 0x80) {
      *next++ = (char)(0xc0 | byte >> 6);
      byte = 0x80 | (byte & 0x3f);
    }
    *next++ = (char)byte;
  }
  *next = '\0';
  return copy;
}

shareable_status shareable__array_describe(shareable_array *array, const shareable__npy *npy, bool is_latin1,
                                           uint64_t data_offset, shareable_error *error) {
  array->descr = copy_text(&npy->descr.text, is_latin1);
  if (array->descr == NULL)
    return fail_handle(error);
  array->npy = *npy;
  array->npy.descr.text = (shareable__span){NULL, 0};
  array->data_offset = data_offset;
  if (data_offset % shareable__dtype_alignment(npy->descr.dtype) != 0)
    array->npy.descr.dtype = SHAREABLE_DTYPE_BYTES;
  shareable__npy_strides(npy, array->strides);
  return SHAREABLE_OK;
}

shareable_array *shareable_array_ref(shareable_array *array) {
  if (array != NULL)
    atomic_fetch_add(&array->references, 1);
  return array;
}

/* The block stays open as long as the caller has a reference to it. */
void shareable_array_unref(shareable_array *array) {
  if (array == NULL || atomic_fetch_sub(&array->references, 1) != 1)
    return;
  shareable_memory_unref(array->memory);
  free(array->descr);
  free(array);
}

void shareable_array_close(shareable_array *array) {
  if (array != NULL)
    shareable_memory_close(array->memory);
}

shareable_status shareable_array_unlink(shareable_array *array, shareable_error *error) {
  return shareable_memory_unlink(array == NULL ? NULL : array->memory, error);
}

shareable_memory *shareable_array_memory(const shareable_array *array) {
  return array == NULL ? NULL : array->memory;
}

void *shareable_array_data(const shareable_array *array) {
  unsigned char *address = array == NULL ? NULL : shareable_memory_address(array->memory);

  return address == NULL ? NULL : address + array->data_offset;
}

shareable_dtype shareable_array_dtype(const shareable_array *array) {
  return array == NULL ? SHAREABLE_DTYPE_BYTES : array->npy.descr.dtype;
}

const char *shareable_array_descr(const shareable_array *array) {
  return array == NULL ? NULL : array->descr;
}

size_t shareable_array_item_size(const shareable_array *array) {
  return array == NULL ? 0 : (size_t)array->npy.descr.item_size;
}

size_t shareable_array_ndim(const shareable_array *array) {
  return array == NULL ? 0 : array->npy.ndim;
}

const uint64_t *shareable_array_shape(const shareable_array *array) {
  return array == NULL ? NULL : array->npy.shape;
}

const int64_t *shareable_array_strides(const shareable_array *array) {
  return array == NULL ? NULL : array->strides;
}

size_t shareable_array_size(const shareable_array *array) {
  return array == NULL ? 0 : (size_t)array->npy.size;
}

size_t shareable_array_nbytes(const shareable_array *array) {
  return array == NULL ? 0 : (size_t)array->npy.nbytes;
}
