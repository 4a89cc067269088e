/*
 * array_header.c - reading the header of an array: of a block, or of a file.
 */
#include <errno.h>
#include <stdlib.h>

#include "array/array.h"
#include "base/error.h"
#include "format/value.h"

/* Uses a header that was read. */
static shareable_status describe(shareable_array *array, const char *header, const shareable__npy_prologue *prologue,
                                 const char **reason, shareable_error *error) {
  shareable__npy npy;

  if (!prologue->is_latin1 && !shareable__is_utf8(header, prologue->length))
    *reason = "its header is not UTF-8";
  else
    *reason = shareable__npy_read(header, prologue->length, &npy);
  if (*reason != NULL)
    return SHAREABLE_E_NOT_ARRAY;
  return shareable__array_describe(array, &npy, prologue->is_latin1, prologue->offset + prologue->length, error);
}

shareable_status shareable__array_read_header(shareable_array *array, shareable__array_source *source, void *context,
                                              const char **reason, shareable_error *error) {
  unsigned char start[SHAREABLE__NPY_PROLOGUE_SIZE];
  shareable_status status = source(context, 0, start, sizeof start, error);
  shareable__npy_prologue prologue;
  char *header;

  if (status != SHAREABLE_OK)
    return status;
  *reason = shareable__npy_read_prologue(start, &prologue);
  if (*reason != NULL)
    return SHAREABLE_E_NOT_ARRAY;
  header = malloc(prologue.length + 1);
  if (header == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for the header of an array");
  status = source(context, prologue.offset, header, prologue.length, error);
  if (status == SHAREABLE_OK)
    status = describe(array, header, &prologue, reason, error);
  free(header);
  return status;
}

bool shareable__array_fits(const shareable_array *array, uint64_t size) {
  return array->data_offset <= size && array->npy.nbytes <= size - array->data_offset;
}
