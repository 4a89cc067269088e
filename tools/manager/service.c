/*
 * service.c - what the manager does when it is asked.
 *
 * What goes wrong is told in the words that a manager of CPython's would end its traceback with.
 */
#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/quote.h"
#include "protocol/message.h"
#include "shm/name.h"

/* A request is eight nodes; of one that is anything else, so many are looked at. */
#define NODES 1000
/* Of a reply, beside the names. */
#define REPLY_NODES 8

typedef struct call {
  registry *blocks;
  shareable__pyvalue_arena in, out;
  shareable__request request;
  service_after after;
  char trouble[800]; /* what to answer in place of a value, where it is not empty */
} call;

/* As much of a text as fits in a sentence, in quotes. */
static const char *quote_bytes(const char *text, size_t size, char quoted[300]) {
  size_t length = shareable__quote(quoted + 1, 298, text, size, 255);

  quoted[0] = quoted[length + 1] = '\'';
  quoted[length + 2] = '\0';
  return quoted;
}

static const char *quote(const shareable__pyvalue *text, char quoted[300]) {
  return quote_bytes(text->text, text->length, quoted);
}

__attribute__((format(printf, 2, 3))) static uint32_t trouble(call *of, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(of->trouble, sizeof of->trouble, format, arguments);
  va_end(arguments);
  return 0;
}

static uint32_t none(call *of) {
  return shareable__pyvalue_none(&of->out);
}

/* The one str that a method takes, by its place or by its name; NULL where it was given something else. */
static const shareable__pyvalue *argument(const call *of) {
  const shareable__pyvalue *nodes = of->in.nodes, *args = of->request.args, *kwds = of->request.kwds, *name;

  if (args->length + kwds->length / 2 != 1)
    return NULL;
  if (args->length == 0 && !shareable__pyvalue_is_text(&nodes[kwds->first], "segment_name"))
    return NULL;
  name = args->length == 1 ? &nodes[args->first] : &nodes[nodes[kwds->first].next];
  return name->type == SHAREABLE__PY_STR ? name : NULL;
}

/* The name of a block that the request has, without a '/' in front. */
static bool name_of(call *of, char name[SHAREABLE__NAME_MAX + 1]) {
  const shareable__pyvalue *text = argument(of);
  char given[SHAREABLE__NAME_MAX + 2], method[300];
  const char *bare = NULL;

  if (text == NULL) {
    trouble(of, "TypeError: %s takes one str, segment_name\n", quote(of->request.method, method));
    return false;
  }
  if (text->length < sizeof given && memchr(text->text, '\0', text->length) == NULL) {
    memcpy(given, text->text, text->length);
    given[text->length] = '\0';
    bare = shareable__name_normalize(given);
  }
  if (bare == NULL)
    trouble(of, "ValueError: %s\n", shareable_status_text(SHAREABLE_E_NAME));
  else
    strcpy(name, bare);
  return bare != NULL;
}

static uint32_t track(call *of) {
  char name[SHAREABLE__NAME_MAX + 1];

  if (!name_of(of, name))
    return 0;
  return registry_add(of->blocks, name) ? none(of) : trouble(of, "MemoryError: no more names are taken\n");
}

static uint32_t fail_not_found(call *of, const char *name) {
  char path[SHAREABLE__NAME_MAX + 2], quoted[300];
  int length = snprintf(path, sizeof path, "/%s", name);

  return trouble(of, "FileNotFoundError: [Errno 2] No such file or directory: %s\n",
                 quote_bytes(path, (size_t)length, quoted));
}

static uint32_t release(call *of) {
  char name[SHAREABLE__NAME_MAX + 1];
  shareable_error error;
  shareable_status status;

  if (!name_of(of, name))
    return 0;
  status = registry_release(of->blocks, name, &error);
  if (status == SHAREABLE_OK)
    return none(of);
  if (status == SHAREABLE_E_ABSENT)
    return trouble(of, "ValueError: list.remove(x): x not in list\n");
  if (status == SHAREABLE_E_NOT_FOUND)
    return fail_not_found(of, name);
  return trouble(of, "OSError: %s\n", error.text);
}

static uint32_t list(call *of) {
  uint32_t names = shareable__pyvalue_container(&of->out, SHAREABLE__PY_LIST);

  for (size_t i = 0; i < of->blocks->count; i++) {
    const char *name = of->blocks->names[i].name;

    shareable__pyvalue_append(&of->out, names,
                              shareable__pyvalue_text(&of->out, SHAREABLE__PY_STR, name, strlen(name)));
  }
  return names;
}

