/*
 * dict_set.c - shareable dict set: writes the value of a key.
 */
#include <stdlib.h>

#include "dict.h"
#include "dict_call.h"
#include "value_text.h"

typedef struct set_options {
  dict_options common;
  const char *type; /* the name of the type of the value, or NULL */
  const char *path; /* of the file that contains the value, or NULL */
  uint32_t flags;
} set_options;

/*
 * Without --type, the value keeps the type of the present one, as in `set`: a text must not become a
 * number because it looks like one. The value of a new key has the type that `create` would infer;
 * with --if-absent, only a new key gets the value.
 */
static shareable_value parse_value(const value_text *text, const set_options *options, const shareable_dict *dict,
                                   const shareable_value *key, cli_text *buffer) {
  shareable_value value = shareable_none();
  shareable_status status;
  shareable_type type;

  if (options->type == NULL && (options->flags & SHAREABLE_DICT_IF_ABSENT) != 0)
    return value_text_parse_any(text);
  if (options->type == NULL) {
    status = shareable_dict_get(dict, key, &value, NULL, 0);
    if (status == SHAREABLE_E_NO_KEY)
      return value_text_parse_any(text);
    if (status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_UTF8)
      cli_die("the present value cannot be read: --type TYPE gives the type of the new one");
    if (status != SHAREABLE_OK && status != SHAREABLE_E_BUFFER)
      dict_die(dict, key, status);
  }
  type = options->type == NULL ? (shareable_type)value.type : cli_parse_type(options->type);
  if (!value_text_parse(text, type, &value, buffer))
    value_text_die(text, type, options->type == NULL ? "; --type changes the type of the value" : "");
  return value;
}

/* Returns the exit status. */
static int set(shareable_dict *dict, const shareable_value *key, const shareable_value *value,
               const set_options *options) {
  shareable_status status =
    shareable_dict_set(dict, key, value, options->flags, options->common.ttl, options->common.timeout);

  if (status == SHAREABLE_OK)
    return CLI_DONE;
  if (status != SHAREABLE_E_KEY_EXISTS && status != SHAREABLE_E_NO_KEY)
    dict_die(dict, key, status);
  dict_warn(dict, key, status);
  return CLI_DIFFERENT;
}

/* The letters of the options without one. */
enum { IF_ABSENT = 256, IF_PRESENT };

static void parse_options(int argc, char **argv, set_options *options) {
  static const struct option longs[] = {{"type", required_argument, NULL, 't'},
                                        VALUE_TEXT_LONG,
                                        {"if-absent", no_argument, NULL, IF_ABSENT},
                                        {"if-present", no_argument, NULL, IF_PRESENT},
                                        DICT_TTL_LONG,
                                        DICT_KEY_TYPE_LONG,
                                        DICT_TIMEOUT_LONG,
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  int option;

  while ((option = cli_option(&cli_dict_set, argc, argv, "+:t:T:K:w:h", longs)) >= 0)
    if (dict_option(&options->common, option))
      continue;
    else if (option == 't')
      options->type = cli_type_name(cli_parse_type(optarg));
    else if (option == VALUE_TEXT_FILE)
      options->path = optarg;
    else
      options->flags |= option == IF_ABSENT ? SHAREABLE_DICT_IF_ABSENT : SHAREABLE_DICT_IF_PRESENT;
  if (options->flags == (SHAREABLE_DICT_IF_ABSENT | SHAREABLE_DICT_IF_PRESENT))
    cli_usage_error("--if-absent and --if-present exclude each other");
}

static int run_set(int argc, char **argv) {
  set_options options = {.common = DICT_OPTIONS};
  cli_text bytes = {0}, buffer = {0};
  shareable_value key, value;
  value_text text;
  shareable_dict *dict;
  int status;

  parse_options(argc, argv, &options);
  if (argc - optind != (options.path == NULL ? 3 : 2))
    cli_usage_error(options.path == NULL ? "expected NAME, KEY and VALUE"
                                         : "--from-file reads the VALUE: expected NAME and KEY");
  key = dict_key(argv[optind + 1], &options.common, &bytes);
  dict = cli_open_dict(argv[optind], 0);
  text = options.path == NULL ? value_text_of(argv[optind + 2]) : value_text_read(options.path);
  value = parse_value(&text, &options, dict, &key, &buffer);
  status = set(dict, &key, &value, &options);
  free(bytes.bytes);
  free(buffer.bytes);
  value_text_free(&text);
  shareable_dict_unref(dict);
  return status;
}

/* Versions of clang-format differ here. */
/* clang-format off */
const cli_command cli_dict_set = {
  "dict set", "NAME KEY [VALUE]", "Write the value of a key, and insert the key if it is absent.",
  "  -t, --type TYPE         the value is int, float, bool, str, bytes or none\n"
  "  -T, --ttl SECONDS       the key expires after SECONDS; 0: never [0]\n"
  "  --from-file FILE        the VALUE is the content of FILE; -: stdin\n"
  "  --if-absent             exit with status 4 if the key is in the dict\n"
  "  --if-present            exit with status 4 if it is not in the dict\n" DICT_KEY_TYPE_HELP DICT_TIMEOUT_HELP
    DICT_HELP_HELP "\n"
  "Without --type, the value of a key that is in the dict keeps its type, and the\n"
  "type of the value of a new key is inferred, as by create. Options must come\n"
  "before NAME, because KEY and VALUE may begin with '-'.\n",
  run_set};
/* clang-format on */
