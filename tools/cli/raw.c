/*
 * raw.c - shareable cat and write: the bytes of a block.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/array.h"
#include "cli.h"
#include "kind.h"
#include "output.h"

#define CHUNK_SIZE 65536

static void print_bytes(shareable_memory *memory) {
  char *part = cli_allocate(NULL, CHUNK_SIZE, 1);
  size_t size = shareable_memory_size(memory);

  for (size_t at = 0; at < size && cli_flush() == 0; at += CHUNK_SIZE) {
    size_t length = size - at < CHUNK_SIZE ? size - at : CHUNK_SIZE;
    int errnum = cli_read_memory(memory, at, part, length);

    if (errnum != 0)
      cli_die_memory(memory, errnum);
    cli_put_bytes(part, length);
  }
  free(part);
}

static int run_cat(int argc, char **argv) {
  static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
  shareable_memory *memory;

  while (cli_option(&cli_cat, argc, argv, ":h", longs) >= 0)
    ;
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  if (isatty(STDOUT_FILENO))
    cli_die("standard output is a terminal: use a pipe, for example to xxd(1)");
  memory = cli_open_memory(argv[optind], SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD);
  print_bytes(memory);
  shareable_memory_unref(memory);
  return CLI_DONE;
}

const cli_command cli_cat = {"cat", "NAME", "Print the bytes of a block.",
                             "  -h, --help  print this help\n"
                             "\n"
                             "The bytes of an array are a .npy file. Standard output must not be a terminal.\n"
                             "'shareable dump' prints a list or an array.\n",
                             run_cat};

/* The bytes of standard input. */
typedef struct input {
  char *bytes;
  size_t length;
  size_t capacity;
} input;

/* A buffer as large as the block could need more memory than there is. */
static void grow(input *text, size_t max) {
  size_t capacity = text->capacity == 0 ? CHUNK_SIZE : 2 * text->capacity;
  char *bytes;

  if (capacity > max)
    capacity = max;
  bytes = realloc(text->bytes, capacity);
  if (bytes == NULL)
    cli_die("no memory for an input of more than %zu bytes: nothing was written", text->length);
  text->bytes = bytes;
  text->capacity = capacity;
}

/* Reads until the input ends, or has `max` bytes. The caller frees the bytes. */
static input read_input(size_t max) {
  input text = {0};

  while (text.length < max) {
    ssize_t part;

    if (text.length == text.capacity)
      grow(&text, max);
    part = read(STDIN_FILENO, text.bytes + text.length, text.capacity - text.length);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      cli_die("cannot read standard input: %s", strerror(errno));
    if (part == 0)
      break;
    text.length += (size_t)part;
  }
  return text;
}

/* Ends the command if bytes from this offset on may make a list or an array corrupt. */
static void check_kind(shareable_memory *memory, uint64_t offset) {
  const char *name = shareable_memory_name(memory);
  list_properties list;
  shareable_array *array;
  shareable_error error;
  block_kind kind;
  int fd;

  if (shareable_memory_fd(memory, &fd, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  kind = kind_of_file(fd, name, shareable_memory_size(memory), &list, &array);
  if (kind == BLOCK_DICT)
    cli_die("'%s' is a dict: 'shareable dict set' writes its values; --force writes bytes, which may make it corrupt",
            name);
  if (kind == BLOCK_LIST)
    cli_die("'%s' is a list: 'shareable set' writes its items; --force writes bytes, which may make it corrupt", name);
  if (kind == BLOCK_ARRAY && offset < array->data_offset)
    cli_die("'%s' is an array: its items begin at --offset %" PRIu64 "; --force writes its header too, which may make "
            "it corrupt",
            name, array->data_offset);
  shareable_array_unref(array);
}

/* All input is read before the first byte is written: a text that is too long changes nothing. */
static void write_input(shareable_memory *memory, uint64_t offset) {
  size_t size = shareable_memory_size(memory), room;
  const char *name = shareable_memory_name(memory);
  input written;

  if (offset > size)
    cli_die("offset %" PRIu64 " is past the end of block '%s', which has %zu byte%s", offset, name, size,
            cli_plural(size));
  room = (size_t)(size - offset);
  written = read_input(room + 1);
  if (written.length > room)
    cli_die("the input is longer than the %zu byte%s of block '%s' from offset %" PRIu64 " on: nothing was written",
            room, cli_plural(room), name, offset);
  if (written.length > 0) /* otherwise there are no bytes */
    memcpy((char *)shareable_memory_address(memory) + offset, written.bytes, written.length);
  free(written.bytes);
}

static int run_write(int argc, char **argv) {
  static const struct option longs[] = {
    {"offset", required_argument, NULL, 'o'}, {"force", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
  bool is_forced = false;
  uint64_t offset = 0;
  shareable_memory *memory;
  int option;

  while ((option = cli_option(&cli_write, argc, argv, ":fh", longs)) >= 0)
    if (option == 'f')
      is_forced = true;
    else
      offset = (uint64_t)cli_parse_number(optarg, 0, INT64_MAX, "offset in bytes");
  if (optind != argc - 1)
    cli_usage_error("expected one NAME");
  memory = cli_open_memory(argv[optind], SHAREABLE_KEEP_FD);
  if (!is_forced)
    check_kind(memory, offset);
  write_input(memory, offset);
  shareable_memory_unref(memory);
  return CLI_DONE;
}

const cli_command cli_write = {"write", "NAME", "Write standard input to the bytes of an existing block.",
                               "  --offset BYTES      start at this offset [0]\n"
                               "  -f, --force         also write to a list, a dict, or the header of an array,\n"
                               "                      which may make it corrupt\n"
                               "  -h, --help          print this help\n"
                               "\n"
                               "The block keeps its size, and the bytes after the input keep their values. If\n"
                               "the input does not fit, nothing is written. The write is not atomic.\n",
                               run_write};
