/*
 * list.c - any bytes as the block of a list, and every operation on it, while a second thread flips bytes there.
 *
 * The first byte says whether it does; then come operations, a byte each, up to a 0; and then the block.
 */
#include "attack.h"
#include "fuzz.h"
#include "shareable.h"

static char text[1 << 16];

static void read_and_search(const shareable_list *list, int64_t i, const shareable_value *wanted) {
  shareable_value value;
  shareable_type type;
  size_t size, at;
  uint64_t digest = 1;
  void *numbers;

  if (shareable_list_get(list, i, &value, text, sizeof text) == SHAREABLE_OK && value.type >= SHAREABLE_TYPE_STR)
    need(value.length <= sizeof text);
  shareable_list_type(list, i, &type);
  shareable_list_capacity(list, i, &size);
  shareable_list_count(list, wanted, &size);
  shareable_list_index(list, wanted, &size);
  shareable_list_format(list, text, sizeof text, &size);
  shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &at);
  shareable_list_wait(list, i, wanted, 0);
  shareable_list_wait_any(list, &digest, 0);
}

static void write_and_lock(shareable_list *list, int64_t i, const shareable_value *value) {
  int64_t integer = 7, expected = 7;
  shareable_error error;
  int exchanged;

  shareable_list_explain(list, i, shareable_list_set(list, i, value), &error);
  shareable_list_add(list, i, 3, &integer);
  shareable_list_exchange(list, i, 9, &integer);
  shareable_list_compare_exchange(list, i, &expected, 1, &exchanged);
  shareable_list_set_ints(list, i, 1, &integer, NULL);
  if (shareable_list_lock(list, 0) == SHAREABLE_OK)
    need(shareable_list_unlock(list) != SHAREABLE_E_CLOSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const shareable_value values[] = {shareable_int(5), shareable_float(0.5), shareable_str("howdy"), shareable_none()};
  const uint8_t *end = size < 2 ? NULL : memchr(bytes + 1, 0, size - 1);
  shareable_list *list = end == NULL ? NULL : attack_begin(end + 1, size - (size_t)(end + 1 - bytes), bytes[0] & 1);

  if (list == NULL)
    return 0;
  for (const uint8_t *at = bytes + 1; at < end && at < bytes + 17; at++) {
    read_and_search(list, *at / 4 - 8, &values[*at % 4]);
    write_and_lock(list, *at / 4 - 8, &values[*at % 4]);
  }
  attack_end(list);
  return 0;
}
