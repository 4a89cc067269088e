/*
 * address.h - the address of a manager: as text, as a socket address, and as the value that CPython
 * pickles.
 *
 * The text is "/path", which contains a '/' anywhere; "@name", an abstract socket, which is not a
 * file; or "host:port". The host is an IPv4 address or "localhost".
 */
#ifndef SHAREABLE__ADDRESS_H
#define SHAREABLE__ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol/pyvalue.h"

/* The maximum size of the text, with its NUL. */
#define SHAREABLE__ADDRESS_TEXT 112

typedef struct shareable__address {
  socklen_t length;
  union {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in internet;
  };
} shareable__address;

/* Returns false if the text is not an address. */
bool shareable__address_parse(shareable__address *address, const char *text);

/*
 * Writes the text. Returns false if the address has no text form: an abstract name that contains a
 * NUL or is empty.
 */
bool shareable__address_format(const shareable__address *address, char text[SHAREABLE__ADDRESS_TEXT]);

/* Returns the path of the socket's file, or NULL if the socket has no file. */
const char *shareable__address_path(const shareable__address *address);

/*
 * Makes the value to pickle: a str, bytes that begin with a NUL, or (host, port). The value refers
 * to `address` and `host`, which must outlive it. Returns 0 if the arena is full.
 */
uint32_t shareable__address_to_pyvalue(const shareable__address *address, shareable__pyvalue_arena *arena,
                                       char host[INET_ADDRSTRLEN]);

/* Reads an address from a value. Returns false if the value is not an address. */
bool shareable__address_from_pyvalue(shareable__address *address, const shareable__pyvalue_arena *arena, uint32_t root);

#endif
