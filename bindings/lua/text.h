/*
 * text.h - whether a string of Lua, which may have any bytes, is text.
 */
#ifndef SHAREABLE_LUA_TEXT_H
#define SHAREABLE_LUA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "shareable.h"

/* Returns whether the bytes are UTF-8. */
bool text_is_utf8(const char *text, size_t length);

/* Returns a str if the bytes are UTF-8, otherwise bytes. The value points to `text`. */
shareable_value text_value(const char *text, size_t length);

#endif
