/*
 * dict_access.c - what another implementation needs to find keys of a dict in place.
 */
#include "dict/dict.h"

static shareable_dict_addresses addresses_of(const shareable_dict *dict) {
  const shareable__dict_parts *parts = &dict->parts;
  shareable_dict_addresses addresses = {.size = sizeof addresses};

  if (dict->is_plain)
    return addresses;
  addresses.area_version = SHAREABLE__DICT_VERSION;
  addresses.evicts = dict->evicts;
  addresses.key_size = dict->key_size;
  addresses.value_size = dict->value_size;
  addresses.places = parts->places;
  addresses.slots = parts->slots;
  memcpy(addresses.seed, dict->seed[0], sizeof addresses.seed);
  addresses.area = parts->area;
  addresses.sequence = &parts->area->sequence;
  addresses.has_expiries = &parts->area->has_expiries;
  addresses.expiries = parts->expiries;
  addresses.index = parts->index;
  return addresses;
}

shareable_status shareable_dict_access(const shareable_dict *dict, shareable_dict_addresses *addresses, size_t size) {
  shareable_status status = dict == NULL ? SHAREABLE_E_CLOSED : shareable__list_check(dict->list);
  shareable_dict_addresses all;

  if (status != SHAREABLE_OK)
    return status;
  if (addresses == NULL || size < sizeof all.size)
    return SHAREABLE_E_ARGUMENT;
  all = addresses_of(dict);
  if (size > sizeof all)
    memset(addresses, 0, size);
  memcpy(addresses, &all, size < sizeof all ? size : sizeof all);
  return SHAREABLE_OK;
}