/* Of objects that proxies stand for, of which there are none here. */
static uint32_t number_of_objects(call *of) {
  return shareable__pyvalue_int(&of->out, 0);
}

static uint32_t debug_info(call *of) {
  return shareable__pyvalue_text(&of->out, SHAREABLE__PY_STR, "", 0);
}

static uint32_t shut_down(call *of) {
  registry_clear(of->blocks);
  of->after = SERVICE_OVER;
  return none(of);
}

static uint32_t keep_connection(call *of) {
  of->after = SERVICE_KEEP;
  return none(of);
}

static uint32_t accept_connection(call *of) {
  of->after = SERVICE_PROXY;
  return none(of);
}

/* The type or the object that was asked for. */
static uint32_t unknown(call *of) {
  const shareable__pyvalue *first = &of->in.nodes[of->request.args->first];
  char quoted[300] = "''";

  if (of->request.args->length > 0 && first->type == SHAREABLE__PY_STR)
    quote(first, quoted);
  return trouble(of, "KeyError: %s\n", quoted);
}

typedef struct method {
  const char *name;
  uint32_t (*answer)(call *of);
} method;

static const method methods[] = {{"dummy", none},
                                 {"track_segment", track},
                                 {"release_segment", release},
                                 {"list_segments", list},
                                 {"number_of_objects", number_of_objects},
                                 {"debug_info", debug_info},
                                 {"shutdown", shut_down},
                                 {"keep_connection", keep_connection},
                                 {"accept_connection", accept_connection},
                                 {"create", unknown},
                                 {"get_methods", unknown},
                                 {"incref", unknown},
                                 {"decref", unknown}};

static uint32_t answer_method(call *of) {
  char quoted[300];

  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (shareable__pyvalue_is_text(of->request.method, methods[i].name))
      return methods[i].answer(of);
  return trouble(of, "AssertionError: %s unrecognized\n", quote(of->request.method, quoted));
}

static uint32_t answer_proxy(call *of) {
  char quoted[300] = "None";

  of->after = SERVICE_PROXY;
  if (of->request.ident->type == SHAREABLE__PY_STR)
    quote(of->request.ident, quoted);
  return trouble(of, "KeyError: %s\n", quoted);
}

static bool read_request(call *of, const void *message, size_t length) {
  shareable__pickle_result unpickled;
  uint32_t root;
  size_t at;

  unpickled = shareable__pickle_decode(&of->in, message, length, &root, &at);
  if (unpickled != SHAREABLE__PICKLE_OK)
    trouble(of, "UnpicklingError: byte %zu of the request is not taken\n", at);
  else if (!shareable__request_read(&of->in, root, &of->request))
    trouble(of, "ValueError: a request is (None or a str, a str, a tuple, a dict)\n");
  else
    return true;
  of->after = SERVICE_CLOSE;
  return false;
}

static uint32_t reply(call *of, bool is_proxy, const void *message, size_t length) {
  uint32_t value = 0;

  if (read_request(of, message, length))
    value = is_proxy ? answer_proxy(of) : answer_method(of);
  if (of->trouble[0] == '\0')
    return shareable__reply_make(&of->out, SHAREABLE__RETURN, value);
  of->out.used = 1;
  value = shareable__pyvalue_text(&of->out, SHAREABLE__PY_STR, of->trouble, strlen(of->trouble));
  return shareable__reply_make(&of->out, SHAREABLE__TRACEBACK, value);
}

static void write_frame(const call *of, uint32_t root, unsigned char **frame, size_t *size) {
  *size = shareable__frame(&of->out, root, NULL, 0);
  *frame = malloc(*size);
  if (*frame != NULL)
    shareable__frame(&of->out, root, *frame, *size);
}

service_after service_answer(registry *blocks, bool is_proxy, const void *message, size_t length, unsigned char **frame,
                             size_t *size) {
  shareable__pyvalue nodes[NODES];
  uint32_t room = (uint32_t)blocks->count + REPLY_NODES;
  call of = {.blocks = blocks, .in = shareable__pyvalue_arena_in(nodes, NODES)};

  *frame = NULL;
  of.out = shareable__pyvalue_arena_in(reallocarray(NULL, room, sizeof(shareable__pyvalue)), room);
  if (of.out.nodes == NULL)
    return SERVICE_CLOSE;
  write_frame(&of, reply(&of, is_proxy, message, length), frame, size);
  free(of.out.nodes);
  return of.after;
}
