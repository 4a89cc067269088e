/*
 * operations.h - every operation of a list, by number.
 */
#ifndef TESTS_FUZZ_OPERATIONS_H
#define TESTS_FUZZ_OPERATIONS_H

#include "shareable.h"

/* Runs the operation `number` (any value) on the item, and checks its result. */
void operate(shareable_list *list, uint8_t number, int64_t i, const shareable_value *value);

#endif
