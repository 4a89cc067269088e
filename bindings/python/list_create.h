/*
 * list_create.h - creates a list from Python values.
 */
#ifndef SHAREABLE__PYTHON_LIST_CREATE_H
#define SHAREABLE__PYTHON_LIST_CREATE_H

#include "value.h"

/*
 * Calls shareable_list_create(), or its variant for ints or floats. May be called without the GIL.
 * Returns the status of that function.
 */
shareable_status list_create(shareable_list **list, const char *name, const value_array *values, uint32_t flags,
                             uint32_t mode, shareable_error *error);

#endif
