/*
 * access.c - tests of core/src/list/list_access.c and core/src/dict/dict_access.c.
 */
#include <sys/wait.h>

#include "child.h"
#include "sync/area.h"

static shareable_list *new_mixed_list(uint32_t flags) {
  const shareable_value values[] = {shareable_int(7), shareable_str("howdy"), shareable_none()};
  shareable_list *list = NULL;

  cr_ok(shareable_list_create(&list, own_name(), values, LENGTH(values), flags, 0, NULL));
  return list;
}

static shareable_list *open_read_only(void) {
  shareable_list *list = NULL;

  cr_ok(shareable_list_open(&list, own_name(), SHAREABLE_READ_ONLY, NULL));
  return list;
}

static shareable_access access_of(const shareable_list *list) {
  shareable_access access;

  memset(&access, 0xff, sizeof access);
  cr_ok(shareable_list_access(list, &access, sizeof access));
  return access;
}

static unsigned char *byte(void *base, uint64_t offset) {
  return (unsigned char *)base + offset;
}

Test(access, the_parts_are_where_the_layout_puts_them) {
  shareable_list *list = new_mixed_list(0);
  shareable_access access = access_of(list);

  cr_assert_eq(access.size, sizeof access);
  cr_assert_eq(access.area_version, 2);
  cr_assert_eq(access.read_only, 0);
  cr_assert_eq(access.base, shareable_memory_address(shareable_list_memory(list)));
  cr_assert_eq(access.block_size, shareable_memory_size(shareable_list_memory(list)));
  cr_assert_eq(access.count, 3);
  cr_assert_eq(access.data_size, 24);
  cr_assert_eq(access.offsets, byte(access.base, 8));
  cr_assert_eq(access.data, byte(access.base, 8 * (3 + 2)));
  cr_assert_eq(access.formats, byte(access.data, 24));
  cr_assert_eq(access.codes, byte(access.formats, 8 * 3));
  cr_assert_eq(access.area, byte(access.base, 128), "the first multiple of 64 at or after 91");
  cr_assert_eq(access.eventcounts_state, byte(access.area, 64));
  cr_assert_eq(access.version_words, byte(access.area, 2816));
  cr_assert_eq(*(int64_t *)access.data, 7);
  end_list(list);
}

Test(access, a_list_without_a_sync_area_has_no_words_to_lock) {
  shareable_list *list = new_mixed_list(SHAREABLE_NO_SYNC);
  shareable_access access = access_of(list);
  uint32_t id = 5;

  cr_assert_eq(access.area_version, 0);
  cr_assert_null(access.area);
  cr_assert_null(access.version_words);
  cr_assert_null(access.eventcounts_state);
  cr_assert_eq(access.writer_id, 0);
  cr_status(shareable_list_join(list, &id), SHAREABLE_E_NO_SYNC);
  cr_status(shareable_list_notify(list, 0), SHAREABLE_E_NO_SYNC);
  cr_assert_eq(id, 5);
  end_list(list);
}

Test(access, fills_a_structure_of_another_size) {
  shareable_list *list = new_mixed_list(0);
  struct {
    shareable_access known;
    uint64_t later;
  } longer = {.later = 5};
  shareable_access shorter = {.read_only = 5};

  cr_ok(shareable_list_access(list, &longer.known, sizeof longer));
  cr_assert_eq(longer.known.count, 3);
  cr_assert_eq(longer.later, 0);
  cr_ok(shareable_list_access(list, &shorter, offsetof(shareable_access, read_only)));
  cr_assert_eq(shorter.area_version, 2);
  cr_assert_eq(shorter.read_only, 5);
  cr_status(shareable_list_access(list, &shorter, 3), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_access(list, NULL, sizeof shorter), SHAREABLE_E_ARGUMENT);
  end_list(list);
}

