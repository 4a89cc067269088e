/*
 * random.h - random bytes from the kernel.
 */
#ifndef SHAREABLE__RANDOM_H
#define SHAREABLE__RANDOM_H

#include <stddef.h>

/* Fills at most 256 bytes. Returns 0 or an errno. */
int shareable__random(void *bytes, size_t size);

#endif
