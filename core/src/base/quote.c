/*
 * quote.c - makes untrusted text safe for a message.
 */
#include "base/quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistr.h>

#define ELLIPSIS "\xe2\x80\xa6"

/*
 * The control characters of ASCII and of ISO 8859-1, and those of Unicode that set the direction or
 * end a line.
 */
static bool is_unsafe(ucs4_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f || c == 0x2028 ||
         c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/*
 * Returns the number of bytes of the next character. Sets *is_safe if they may be written
 * unchanged.
 */
static size_t next(const char *text, size_t length, bool *is_safe) {
  ucs4_t c;
  int count = u8_mbtoucr(&c, (const uint8_t *)text, length);

  *is_safe = count > 0 && !is_unsafe(c);
  return count > 0 ? (size_t)count : 1;
}

static void escape(char *out, const char *bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < count; i++, out += 4) {
    unsigned char byte = (unsigned char)bytes[i];

    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[byte >> 4];
    out[3] = digits[byte & 15];
  }
}

size_t shareable__quote(char *out, size_t capacity, const char *text, size_t length, size_t limit) {
  const size_t dots = sizeof ELLIPSIS - 1;
  size_t room = capacity == 0 ? 0 : capacity - 1, used = 0, cut = 0, count;

  if (limit < room)
    room = limit;
  for (size_t offset = 0; offset < length; offset += count) {
    bool is_safe;
    size_t shown;

    count = next(text + offset, length - offset, &is_safe);
    shown = is_safe ? count : 4 * count;
    if (shown > room - used) {
      used = cut + (dots <= room - cut ? dots : 0);
      memcpy(out + cut, ELLIPSIS, used - cut);
      break;
    }
    if (is_safe)
      memcpy(out + used, text + offset, count);
    else
      escape(out + used, text + offset, count);
    used += shown;
    if (used + dots <= room)
      cut = used;
  }
  if (capacity > 0)
    out[used] = '\0';
  return used;
}
