/*
 * message.c - the messages between a manager and its clients ↔ their bytes.
 */
#include "protocol/message.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>

#define CHALLENGE "#CHALLENGE#"
#define SHA256 "{sha256}"
#define MD5 "{md5}"
#define LENGTH_OF(literal) (sizeof(literal) - 1)
/* The nonce of a peer that knows MD5 alone, and the least of the others. */
#define OLD_NONCE 20

/* Frames. */

static uint64_t big_endian(const unsigned char *bytes, size_t size) {
  uint64_t number = 0;

  for (size_t i = 0; i < size; i++)
    number = number << 8 | bytes[i];
  return number;
}

shareable__frame_result shareable__frame_parse(const unsigned char *bytes, size_t have, size_t limit, size_t *head,
                                               size_t *length) {
  uint64_t said;
  bool is_long;

  *head = *length = 0;
  if (have < SHAREABLE__FRAME_HEADER_SIZE)
    return SHAREABLE__FRAME_INCOMPLETE;
  said = big_endian(bytes, SHAREABLE__FRAME_HEADER_SIZE);
  is_long = said == UINT32_MAX;
  if (is_long && have < SHAREABLE__FRAME_HEADER_MAX)
    return SHAREABLE__FRAME_INCOMPLETE;
  if (is_long)
    said = big_endian(bytes + SHAREABLE__FRAME_HEADER_SIZE, 8);
  if (said > limit)
    return SHAREABLE__FRAME_INVALID;
  *head = is_long ? SHAREABLE__FRAME_HEADER_MAX : SHAREABLE__FRAME_HEADER_SIZE;
  *length = (size_t)said;
  return have - *head < *length ? SHAREABLE__FRAME_INCOMPLETE : SHAREABLE__FRAME_COMPLETE;
}

void shareable__frame_write_header(unsigned char head[SHAREABLE__FRAME_HEADER_SIZE], size_t length) {
  for (size_t i = 0; i < SHAREABLE__FRAME_HEADER_SIZE; i++)
    head[i] = (unsigned char)(length >> 8 * (SHAREABLE__FRAME_HEADER_SIZE - 1 - i));
}

