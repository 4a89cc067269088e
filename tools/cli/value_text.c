/*
 * value_text.c - the text of a value that a command writes: an argument, or the content of a file.
 */
#include "value_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes have two digits each, and a newline may follow. */
enum { LENGTH_MAX = 2 * SHAREABLE_TEXT_MAX + 1, CHUNK_SIZE = 65536 };

value_text value_text_of(const char *argument) {
  return (value_text){.bytes = argument, .length = strlen(argument)};
}

static void read_all(cli_text *content, int fd, const char *path) {
  ssize_t length;

  do {
    cli_text_reserve(content, content->length + CHUNK_SIZE + 1);
    length = read(fd, content->bytes + content->length, CHUNK_SIZE);
    if (length < 0 && errno == EINTR)
      continue;
    if (length < 0)
      cli_die("cannot read %s: %s", path, strerror(errno));
    content->length += (size_t)length;
    if (content->length > LENGTH_MAX)
      cli_die("%s has more than %d bytes: no value is that long", path, LENGTH_MAX);
  } while (length != 0);
}

value_text value_text_read(const char *path) {
  bool is_input = strcmp(path, "-") == 0;
  value_text text = {.path = is_input ? "standard input" : path};
  int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    cli_die("cannot open '%s': %s", path, strerror(errno));
  read_all(&text.content, fd, text.path);
  if (!is_input)
    close(fd);
  text.length = text.content.length;
  if (text.length > 0 && text.content.bytes[text.length - 1] == '\n')
    text.length--;
  text.content.bytes[text.length] = '\0';
  text.bytes = text.content.bytes;
  return text;
}

void value_text_free(value_text *text) {
  free(text->content.bytes);
}

static bool has_nul(const value_text *text) {
  return strlen(text->bytes) != text->length;
}

bool value_text_parse(const value_text *text, shareable_type type, shareable_value *value, cli_text *buffer) {
  *value = shareable_strn(text->bytes, text->length);
  return type == SHAREABLE_TYPE_STR || (!has_nul(text) && cli_parse(text->bytes, type, value, buffer));
}

shareable_value value_text_parse_any(const value_text *text) {
  return has_nul(text) ? shareable_strn(text->bytes, text->length) : cli_parse_any(text->bytes);
}

void value_text_die(const value_text *text, shareable_type type, const char *advice) {
  if (text->path != NULL)
    cli_usage_error("the content of %s is not a valid %s%s%s", text->path, cli_type_name(type), cli_type_form(type),
                    advice);
  cli_usage_error("'%s' is not a valid %s%s%s", text->bytes, cli_type_name(type), cli_type_form(type), advice);
}
