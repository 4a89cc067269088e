/*
 * item.c - shareable get, set and create: single items of a list, and new blocks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int64_t index_of(const char *text) {
  return cli_number(text, INT64_MIN, INT64_MAX, "index");
}

static int run_get(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'},
                                        {"type", no_argument, NULL, 't'},
                                        {"zero", no_argument, NULL, 'z'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  bool json = false, with_type = false;
  char end = '\n';
  cli_text item = {0}, text = {0};
  shareable_value value;
  shareable_list *list;
  int option, status = CLI_DONE;

  while ((option = cli_option(&cli_get, argc, argv, "+Jtzh", longs)) >= 0) {
    json |= option == 'J';
    with_type |= option == 't';
    end = option == 'z' ? '\0' : end;
  }
  if (argc - optind < 2)
    cli_misuse("a list is to be named, and one index or more");
  list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  for (int i = optind + 1; i < argc; i++)
    if (cli_read_item(list, index_of(argv[i]), &value, &item)) {
      cli_text_of(&text, &value, json ? CLI_JSON : CLI_EXACT);
      if (with_type)
        printf("%s ", cli_type_name(value.type));
      fwrite(text.bytes, 1, text.length, stdout);
      putchar(end);
    } else {
      status = CLI_FAILED;
    }
  free(item.bytes);
  free(text.bytes);
  shareable_list_unref(list);
  return status;
}

const cli_command cli_get = {"get", "NAME INDEX...", "Print items, one a line; an index below 0 counts from the end.",
                             "  -J, --json  as JSON values\n"
                             "  -t, --type  with the type in front\n"
                             "  -z, --zero  end each with a NUL, not a newline, which a str may hold\n"
                             "  -h, --help  print this\n",
                             run_get};

/* The type that it has, unless another is asked for: a text is not to become a number because it looks like one. */
static shareable_type type_for(const shareable_list *list, int64_t index, const char *asked) {
  shareable_type type;
  shareable_error error;
  shareable_status status;

  if (asked != NULL)
    return cli_type(asked);
  status = shareable_list_type(list, index, &type);
  if (status != SHAREABLE_OK) {
    shareable_list_explain(list, index, status, &error);
    cli_fail("%s", error.text);
  }
  return type;
}

