/*
 * escape.c - escapes untrusted text for terminals and JSON.
 */
#include "escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "cli.h"

void cli_text_reserve(cli_text *out, size_t size) {
  if (size <= out->size)
    return;
  out->bytes = cli_allocate(out->bytes, size * 2, 1);
  out->size = size * 2;
}

void cli_text_clear(cli_text *out) {
  cli_text_reserve(out, 1);
  out->bytes[0] = '\0';
  out->length = 0;
}

void cli_text_add(cli_text *out, const char *bytes, size_t length) {
  cli_text_reserve(out, out->length + length + 1);
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
  out->bytes[out->length] = '\0';
}

static bool is_ascii_only;

void cli_escape_to_ascii(bool is_ascii) {
  is_ascii_only = is_ascii;
}

/*
 * Returns false for control, format and surrogate characters, for line and paragraph separators,
 * and for all other invisible characters.
 */
static bool is_shown(ucs4_t character) {
  const uint32_t hidden =
    UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

  if (is_ascii_only && character > '~')
    return false;
  return !uc_is_general_category_withtable(character, hidden) &&
         !uc_is_property(character, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT) &&
         !uc_is_property(character, UC_PROPERTY_NOT_A_CHARACTER);
}

/* Returns the number of bytes at the start that need no escape. */
static size_t count_plain(const char *bytes, size_t length) {
  size_t i = 0;

  while (i < length && bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '\\' && bytes[i] != '"')
    i++;
  return i;
}

/* Decodes one character. Returns false, with *size 1, if the bytes are not UTF-8. */
static bool decode(const char *bytes, size_t length, ucs4_t *character, size_t *size) {
  int taken = u8_mbtoucr(character, (const uint8_t *)bytes, length);

  *size = taken > 0 ? (size_t)taken : 1;
  return taken > 0;
}

static void add_hexadecimal(cli_text *out, const char *bytes, size_t length) {
  char hexadecimal[sizeof "\\xHH"];

  for (size_t i = 0; i < length; i++) {
    snprintf(hexadecimal, sizeof hexadecimal, "\\x%02x", (unsigned char)bytes[i]);
    cli_text_add(out, hexadecimal, 4);
  }
}

static void add_escaped(cli_text *out, const char *bytes, size_t length, bool has_escapes) {
  ucs4_t character;
  size_t size;

  cli_text_reserve(out, out->length + length + 1);
  out->bytes[out->length] = '\0';
  for (size_t i = 0; i < length; i += size) {
    if ((size = count_plain(bytes + i, length - i)) > 0)
      cli_text_add(out, bytes + i, size);
    else if (decode(bytes + i, length - i, &character, &size) &&
             (character == '\\' ? has_escapes : is_shown(character)))
      cli_text_add(out, bytes + i, size);
    else
      add_hexadecimal(out, bytes + i, size);
  }
}

void cli_escape(cli_text *out, const char *bytes, size_t length) {
  add_escaped(out, bytes, length, false);
}

void cli_escape_message(cli_text *out, const char *bytes, size_t length) {
  add_escaped(out, bytes, length, true);
}

char *cli_escaped(const char *text) {
  cli_text escaped = {0};

  cli_escape(&escaped, text, strlen(text));
  return escaped.bytes;
}

/* Adds the character as one \uHHHH, or as a UTF-16 surrogate pair. */
static void add_json_character(cli_text *out, ucs4_t character) {
  static const char *const shorts[] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
  char code[sizeof "\\uHHHH\\uLLLL"];

  if (character < sizeof shorts / sizeof *shorts && shorts[character] != NULL)
    snprintf(code, sizeof code, "%s", shorts[character]);
  else if (character < 0x10000)
    snprintf(code, sizeof code, "\\u%04x", (unsigned)character & 0xffff);
  else
    snprintf(code, sizeof code, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (character >> 10)) & 0xffff,
             (unsigned)(0xdc00 + (character & 0x3ff)) & 0xffff);
  cli_text_add(out, code, strlen(code));
}

void cli_escape_json(cli_text *out, const char *bytes, size_t length) {
  ucs4_t character;
  size_t size;

  cli_text_add(out, "\"", 1);
  for (size_t i = 0; i < length; i += size) {
    if ((size = count_plain(bytes + i, length - i)) > 0)
      cli_text_add(out, bytes + i, size);
    else if (!decode(bytes + i, length - i, &character, &size))
      add_json_character(out, 0xdc00 + (unsigned char)bytes[i]);
    else if (character == '\\' || character == '"' || !is_shown(character))
      add_json_character(out, character);
    else
      cli_text_add(out, bytes + i, size);
  }
  cli_text_add(out, "\"", 1);
}
