/*
 * quote.h - text from elsewhere (a name, a path, an address, a peer's answer) made fit for a sentence. Pure.
 */
#ifndef SHAREABLE__QUOTE_H
#define SHAREABLE__QUOTE_H

#include <stddef.h>

/*
 * Writes the text to `out`, NUL-terminated, and returns its bytes without the NUL: fewer than `room`, and at most `limit`. A
 * text that does not fit ends in "…", which never cuts a character. What is written is valid UTF-8 and safe on a terminal:
 * bytes that are not UTF-8, control characters, and characters that reorder text or break the line are written as \xNN, byte by byte.
 */
size_t shareable__quote(char *out, size_t room, const char *text, size_t length, size_t limit);

#endif
