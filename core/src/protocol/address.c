/*
 * address.c - the address of a manager: as text, as a socket address, and as the value that CPython
 * pickles.
 */
#include "protocol/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)
#define PATH_MAX_BYTES (sizeof((struct sockaddr_un *)NULL)->sun_path)

static bool set_local(shareable__address *address, const char *name, size_t length) {
  bool is_file = length > 0 && name[0] != '\0';

  if (length + is_file > PATH_MAX_BYTES || (is_file && memchr(name, '\0', length) != NULL))
    return false;
  address->local.sun_family = AF_UNIX;
  memcpy(address->local.sun_path, name, length);
  address->length = (socklen_t)(PATH_OFFSET + length + is_file);
  return true;
}

static bool set_abstract(shareable__address *address, const char *name) {
  char path[PATH_MAX_BYTES] = "";
  size_t length = strlen(name);

  if (length >= sizeof path)
    return false;
  memcpy(path + 1, name, length); /* NOLINT(bugprone-not-null-terminated-result): a length, no NUL */
  return set_local(address, path, length == 0 ? 0 : length + 1);
}

static bool set_internet(shareable__address *address, const char *host, int64_t port) {
  if (port < 0 || port > UINT16_MAX)
    return false;
  address->internet.sin_family = AF_INET;
  address->internet.sin_port = htons((uint16_t)port);
  address->length = sizeof address->internet;
  if (strcmp(host, "localhost") == 0)
    host = "127.0.0.1";
  return inet_pton(AF_INET, host[0] == '\0' ? "0.0.0.0" : host, &address->internet.sin_addr) == 1;
}

/* Parses one to five digits. Returns -1 if the text is something else. */
static int64_t parse_port(const char *text) {
  int64_t port = 0;

  if (strlen(text) == 0 || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
    return -1;
  while (*text != '\0')
    port = 10 * port + *text++ - '0';
  return port;
}

bool shareable__address_parse(shareable__address *address, const char *text) {
  char host[SHAREABLE__ADDRESS_TEXT];
  const char *colon = strrchr(text, ':');

  memset(address, 0, sizeof *address);
  if (strchr(text, '/') != NULL)
    return set_local(address, text, strlen(text));
  if (text[0] == '@')
    return set_abstract(address, text + 1);
  if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof host)
    return false;
  memcpy(host, text, (size_t)(colon - text));
  host[colon - text] = '\0';
  return set_internet(address, host, parse_port(colon + 1));
}

const char *shareable__address_path(const shareable__address *address) {
  bool is_file =
    address->any.sa_family == AF_UNIX && address->length > PATH_OFFSET && address->local.sun_path[0] != '\0';

  return is_file ? address->local.sun_path : NULL;
}

static const char *format_host(const shareable__address *address, char host[INET_ADDRSTRLEN]) {
  return inet_ntop(AF_INET, &address->internet.sin_addr, host, INET_ADDRSTRLEN);
}

/* Returns the size of a local name, without the NUL of a path. */
static size_t local_length(const shareable__address *address) {
  size_t length = address->length - PATH_OFFSET;

  return shareable__address_path(address) != NULL ? strnlen(address->local.sun_path, length) : length;
}

bool shareable__address_format(const shareable__address *address, char text[SHAREABLE__ADDRESS_TEXT]) {
  char host[INET_ADDRSTRLEN];
  size_t length;

  if (address->any.sa_family == AF_INET)
    return snprintf(text, SHAREABLE__ADDRESS_TEXT, "%s:%d", format_host(address, host),
                    ntohs(address->internet.sin_port)) > 0;
  length = local_length(address);
  memcpy(text, address->local.sun_path, length);
  text[length] = '\0';
  if (shareable__address_path(address) == NULL)
    text[0] = '@';
  return length > 0 && strlen(text) == length;
}

uint32_t shareable__address_to_pyvalue(const shareable__address *address, shareable__pyvalue_arena *arena,
                                       char host[INET_ADDRSTRLEN]) {
  bool is_file = shareable__address_path(address) != NULL;
  uint32_t pair;

  if (address->any.sa_family != AF_INET)
    return shareable__pyvalue_text(arena, is_file ? SHAREABLE__PY_STR : SHAREABLE__PY_BYTES, address->local.sun_path,
                                   local_length(address));
  format_host(address, host);
  pair = shareable__pyvalue_container(arena, SHAREABLE__PY_TUPLE);
  if (!shareable__pyvalue_append(arena, pair, shareable__pyvalue_text(arena, SHAREABLE__PY_STR, host, strlen(host))) ||
      !shareable__pyvalue_append(arena, pair, shareable__pyvalue_int(arena, ntohs(address->internet.sin_port))))
    return 0;
  return pair;
}

static bool set_internet_pair(shareable__address *address, const shareable__pyvalue *host,
                              const shareable__pyvalue *port) {
  char text[SHAREABLE__ADDRESS_TEXT];

  if (host->type != SHAREABLE__PY_STR || host->length >= sizeof text || port->type != SHAREABLE__PY_INT)
    return false;
  memcpy(text, host->text, host->length);
  text[host->length] = '\0';
  return set_internet(address, text, port->integer);
}

bool shareable__address_from_pyvalue(shareable__address *address, const shareable__pyvalue_arena *arena,
                                     uint32_t root) {
  const shareable__pyvalue *node = &arena->nodes[root], *host = &arena->nodes[node->first];

  memset(address, 0, sizeof *address);
  if (node->type == SHAREABLE__PY_TUPLE && node->length == 2)
    return set_internet_pair(address, host, &arena->nodes[host->next]);
  if (node->type != SHAREABLE__PY_STR && node->type != SHAREABLE__PY_BYTES)
    return false;
  return node->length > 0 && set_local(address, node->text, node->length);
}
