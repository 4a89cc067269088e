/*
 * absolute_address.c - makes the address of a manager independent of the working directory.
 */
#include "absolute_address.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool absolute_address(const char *text, char result[SHAREABLE__ADDRESS_TEXT]) {
  const char *slash = strrchr(text, '/');
  char parent[SHAREABLE__ADDRESS_TEXT], directory[PATH_MAX];
  shareable__address ignored;
  int length;

  if (slash == NULL || slash == text || text[0] == '/' || (size_t)(slash - text) >= sizeof parent)
    return false;
  memcpy(parent, text, (size_t)(slash - text));
  parent[slash - text] = '\0';
  if (realpath(parent, directory) == NULL)
    return false;
  length = snprintf(result, SHAREABLE__ADDRESS_TEXT, "%s%s", strcmp(directory, "/") == 0 ? "" : directory, slash);
  return length < SHAREABLE__ADDRESS_TEXT && shareable__address_parse(&ignored, result);
}
