/*
 * list_create.c - creates a list from Python values.
 */
#include "list_create.h"

shareable_status list_create(shareable_list **list, const char *name, const value_array *values, uint32_t flags,
                             uint32_t mode, shareable_error *error) {
  if (values->numbers == NULL)
    return shareable_list_create(list, name, values->items, values->count, flags, mode, error);
  if (values->type == SHAREABLE_TYPE_INT)
    return shareable_list_create_ints(list, name, values->numbers, values->count, flags, mode, error);
  return shareable_list_create_floats(list, name, values->numbers, values->count, flags, mode, error);
}
