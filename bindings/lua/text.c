/*
 * text.c - whether a string of Lua, which may have any bytes, is text.
 */
#include "text.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Returns the number of ASCII characters at the beginning. */
static size_t count_ascii(const unsigned char *text, size_t length) {
  size_t count = 0;
  uint64_t eight;

  for (; length - count >= sizeof eight; count += sizeof eight) {
    memcpy(&eight, text + count, sizeof eight);
    if ((eight & HIGH_BITS) != 0)
      break;
  }
  while (count < length && text[count] < 0x80)
    count++;
  return count;
}

/*
 * Returns the length of the character at the beginning, which is not ASCII, or 0 if it is not UTF-8:
 * RFC 3629 allows no longer form than necessary, no surrogates, and nothing beyond U+10FFFF.
 */
static size_t character_length(const unsigned char *text, size_t length) {
  size_t size = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

  if (size > length)
    return 0;
  for (size_t i = 1; i < size; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
      (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
    return 0;
  return size;
}

bool text_is_utf8(const char *text, size_t length) {
  const unsigned char *bytes = (const unsigned char *)text;
  size_t checked = count_ascii(bytes, length);

  while (checked < length) {
    size_t size = character_length(bytes + checked, length - checked);

    if (size == 0)
      return false;
    checked += size;
    checked += count_ascii(bytes + checked, length - checked);
  }
  return true;
}

shareable_value text_value(const char *text, size_t length) {
  return text_is_utf8(text, length) ? shareable_strn(text, length) : shareable_bytes(text, length);
}