static int run_set(int argc, char **argv) {
  static const struct option longs[] = {{"type", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {0}};
  const char *type_name = NULL;
  cli_text buffer = {0};
  shareable_status status;
  shareable_value value;
  shareable_error error;
  shareable_list *list;
  shareable_type type;
  int64_t index;
  int option;

  while ((option = cli_option(&cli_set, argc, argv, "+t:h", longs)) >= 0)
    type_name = optarg;
  if (argc - optind != 3)
    cli_misuse("a list is to be named, an index, and a value");
  index = index_of(argv[optind + 1]);
  list = cli_open(argv[optind], 0);
  type = type_for(list, index, type_name);
  if (!cli_value(argv[optind + 2], type, &value, &buffer))
    cli_fail("'%s' is no %s; --type gives the item another type", argv[optind + 2], cli_type_name(type));
  status = shareable_list_set(list, index, &value);
  if (status != SHAREABLE_OK) {
    shareable_list_explain(list, index, status, &error);
    cli_fail("%s", error.text);
  }
  free(buffer.bytes);
  shareable_list_unref(list);
  return CLI_DONE;
}

const cli_command cli_set = {"set", "NAME INDEX VALUE", "Write an item, as a value of the type that it has.",
                             "  -t, --type TYPE  as int, float, bool, str, bytes (hexadecimal digits) or none\n"
                             "  -h, --help       print this\n"
                             "\n"
                             "Options stand in front: INDEX and VALUE may begin with a '-'.\n",
                             run_set};

typedef struct wanted {
  const char *type;
  uint64_t size;
  uint32_t capacity, flags, mode;
} wanted;

static shareable_status create_list(const char *name, char *const *texts, size_t count, const wanted *as,
                                    shareable_error *error) {
  shareable_value *values = cli_allocate(NULL, count, sizeof *values);
  cli_text *buffers = cli_allocate(NULL, count, sizeof *buffers);
  shareable_status status;
  shareable_list *list;

  memset(buffers, 0, count * sizeof *buffers);
  for (size_t i = 0; i < count; i++) {
    if (as->type == NULL)
      values[i] = cli_guess(texts[i]);
    else if (!cli_value(texts[i], cli_type(as->type), &values[i], &buffers[i]))
      cli_misuse("'%s' is no %s", texts[i], as->type);
    values[i].capacity = as->capacity;
  }
  status = shareable_list_create(&list, name, values, count, as->flags, as->mode, error);
  if (status == SHAREABLE_OK)
    shareable_list_unref(list);
  for (size_t i = 0; i < count; i++)
    free(buffers[i].bytes);
  free(buffers);
  free(values);
  return status;
}

/* An option behind the name would become a value unseen. */
static void check_values(char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (texts[i][0] == '-' && strchr("0123456789.in", texts[i][1]) == NULL)
      cli_misuse("'%s' looks like an option: those stand in front of the name, and '--' in front of such values and it",
                 texts[i]);
}

static shareable_status create_memory(const char *name, const wanted *as, shareable_error *error) {
  shareable_memory *memory;
  shareable_status status = shareable_memory_create(&memory, name, as->size, as->flags, as->mode, error);

  if (status == SHAREABLE_OK)
    shareable_memory_unref(memory);
  return status;
}

static uint64_t size_from(const char *text) {
  static const char units[] = "KMGT";
  size_t length = strlen(text);
  const char *unit = length == 0 ? NULL : strchr(units, text[length - 1]);
  char number[32];
  int shift = 0;

  if (unit == NULL || *unit == '\0' || length >= sizeof number)
    return (uint64_t)cli_number(text, 1, INT64_MAX, "size in bytes");
  shift = 10 * (int)(unit - units + 1);
  memcpy(number, text, length - 1);
  number[length - 1] = '\0';
  return (uint64_t)cli_number(number, 1, INT64_MAX >> shift, "size") << shift;
}

static uint32_t mode_from(const char *text) {
  char *end;
  unsigned long mode = strtoul(text, &end, 8);

  if (end == text || *end != '\0' || mode == 0 || mode > 0777)
    cli_misuse("'%s' is no mode: octal digits, as 0640", text);
  return (uint32_t)mode;
}

static void read_wanted(wanted *to, int option) {
  switch (option) {
  case 's':
    to->size = size_from(optarg);
    break;
  case 't':
    to->type = optarg;
    break;
  case 'c':
    to->capacity = (uint32_t)cli_number(optarg, 1, SHAREABLE_TEXT_MAX, "capacity in bytes");
    break;
  case 'm':
    to->mode = mode_from(optarg);
    break;
  case 'l':
    to->flags |= SHAREABLE_LAZY;
    break;
  default:
    to->flags |= SHAREABLE_PLAIN;
  }
}

static int run_create(int argc, char **argv) {
  static const struct option longs[] = {
    {"size", required_argument, NULL, 's'},     {"type", required_argument, NULL, 't'},
    {"capacity", required_argument, NULL, 'c'}, {"mode", required_argument, NULL, 'm'},
    {"lazy", no_argument, NULL, 'l'},           {"plain", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},           {0}};
  wanted as = {0};
  shareable_status status;
  shareable_error error;
  int option;

  while ((option = cli_option(&cli_create, argc, argv, "+s:t:c:m:lph", longs)) >= 0)
    read_wanted(&as, option);
  if (optind == argc)
    cli_misuse("no name is given");
  if (strcmp(argv[optind - 1], "--") != 0)
    check_values(argv + optind + 1, (size_t)(argc - optind - 1));
  if (as.size != 0 && (optind + 1 < argc || as.type != NULL || as.capacity != 0 || as.flags & SHAREABLE_PLAIN))
    cli_misuse("a block of --size bytes holds no values");
  status = as.size != 0 ? create_memory(argv[optind], &as, &error)
                        : create_list(argv[optind], argv + optind + 1, (size_t)(argc - optind - 1), &as, &error);
  if (status != SHAREABLE_OK)
    cli_fail("%s", error.text);
  return CLI_DONE;
}

const cli_command cli_create = {"create", "NAME [VALUE]...", "Make a list of the values, or a block of so many bytes.",
                                "  -s, --size BYTES      a block, not a list; K, M, G, T: powers of 1024\n"
                                "  -t, --type TYPE       values of that type, not of the one that they look like\n"
                                "  -c, --capacity BYTES  room for a text that long in each item\n"
                                "  -m, --mode MODE       the permission bits, less the umask [0600]\n"
                                "  -l, --lazy            take memory at first use, do not reserve it\n"
                                "  -p, --plain           the standard library's bytes alone, no sync area\n"
                                "  -h, --help            print this\n"
                                "\n"
                                "A value that looks like an int, a float, true, false or none is one; any other\n"
                                "is a str. Nobody owns the block: it stays until 'shareable rm'. Options stand\n"
                                "in front: a value may begin with a '-'.\n",
                                run_create};
