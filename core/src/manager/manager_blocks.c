/*
 * manager_blocks.c - adds blocks to a manager, removes them, and lists their names.
 */
#include "base/error.h"
#include "list/list.h"
#include "manager/manager_call.h"
#include "shm/memory.h"
#include "shm/name.h"

static shareable_status call_with_name(shareable_manager *manager, const char *method, const char *name,
                                       shareable_error *error) {
  const char *normalized = shareable__name_normalize(name);

  if (normalized == NULL || !shareable__is_utf8(normalized, strlen(normalized)))
    return shareable__fail(error, SHAREABLE_E_NAME, 0, "%s, and a manager accepts only UTF-8",
                           shareable_status_message(SHAREABLE_E_NAME));
  return shareable__manager_call(manager, method, normalized, NULL, NULL, error);
}

shareable_status shareable_manager_track(shareable_manager *manager, const char *name, shareable_error *error) {
  return call_with_name(manager, "track_segment", name, error);
}

shareable_status shareable_manager_release(shareable_manager *manager, const char *name, shareable_error *error) {
  return call_with_name(manager, "release_segment", name, error);
}

static shareable_status check_arguments(const shareable_manager *manager, const void *result, shareable_error *error) {
  if (manager != NULL && result != NULL)
    return SHAREABLE_OK;
  return shareable__fail(error, manager == NULL ? SHAREABLE_E_CLOSED : SHAREABLE_E_ARGUMENT, 0,
                         manager == NULL ? "the handle is NULL" : "the pointer for the result is NULL");
}

shareable_status shareable_manager_adopt(shareable_manager *manager, shareable_memory *memory, shareable_error *error) {
  shareable_status status;

  if (memory == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the handle of the block is NULL");
  status = shareable_manager_track(manager, shareable_memory_name(memory), error);
  if (status == SHAREABLE_OK)
    shareable__owner_release(&memory->ownership);
  return status;
}

/*
 * A new block belongs to this process until the manager has it, so that the block is removed if
 * this process is killed in between. If the manager does not take the block, unlinks it.
 */
static shareable_status adopt_new(shareable_manager *manager, shareable_memory *memory, shareable_error *error) {
  shareable_status status = shareable_manager_adopt(manager, memory, error);

  if (status != SHAREABLE_OK)
    shareable_memory_unlink(memory, NULL);
  return status;
}

shareable_status shareable_manager_create_memory(shareable_manager *manager, shareable_memory **result, uint64_t size,
                                                 shareable_error *error) {
  shareable_status status = check_arguments(manager, result, error);
  shareable_memory *memory;

  if (status == SHAREABLE_OK)
    status = shareable_memory_create(&memory, NULL, size, SHAREABLE_OWNED, 0, error);
  if (status != SHAREABLE_OK)
    return status;
  status = adopt_new(manager, memory, error);
  if (status == SHAREABLE_OK)
    *result = memory;
  else
    shareable_memory_unref(memory);
  return status;
}

shareable_status shareable_manager_create_list(shareable_manager *manager, shareable_list **result,
                                               const shareable_value *values, size_t count, uint32_t flags,
                                               shareable_error *error) {
  shareable_status status = check_arguments(manager, result, error);
  shareable_list *list;

  if (status == SHAREABLE_OK)
    status = shareable_list_create(&list, NULL, values, count, flags | SHAREABLE_OWNED, 0, error);
  if (status != SHAREABLE_OK)
    return status;
  status = adopt_new(manager, shareable_list_memory(list), error);
  if (status == SHAREABLE_OK)
    *result = list;
  else
    shareable_list_unref(list);
  return status;
}

/* The caller's buffer, and the length of all names, which may exceed it. */
typedef struct names {
  char *buffer;
  size_t size, length;
} names;

static shareable_status copy_names(const shareable__pyvalue_arena *arena, const shareable__pyvalue *value,
                                   void *context, shareable_error *error) {
  names *out = context;

  if (value->type != SHAREABLE__PY_LIST)
    return shareable__fail(error, SHAREABLE_E_PROTOCOL, 0, "the reply of the manager is not a list of names");
  for (uint32_t i = value->first; i != 0; i = arena->nodes[i].next) {
    const shareable__pyvalue *name = &arena->nodes[i];

    if (name->type != SHAREABLE__PY_STR)
      return shareable__fail(error, SHAREABLE_E_PROTOCOL, 0, "the reply of the manager has a name that is not a str");
    if (out->length < out->size && name->length < out->size - out->length) {
      memcpy(out->buffer + out->length, name->text, name->length);
      out->buffer[out->length + name->length] = '\0';
    }
    out->length += name->length + 1;
  }
  if (out->length > out->size)
    return shareable__fail(error, SHAREABLE_E_BUFFER, 0, "the names need %zu bytes: the buffer has %zu", out->length,
                           out->size);
  return SHAREABLE_OK;
}

shareable_status shareable_manager_names(shareable_manager *manager, char *buffer, size_t size, size_t *length,
                                         shareable_error *error) {
  names out = {buffer, size, 0};
  shareable_status status;

  if (buffer == NULL && size > 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the buffer is NULL, its size is %zu", size);
  status = shareable__manager_call(manager, "list_segments", NULL, copy_names, &out, error);
  if (length != NULL && (status == SHAREABLE_OK || status == SHAREABLE_E_BUFFER))
    *length = out.length;
  return status;
}
