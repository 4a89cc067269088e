/*
 * name.h - what a valid name is, and random ones as CPython makes them.
 */
#ifndef SHAREABLE__NAME_H
#define SHAREABLE__NAME_H

#include <stdbool.h>
#include <stdint.h>

/* The longest name in bytes, without a leading '/' and the NUL (NAME_MAX of tmpfs). */
#define SHAREABLE__NAME_MAX 255

/* The name without its leading '/', or NULL where it is not a valid one. Points into `name`. */
const char *shareable__name_normalize(const char *name);

/* Writes the random name that the bits stand for, "psm_" and eight hexadecimal digits, as CPython makes them. */
void shareable__name_random(char name[13], uint32_t bits);

#endif