size_t shareable__frame(const shareable__pyvalue_arena *in, uint32_t root, void *bytes, size_t size) {
  unsigned char head[SHAREABLE__FRAME_HEADER_SIZE], *place = bytes;
  bool has_room = size > SHAREABLE__FRAME_HEADER_SIZE;
  size_t length = shareable__pickle_encode(in, root, has_room ? place + SHAREABLE__FRAME_HEADER_SIZE : NULL,
                                           has_room ? size - SHAREABLE__FRAME_HEADER_SIZE : 0);

  shareable__frame_write_header(head, length);
  if (has_room)
    memcpy(place, head, sizeof head);
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

void shareable__challenge_write(unsigned char message[SHAREABLE__CHALLENGE_SIZE],
                                const unsigned char nonce[SHAREABLE__NONCE_SIZE]) {
  memcpy(message, CHALLENGE SHA256, SHAREABLE__CHALLENGE_SIZE - SHAREABLE__NONCE_SIZE);
  memcpy(message + SHAREABLE__CHALLENGE_SIZE - SHAREABLE__NONCE_SIZE, nonce, SHAREABLE__NONCE_SIZE);
}

size_t shareable__challenge_answer(const shareable__key *key, const void *message, size_t length,
                                   unsigned char response[SHAREABLE__RESPONSE_MAX]) {
  const char *signed_part = (const char *)message + LENGTH_OF(CHALLENGE);

  if (!starts_with(message, length, CHALLENGE) || length - LENGTH_OF(CHALLENGE) < OLD_NONCE)
    return 0;
  length -= LENGTH_OF(CHALLENGE);
  if (starts_with(signed_part, length, SHA256) && length > OLD_NONCE) {
    memcpy(response, SHA256, LENGTH_OF(SHA256));
    sign_sha256(key, signed_part, length, response + LENGTH_OF(SHA256));
    return LENGTH_OF(SHA256) + SHA256_DIGEST_SIZE;
  }
  if (!key->takes_md5)
    return 0;
  if (length == OLD_NONCE) {
    sign_md5(key, signed_part, length, response);
    return MD5_DIGEST_SIZE;
  }
  if (!starts_with(signed_part, length, MD5))
    return 0;
  memcpy(response, MD5, LENGTH_OF(MD5));
  sign_md5(key, signed_part, length, response + LENGTH_OF(MD5));
  return LENGTH_OF(MD5) + MD5_DIGEST_SIZE;
}

bool shareable__response_is_right(const shareable__key *key, const unsigned char challenge[SHAREABLE__CHALLENGE_SIZE],
                                  const void *response, size_t length) {
  const unsigned char *signed_part = challenge + LENGTH_OF(CHALLENGE), *mac = response;
  size_t signed_size = SHAREABLE__CHALLENGE_SIZE - LENGTH_OF(CHALLENGE);
  unsigned char wanted[SHA256_DIGEST_SIZE];

  if (length == LENGTH_OF(SHA256) + SHA256_DIGEST_SIZE && starts_with(response, length, SHA256)) {
    sign_sha256(key, signed_part, signed_size, wanted);
    return memeql_sec(mac + LENGTH_OF(SHA256), wanted, SHA256_DIGEST_SIZE);
  }
  if (length == LENGTH_OF(MD5) + MD5_DIGEST_SIZE && starts_with(response, length, MD5))
    mac += LENGTH_OF(MD5);
  else if (length != MD5_DIGEST_SIZE)
    return false;
  sign_md5(key, signed_part, signed_size, wanted);
  return key->takes_md5 && memeql_sec(mac, wanted, MD5_DIGEST_SIZE);
}

/* Requests and replies. */

static const shareable__pyvalue *item(const shareable__pyvalue_arena *in, const shareable__pyvalue *of,
                                      unsigned number) {
  uint32_t index = of->first;

  while (number-- > 0)
    index = in->nodes[index].next;
  return &in->nodes[index];
}

static bool is_tuple(const shareable__pyvalue *node, uint64_t length) {
  return node->type == SHAREABLE__PY_TUPLE && node->length == length;
}

bool shareable__request_read(const shareable__pyvalue_arena *in, uint32_t root, shareable__request *request) {
  const shareable__pyvalue *whole = &in->nodes[root];

  if (!is_tuple(whole, 4))
    return false;
  request->ident = item(in, whole, 0);
  request->method = item(in, whole, 1);
  request->args = item(in, whole, 2);
  request->kwds = item(in, whole, 3);
  return (request->ident->type == SHAREABLE__PY_NONE || request->ident->type == SHAREABLE__PY_STR) &&
         request->method->type == SHAREABLE__PY_STR && request->args->type == SHAREABLE__PY_TUPLE &&
         request->kwds->type == SHAREABLE__PY_DICT;
}

static uint32_t new_str(shareable__pyvalue_arena *in, const char *text) {
  return shareable__pyvalue_text(in, SHAREABLE__PY_STR, text, strlen(text));
}

uint32_t shareable__request_make(shareable__pyvalue_arena *in, const char *method, const char *argument) {
  uint32_t whole = shareable__pyvalue_container(in, SHAREABLE__PY_TUPLE);
  uint32_t args = shareable__pyvalue_container(in, SHAREABLE__PY_TUPLE);
  bool fits = argument == NULL || shareable__pyvalue_append(in, args, new_str(in, argument));

  fits = fits && shareable__pyvalue_append(in, whole, shareable__pyvalue_none(in));
  fits = fits && shareable__pyvalue_append(in, whole, new_str(in, method));
  fits = fits && shareable__pyvalue_append(in, whole, args);
  fits = fits && shareable__pyvalue_append(in, whole, shareable__pyvalue_container(in, SHAREABLE__PY_DICT));
  return fits ? whole : 0;
}

uint32_t shareable__reply_make(shareable__pyvalue_arena *in, const char *kind, uint32_t value) {
  uint32_t whole = shareable__pyvalue_container(in, SHAREABLE__PY_TUPLE);

  if (!shareable__pyvalue_append(in, whole, new_str(in, kind)) || !shareable__pyvalue_append(in, whole, value))
    return 0;
  return whole;
}

bool shareable__reply_read(const shareable__pyvalue_arena *in, uint32_t root, const shareable__pyvalue **kind,
                           const shareable__pyvalue **value) {
  const shareable__pyvalue *whole = &in->nodes[root];

  if (!is_tuple(whole, 2) || item(in, whole, 0)->type != SHAREABLE__PY_STR)
    return false;
  *kind = item(in, whole, 0);
  *value = item(in, whole, 1);
  return true;
}
