/*
 * array_open.c - opening an array.
 *
 * The header is read from the file, not from the mapping: another process may truncate the file, and
 * may change the header between two loads.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "array/array.h"
#include "base/cancel.h"
#include "base/error.h"
#include "format/value.h"

static shareable_status fail_header(const shareable_array *array, const char *reason, shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NOT_ARRAY, 0, "block '%s' does not contain an array: %s",
                         array->memory->name, reason);
}

static shareable_status fail_small(const shareable_array *array, uint64_t size, shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                         "array '%s' is not ready: its header describes %" PRIu64 " bytes, but the block has %zu: its "
                         "creator has not finished writing it, or it was truncated",
                         array->memory->name, size, array->memory->segment.size);
}

/* Reads a part of the block. A part past its end is not there yet. */
static shareable_status read_part(const shareable_array *array, uint64_t offset, void *bytes, size_t size,
                                  shareable_error *error) {
  int errnum = shareable__segment_read(&array->memory->segment, offset, bytes, size);

  if (errnum == ENODATA)
    return fail_small(array, offset + size, error);
  return errnum == 0 ? SHAREABLE_OK : shareable__fail_errno(error, errnum, "cannot read '%s'", array->memory->name);
}

/* Uses a header that was read. */
static shareable_status describe(shareable_array *array, const char *header, const shareable__npy_prologue *prologue,
                                 shareable_error *error) {
  uint64_t data_offset = prologue->offset + prologue->length;
  const char *reason = NULL;
  shareable__npy npy;

  if (!prologue->is_latin1 && !shareable__is_utf8(header, prologue->length))
    reason = "its header is not UTF-8";
  if (reason == NULL)
    reason = shareable__npy_read(header, prologue->length, &npy);
  if (reason != NULL)
    return fail_header(array, reason, error);
  if (data_offset > array->memory->segment.size || npy.nbytes > array->memory->segment.size - data_offset)
    return fail_small(array, data_offset + npy.nbytes, error);
  return shareable__array_describe(array, &npy, prologue->is_latin1, data_offset, error);
}

static shareable_status read_header(shareable_array *array, shareable_error *error) {
  unsigned char start[SHAREABLE__NPY_PROLOGUE_SIZE];
  shareable__npy_prologue prologue;
  shareable_status status;
  const char *reason;
  char *header;

  if (array->memory->segment.size < sizeof start)
    return fail_header(array, "it is too small", error);
  status = read_part(array, 0, start, sizeof start, error);
  if (status != SHAREABLE_OK)
    return status;
  reason = shareable__npy_read_prologue(start, &prologue);
  if (reason != NULL)
    return fail_header(array, reason, error);
  header = malloc(prologue.length + 1);
  if (header == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for the header of an array");
  status = read_part(array, prologue.offset, header, prologue.length, error);
  if (status == SHAREABLE_OK)
    status = describe(array, header, &prologue, error);
  free(header);
  return status;
}

shareable_status shareable_array_open(shareable_array **result, const char *name, uint32_t flags,
                                      shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_array *array;
  shareable_status status;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  array = shareable__array_allocate(error);
  if (array == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable__memory_attach(&array->memory, name, flags, error);
  if (status == SHAREABLE_OK)
    status = read_header(array, error);
  if (status != SHAREABLE_OK) {
    shareable_array_unref(array);
    return status;
  }
  shareable__memory_finish(array->memory);
  *result = array;
  return SHAREABLE_OK;
}
