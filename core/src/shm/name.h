/*
 * name.h - valid names of blocks, and random names in CPython's format.
 */
#ifndef SHAREABLE__NAME_H
#define SHAREABLE__NAME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The length of the longest name in bytes, without a leading '/' and the NUL (NAME_MAX of tmpfs).
 */
#define SHAREABLE__NAME_MAX 255

/* Returns the name without its leading '/', as a pointer into `name`; NULL if it is not valid. */
const char *shareable__name_normalize(const char *name);

/*
 * Writes the name for these random bits in CPython's format: "psm_" and eight hexadecimal digits.
 */
void shareable__name_random(char name[13], uint32_t bits);

#endif
