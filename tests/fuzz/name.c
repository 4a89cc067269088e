/*
 * name.c - parses arbitrary bytes as a name, and as the address of a manager.
 */
#include "shm/name.h"
#include "fuzz.h"
#include "protocol/address.h"

static void try_name(const char *text) {
  const char *normalized = shareable__name_normalize(text);

  if (normalized == NULL)
    return;
  need(normalized == text || (normalized == text + 1 && text[0] == '/'));
  need(strlen(normalized) >= 1 && strlen(normalized) <= SHAREABLE__NAME_MAX && strchr(normalized, '/') == NULL);
  need(strcmp(normalized, ".") != 0 && strcmp(normalized, "..") != 0);
  need(shareable__name_normalize(normalized) == normalized);
}

/*
 * The text of an address parses to the same address, except "@", for which the kernel chooses an
 * address.
 */
static void try_address(const char *text) {
  char written[SHAREABLE__ADDRESS_TEXT], again[SHAREABLE__ADDRESS_TEXT];
  shareable__address address, other;

  if (!shareable__address_parse(&address, text) || strcmp(text, "@") == 0)
    return;
  need(shareable__address_format(&address, written));
  need(shareable__address_parse(&other, written));
  need(other.length == address.length && memcmp(&other.any, &address.any, address.length) == 0);
  need(shareable__address_format(&other, again) && strcmp(written, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char *text = malloc(size + 1);

  if (text == NULL)
    return 0;
  memcpy(text, bytes, size);
  text[size] = '\0';
  try_name(text);
  try_address(text);
  free(text);
  return 0;
}
