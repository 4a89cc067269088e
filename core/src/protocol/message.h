/*
 * message.h - the messages between a manager and its clients, and their bytes (protocol.md).
 */
#ifndef SHAREABLE__MESSAGE_H
#define SHAREABLE__MESSAGE_H

#include "protocol/pickle.h"

/* Frames: a header with the length, and a message. */

/* The size of a header that this library writes, and the maximum size of a header. */
#define SHAREABLE__FRAME_HEADER_SIZE 4
#define SHAREABLE__FRAME_HEADER_MAX 12

/* The maximum size of a message in the handshake, of a request and of a reply. */
#define SHAREABLE__HANDSHAKE_MAX 256
#define SHAREABLE__REQUEST_MAX 65536
#define SHAREABLE__REPLY_MAX (64 << 20)

typedef enum shareable__frame_result {
  SHAREABLE__FRAME_COMPLETE,
  SHAREABLE__FRAME_INCOMPLETE,
  SHAREABLE__FRAME_INVALID /* the message is longer than the limit */
} shareable__frame_result;

/*
 * Parses the first `received` bytes of a frame. The message may have at most `limit` bytes.
 * *header_size and *length receive the sizes of the header and of the message, or 0 until the
 * header is complete.
 */
shareable__frame_result shareable__frame_parse(const unsigned char *bytes, size_t received, size_t limit,
                                               size_t *header_size, size_t *length);

/* Writes the header for a message of `length` bytes, at most SHAREABLE__REPLY_MAX. */
void shareable__frame_write_header(unsigned char header[SHAREABLE__FRAME_HEADER_SIZE], size_t length);

/*
 * Encodes a value as a frame. Writes at most `size` bytes, and returns the size of the whole frame.
 */
size_t shareable__frame_encode(const shareable__pyvalue_arena *arena, uint32_t root, void *bytes, size_t size);

/* The handshake: each side proves to the other that it has the key. */

#define SHAREABLE__WELCOME "#WELCOME#"
#define SHAREABLE__FAILURE "#FAILURE#"
#define SHAREABLE__WELCOME_SIZE (sizeof SHAREABLE__WELCOME - 1) /* the size of both */

/* Sizes of a challenge that this library sends: its random bytes, and the whole. */
#define SHAREABLE__NONCE_SIZE 40
#define SHAREABLE__CHALLENGE_SIZE (sizeof "#CHALLENGE#{sha256}" - 1 + SHAREABLE__NONCE_SIZE)
#define SHAREABLE__RESPONSE_MAX 64

typedef struct shareable__key {
  const void *bytes;
  size_t size;
  bool allow_md5; /* CPython before 3.12 supports nothing else */
} shareable__key;

void shareable__challenge_build(unsigned char message[SHAREABLE__CHALLENGE_SIZE],
                                const unsigned char nonce[SHAREABLE__NONCE_SIZE]);

/*
 * Writes the response to a peer's challenge and returns its size. Returns 0 if the message is not a
 * challenge, or needs an algorithm that is unknown or not allowed.
 */
size_t shareable__challenge_answer(const shareable__key *key, const void *message, size_t length,
                                   unsigned char response[SHAREABLE__RESPONSE_MAX]);

/*
 * Returns whether the peer's response to our challenge proves that it has the key. Compares digests
 * in constant time.
 */
bool shareable__response_verify(const shareable__key *key, const unsigned char challenge[SHAREABLE__CHALLENGE_SIZE],
                                const void *response, size_t length);

/* Requests: (ident, method, args, kwds). */

typedef struct shareable__request {
  const shareable__pyvalue *ident; /* None or a str */
  const shareable__pyvalue *method;
  const shareable__pyvalue *args;
  const shareable__pyvalue *kwds;
} shareable__request;

/* Returns false if the value is not a request. */
bool shareable__request_parse(const shareable__pyvalue_arena *arena, uint32_t root, shareable__request *request);

/*
 * Makes a request for a method with one str argument, or none if it is NULL. Returns 0 if the arena
 * is full.
 */
uint32_t shareable__request_build(shareable__pyvalue_arena *arena, const char *method, const char *argument);

/* The size of an arena for shareable__request_build(), with the unused node 0. */
#define SHAREABLE__REQUEST_NODES 7

/* Replies: (kind, value). */

#define SHAREABLE__RETURN "#RETURN"
#define SHAREABLE__TRACEBACK "#TRACEBACK"

/*
 * Makes a reply with a value of the same arena. Returns 0 if the arena is full or the value is 0.
 */
uint32_t shareable__reply_build(shareable__pyvalue_arena *arena, const char *kind, uint32_t value);

/* Gets the kind and the value of a reply. Returns false if the root is not a reply. */
bool shareable__reply_parse(const shareable__pyvalue_arena *arena, uint32_t root, const shareable__pyvalue **kind,
                            const shareable__pyvalue **value);

#endif
