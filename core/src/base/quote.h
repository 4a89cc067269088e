/*
 * quote.h - makes untrusted text (a name, a path, an address, a peer's answer) safe for a message.
 * Pure.
 */
#ifndef SHAREABLE__QUOTE_H
#define SHAREABLE__QUOTE_H

#include <stddef.h>

/*
 * Writes the text to `out`, NUL-terminated. Returns its length without the NUL, which is below
 * `capacity` and at most `limit`. If the text does not fit, it is cut between two characters and
 * ends with "…". The output is valid UTF-8 and safe on a terminal: bytes that are not UTF-8,
 * control characters, and characters that reorder text or break the line become \xNN, byte by byte.
 */
size_t shareable__quote(char *out, size_t capacity, const char *text, size_t length, size_t limit);

#endif
