/*
 * array_create.c - creating an array.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/array.h"
#include "base/cancel.h"
#include "base/error.h"
#include "format/value.h"

/* What the caller of shareable_array_create_from() asks for. */
typedef struct array_request {
  shareable__npy npy;
  const void *items; /* or NULL */
  size_t items_size;
  uint32_t flags, mode;
} array_request;

static shareable_status check_shape(array_request *request, size_t ndim, const uint64_t *shape,
                                    shareable_error *error) {
  const char *reason;

  if (ndim > SHAREABLE_NDIM_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "ndim %zu: an array has 0 to %d dimensions", ndim,
                           SHAREABLE_NDIM_MAX);
  if (ndim > 0 && shape == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the shape is NULL");
  request->npy.ndim = ndim;
  for (size_t i = 0; i < ndim; i++)
    request->npy.shape[i] = shape[i];
  reason = shareable__npy_measure(&request->npy);
  if (reason != NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no array has that shape: %s", reason);
  return SHAREABLE_OK;
}

static shareable_status check_descr(array_request *request, const char *descr, shareable_error *error) {
  shareable__literal literal;
  const char *reason;

  if (descr == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the description of the items is NULL");
  literal = (shareable__literal){descr, descr + strlen(descr)};
  if (!shareable__is_utf8(descr, strlen(descr)))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the description of the items is not UTF-8");
  reason = shareable__descr_take(&literal, &request->npy.descr);
  if (reason == NULL && !shareable__literal_is_at_end(&literal))
    reason = "it does not end after its type";
  if (reason != NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no array has the description \"%s\": %s", descr, reason);
  return SHAREABLE_OK;
}

static shareable_status check_items(const array_request *request, shareable_error *error) {
  if (request->items_size == (request->items == NULL ? 0 : request->npy.nbytes))
    return SHAREABLE_OK;
  if (request->items == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "%zu bytes of items, but the items are NULL: the size must be 0, for an array of zeros",
                           request->items_size);
  return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "%zu bytes of items: the array has %" PRIu64,
                         request->items_size, request->npy.nbytes);
}

/* A longer header could be written, but shareable_array_open() refuses it. */
static shareable_status check_header(const array_request *request, size_t header_size, shareable_error *error) {
  if (header_size <= SHAREABLE__NPY_PROLOGUE_SIZE + SHAREABLE__NPY_HEADER_MAX)
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                         "the description of the items is too long: it has %zu bytes, and the header of an array, "
                         "which contains it, has at most 1 MiB",
                         request->npy.descr.text.length);
}

/* Fills the block before any other process sees it. */
static shareable_status fill(shareable_array *array, const array_request *request, size_t header_size,
                             shareable_error *error) {
  shareable_status status;
  unsigned char *header = malloc(header_size);

  if (header == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for the header of an array");
  shareable__npy_write(&request->npy, header, header_size);
  status = shareable__segment_write(&array->memory->segment, array->memory->name, 0, header, header_size, error);
  free(header);
  if (status == SHAREABLE_OK && request->items != NULL)
    status = shareable__segment_write(&array->memory->segment, array->memory->name, header_size, request->items,
                                      (size_t)request->npy.nbytes, error);
  return status;
}

static shareable_status create(shareable_array **result, const char *name, const array_request *request,
                               shareable_error *error) {
  size_t header_size = shareable__npy_write(&request->npy, NULL, 0);
  shareable_array *array;
  shareable_status status = check_header(request, header_size, error);

  if (status != SHAREABLE_OK)
    return status;
  array = shareable__array_allocate(error);
  if (array == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable__memory_prepare(&array->memory, name, header_size + request->npy.nbytes, request->flags,
                                     request->mode, false, error);
  if (status == SHAREABLE_OK)
    status = shareable__array_describe(array, &request->npy, false, header_size, error);
  if (status == SHAREABLE_OK)
    status = fill(array, request, header_size, error);
  if (status == SHAREABLE_OK)
    status = shareable__memory_publish(array->memory, error);
  if (status != SHAREABLE_OK) {
    shareable_array_unref(array);
    return status;
  }
  shareable__memory_finish(array->memory);
  *result = array;
  return SHAREABLE_OK;
}

shareable_status shareable_array_create_from(shareable_array **result, const char *name, const char *descr, size_t ndim,
                                             const uint64_t *shape, const void *items, size_t size, uint32_t flags,
                                             uint32_t mode, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  array_request request = {.items = items, .items_size = size, .flags = flags, .mode = mode};
  shareable_status status;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  status = check_descr(&request, descr, error);
  if (status == SHAREABLE_OK)
    status = check_shape(&request, ndim, shape, error);
  if (status == SHAREABLE_OK)
    status = check_items(&request, error);
  return status == SHAREABLE_OK ? create(result, name, &request, error) : status;
}

shareable_status shareable_array_create(shareable_array **result, const char *name, shareable_dtype dtype, size_t ndim,
                                        const uint64_t *shape, uint32_t flags, uint32_t mode, shareable_error *error) {
  const char *descr = shareable__descr_of(dtype);

  if (descr == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "dtype %d: an array of numbers has a dtype from %d to %d",
                           (int)dtype, SHAREABLE_DTYPE_BOOL, SHAREABLE_DTYPE_C128);
  return shareable_array_create_from(result, name, descr, ndim, shape, NULL, 0, flags, mode, error);
}
