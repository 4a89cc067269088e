/*
 * array_open.c - opening an array.
 *
 * The header is read from the file, not from the mapping: another process may truncate the file, and
 * may change the header between two loads.
 */
#include <errno.h>
#include <inttypes.h>

#include "array/array.h"
#include "base/cancel.h"
#include "base/error.h"

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
static shareable_status read_part(void *context, uint64_t offset, void *bytes, size_t size, shareable_error *error) {
  const shareable_array *array = context;
  int errnum = shareable__segment_read(&array->memory->segment, offset, bytes, size);

  if (errnum == ENODATA)
    return fail_small(array, offset + size, error);
  return errnum == 0 ? SHAREABLE_OK : shareable__fail_errno(error, errnum, "cannot read '%s'", array->memory->name);
}

static shareable_status read_header(shareable_array *array, shareable_error *error) {
  size_t size = array->memory->segment.size;
  const char *reason = NULL;
  shareable_status status;

  if (size < SHAREABLE__NPY_PROLOGUE_SIZE)
    return fail_header(array, "it is too small", error);
  status = shareable__array_read_header(array, read_part, array, &reason, error);
  if (reason != NULL)
    return fail_header(array, reason, error);
  if (status == SHAREABLE_OK && !shareable__array_fits(array, size))
    return fail_small(array, array->data_offset + array->npy.nbytes, error);
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
