/*
 * search.c - tests of core/src/list/list_search.c: a search by batches finds what a search by items
 * does.
 */
#include <math.h>
#include <stdlib.h>

#include "list/list.h"
#include "support.h"

#define COUNT 200

static shareable_list *numbers(shareable_value make(size_t i)) {
  shareable_value values[COUNT];

  for (size_t i = 0; i < COUNT; i++)
    values[i] = make(i);
  return new_list(values, COUNT);
}

static shareable_value as_int(size_t i) {
  return shareable_int((int64_t)i);
}

static shareable_value as_float(size_t i) {
  return i == 7 ? shareable_float(NAN) : shareable_float((double)i);
}

static shareable_value as_float_or_int(size_t i) {
  return i % 67 == 5 ? shareable_float((double)i) : shareable_int((int64_t)i);
}

static shareable_value with_texts(size_t i) {
  return i % 50 == 3 ? shareable_str("a text of more than one word") : shareable_int((int64_t)i);
}

static void expect(const shareable_list *list, shareable_value value, size_t count, size_t index) {
  size_t found_count = COUNT, found_index = COUNT;

  cr_ok(shareable_list_count(list, &value, &found_count));
  cr_assert_eq(found_count, count);
  cr_status(shareable_list_index(list, &value, &found_index), count == 0 ? SHAREABLE_E_ABSENT : SHAREABLE_OK);
  cr_assert_eq(found_index, count == 0 ? COUNT : index);
}

static void expect_each(shareable_value make(size_t i)) {
  shareable_list *list = numbers(make);

  for (size_t i = 0; i < COUNT; i++) {
    shareable_value value = make(i);
    bool is_text = value.type == SHAREABLE_TYPE_STR, is_nan = make == as_float && i == 7;

    expect(list, value, is_text ? 4 : is_nan ? 0 : 1, is_text ? 3 : i);
    if (!is_text && !is_nan) {
      expect(list, shareable_int((int64_t)i), 1, i);
      expect(list, shareable_float((double)i), 1, i);
    }
  }
  expect(list, shareable_int(-1), 0, 0);
  expect(list, shareable_float(0.5), 0, 0);
  expect(list, shareable_bool(1), 1, 1);
  end_list(list);
}

Test(search, finds_a_number_at_each_index) {
  expect_each(as_int);
  expect_each(as_float);
}

Test(search, finds_numbers_among_items_of_other_types_and_sizes) {
  expect_each(as_float_or_int);
  expect_each(with_texts);
}

Test(search, counts_all_equal_items) {
  shareable_list *list = numbers(as_int);

  for (int64_t i = 0; i < COUNT; i += 3)
    cr_ok(shareable_list_set_int(list, i, 1000));
  expect(list, shareable_int(1000), 67, 0);
  expect(list, shareable_int(199), 1, 199);
  end_list(list);
}

Test(search, returns_the_index_of_a_corrupt_item) {
  const shareable_value absent = shareable_int(-1), last = shareable_int(COUNT - 1);
  shareable_list *list = numbers(as_int);
  const uint64_t far = UINT64_MAX - 7, wrong[] = {far, 8 * 100 + 4, 0, 8 * COUNT + 8};
  size_t index = 0;

  for (size_t k = 0; k < LENGTH(wrong); k++) {
    memcpy(list->layout.offsets + 8 * 100, &wrong[k], sizeof wrong[k]);
    cr_status(shareable_list_count(list, &absent, &index), SHAREABLE_E_CORRUPT);
    cr_assert(index == 99 || index == 100, "%zu", index);
    cr_status(shareable_list_index(list, &last, &index), SHAREABLE_E_CORRUPT);
  }
  memcpy(list->layout.offsets + 8 * 100, &(uint64_t){8 * 100}, 8);
  memset(list->layout.codes + 150, 77, 1);
  cr_status(shareable_list_count(list, &absent, &index), SHAREABLE_E_CORRUPT);
  cr_assert_eq(index, 150);
  end_list(list);
}
