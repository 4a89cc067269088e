/*
 * address.h - where a manager is: as text, as the system has it, and as CPython pickles it.
 *
 * The text is "/path", with a '/' anywhere; "@name", a name of the kernel's that is no file; or "host:port", with a host that
 * is an IPv4 address or "localhost".
 */
#ifndef SHAREABLE__ADDRESS_H
#define SHAREABLE__ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol/pyvalue.h"

/* The longest text of an address, with its NUL. */
#define SHAREABLE__ADDRESS_TEXT 112

typedef struct shareable__address {
  socklen_t length;
  union {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in internet;
  };
} shareable__address;

/* False where the text is no address. */
bool shareable__address_read(shareable__address *address, const char *text);

/* False where it has no text: a kernel's name with a NUL in it. */
bool shareable__address_write(const shareable__address *address, char text[SHAREABLE__ADDRESS_TEXT]);

/* The path of the socket's file, or NULL where it has none. */
const char *shareable__address_path(const shareable__address *address);

/* As a value to pickle: a str, bytes with a NUL in front, or (host, port). It uses `host`. 0: the array is too small. */
uint32_t shareable__address_to_pyvalue(const shareable__address *address, shareable__pyvalue_arena *in,
                                       char host[INET_ADDRSTRLEN]);
bool shareable__address_from_pyvalue(shareable__address *address, const shareable__pyvalue_arena *in, uint32_t root);

#endif
