/*
 * operations.h - runs an operation of a list, which a number selects.
 */
#ifndef TESTS_FUZZ_OPERATIONS_H
#define TESTS_FUZZ_OPERATIONS_H

#include "shareable.h"

/* Runs an operation on item i and checks its result. `number` may have any value. */
void operate(shareable_list *list, uint8_t number, int64_t i, const shareable_value *value);

#endif
