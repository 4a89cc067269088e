/*
 * message.h - the messages between a manager and its clients ↔ their bytes (protocol.md).
 */
#ifndef SHAREABLE__MESSAGE_H
#define SHAREABLE__MESSAGE_H

#include "protocol/pickle.h"

/* Frames: what stands in front of every message. */

/* The bytes in front of a message of ours, and of any. */
#define SHAREABLE__FRAME_HEADER_SIZE 4
#define SHAREABLE__FRAME_HEADER_MAX 12

/* The longest message of ours and of a peer's, by what is due. */
#define SHAREABLE__HANDSHAKE_MAX 256
#define SHAREABLE__REQUEST_MAX 65536
#define SHAREABLE__REPLY_MAX (64 << 20)

typedef enum shareable__frame_result {
  SHAREABLE__FRAME_COMPLETE,
  SHAREABLE__FRAME_INCOMPLETE,
  SHAREABLE__FRAME_INVALID
} shareable__frame_result;

/*
 * Looks at the `have` bytes that have come: a message of at most `limit`, a part of one, or none that is allowed. *head and
 * *length receive the bytes in front of it and its own as soon as they are known, else 0.
 */
shareable__frame_result shareable__frame_parse(const unsigned char *bytes, size_t have, size_t limit, size_t *head,
                                               size_t *length);

/* Writes what stands in front of a message of `length` bytes, at most SHAREABLE__REPLY_MAX. */
void shareable__frame_write_header(unsigned char head[SHAREABLE__FRAME_HEADER_SIZE], size_t length);

/* Writes a value as a whole frame, and returns its bytes: nothing past `size` is written. */
size_t shareable__frame(const shareable__pyvalue_arena *in, uint32_t root, void *bytes, size_t size);

/* The handshake: each proves to the other that it has the key. */

#define SHAREABLE__WELCOME "#WELCOME#"
#define SHAREABLE__FAILURE "#FAILURE#"
#define SHAREABLE__WELCOME_SIZE (sizeof SHAREABLE__WELCOME - 1)

/* Of a challenge of ours: the random bytes, and all. */
#define SHAREABLE__NONCE_SIZE 40
#define SHAREABLE__CHALLENGE_SIZE (sizeof "#CHALLENGE#{sha256}" - 1 + SHAREABLE__NONCE_SIZE)
#define SHAREABLE__RESPONSE_MAX 64

typedef struct shareable__key {
  const void *bytes;
  size_t size;
  bool takes_md5; /* peers of CPython before 3.12 know nothing else */
} shareable__key;

void shareable__challenge_write(unsigned char message[SHAREABLE__CHALLENGE_SIZE],
                                const unsigned char nonce[SHAREABLE__NONCE_SIZE]);

/* The response to a peer's challenge; its bytes are returned, 0 where it is no challenge or one that is not taken. */
size_t shareable__challenge_answer(const shareable__key *key, const void *message, size_t length,
                                   unsigned char response[SHAREABLE__RESPONSE_MAX]);

/* Whether the peer's response to a challenge of ours shows that it has the key. Takes as long either way. */
bool shareable__response_is_right(const shareable__key *key, const unsigned char challenge[SHAREABLE__CHALLENGE_SIZE],
                                  const void *response, size_t length);

/* Requests: (ident, method, args, kwds). */

typedef struct shareable__request {
  const shareable__pyvalue *ident; /* None or a str */
  const shareable__pyvalue *method;
  const shareable__pyvalue *args;
  const shareable__pyvalue *kwds;
} shareable__request;

bool shareable__request_read(const shareable__pyvalue_arena *in, uint32_t root, shareable__request *request);

/* A request of a method of the manager's with one str or, where that is NULL, none; 0 where the array is too small. */
uint32_t shareable__request_make(shareable__pyvalue_arena *in, const char *method, const char *argument);

/* As many nodes as a request of ours, and the one that is nobody's. */
#define SHAREABLE__REQUEST_NODES 7

/* Replies: (kind, value). */

#define SHAREABLE__RETURN "#RETURN"
#define SHAREABLE__TRACEBACK "#TRACEBACK"

/* A reply of a value that was made in the same array; 0 where it is too small, or the value is 0. */
uint32_t shareable__reply_make(shareable__pyvalue_arena *in, const char *kind, uint32_t value);

/* The kind and the value of a reply; false where it is none. */
bool shareable__reply_read(const shareable__pyvalue_arena *in, uint32_t root, const shareable__pyvalue **kind,
                           const shareable__pyvalue **value);

#endif
