/*
 * random.h - random bytes of the kernel's.
 */
#ifndef SHAREABLE__RANDOM_H
#define SHAREABLE__RANDOM_H

#include <stddef.h>

/* Fills the bytes, at most 256 of them: 0, or an errno where there are none to be had. */
int shareable__random(void *bytes, size_t size);

#endif
