/*
 * item.c - shareable get and set: access to single items of a list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "value_print.h"

static int run_get(int argc, char **argv) {
  static const struct option longs[] = {VALUE_PRINT_LONGS, {"help", no_argument, NULL, 'h'}, {0}};
  value_print_options options = {0};
  cli_text item = {0}, text = {0};
  shareable_value value;
  shareable_list *list;
  int option, status = CLI_DONE;

  while ((option = cli_option(&cli_get, argc, argv, "+:" VALUE_PRINT_SHORTS "h", longs)) >= 0)
    value_print_option(&options, option);
  if (argc - optind < 2)
    cli_usage_error("expected NAME and at least one INDEX");
  for (int i = optind + 1; i < argc; i++)
    cli_parse_index(argv[i]);
  list = cli_open(argv[optind], SHAREABLE_READ_ONLY);
  /* Stops at the first item that cannot be read: a script takes the lines by their positions. */
  for (int i = optind + 1; i < argc && status == CLI_DONE; i++)
    if (cli_read_item_or_warn(list, cli_parse_index(argv[i]), &value, &item) == SHAREABLE_OK)
      value_print(&value, &text, &options);
    else
      status = CLI_FAILED;
  free(item.bytes);
  free(text.bytes);
  shareable_list_unref(list);
  return status;
}

const cli_command cli_get = {"get", "NAME INDEX...", "Print items, one per line; a negative index counts from the end.",
                             "  -J, --json  print JSON values; bytes, nan and inf become objects with a type\n"
                             "  -t, --type  print each item's type before it\n"
                             "  -z, --zero  end each item with a NUL byte, because a str may contain newlines\n"
                             "  -h, --help  print this help\n"
                             "\n"
                             "get stops at the first item that cannot be read. Options must come before NAME,\n"
                             "because INDEX may begin with '-'.\n",
                             run_get};

/*
 * A corrupt item has no type that the value could keep. If its offsets are corrupt, it has no
 * memory, and no write repairs it.
 */
static _Noreturn void die_of_set(const shareable_list *list, const char *name, int64_t index, shareable_status status,
                                 size_t length) {
  shareable_error error;
  size_t capacity;

  if (status == SHAREABLE_E_CAPACITY && shareable_list_capacity(list, index, &capacity) == SHAREABLE_OK)
    cli_die("the text has %zu bytes, but item %" PRId64 " of list '%s' has room for %zu", length, index, name,
            capacity);
  if (status != SHAREABLE_E_CORRUPT)
    cli_die_item(list, index, status);
  if (shareable_list_capacity(list, index, &capacity) == SHAREABLE_E_CORRUPT)
    cli_die("item %" PRId64 " of list '%s' is lost: its offsets are corrupt. Create the list again", index, name);
  shareable_list_explain_item(list, index, status, &error);
  cli_die_message(cli_format("%s, with its type: 'shareable set --type TYPE'", error.message));
}

/* Without --type, the value keeps the item's type: a text must not become a number because it looks like one. */
static shareable_type type_of_item(const shareable_list *list, const char *name, int64_t index) {
  shareable_type type;
  shareable_status status = shareable_list_type(list, index, &type);

  if (status != SHAREABLE_OK)
    die_of_set(list, name, index, status, 0);
  return type;
}

static int run_set(int argc, char **argv) {
  static const struct option longs[] = {{"type", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {0}};
  cli_text buffer = {0};
  bool has_type = false;
  shareable_status status;
  shareable_value value;
  shareable_list *list;
  shareable_type type;
  int64_t index;

  for (; cli_option(&cli_set, argc, argv, "+:t:h", longs) >= 0; has_type = true)
    type = cli_parse_type(optarg);
  if (argc - optind != 3)
    cli_usage_error("expected NAME, INDEX and VALUE");
  index = cli_parse_index(argv[optind + 1]);
  list = cli_open(argv[optind], 0);
  if (!has_type)
    type = type_of_item(list, argv[optind], index);
  if (!cli_parse(argv[optind + 2], type, &value, &buffer))
    cli_usage_error("'%s' is not a valid %s%s%s", argv[optind + 2], cli_type_name(type), cli_type_form(type),
                    has_type ? "" : "; --type changes the type of the item");
  status = shareable_list_set(list, index, &value);
  if (status != SHAREABLE_OK)
    die_of_set(list, argv[optind], index, status, (size_t)value.length);
  free(buffer.bytes);
  shareable_list_unref(list);
  return CLI_DONE;
}

const cli_command cli_set = {"set", "NAME INDEX VALUE", "Write an item; the value keeps the item's type.",
                             "  -t, --type TYPE  change the type: int, float, bool, str, bytes or none\n"
                             "  -h, --help       print this help\n"
                             "\n"
                             "A corrupt item has no type: --type is necessary to write it again.\n"
                             "A VALUE of type bytes consists of hexadecimal digits.\n"
                             "Options must come before NAME, because INDEX and VALUE may begin with '-'.\n",
                             run_set};
