/*
 * list_error.c - the error messages of operations on a list.
 */
#include <inttypes.h>

#include "base/error.h"
#include "list/list.h"

/* Why a handle may fail to register as a writer. A fork's child registers at its first write. */
#define CANNOT_REGISTER                                                                                                \
  "cannot open the block again to register as a writer: this process has too many files open, or may no longer open "  \
  "it (another user, another root directory, another mode), or it was unlinked and /proc is not mounted"

/* Why a function of a watch may fail with the same status. */
#define CANNOT_START_THREAD                                                                                            \
  "; or, for a watch, cannot start a thread: raise the limit of processes and threads (ulimit -u, pids.max)"

static const char *type_name(const shareable_list *list, int64_t index) {
  static const char *const names[] = {"None", "an int", "a float", "a bool", "a str", "bytes"};
  shareable_type type;

  return shareable_list_type(list, index, &type) == SHAREABLE_OK ? names[type] : "something else";
}

shareable_status shareable_list_explain_item(const shareable_list *list, int64_t index, shareable_status status,
                                             shareable_error *error) {
  const char *name = list == NULL ? "" : list->memory->name;
  size_t capacity = 0;

  switch (status) {
  case SHAREABLE_E_CLOSED:
    return shareable__error_set(error, status, 0, "list '%s' is closed: open it again", name);
  case SHAREABLE_E_READ_ONLY:
    return shareable__error_set(error, status, 0, "list '%s' is attached read-only", name);
  case SHAREABLE_E_INDEX:
    return shareable__error_set(error, status, 0, "index %" PRId64 " out of range: list '%s' has %zu %s", index, name,
                                shareable_list_length(list), shareable_list_length(list) == 1 ? "item" : "items");
  case SHAREABLE_E_TYPE:
    return shareable__error_set(error, status, 0, "item %" PRId64 " of list '%s' is %s", index, name,
                                type_name(list, index));
  case SHAREABLE_E_KEY_ITEM:
    return shareable__error_set(error, status, 0,
                                "item %" PRId64 " of list '%s' is a key of a dict: open the dict to change its keys",
                                index, name);
  case SHAREABLE_E_CAPACITY:
    shareable_list_capacity(list, index, &capacity);
    return shareable__error_set(
      error, status, 0, "item %" PRId64 " of list '%s' exceeds available storage: it has room for %zu bytes of text",
      index, name, capacity);
  case SHAREABLE_E_TOO_LONG:
    return shareable__error_set(error, status, 0,
                                "item %" PRId64 " of list '%s': a text that ends in a NUL may have at most %d bytes",
                                index, name, SHAREABLE_TEXT_NUL_MAX);
  case SHAREABLE_E_SYSTEM:
    return shareable__error_set(error, status, 0, "item %" PRId64 " of list '%s': " CANNOT_REGISTER CANNOT_START_THREAD,
                                index, name);
  case SHAREABLE_E_NOT_READY:
    return shareable__error_set(
      error, status, 0,
      "item %" PRId64 " of list '%s' is not ready: its creator has not finished writing it, try again", index, name);
  case SHAREABLE_E_BUSY:
    return shareable__error_set(error, status, 0, "item %" PRId64 " of list '%s' is held by another writer", index,
                                name);
  case SHAREABLE_E_TIMED_OUT:
    return shareable__error_set(error, status, 0, "item %" PRId64 " of list '%s' did not change before the timeout",
                                index, name);
  case SHAREABLE_E_ABSENT:
    return shareable__error_set(error, status, 0, "the value is not in list '%s'", name);
  case SHAREABLE_E_NO_SYNC:
  case SHAREABLE_E_NOT_LOCKED: /* errors of the list, not of an item */
    return shareable_list_explain(list, status, error);
  default:
    return shareable__error_set(error, status, 0, "item %" PRId64 " of list '%s': %s", index, name,
                                shareable_status_message(status));
  }
}

shareable_status shareable_list_explain(const shareable_list *list, shareable_status status, shareable_error *error) {
  const char *name = list == NULL ? "" : list->memory->name;

  switch (status) {
  case SHAREABLE_E_CLOSED:
  case SHAREABLE_E_READ_ONLY:
    return shareable_list_explain_item(list, 0, status, error);
  case SHAREABLE_E_TIMED_OUT:
    return shareable__error_set(error, status, 0, "list '%s' was not unlocked, or did not change, before the timeout",
                                name);
  case SHAREABLE_E_SYSTEM:
    return shareable__error_set(error, status, 0, "list '%s': " CANNOT_REGISTER CANNOT_START_THREAD, name);
  case SHAREABLE_E_NOT_READY:
    return shareable__error_set(error, status, 0,
                                "list '%s' is not ready: its creator has not finished writing it, try again", name);
  default:
    return shareable__error_set(error, status, 0, "list '%s': %s", name, shareable_status_message(status));
  }
}
