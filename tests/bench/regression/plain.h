/*
 * plain.h - an array with bounds-checked accesses, in a shared library.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#ifndef PLAIN_API
#define PLAIN_API __attribute__((visibility("default")))
#endif

typedef struct plain plain;

PLAIN_API plain *plain_new(size_t count);
PLAIN_API void plain_free(plain *array);
PLAIN_API int plain_get(const plain *array, int64_t index, int64_t *integer);
PLAIN_API int plain_add(plain *array, int64_t index, int64_t delta, int64_t *integer);
PLAIN_API int plain_set(plain *array, int64_t index, int64_t integer);

#endif
