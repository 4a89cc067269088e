/*
 * create.c - shareable create: a list of values, or a block of so many bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"

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
      cli_misuse("'%s' is not a valid %s", texts[i], as->type);
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
      cli_misuse("'%s' looks like an option: put options before NAME; if it is a value, put '--' before NAME",
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
  unsigned long mode = strtoul(text, NULL, 8);

  if (text[strspn(text, "01234567")] != '\0' || mode == 0 || mode > 0777)
    cli_misuse("'%s' is not a valid mode: expected octal digits from 1 to 777, such as 640", text);
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

  while ((option = cli_option(&cli_create, argc, argv, "+:s:t:c:m:lph", longs)) >= 0)
    read_wanted(&as, option);
  if (optind == argc)
    cli_misuse("NAME is missing");
  if (strcmp(argv[optind - 1], "--") != 0)
    check_values(argv + optind + 1, (size_t)(argc - optind - 1));
  if (as.size != 0 && (optind + 1 < argc || as.type != NULL || as.capacity != 0 || as.flags & SHAREABLE_PLAIN))
    cli_misuse(
      "--size creates a block that is not a list: it cannot be used with values, --type, --capacity or --plain");
  status = as.size != 0 ? create_memory(argv[optind], &as, &error)
                        : create_list(argv[optind], argv + optind + 1, (size_t)(argc - optind - 1), &as, &error);
  if (status != SHAREABLE_OK)
    cli_fail("%s", error.text);
  return CLI_DONE;
}

const cli_command cli_create = {"create", "NAME [VALUE]...",
                                "Create a list of the values, or with --size a block of zeros.",
                                "  -s, --size BYTES      create a block, not a list; K, M, G, T: powers of 1024\n"
                                "  -t, --type TYPE       give all values this type, do not infer it\n"
                                "  -c, --capacity BYTES  let each item hold a text of up to BYTES bytes\n"
                                "  -m, --mode MODE       set the permission bits, minus the umask [0600]\n"
                                "  -l, --lazy            allocate memory at first use, do not reserve it\n"
                                "  -p, --plain           create the standard library's bytes, without a sync area\n"
                                "  -h, --help            print this help\n"
                                "\n"
                                "The type of a value is inferred: int, float, bool (true, false) or none; any\n"
                                "other value is a str. No process owns the block: it stays until 'shareable rm'\n"
                                "removes it. Options must come before NAME, because a value may begin with '-'.\n",
                                run_create};
