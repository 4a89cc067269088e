/*
 * dispatch.c - the methods of the manager: a request in, a reply out.
 *
 * An error reply is the line that would end the traceback of a CPython manager.
 */
#include "dispatch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/quote.h"
#include "log.h"
#include "protocol/message.h"
#include "shm/name.h"

/* A valid request has eight nodes. More are decoded only to report what is wrong. */
#define REQUEST_NODES 1000
/* Nodes of a reply besides the names. */
#define REPLY_NODES 8

struct call {
  block_registry *blocks;
  shareable__pyvalue_arena request_arena, reply_arena;
  shareable__request request;
  dispatch_after after;
  char error[800]; /* the error reply; "": the reply is a value */
};

/* Quotes and escapes a text, similar to Python's repr(), and shortens it to 255 bytes. */
static const char *repr_bytes(const char *text, size_t size, char quoted[300]) {
  size_t length = shareable__quote(quoted + 1, 298, text, size, 255);

  quoted[0] = quoted[length + 1] = '\'';
  quoted[length + 2] = '\0';
  return quoted;
}

static const char *repr(const shareable__pyvalue *text, char quoted[300]) {
  return repr_bytes(text->text, text->length, quoted);
}

__attribute__((format(printf, 2, 3))) static uint32_t error_reply(struct call *call, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(call->error, sizeof call->error, format, arguments);
  va_end(arguments);
  return 0;
}

static uint32_t return_none(struct call *call) {
  return shareable__pyvalue_none(&call->reply_arena);
}

/* Returns the only argument, positional or by keyword, or NULL if it is not one str. */
static const shareable__pyvalue *only_argument(const struct call *call) {
  const shareable__pyvalue *nodes = call->request_arena.nodes, *args = call->request.args, *kwds = call->request.kwds,
                           *name;

  if (args->length + kwds->length / 2 != 1)
    return NULL;
  if (args->length == 0 && !shareable__pyvalue_is_text(&nodes[kwds->first], "segment_name"))
    return NULL;
  name = args->length == 1 ? &nodes[args->first] : &nodes[nodes[kwds->first].next];
  return name->type == SHAREABLE__PY_STR ? name : NULL;
}

/*
 * Gets the name of the block from the request, without a leading '/'. Returns false after
 * error_reply().
 */
static bool get_name(struct call *call, char name[SHAREABLE__NAME_MAX + 1]) {
  const shareable__pyvalue *text = only_argument(call);
  char given[SHAREABLE__NAME_MAX + 2], method[300];
  const char *normalized = NULL;

  if (text == NULL) {
    error_reply(call, "TypeError: %s() takes one str argument, segment_name\n", repr(call->request.method, method));
    return false;
  }
  if (text->length < sizeof given && memchr(text->text, '\0', text->length) == NULL) {
    memcpy(given, text->text, text->length);
    given[text->length] = '\0';
    normalized = shareable__name_normalize(given);
  }
  if (normalized == NULL)
    error_reply(call, "ValueError: %s\n", shareable_status_message(SHAREABLE_E_NAME));
  else
    strcpy(name, normalized);
  return normalized != NULL;
}

static uint32_t track(struct call *call) {
  char name[SHAREABLE__NAME_MAX + 1];

  if (!get_name(call, name))
    return 0;
  return block_registry_add(call->blocks, name)
           ? return_none(call)
           : error_reply(call, "MemoryError: the manager has no memory for another name, or has %d already\n",
                         BLOCK_REGISTRY_MAX);
}

static uint32_t fail_not_found(struct call *call, const char *name) {
  char path[SHAREABLE__NAME_MAX + 2], quoted[300];
  int length = snprintf(path, sizeof path, "/%s", name);

  return error_reply(call, "FileNotFoundError: [Errno 2] No such file or directory: %s\n",
                     repr_bytes(path, (size_t)length, quoted));
}

static uint32_t release(struct call *call) {
  char name[SHAREABLE__NAME_MAX + 1];
  shareable_error error;
  shareable_status status;

  if (!get_name(call, name))
    return 0;
  status = block_registry_release(call->blocks, name, &error);
  if (status == SHAREABLE_OK)
    return return_none(call);
  if (status == SHAREABLE_E_ABSENT)
    return error_reply(call, "ValueError: list.remove(x): x not in list\n");
  if (status == SHAREABLE_E_NOT_FOUND)
    return fail_not_found(call, name);
  return error_reply(call, "OSError: %s\n", error.message);
}

static uint32_t list(struct call *call) {
  uint32_t names = shareable__pyvalue_container(&call->reply_arena, SHAREABLE__PY_LIST);

  for (size_t i = 0; i < call->blocks->count; i++) {
    const char *name = call->blocks->names[i].name;

    shareable__pyvalue_append(&call->reply_arena, names,
                              shareable__pyvalue_text(&call->reply_arena, SHAREABLE__PY_STR, name, strlen(name)));
  }
  return names;
}

/* The number of objects that proxies refer to: this manager has none. */
static uint32_t number_of_objects(struct call *call) {
  return shareable__pyvalue_int(&call->reply_arena, 0);
}