Test(access, a_handle_joins_once_and_others_see_that_it_is_alive) {
  shareable_list *list = new_mixed_list(0), *reader = open_read_only();
  uint32_t id = 0, again = 0;
  uint64_t *word;

  cr_ok(shareable_list_join(list, &id));
  cr_assert_neq(id, 0);
  cr_ok(shareable_list_join(list, &again));
  cr_assert_eq(again, id);
  cr_assert_eq(access_of(list).writer_id, id);
  cr_assert_eq(access_of(reader).writer_id, 0);
  cr_assert_eq(access_of(reader).read_only, 1);

  word = access_of(list).version_words;
  *word |= SHAREABLE__LOCKED | (uint64_t)id << 32;
  cr_status(shareable_list_set_none(list, 0), SHAREABLE_E_BUSY);
  *word &= ~(SHAREABLE__LOCKED | (uint64_t)id << 32);
  cr_ok(shareable_list_set_none(list, 0));

  cr_status(shareable_list_join(reader, &id), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_notify(reader, 0), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_join(list, NULL), SHAREABLE_E_ARGUMENT);
  shareable_list_unref(reader);
  end_list(list);
}

Test(access, the_child_of_a_fork_gets_another_id) {
  shareable_list *list = new_mixed_list(0);
  uint32_t id = 0;
  int status = -1;
  pid_t child;

  cr_ok(shareable_list_join(list, &id));
  child = fork();
  if (child == 0) {
    uint32_t inherited = access_of(list).writer_id, own = 0;

    _exit(inherited == 0 && shareable_list_join(list, &own) == SHAREABLE_OK && own != 0 && own != id ? 0 : 1);
  }
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0);
  end_list(list);
}

Test(access, notify_wakes_the_waiters_of_the_item_and_of_the_list) {
  shareable_list *list = new_mixed_list(0);
  shareable__eventcounts *eventcounts = access_of(list).eventcounts_state;

  for (int64_t index = -3; index < 3; index++) {
    unsigned item = SHAREABLE__EVENTCOUNT_OF_ITEM(index < 0 ? index + 3 : index);
    uint32_t items = eventcounts->items[item], any = eventcounts->any;

    shareable__eventcount_prepare_wait(eventcounts, item);
    shareable__eventcount_prepare_wait(eventcounts, SHAREABLE__EVENTCOUNT_ANY);
    cr_ok(shareable_list_notify(list, index));
    cr_ok(shareable_list_notify(list, index));
    cr_assert_eq(eventcounts->items[item], items + 1);
    cr_assert_eq(eventcounts->any, any + 1);
  }
  cr_status(shareable_list_notify(list, 3), SHAREABLE_E_INDEX);
  cr_status(shareable_list_notify(list, -4), SHAREABLE_E_INDEX);
  end_list(list);
}

Test(access, closing_in_place_releases_the_writer_and_keeps_the_addresses) {
  shareable_list *list = new_mixed_list(0), *other = NULL;
  shareable_access access = access_of(list);
  size_t fds;
  uint32_t id;

  cr_ok(shareable_list_join(list, &id));
  cr_ok(shareable_list_open(&other, own_name(), 0, NULL));
  fds = descriptors();
  *(uint64_t *)access.version_words |= SHAREABLE__LOCKED | (uint64_t)id << 32;
  shareable_list_close_in_place(list);
  cr_assert_eq(descriptors(), fds - 1);
  cr_assert_eq(*(uint64_t *)access.version_words, 0);
  cr_assert_eq(*(uint64_t *)access.data, 0);
  cr_status(shareable_list_set_int(list, 0, 1), SHAREABLE_E_CLOSED);
  cr_ok(shareable_list_set_int(other, 0, 8));
  shareable_list_unref(other);
  end_list(list);
  shareable_list_close_in_place(NULL);
}

Test(access, a_closed_list_cannot_be_accessed) {
  shareable_list *list = new_mixed_list(0);
  shareable_access access;
  uint32_t id;

  shareable_list_close(list);
  cr_status(shareable_list_access(list, &access, sizeof access), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_access(NULL, &access, sizeof access), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_join(list, &id), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_join(NULL, &id), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_notify(list, 0), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_notify(NULL, 0), SHAREABLE_E_CLOSED);
  end_list(list);
}

