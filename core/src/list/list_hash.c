/*
 * list_hash.c - a hash of all items of a list.
 */
#include "list/list.h"

#include "format/hash.h"

shareable_status shareable_list_hash(const shareable_list *list, uint64_t *hash) {
  shareable_status status = shareable__list_check(list);

  if (status != SHAREABLE_OK)
    return status;
  if (hash == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = shareable__list_check_complete(list);
  if (status != SHAREABLE_OK)
    return status;
  *hash = shareable__hash_layout(&list->layout);
  return SHAREABLE_OK;
}