static uint32_t debug_info(struct call *call) {
  return shareable__pyvalue_text(&call->reply_arena, SHAREABLE__PY_STR, "", 0);
}

static uint32_t shut_down(struct call *call) {
  block_registry_clear(call->blocks);
  call->after = AFTER_SHUTDOWN;
  return return_none(call);
}

static uint32_t keep_connection(struct call *call) {
  call->after = AFTER_KEEPALIVE;
  return return_none(call);
}

static uint32_t accept_connection(struct call *call) {
  call->after = AFTER_PROXY;
  return return_none(call);
}

/* This manager has no registered types and no shared objects. */
static uint32_t unknown_object(struct call *call) {
  const shareable__pyvalue *first = &call->request_arena.nodes[call->request.args->first];
  char quoted[300] = "''";

  if (call->request.args->length > 0 && first->type == SHAREABLE__PY_STR)
    repr(first, quoted);
  return error_reply(call, "KeyError: %s\n", quoted);
}

typedef struct method {
  const char *name;
  uint32_t (*run)(struct call *call);
} method;

static const method methods[] = {{"dummy", return_none},
                                 {"track_segment", track},
                                 {"release_segment", release},
                                 {"list_segments", list},
                                 {"number_of_objects", number_of_objects},
                                 {"debug_info", debug_info},
                                 {"shutdown", shut_down},
                                 {"keep_connection", keep_connection},
                                 {"accept_connection", accept_connection},
                                 {"create", unknown_object},
                                 {"get_methods", unknown_object},
                                 {"incref", unknown_object},
                                 {"decref", unknown_object}};

static uint32_t call_method(struct call *call) {
  char quoted[300];

  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (shareable__pyvalue_is_text(call->request.method, methods[i].name))
      return methods[i].run(call);
  return error_reply(call, "AssertionError: %s unrecognized\n", repr(call->request.method, quoted));
}

static uint32_t call_proxy(struct call *call) {
  char quoted[300] = "None";

  call->after = AFTER_PROXY;
  if (call->request.ident->type == SHAREABLE__PY_STR)
    repr(call->request.ident, quoted);
  return error_reply(call, "KeyError: %s\n", quoted);
}

static bool parse_request(struct call *call, const void *message, size_t length) {
  shareable__pickle_result result;
  uint32_t root;
  size_t bad_offset;

  result = shareable__pickle_decode(&call->request_arena, message, length, &root, &bad_offset);
  if (result != SHAREABLE__PICKLE_OK)
    error_reply(call, "UnpicklingError: byte %zu of the request is invalid\n", bad_offset);
  else if (!shareable__request_parse(&call->request_arena, root, &call->request))
    error_reply(call, "ValueError: the request is not a tuple (None or str, str, tuple, dict)\n");
  else
    return true;
  call->after = AFTER_CLOSE;
  return false;
}

/* The request is authenticated. */
static void log_request(const struct call *call) {
  const shareable__pyvalue *name = only_argument(call);
  char called[300], argument[300] = "";
  int length = (int)strcspn(call->error, "\n");

  if (log_current_level() < LOG_LEVEL_DEBUG)
    return;
  if (name != NULL)
    repr(name, argument);
  log_event(LOG_DEBUG, "request %s%s%s%s%.*s", repr(call->request.method, called), name == NULL ? "" : " ", argument,
            length == 0 ? "" : ": ", length, call->error);
}

static uint32_t reply(struct call *call, bool is_proxy, const void *message, size_t length) {
  uint32_t value = 0;

  if (parse_request(call, message, length))
    value = is_proxy ? call_proxy(call) : call_method(call);
  if (call->after != AFTER_CLOSE)
    log_request(call);
  if (call->error[0] == '\0')
    return shareable__reply_build(&call->reply_arena, SHAREABLE__RETURN, value);
  call->reply_arena.used = 1;
  value = shareable__pyvalue_text(&call->reply_arena, SHAREABLE__PY_STR, call->error, strlen(call->error));
  return shareable__reply_build(&call->reply_arena, SHAREABLE__TRACEBACK, value);
}

static void encode_frame(const struct call *call, uint32_t root, unsigned char **frame, size_t *size) {
  *size = shareable__frame_encode(&call->reply_arena, root, NULL, 0);
  *frame = malloc(*size);
  if (*frame != NULL)
    shareable__frame_encode(&call->reply_arena, root, *frame, *size);
}

dispatch_after dispatch_request(block_registry *blocks, bool is_proxy, const void *message, size_t length,
                                unsigned char **frame, size_t *size) {
  shareable__pyvalue nodes[REQUEST_NODES];
  uint32_t reply_nodes = (uint32_t)blocks->count + REPLY_NODES;
  struct call call = {.blocks = blocks, .request_arena = shareable__pyvalue_arena_init(nodes, REQUEST_NODES)};

  *frame = NULL;
  call.reply_arena =
    shareable__pyvalue_arena_init(reallocarray(NULL, reply_nodes, sizeof(shareable__pyvalue)), reply_nodes);
  if (call.reply_arena.nodes == NULL)
    return AFTER_CLOSE;
  encode_frame(&call, reply(&call, is_proxy, message, length), frame, size);
  free(call.reply_arena.nodes);
  return call.after;
}
