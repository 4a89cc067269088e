/*
 * dict_error.c - the error messages of operations on a dict.
 */
#include "base/error.h"
#include "base/quote.h"
#include "dict/dict.h"

/* The longest part of a key in a message, in bytes. */
#define QUOTE_MAX 80

/* Writes "key 'x'", "key b'x'", or "a key" if there is none. */
static void quote_key(char *out, size_t capacity, const shareable_value *key) {
  size_t length;

  if (key == NULL || !shareable__is_text(key->type) || (key->text == NULL && key->length > 0)) {
    snprintf(out, capacity, "a key");
    return;
  }
  length = (size_t)snprintf(out, capacity, "key %s'", key->type == SHAREABLE_TYPE_BYTES ? "b" : "");
  length += shareable__quote(out + length, capacity - length - 2, key->text, (size_t)key->length, QUOTE_MAX);
  snprintf(out + length, capacity - length, "'");
}

static const char *type_name(const shareable_dict *dict, const shareable_value *key) {
  static const char *const names[] = {"None", "an int", "a float", "a bool", "a str", "bytes"};
  shareable_value value = shareable_none();
  shareable_status status = shareable_dict_get(dict, key, &value, NULL, 0);

  return status == SHAREABLE_OK || status == SHAREABLE_E_BUFFER ? names[value.type] : "something else";
}

static shareable_status explain_key(const char *name, const shareable_dict *dict, const shareable_value *key,
                                    shareable_error *error) {
  if (key == NULL)
    return shareable__error_set(
      error, SHAREABLE_E_KEY, 0,
      "a key does not fit in dict '%s', whose keys have 1 to %zu bytes: create a dict with longer keys", name,
      shareable_dict_key_size(dict));
  if (!shareable__is_text(key->type))
    return shareable__error_set(error, SHAREABLE_E_KEY, 0, "a key of dict '%s' must be a str or bytes", name);
  if (key->length > shareable_dict_key_size(dict))
    return shareable__error_set(error, SHAREABLE_E_KEY, 0,
                                "a key of %zu bytes is too long for dict '%s', whose keys have at most %zu bytes",
                                (size_t)key->length, name, shareable_dict_key_size(dict));
  return shareable__error_set(error, SHAREABLE_E_KEY, 0, "a key of dict '%s' must not be empty or end in a NUL", name);
}

/* Explains an error that is about the dict, not about a key. Returns false if it is not one of these. */
static bool explain_dict(const char *name, const shareable_dict *dict, shareable_status status,
                         shareable_error *error) {
  switch (status) {
  case SHAREABLE_E_CLOSED:
    shareable__error_set(error, status, 0, "dict '%s' is closed: open it again", name);
    return true;
  case SHAREABLE_E_READ_ONLY:
    shareable__error_set(error, status, 0, "dict '%s' is attached read-only: open it for writing", name);
    return true;
  case SHAREABLE_E_FULL:
    shareable__error_set(
      error, status, 0,
      "dict '%s' is full: all %zu places have a key: delete keys, or copy them to a dict with more places", name,
      shareable_dict_places(dict));
    return true;
  default:
    return false;
  }
}

shareable_status shareable_dict_explain(const shareable_dict *dict, const shareable_value *key, shareable_status status,
                                        shareable_error *error) {
  const char *name = dict == NULL ? "" : dict->list->memory->name;
  char quoted[QUOTE_MAX + 20];

  if (explain_dict(name, dict, status, error))
    return status;
  quote_key(quoted, sizeof quoted, key);
  switch (status) {
  case SHAREABLE_E_KEY:
    return explain_key(name, dict, key, error);
  case SHAREABLE_E_NO_KEY:
    return shareable__error_set(error, status, 0, "%s is not in dict '%s'", quoted, name);
  case SHAREABLE_E_KEY_EXISTS:
    return shareable__error_set(error, status, 0, "%s is in dict '%s' already", quoted, name);
  case SHAREABLE_E_TYPE:
    return shareable__error_set(error, status, 0, "the value of %s of dict '%s' is %s", quoted, name,
                                type_name(dict, key));
  case SHAREABLE_E_CAPACITY:
    return shareable__error_set(
      error, status, 0,
      "the value of %s exceeds the storage of dict '%s', whose values have at most %zu bytes: "
      "copy the keys to a dict with longer values",
      quoted, name, shareable_dict_value_size(dict));
  case SHAREABLE_E_TOO_LONG:
    return shareable__error_set(error, status, 0,
                                "the value of %s of dict '%s': a text that ends in a NUL may have at most %d bytes",
                                quoted, name, SHAREABLE_TEXT_NUL_MAX);
  case SHAREABLE_E_BUSY:
    return shareable__error_set(
      error, status, 0, "%s of dict '%s' is held by another writer, which may be stopped: try again", quoted, name);
  case SHAREABLE_E_TIMED_OUT:
    return shareable__error_set(
      error, status, 0,
      "dict '%s', %s: timed out: another process has the lock of the dict or of the value, or, "
      "in a wait, nothing changed: try again",
      name, quoted);
  default:
    return shareable__error_set(error, status, 0, "dict '%s', %s: %s", name, quoted, shareable_status_message(status));
  }
}
