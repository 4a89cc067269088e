/*
 * sparse.c - the bytes of a block, without memory for its holes.
 */
#include "sparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, CHUNK_BYTES = 16 * PAGE_BYTES };

/* Returns the offset of the next byte that is not in a hole, or `size`. */
static uint64_t next_data(int fd, uint64_t offset, uint64_t size) {
  off_t next = lseek(fd, (off_t)offset, SEEK_DATA);

  if (next < 0)
    return errno == ENXIO ? size : offset;
  return (uint64_t)next < size ? (uint64_t)next : size;
}

/* A truncated file ends in a hole. */
static int check_size(int fd, uint64_t size) {
  struct stat file;

  if (fstat(fd, &file) != 0)
    return errno;
  return (uint64_t)file.st_size < size ? ENODATA : 0;
}

static int read_parts(shareable_memory *memory, int fd, uint64_t size, char *part, sparse_visit *visit, void *context) {
  uint64_t at = 0;

  while ((at = next_data(fd, at, size)) < size) {
    size_t length = size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;
    int result = cli_read_memory(memory, at, part, length);

    if (result == 0)
      result = visit(context, at, part, length);
    if (result != 0)
      return result;
    at += length;
  }
  return check_size(fd, size);
}

int sparse_read(shareable_memory *memory, uint64_t size, sparse_visit *visit, void *context) {
  char *part = cli_allocate(NULL, CHUNK_BYTES, 1);
  shareable_error error;
  int fd, result;

  if (shareable_memory_fd(memory, &fd, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  result = read_parts(memory, fd, size, part, visit, context);
  free(part);
  return result;
}

static bool is_zero(const char *bytes, size_t length) {
  return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

int sparse_visit_pages(uint64_t offset, const void *bytes, size_t length, sparse_visit *visit, void *context) {
  int result = 0;

  for (size_t at = 0, part; at < length && result == 0; at += part) {
    const char *page = (const char *)bytes + at;

    part = length - at < PAGE_BYTES ? length - at : PAGE_BYTES;
    if (!is_zero(page, part))
      result = visit(context, offset + at, page, part);
  }
  return result;
}
