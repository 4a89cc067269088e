/*
 * entropy.h - random bytes of the kernel's.
 */
#ifndef SHAREABLE__ENTROPY_H
#define SHAREABLE__ENTROPY_H

#include <stddef.h>

/* Fills the bytes, at most 256 of them: 0, or an errno where there are none to be had. */
int shareable__entropy(void *bytes, size_t size);

#endif
