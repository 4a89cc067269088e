/*
 * message.c - the messages between a manager and its clients, and their bytes.
 */
#include "protocol/message.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>

#define CHALLENGE "#CHALLENGE#"
#define SHA256 "{sha256}"
#define MD5 "{md5}"
#define LENGTH_OF(literal) (sizeof(literal) - 1)
/* The nonce size of a peer that supports only MD5, and the minimum of all peers. */
#define LEGACY_NONCE_SIZE 20

/* Frames. */

static uint64_t load_big_endian(const unsigned char *bytes, size_t size) {
  uint64_t number = 0;

  for (size_t i = 0; i < size; i++)
    number = number << 8 | bytes[i];
  return number;
}

shareable__frame_result shareable__frame_parse(const unsigned char *bytes, size_t received, size_t limit,
                                               size_t *header_size, size_t *length) {
  uint64_t declared;
  bool is_long;

  *header_size = *length = 0;
  if (received < SHAREABLE__FRAME_HEADER_SIZE)
    return SHAREABLE__FRAME_INCOMPLETE;
  declared = load_big_endian(bytes, SHAREABLE__FRAME_HEADER_SIZE);
  is_long = declared == UINT32_MAX;
  if (is_long && received < SHAREABLE__FRAME_HEADER_MAX)
    return SHAREABLE__FRAME_INCOMPLETE;
  if (is_long)
    declared = load_big_endian(bytes + SHAREABLE__FRAME_HEADER_SIZE, 8);
  if (declared > limit)
    return SHAREABLE__FRAME_INVALID;
  *header_size = is_long ? SHAREABLE__FRAME_HEADER_MAX : SHAREABLE__FRAME_HEADER_SIZE;
  *length = (size_t)declared;
  return received - *header_size < *length ? SHAREABLE__FRAME_INCOMPLETE : SHAREABLE__FRAME_COMPLETE;
}

void shareable__frame_write_header(unsigned char header[SHAREABLE__FRAME_HEADER_SIZE], size_t length) {
  for (size_t i = 0; i < SHAREABLE__FRAME_HEADER_SIZE; i++)
    header[i] = (unsigned char)(length >> 8 * (SHAREABLE__FRAME_HEADER_SIZE - 1 - i));
}

size_t shareable__frame_encode(const shareable__pyvalue_arena *arena, uint32_t root, void *bytes, size_t size) {
  unsigned char header[SHAREABLE__FRAME_HEADER_SIZE], *frame = bytes;
  bool has_room = size > SHAREABLE__FRAME_HEADER_SIZE;
  size_t length = shareable__pickle_encode(arena, root, has_room ? frame + SHAREABLE__FRAME_HEADER_SIZE : NULL,
                                           has_room ? size - SHAREABLE__FRAME_HEADER_SIZE : 0);

  shareable__frame_write_header(header, length);
  if (has_room)
    memcpy(frame, header, sizeof header);
  return SHAREABLE__FRAME_HEADER_SIZE + length;
}

/* The handshake. */

static void sign_md5(const shareable__key *key, const void *message, size_t length, unsigned char *mac) {
  struct hmac_md5_ctx context;

  hmac_md5_set_key(&context, key->size, key->bytes);
  hmac_md5_update(&context, length, message);
  hmac_md5_digest(&context, MD5_DIGEST_SIZE, mac);
  explicit_bzero(&context, sizeof context);
}

static void sign_sha256(const shareable__key *key, const void *message, size_t length, unsigned char *mac) {
  struct hmac_sha256_ctx context;

  hmac_sha256_set_key(&context, key->size, key->bytes);
  hmac_sha256_update(&context, length, message);
  hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, mac);
  explicit_bzero(&context, sizeof context);
}

static bool starts_with(const void *message, size_t length, const char *start) {
  return length >= strlen(start) && memcmp(message, start, strlen(start)) == 0;
}

void shareable__challenge_build(unsigned char message[SHAREABLE__CHALLENGE_SIZE],
                                const unsigned char nonce[SHAREABLE__NONCE_SIZE]) {
  memcpy(message, CHALLENGE SHA256, SHAREABLE__CHALLENGE_SIZE - SHAREABLE__NONCE_SIZE);
  memcpy(message + SHAREABLE__CHALLENGE_SIZE - SHAREABLE__NONCE_SIZE, nonce, SHAREABLE__NONCE_SIZE);
}

