/*
 * array_file.c - creates a block from a .npy file.
 */
#include "array_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array/array.h"
#include "escape.h"
#include "sparse.h"

enum { CHUNK_BYTES = 256 * 1024 };

typedef struct array_file {
  const char *name; /* for messages */
  int fd;
  cli_text start;           /* the bytes that were read before the items */
  shareable_array *array;   /* describes it */
  shareable_memory *memory; /* the new block, or NULL */
} array_file;

/* Prints the message. Drops the new block first: its file may have a temporary name. */
#define DIE(file, ...) (shareable_memory_unref((file)->memory), cli_die(__VA_ARGS__))

/* Reads bytes, fewer than `length` only at the end of the file. */
static size_t read_bytes(const array_file *file, char *bytes, size_t length) {
  size_t done = 0;

  while (done < length) {
    ssize_t part = read(file->fd, bytes + done, length - done);

    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      DIE(file, "cannot read %s: %s", file->name, strerror(errno));
    if (part == 0)
      break;
    done += (size_t)part;
  }
  return done;
}

/* A shareable__array_source. Standard input can be read only once, so the bytes are kept. */
static shareable_status read_part(void *context, uint64_t offset, void *bytes, size_t size, shareable_error *error) {
  array_file *file = context;
  uint64_t end = offset + size;
  size_t missing = end > file->start.length ? (size_t)(end - file->start.length) : 0;

  (void)error;
  cli_text_reserve(&file->start, file->start.length + missing);
  file->start.length += read_bytes(file, file->start.bytes + file->start.length, missing);
  if (file->start.length < end)
    cli_die("%s does not contain an array: it %s", file->name, offset == 0 ? "is too small" : "ends in its header");
  memcpy(bytes, file->start.bytes + offset, size);
  return SHAREABLE_OK;
}

static void read_header(array_file *file) {
  const char *reason = NULL;
  shareable_error error;
  shareable_status status;

  file->array = shareable__array_allocate(&error);
  if (file->array == NULL)
    cli_die_message(error.message);
  status = shareable__array_read_header(file->array, read_part, file, &reason, &error);
  if (reason != NULL)
    cli_die("%s does not contain an array: %s", file->name, reason);
  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
}

static _Noreturn void die_short(const array_file *file, uint64_t found) {
  DIE(file, "%s is not complete: its header describes %" PRIu64 " byte%s of items, but it has %" PRIu64, file->name,
      file->array->npy.nbytes, cli_plural(file->array->npy.nbytes), found);
}

static _Noreturn void die_long(const array_file *file) {
  DIE(file, "%s has bytes after its array, which has %" PRIu64 ": 'head -c' prints only these", file->name,
      file->array->data_offset + file->array->npy.nbytes);
}

/* Compares the size of a regular file with that of its items, before a block is created. */
static void check_size(const array_file *file) {
  uint64_t nbytes = file->array->npy.nbytes, left;
  struct stat status;
  off_t at = lseek(file->fd, 0, SEEK_CUR);

  if (at < 0 || fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode))
    return;
  left = status.st_size < at ? 0 : (uint64_t)(status.st_size - at);
  if (left < nbytes)
    die_short(file, left);
  if (left > nbytes)
    die_long(file);
}

static int write_page(void *context, uint64_t offset, const void *bytes, size_t length) {
  array_file *file = context;
  const char *name = shareable_memory_name(file->memory);
  shareable_error error;

  if (shareable__segment_write(&file->memory->segment, name, offset, bytes, length, &error) != SHAREABLE_OK) {
    shareable_memory_unref(file->memory);
    cli_die_message(error.message);
  }
  return 0;
}

/* Leaves out pages of zeros, so that they get no memory in a lazy block. */
static void copy_items(array_file *file) {
  uint64_t nbytes = file->array->npy.nbytes, at = 0;
  char *bytes = cli_allocate(NULL, CHUNK_BYTES, 1);

  while (at < nbytes) {
    size_t length = nbytes - at < CHUNK_BYTES ? (size_t)(nbytes - at) : CHUNK_BYTES;
    size_t found = read_bytes(file, bytes, length);

    if (found < length)
      die_short(file, at + found);
    sparse_visit_pages(file->array->data_offset + at, bytes, length, write_page, file);
    at += length;
    cli_progress("bytes", at, nbytes);
  }
  if (read_bytes(file, bytes, 1) != 0)
    die_long(file);
  free(bytes);
}

void array_file_copy(const char *path, const char *name, uint32_t flags, uint32_t mode, bool is_forced) {
  bool is_input = strcmp(path, "-") == 0;
  array_file file = {.name = is_input ? "standard input" : cli_format("file '%s'", path)};
  shareable_error error;

  file.fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (file.fd < 0)
    cli_die("cannot open %s: %s", file.name, strerror(errno));
  read_header(&file);
  check_size(&file);
  if (shareable__memory_prepare(&file.memory, name, file.array->data_offset + file.array->npy.nbytes, flags, mode,
                                is_forced, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  write_page(&file, 0, file.start.bytes, file.start.length);
  copy_items(&file);
  if (shareable__memory_publish(file.memory, &error) != SHAREABLE_OK) {
    shareable_memory_unref(file.memory);
    cli_die_message(error.message);
  }
  shareable_memory_unref(file.memory);
  shareable_array_unref(file.array);
  free(file.start.bytes);
  if (!is_input) {
    free((char *)file.name);
    close(file.fd);
  }
}
