/*
 * list_create.h - making a list of what Python has.
 */
#ifndef SHAREABLE__PYTHON_LIST_CREATE_H
#define SHAREABLE__PYTHON_LIST_CREATE_H

#include "value.h"

/* As shareable_list_create(), and its kin for numbers of one type. Needs no interpreter's lock. */
shareable_status list_create(shareable_list **list, const char *name, const value_array *values, uint32_t flags,
                             uint32_t mode, shareable_error *error);

#endif
