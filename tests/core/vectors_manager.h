/*
 * vectors_manager.h - reads the captured messages of tests/vectors/manager.
 */
#ifndef TESTS_VECTORS_MANAGER_H
#define TESTS_VECTORS_MANAGER_H

#include <stdio.h>
#include <stdlib.h>

#include "support.h"

/*
 * Decodes the hexadecimal digits at *text, and moves *text behind them and one tab. Returns the
 * number of bytes.
 */
static inline size_t unhex(const char **text, unsigned char *bytes, size_t size) {
  size_t count = 0;
  unsigned byte;

  for (; sscanf(*text, "%2x", &byte) == 1 && **text != '\t'; *text += 2) {
    cr_assert_lt(count, size);
    bytes[count++] = (unsigned char)byte;
  }
  *text += **text == '\t';
  return count;
}

/* Calls `check` for each line of a file that is not a comment. Returns the number of lines. */
static inline size_t each_vector(const char *file, void (*check)(const char *line)) {
  const char *top = getenv("top_srcdir");
  char path[1000], line[4000];
  size_t count = 0;
  FILE *lines;

  snprintf(path, sizeof path, "%s/tests/vectors/manager/%s", top == NULL ? "." : top, file);
  lines = fopen(path, "r");
  cr_assert_not_null(lines, "%s", path);
  while (fgets(line, sizeof line, lines) != NULL)
    if (line[0] != '#') {
      check(line);
      count++;
    }
  fclose(lines);
  return count;
}

#endif
