/*
 * name.c - valid names of blocks, and random names in CPython's format.
 */
#include "shm/name.h"

#include <stdio.h>
#include <string.h>

const char *shareable__name_normalize(const char *name) {
  size_t length;

  if (name == NULL)
    return NULL;
  if (name[0] == '/')
    name++;
  length = strnlen(name, SHAREABLE__NAME_MAX + 1);
  if (length == 0 || length > SHAREABLE__NAME_MAX || strchr(name, '/') != NULL)
    return NULL;
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    return NULL;
  return name;
}

void shareable__name_random(char name[13], uint32_t bits) {
  snprintf(name, 13, "psm_%08lx", (unsigned long)bits);
}
