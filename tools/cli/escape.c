/*
 * escape.c - text from outside the program, made safe to show: on a terminal, and in JSON.
 */
#include "escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "cli.h"

void cli_text_reserve(cli_text *to, size_t size) {
  if (size <= to->size)
    return;
  to->bytes = cli_allocate(to->bytes, size * 2, 1);
  to->size = size * 2;
}

void cli_text_clear(cli_text *to) {
  cli_text_reserve(to, 1);
  to->bytes[0] = '\0';
  to->length = 0;
}

void cli_text_add(cli_text *to, const char *bytes, size_t length) {
  cli_text_reserve(to, to->length + length + 1);
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
  to->bytes[to->length] = '\0';
}

static bool is_ascii_only;

void cli_escape_to_ascii(bool is_ascii) {
  is_ascii_only = is_ascii;
}

/* Control, format and surrogate characters, line and paragraph separators, and whatever else is invisible. */
static bool is_shown(ucs4_t character) {
  const uint32_t hidden =
    UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

  if (is_ascii_only && character > '~')
    return false;
  return !uc_is_general_category_withtable(character, hidden) &&
         !uc_is_property(character, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT) &&
         !uc_is_property(character, UC_PROPERTY_NOT_A_CHARACTER);
}

/* How many bytes from the start can be shown as they are. */
static size_t count_plain(const char *bytes, size_t length) {
  size_t i = 0;

  while (i < length && bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '\\' && bytes[i] != '"')
    i++;
  return i;
}

/* Decodes one character; false if the byte there begins none, and `*size` is 1. */
static bool decode(const char *bytes, size_t length, ucs4_t *character, size_t *size) {
  int taken = u8_mbtoucr(character, (const uint8_t *)bytes, length);

  *size = taken > 0 ? (size_t)taken : 1;
  return taken > 0;
}

static void add_hexadecimal(cli_text *to, const char *bytes, size_t length) {
  char hexadecimal[sizeof "\\xHH"];

  for (size_t i = 0; i < length; i++) {
    snprintf(hexadecimal, sizeof hexadecimal, "\\x%02x", (unsigned char)bytes[i]);
    cli_text_add(to, hexadecimal, 4);
  }
}

void cli_escape(cli_text *to, const char *bytes, size_t length) {
  ucs4_t character;
  size_t size;

  cli_text_reserve(to, to->length + length + 1);
  to->bytes[to->length] = '\0';
  for (size_t i = 0; i < length; i += size) {
    if ((size = count_plain(bytes + i, length - i)) > 0)
      cli_text_add(to, bytes + i, size);
    else if (decode(bytes + i, length - i, &character, &size) && character != '\\' && is_shown(character))
      cli_text_add(to, bytes + i, size);
    else
      add_hexadecimal(to, bytes + i, size);
  }
}

char *cli_escaped(const char *text) {
  cli_text escaped = {0};

  cli_escape(&escaped, text, strlen(text));
  return escaped.bytes;
}

/* As one \uHHHH, or as two: the surrogates of UTF-16. */
static void add_json_character(cli_text *to, ucs4_t character) {
  static const char *const shorts[] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
  char code[sizeof "\\uHHHH\\uLLLL"];

  if (character < sizeof shorts / sizeof *shorts && shorts[character] != NULL)
    snprintf(code, sizeof code, "%s", shorts[character]);
  else if (character < 0x10000)
    snprintf(code, sizeof code, "\\u%04x", (unsigned)character & 0xffff);
  else
    snprintf(code, sizeof code, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (character >> 10)) & 0xffff,
             (unsigned)(0xdc00 + (character & 0x3ff)) & 0xffff);
  cli_text_add(to, code, strlen(code));
}

void cli_escape_json(cli_text *to, const char *bytes, size_t length) {
  ucs4_t character;
  size_t size;

  cli_text_add(to, "\"", 1);
  for (size_t i = 0; i < length; i += size) {
    if ((size = count_plain(bytes + i, length - i)) > 0)
      cli_text_add(to, bytes + i, size);
    else if (!decode(bytes + i, length - i, &character, &size))
      add_json_character(to, 0xdc00 + (unsigned char)bytes[i]);
    else if (character == '\\' || character == '"' || !is_shown(character))
      add_json_character(to, character);
    else
      cli_text_add(to, bytes + i, size);
  }
  cli_text_add(to, "\"", 1);
}