static shareable_dict_addresses addresses_of(const shareable_dict *dict) {
  shareable_dict_addresses addresses;

  memset(&addresses, 0xff, sizeof addresses);
  cr_ok(shareable_dict_access(dict, &addresses, sizeof addresses));
  return addresses;
}

Test(access, the_parts_of_a_dict_are_where_the_layout_puts_them) {
  const shareable_value key = shareable_str("howdy"), one = shareable_int(1);
  shareable_dict *dict = NULL;
  shareable_dict_addresses addresses;
  shareable_access access;

  cr_ok(shareable_dict_create(&dict, own_name(), 10, 15, 20, SHAREABLE_EVICT, 0, NULL));
  addresses = addresses_of(dict);
  access = access_of(shareable_dict_list(dict));
  cr_assert_eq(addresses.size, sizeof addresses);
  cr_assert_eq(addresses.area_version, 1);
  cr_assert_eq(addresses.evicts, 1);
  cr_assert_eq(addresses.key_size, 16);
  cr_assert_eq(addresses.value_size, 24);
  cr_assert_eq(addresses.places, 10);
  cr_assert_eq(addresses.slots, 20);
  cr_assert_eq((uintptr_t)addresses.area % 64, 0);
  cr_assert_eq(memcmp(addresses.area, "shr.dict", 8), 0);
  cr_assert_eq(memcmp(addresses.seed, byte(addresses.area, 40), sizeof addresses.seed), 0);
  cr_assert_eq(addresses.sequence, byte(addresses.area, 128));
  cr_assert_eq(addresses.has_expiries, byte(addresses.area, 136));
  cr_assert_eq(addresses.expiries, byte(addresses.area, 192 + 24));
  cr_assert_eq(addresses.index, byte(addresses.expiries, 8 * 10));
  cr_assert_leq(byte(addresses.index, 8 * 20), byte(access.base, access.block_size));

  cr_assert_eq(*(uint32_t *)addresses.has_expiries, 0);
  cr_ok(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_ANY, INT64_C(1000000000), -1));
  cr_assert_eq(*(uint32_t *)addresses.has_expiries, 1);
  cr_assert_eq(memcmp(access.data, "howdy", 6), 0);
  shareable_dict_unlink(dict, NULL);
  shareable_dict_unref(dict);
}

Test(access, a_list_without_a_dict_area_has_no_index) {
  const shareable_value values[] = {shareable_str("howdy"), shareable_int(7)};
  shareable_list *list = NULL;
  shareable_dict *dict = NULL;
  shareable_dict_addresses addresses, none = {.size = sizeof none};

  cr_ok(shareable_list_create(&list, own_name(), values, LENGTH(values), 0, 0, NULL));
  cr_ok(shareable_dict_open(&dict, own_name(), SHAREABLE_READ_ONLY, NULL));
  addresses = addresses_of(dict);
  cr_assert_eq(memcmp(&addresses, &none, sizeof none), 0);
  shareable_dict_unref(dict);
  end_list(list);
}

Test(access, a_closed_dict_cannot_be_accessed) {
  shareable_dict_addresses addresses = {.evicts = 5};
  shareable_dict *dict = NULL;

  cr_ok(shareable_dict_create(&dict, own_name(), 1, 8, 8, 0, 0, NULL));
  cr_status(shareable_dict_access(dict, &addresses, 3), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_dict_access(dict, NULL, sizeof addresses), SHAREABLE_E_ARGUMENT);
  cr_ok(shareable_dict_access(dict, &addresses, offsetof(shareable_dict_addresses, evicts)));
  cr_assert(addresses.area_version == 1 && addresses.evicts == 5);
  shareable_dict_unlink(dict, NULL);
  shareable_dict_close(dict);
  cr_status(shareable_dict_access(dict, &addresses, sizeof addresses), SHAREABLE_E_CLOSED);
  cr_status(shareable_dict_access(NULL, &addresses, sizeof addresses), SHAREABLE_E_CLOSED);
  shareable_dict_unref(dict);
}