size_t shareable__challenge_answer(const shareable__key *key, const void *message, size_t length,
                                   unsigned char response[SHAREABLE__RESPONSE_MAX]) {
  const char *signed_part = (const char *)message + LENGTH_OF(CHALLENGE);

  if (!starts_with(message, length, CHALLENGE) || length - LENGTH_OF(CHALLENGE) < LEGACY_NONCE_SIZE)
    return 0;
  length -= LENGTH_OF(CHALLENGE);
  if (starts_with(signed_part, length, SHA256) && length > LEGACY_NONCE_SIZE) {
    memcpy(response, SHA256, LENGTH_OF(SHA256));
    sign_sha256(key, signed_part, length, response + LENGTH_OF(SHA256));
    return LENGTH_OF(SHA256) + SHA256_DIGEST_SIZE;
  }
  if (!key->allow_md5)
    return 0;
  if (length == LEGACY_NONCE_SIZE) {
    sign_md5(key, signed_part, length, response);
    return MD5_DIGEST_SIZE;
  }
  if (!starts_with(signed_part, length, MD5))
    return 0;
  memcpy(response, MD5, LENGTH_OF(MD5));
  sign_md5(key, signed_part, length, response + LENGTH_OF(MD5));
  return LENGTH_OF(MD5) + MD5_DIGEST_SIZE;
}

bool shareable__response_verify(const shareable__key *key, const unsigned char challenge[SHAREABLE__CHALLENGE_SIZE],
                                const void *response, size_t length) {
  const unsigned char *signed_part = challenge + LENGTH_OF(CHALLENGE), *mac = response;
  size_t signed_size = SHAREABLE__CHALLENGE_SIZE - LENGTH_OF(CHALLENGE);
  unsigned char expected[SHA256_DIGEST_SIZE];

  if (length == LENGTH_OF(SHA256) + SHA256_DIGEST_SIZE && starts_with(response, length, SHA256)) {
    sign_sha256(key, signed_part, signed_size, expected);
    return memeql_sec(mac + LENGTH_OF(SHA256), expected, SHA256_DIGEST_SIZE);
  }
  if (length == LENGTH_OF(MD5) + MD5_DIGEST_SIZE && starts_with(response, length, MD5))
    mac += LENGTH_OF(MD5);
  else if (length != MD5_DIGEST_SIZE)
    return false;
  sign_md5(key, signed_part, signed_size, expected);
  return key->allow_md5 && memeql_sec(mac, expected, MD5_DIGEST_SIZE);
}

/* Requests and replies. */

static const shareable__pyvalue *item(const shareable__pyvalue_arena *arena, const shareable__pyvalue *tuple,
                                      unsigned number) {
  uint32_t index = tuple->first;

  while (number-- > 0)
    index = arena->nodes[index].next;
  return &arena->nodes[index];
}

static bool is_tuple(const shareable__pyvalue *node, uint64_t length) {
  return node->type == SHAREABLE__PY_TUPLE && node->length == length;
}

bool shareable__request_parse(const shareable__pyvalue_arena *arena, uint32_t root, shareable__request *request) {
  const shareable__pyvalue *whole = &arena->nodes[root];

  if (!is_tuple(whole, 4))
    return false;
  request->ident = item(arena, whole, 0);
  request->method = item(arena, whole, 1);
  request->args = item(arena, whole, 2);
  request->kwds = item(arena, whole, 3);
  return (request->ident->type == SHAREABLE__PY_NONE || request->ident->type == SHAREABLE__PY_STR) &&
         request->method->type == SHAREABLE__PY_STR && request->args->type == SHAREABLE__PY_TUPLE &&
         request->kwds->type == SHAREABLE__PY_DICT;
}

static uint32_t new_str(shareable__pyvalue_arena *arena, const char *text) {
  return shareable__pyvalue_text(arena, SHAREABLE__PY_STR, text, strlen(text));
}

uint32_t shareable__request_build(shareable__pyvalue_arena *arena, const char *method, const char *argument) {
  uint32_t whole = shareable__pyvalue_container(arena, SHAREABLE__PY_TUPLE);
  uint32_t args = shareable__pyvalue_container(arena, SHAREABLE__PY_TUPLE);
  bool fits = argument == NULL || shareable__pyvalue_append(arena, args, new_str(arena, argument));

  fits = fits && shareable__pyvalue_append(arena, whole, shareable__pyvalue_none(arena));
  fits = fits && shareable__pyvalue_append(arena, whole, new_str(arena, method));
  fits = fits && shareable__pyvalue_append(arena, whole, args);
  fits = fits && shareable__pyvalue_append(arena, whole, shareable__pyvalue_container(arena, SHAREABLE__PY_DICT));
  return fits ? whole : 0;
}

uint32_t shareable__reply_build(shareable__pyvalue_arena *arena, const char *kind, uint32_t value) {
  uint32_t whole = shareable__pyvalue_container(arena, SHAREABLE__PY_TUPLE);

  if (!shareable__pyvalue_append(arena, whole, new_str(arena, kind)) || !shareable__pyvalue_append(arena, whole, value))
    return 0;
  return whole;
}

bool shareable__reply_parse(const shareable__pyvalue_arena *arena, uint32_t root, const shareable__pyvalue **kind,
                            const shareable__pyvalue **value) {
  const shareable__pyvalue *whole = &arena->nodes[root];

  if (!is_tuple(whole, 2) || item(arena, whole, 0)->type != SHAREABLE__PY_STR)
    return false;
  *kind = item(arena, whole, 0);
  *value = item(arena, whole, 1);
  return true;
}
