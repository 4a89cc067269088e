/*
 * size.h - a number of bytes, as the user writes it.
 */
#ifndef SHAREABLE__CLI_SIZE_H
#define SHAREABLE__CLI_SIZE_H

#include <stdint.h>

/*
 * Parses a size of at least 1. The suffixes K, M, G and T, in any case, stand for powers of
 * 1024. A number before a suffix may have a fraction; a fraction of a byte is rounded up. Anything
 * else is a usage error.
 */
uint64_t size_parse(const char *text);

#endif
