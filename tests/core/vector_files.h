/*
 * vector_files.h - the files of tests/vectors, and blocks with their bytes.
 */
#ifndef SHAREABLE__TESTS_VECTOR_FILES_H
#define SHAREABLE__TESTS_VECTOR_FILES_H

#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>

#include "support.h"

/*
 * Creates a block with the bytes of a file. Returns NULL for an empty file: this library cannot
 * create an empty block.
 */
static shareable_memory *block_of(const char *path) {
  static char bytes[8192];
  FILE *file = fopen(path, "rb");
  shareable_memory *memory = NULL;
  size_t size;

  cr_assert_not_null(file, "%s", path);
  size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (size == 0)
    return NULL;
  cr_ok(shareable_memory_create(&memory, own_name(), size, 0, 0, NULL));
  memcpy(shareable_memory_address(memory), bytes, size);
  return memory;
}

static void end_block(shareable_memory *memory) {
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static const char *vectors(void) {
  static char path[900];
  const char *top = getenv("top_srcdir");

  snprintf(path, sizeof path, "%s/tests/vectors", top == NULL ? "." : top);
  return path;
}

/* Returns the files of a machine with this byte order, or with the other one. */
static glob_t files_in(const char *pattern, bool is_native) {
  const bool is_big = *(const unsigned char *)&(const int){1} == 0;
  char path[1000];
  glob_t found;

  snprintf(path, sizeof path, "%s/%s%s", vectors(), is_big == is_native ? "big-endian/" : "", pattern);
  cr_assert_eq(glob(path, 0, NULL, &found), 0, "no file %s", path);
  return found;
}

static glob_t files_of(const char *pattern) {
  return files_in(pattern, true);
}

/* Formats the value as a line of a .items file: see make_valid.py. Returns the length of the line. */
static size_t describe_value(const shareable_value *value, char *line, size_t size) {
  static const char *const texts[] = {[SHAREABLE_TYPE_STR] = "str", [SHAREABLE_TYPE_BYTES] = "bytes"};
  size_t n;

  switch (value->type) {
  case SHAREABLE_TYPE_NONE:
    return (size_t)snprintf(line, size, "none");
  case SHAREABLE_TYPE_INT:
    return (size_t)snprintf(line, size, "int %" PRId64, value->integer);
  case SHAREABLE_TYPE_FLOAT:
    return (size_t)snprintf(line, size, "float %016" PRIx64, value->bits);
  case SHAREABLE_TYPE_BOOL:
    return (size_t)snprintf(line, size, "bool %d", value->boolean);
  default:
    n = (size_t)snprintf(line, size, "%s%s", texts[value->type], value->length > 0 ? " " : "");
    for (size_t k = 0; k < value->length; k++)
      n += (size_t)snprintf(line + n, size - n, "%02x", (unsigned char)value->text[k]);
    return n;
  }
}

/* Returns whether the name of a file begins with a prefix. */
static bool begins(const char *path, const char *prefix) {
  return strncmp(strrchr(path, '/') + 1, prefix, strlen(prefix)) == 0;
}

#endif
