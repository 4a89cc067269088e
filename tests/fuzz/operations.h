/*
 * operations.h - everything that can be done to a list, each as a number.
 */
#ifndef TESTS_FUZZ_OPERATIONS_H
#define TESTS_FUZZ_OPERATIONS_H

#include "shareable.h"

/* Does the operation with that number (any) to the item; what it may answer is looked at. */
void operate(shareable_list *list, uint8_t number, int64_t i, const shareable_value *value);

#endif
