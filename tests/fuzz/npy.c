/*
 * npy.c - reads arbitrary bytes on the heap as the beginning of a .npy file, and writes the header
 * again.
 */
#include "format/npy.h"

#include "fuzz.h"

static void check_sizes(const shareable__npy *npy) {
  int64_t strides[SHAREABLE_NDIM_MAX];
  uint64_t size = 1;

  need(npy->ndim <= SHAREABLE_NDIM_MAX);
  need(npy->descr.item_size <= SHAREABLE__ARRAY_BYTES_MAX && npy->nbytes <= SHAREABLE__ARRAY_BYTES_MAX);
  for (size_t i = 0; i < npy->ndim; i++)
    size *= npy->shape[i];
  need(size == npy->size && npy->nbytes == size * npy->descr.item_size);
  shareable__npy_strides(npy, strides);
  for (size_t i = 0; i < npy->ndim; i++)
    need(strides[i] >= 0);
  if (npy->descr.dtype != SHAREABLE_DTYPE_BYTES)
    need(shareable__descr_of(npy->descr.dtype) != NULL &&
         npy->descr.item_size % shareable__dtype_alignment(npy->descr.dtype) == 0);
}

/* What is written describes the same array. */
static void write_again(const shareable__npy *npy) {
  size_t size = shareable__npy_write(npy, NULL, 0);
  unsigned char *bytes = malloc(size), *small = malloc(16);
  shareable__npy_prologue prologue;
  shareable__npy again;

  need(bytes != NULL && small != NULL && size % 64 == 0);
  need(shareable__npy_write(npy, bytes, size) == size && shareable__npy_write(npy, small, 16) == size);
  if (shareable__npy_read_prologue(bytes, &prologue) == NULL) { /* it may be longer than what is read */
    need(prologue.offset + prologue.length == size);
    need(shareable__npy_read((const char *)bytes + prologue.offset, prologue.length, &again) == NULL);
    need(again.ndim == npy->ndim && again.nbytes == npy->nbytes && again.is_fortran_order == npy->is_fortran_order);
    need(memcmp(again.shape, npy->shape, npy->ndim * sizeof *npy->shape) == 0);
    need(again.descr.dtype == npy->descr.dtype && again.descr.item_size == npy->descr.item_size);
  }
  free(bytes);
  free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  shareable__npy_prologue prologue;
  shareable__npy npy;
  char *header;
  size_t length;

  if (size < SHAREABLE__NPY_PROLOGUE_SIZE || shareable__npy_read_prologue(bytes, &prologue) != NULL)
    return 0;
  need(prologue.offset <= SHAREABLE__NPY_PROLOGUE_SIZE && prologue.length <= SHAREABLE__NPY_HEADER_MAX);
  length = size - prologue.offset < prologue.length ? size - prologue.offset : prologue.length;
  header = malloc(length == 0 ? 1 : length); /* of this size, so that a read past the end is found */
  if (header == NULL)
    return 0;
  memcpy(header, bytes + prologue.offset, length);
  if (shareable__npy_read(header, length, &npy) == NULL) {
    check_sizes(&npy);
    write_again(&npy);
  }
  free(header);
  return 0;
}
