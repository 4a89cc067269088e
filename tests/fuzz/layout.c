/*
 * layout.c - reads arbitrary bytes on the heap as a list: the positions and the values of its items.
 */
#include "format/item.h"
#include "fuzz.h"

static void try_slot(const shareable__slot *slot, const uint8_t *base, size_t size) {
  const shareable_value values[] = {shareable_int(0), shareable_float(1.5),  shareable_bool(1),
                                    shareable_none(), shareable_str("text"), shareable_bytes("b", 1)};
  char format[8], small[8], *text = malloc(slot->size);
  shareable_value value;
  shareable__item_info info;
  bool equal;

  need(text != NULL);
  need(slot->data >= base && slot->size >= 8 && slot->size % 8 == 0 && slot->data + slot->size <= base + size);
  need(slot->format + 8 <= base + size && slot->code < base + size);
  need(shareable__item_format(slot, format) <= 8);
  if (shareable__item_inspect(slot, &info))
    need(info.length <= slot->size);
  if (shareable__item_read(slot, &value, text, slot->size) == SHAREABLE_OK)
    need(value.type <= SHAREABLE_TYPE_BYTES && (value.type < SHAREABLE_TYPE_STR || value.length <= slot->size));
  shareable__item_read(slot, &value, small, sizeof small);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    shareable__item_equals(slot, &values[i], &equal);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  uint64_t *base = malloc(size + 8);
  shareable__layout layout;
  shareable__slot slot;
  uint64_t last_offset;

  if (base == NULL)
    return 0;
  memcpy(base, bytes, size);
  if (size >= 8 && (last_offset = shareable__layout_last_offset_at(size, base[0])) != 0) {
    need(last_offset + 8 <= size);
    if (shareable__layout_read(&layout, base, size, base[0], base[last_offset / 8]))
      for (size_t i = 0; i < layout.count; i++)
        if (shareable__layout_slot(&layout, i, &slot))
          try_slot(&slot, (const uint8_t *)base, size);
  }
  free(base);
  return 0;
}
