/*
 * kind.h - what a block contains: a list, a dict, an array, a semaphore or other bytes.
 */
#ifndef SHAREABLE__CLI_KIND_H
#define SHAREABLE__CLI_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shareable.h"

typedef enum block_kind {
  BLOCK_RAW, /* any bytes */
  BLOCK_LIST,
  BLOCK_DICT, /* it is a list, too */
  BLOCK_ARRAY,
  BLOCK_SEMAPHORE,
  BLOCK_UNREADABLE, /* this user may not read it, or it has no name */
  BLOCK_LOG,        /* a directory of ownership logs */
  BLOCK_DIRECTORY,
  BLOCK_FIFO,
  BLOCK_SOCKET,
  BLOCK_LINK, /* a symbolic link */
  BLOCK_DEVICE,
  BLOCK_KINDS
} block_kind;

/* Returns the name of a kind, or NULL for BLOCK_UNREADABLE. */
const char *block_kind_name(block_kind kind);

/* Returns whether the block contains a list, which may be that of a dict. */
bool block_kind_is_list(block_kind kind);

/* The number of expired keys if it was not counted. */
#define DICT_EXPIRED_UNKNOWN UINT64_MAX

/* The properties of a dict. */
typedef struct dict_properties {
  uint64_t keys;    /* with those that have expired */
  uint64_t expired; /* or DICT_EXPIRED_UNKNOWN */
  uint32_t key_size, value_size;
  bool evicts;
  bool is_changing; /* a process changes the keys, or was killed when it did */
} dict_properties;

/* The properties of a list. */
typedef struct list_properties {
  size_t items;
  bool has_sync_area;
  dict_properties dict; /* if the list is that of a dict */
} list_properties;

/*
 * Returns the kind of the regular file that is open for reading. Reads a few bytes of it, without a
 * mapping, as shareable_list_open() and shareable_array_open() do.
 *
 *   list   receives the properties of a list or a dict
 *   array  receives a handle without memory that describes an array, which the caller drops; NULL if
 *          the file has another kind
 */
block_kind kind_of_file(int fd, const char *name, uint64_t size, list_properties *list, shareable_array **array);

/* Returns whether a regular file with that name and size is a semaphore. */
bool kind_is_semaphore(const char *name, uint64_t size);

/* Returns the kind of a file that is not regular. */
block_kind kind_of_other(const char *name, mode_t mode, uid_t user);

#endif
