/*
 * dict_held.c - calls on a dict while another process is stopped in the middle of a change, or has left
 * damage.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "dict_support.h"
#include "sync/item_lock.h"

#define MS INT64_C(1000000)

/* Locks the item of the key, or of its value, as a writer does, and stops. */
static pid_t stopped_writer(shareable__dict_key *key, uint64_t place, bool has_key) {
  pid_t child = fork();
  int state;

  if (child == 0) {
    shareable_dict *own = NULL;
    uint64_t before;

    if (shareable_dict_open(&own, created, 0, NULL) != SHAREABLE_OK || shareable__dict_lock(own, -1) != SHAREABLE_OK)
      _exit(1);
    if (has_key) {
      own->parts.area->intent_place = place;
      own->parts.area->intent_entry = shareable__dict_entry(key->tag, place);
      own->parts.area->intent_count = own->parts.area->count;
      own->parts.area->intent = SHAREABLE__INTENT_INSERT;
      own->parts.area->sequence |= 1;
    } else {
      shareable__dict_unlock(own);
    }
    if (!shareable__item_try_lock(
          &own->list->sync, has_key ? shareable__dict_key_item(place) : shareable__dict_value_item(place), &before))
      _exit(1);
    raise(SIGSTOP);
    _exit(0);
  }
  cr_assert_eq(waitpid(child, &state, WUNTRACED), child);
  cr_assert(WIFSTOPPED(state));
  return child;
}

static void end_writer(pid_t child) {
  int state;

  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, &state, 0), child);
}

Test(dict_held, finds_other_keys_absent_while_an_insert_is_stopped) {
  shareable_dict *dict = new_dict(4, 8, 8);
  const shareable_value inserted = shareable_str("new");
  shareable__dict_key key;
  int64_t start, integer;
  pid_t child;

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(shareable__dict_encode_key(dict, &inserted, &key));
  child = stopped_writer(&key, 2, true);
  start = shareable__now();
  cr_assert(get(dict, "a") == 1 && get(dict, "absent") == -1);
  cr_assert_lt(shareable__now() - start, 500 * MS);
  cr_status(shareable_dict_get_int(dict, &inserted, &integer), SHAREABLE_E_BUSY); /* it may be there or not */
  end_writer(child);
  cr_assert(get(dict, "new") == -1 && get(dict, "absent") == -1);
  check_index(dict);
  end_dict(dict);
}

Test(dict_held, writes_wait_no_longer_than_their_timeout_for_a_stopped_writer_of_a_value) {
  shareable_dict *dict = new_dict(2, 8, 8);
  const shareable_value key = shareable_str("a"), value = shareable_int(2);
  static const int64_t timeouts[] = {0, 20 * MS, 100 * MS};
  int64_t start, expected = 1;
  pid_t child;

  cr_ok(set(dict, "a", shareable_int(1)));
  child = stopped_writer(NULL, 0, false);
  for (size_t i = 0; i < LENGTH(timeouts); i++) {
    int64_t timeout = timeouts[i];

    start = shareable__now();
    cr_status(shareable_dict_set(dict, &key, &value, 0, 0, timeout), SHAREABLE_E_TIMED_OUT);
    cr_status(shareable_dict_add(dict, &key, 1, 0, 0, 0, timeout, NULL), SHAREABLE_E_TIMED_OUT);
    cr_status(shareable_dict_compare_exchange(dict, &key, &expected, 2, timeout, NULL), SHAREABLE_E_TIMED_OUT);
    cr_status(shareable_dict_expire(dict, &key, 1, timeout), SHAREABLE_E_TIMED_OUT);
    cr_status(shareable_dict_delete(dict, &key, timeout), SHAREABLE_E_TIMED_OUT);
    cr_assert_lt(shareable__now() - start, 5 * timeout + 400 * MS);
  }
  cr_status(shareable_dict_set(dict, &key, &value, 0, 0, -1), SHAREABLE_E_BUSY); /* after a second */
  cr_ok(set(dict, "b", shareable_int(3)));
  end_writer(child);
  cr_ok(shareable_dict_set(dict, &key, &value, 0, 0, 0));
  cr_assert(get(dict, "a") == 2 && get(dict, "b") == 3);
  end_dict(dict);
}

/* A writer has found the key before it was deleted, and has its value locked. */
static void *unlock_later(void *context) {
  shareable_dict *dict = context;
  uint64_t before = shareable__dict_version(dict, shareable__dict_value_item(0)) & SHAREABLE__VERSION_UNLOCKED;

  shareable__sleep(50 * MS);
  shareable__item_unlock_and_notify(&dict->list->sync, shareable__dict_value_item(0), before);
  return NULL;
}

Test(dict_held, an_insert_waits_for_a_late_writer_of_the_last_free_place) {
  shareable_dict *dict = new_dict(2, 8, 8), *other = NULL;
  const shareable_value key = shareable_str("c"), value = shareable_int(3);
  pthread_t thread;
  uint64_t before;

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  cr_ok(delete_key(dict, "a"));
  cr_ok(shareable_dict_open(&other, created, 0, NULL));
  cr_ok(set(other, "b", shareable_int(2)));
  cr_assert(shareable__item_try_lock(&other->list->sync, shareable__dict_value_item(0), &before));
  cr_status(shareable_dict_set(dict, &key, &value, 0, 0, 0), SHAREABLE_E_TIMED_OUT);
  cr_assert_eq(pthread_create(&thread, NULL, unlock_later, other), 0);
  cr_ok(shareable_dict_set(dict, &key, &value, 0, 0, -1));
  pthread_join(thread, NULL);
  cr_assert_eq(get(dict, "c"), 3);
  cr_status(set(dict, "d", shareable_int(4)), SHAREABLE_E_FULL);
  shareable_dict_unref(other);
  check_index(dict);
  end_dict(dict);
}

Test(dict_held, repairs_an_index_that_no_owner_changes) {
  char characters[600];
  shareable_dict *dict = new_dict(4, 8, sizeof characters);

  memset(characters, 'x', sizeof characters);
  for (int operation = 0; operation < 2; operation++) {
    cr_ok(set(dict, "a", shareable_int(1)));
    dict->parts.area->sequence |= 1;
    memset((void *)dict->parts.index, 0, 8 * dict->parts.slots);
    cr_assert_eq(get(dict, "a"), 1);
    if (operation == 0)
      cr_ok(set(dict, "a", shareable_strn(characters, sizeof characters)));
    else
      cr_ok(delete_key(dict, "a"));
    check_index(dict);
  }
  cr_assert_eq(length(dict), 0);
  end_dict(dict);
}

Test(dict_held, waits_for_no_key_that_cannot_be_inserted) {
  shareable_dict *dict = new_dict(2, 8, 8);
  const shareable_value key = shareable_str("\xff"), value = shareable_int(1);

  cr_status(shareable_dict_wait(dict, &key, NULL, -1), SHAREABLE_E_UTF8);
  cr_ok(shareable_dict_wait(dict, &key, &value, -1)); /* the key is absent */
  end_dict(dict);
}
