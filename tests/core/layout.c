/*
 * layout.c - tests of core/src/format/layout.c, with lists in static memory.
 */
#include "format/layout.h"

#include "support.h"

/* A list of two items, in slots of 8 and 16 bytes: 74 bytes in all. */
static uint64_t words[10];

static shareable__layout two_items(void) {
  shareable__layout layout;

  memset(words, 0, sizeof words);
  words[0] = 2;
  words[2] = 8;
  words[3] = 24;
  cr_assert(shareable__layout_read(&layout, words, 74, 2, 24));
  return layout;
}

/* Reads N and the last offset from the words, as the library does from the file. */
static bool read_list(shareable__layout *layout, size_t size) {
  uint64_t last = size < 8 ? 0 : shareable__layout_last_offset_at(size, words[0]);

  return last != 0 && shareable__layout_read(layout, words, size, words[0], words[last / 8]);
}

Test(layout, sizes_slots_of_texts_like_cpython) {
  const struct {
    size_t characters, bytes, slot;
  } rows[] = {{0, 0, 8},  {7, 7, 8}, {8, 8, 16}, {9, 9, 16},  {15, 15, 16}, {16, 16, 24}, {9999991, 9999991, 9999992},
              {4, 8, 8},  {7, 8, 8}, {5, 9, 16}, {8, 16, 16}, {8, 17, 24},  {12, 24, 32}, {2, 8, 8},
              {3, 12, 16}};

  for (size_t i = 0; i < LENGTH(rows); i++)
    cr_assert_eq(shareable__layout_slot_for(rows[i].characters, rows[i].bytes), rows[i].slot, "row %zu", i);
}

Test(layout, computes_the_size_of_a_list_like_cpython) {
  cr_assert_eq(shareable__layout_size(0, 0), 16);
  cr_assert_eq(shareable__layout_size(2, 24), 74);
  cr_assert_eq(shareable__layout_size(UINT64_MAX / 16, 0), 0, "too large");
  cr_assert_eq(shareable__layout_size(1, UINT64_MAX), 0, "too large");
  cr_assert_eq(shareable__layout_size(1, INT64_MAX), 0, "too large");
}

Test(layout, finds_the_slots_in_the_segment) {
  shareable__layout written = two_items(), read;
  shareable__slot slot;

  cr_assert(read_list(&read, 74));
  cr_assert_eq(memcmp(&written, &read, sizeof read), 0);
  cr_assert_eq(words[0], 2);
  cr_assert_eq(words[3], 24);
  cr_assert(shareable__layout_slot(&read, 1, &slot));
  cr_assert_eq(slot.size, 16);
  cr_assert_eq((void *)slot.data, (void *)(words + 5));
  cr_assert_eq((void *)slot.format, (void *)(words + 8));
  cr_assert_eq((void *)slot.code, (void *)((char *)words + 73));
}

Test(layout, ignores_bytes_after_the_list) {
  shareable__layout layout;

  two_items();
  cr_assert(read_list(&layout, 80));
  cr_assert_eq(layout.count, 2);
}

Test(layout, rejects_a_segment_that_is_too_small_for_its_items) {
  shareable__layout layout;

  two_items();
  for (size_t size = 0; size < 74; size++)
    cr_assert_not(read_list(&layout, size), "%zu bytes", size);
}

Test(layout, rejects_an_impossible_length) {
  const uint64_t counts[] = {4, 1 << 20, UINT64_C(1) << 60, UINT64_C(1) << 61, INT64_MAX, UINT64_MAX, UINT64_MAX - 1};
  shareable__layout layout;

  two_items();
  for (size_t i = 0; i < LENGTH(counts); i++) {
    words[0] = counts[i];
    cr_assert_not(read_list(&layout, sizeof words), "N = %llu", (unsigned long long)counts[i]);
  }
}

Test(layout, rejects_an_impossible_last_offset) {
  const uint64_t offsets[] = {25, 31, 32, INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
  shareable__layout layout;

  two_items();
  for (size_t i = 0; i < LENGTH(offsets); i++) {
    words[3] = offsets[i];
    cr_assert_not(read_list(&layout, 74), "offset[N] = %llu", (unsigned long long)offsets[i]);
  }
}

Test(layout, a_corrupt_offset_affects_only_its_two_items) {
  const uint64_t offsets[] = {0, 1, 7, 12, 24, 25, 32, INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
  shareable__layout layout = two_items();
  shareable__slot slot;

  for (size_t i = 0; i < LENGTH(offsets); i++) {
    words[2] = offsets[i];
    cr_assert_not(shareable__layout_slot(&layout, 0, &slot) && shareable__layout_slot(&layout, 1, &slot),
                  "offset[1] = %llu", (unsigned long long)offsets[i]);
  }
  words[2] = 16;
  cr_assert(shareable__layout_slot(&layout, 0, &slot));
  cr_assert(shareable__layout_slot(&layout, 1, &slot));
}

Test(layout, rejects_an_offset_that_leaves_the_data_area_later) {
  shareable__layout layout = two_items();
  shareable__slot slot;

  words[3] = 1 << 30;
  cr_assert(shareable__layout_slot(&layout, 0, &slot));
  cr_assert_not(shareable__layout_slot(&layout, 1, &slot));
}
