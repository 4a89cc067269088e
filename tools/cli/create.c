/*
 * create.c - shareable create: creates a list of values, a dict, a copy of a .npy file, or a block of zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "array_file.h"
#include "dict/dict.h"
#include "format/item.h"
#include "json.h"
#include "list/list.h"
#include "replaced.h"
#include "size.h"
#include "text.h"

typedef struct settings {
  const char *type; /* its name, or NULL */
  const char *json; /* the path of the file to read, or NULL; the same for npy */
  const char *npy;
  uint64_t size;
  size_t places, key_size, value_size; /* of a dict; 0: not given */
  uint32_t capacity, flags, mode;
  bool is_forced; /* replace the block that has the name */
} settings;

static shareable_status create_of_values(const char *name, const shareable_value *values, size_t count, uint32_t flags,
                                         const settings *chosen, shareable_error *error) {
  shareable_list *list = NULL;
  shareable_status status = (chosen->is_forced ? shareable__list_replace : shareable_list_create)(
    &list, name, values, count, flags, chosen->mode, error);

  if (status == SHAREABLE_OK)
    shareable_list_unref(list);
  return status;
}

static shareable_status create_list(const char *name, char *const *texts, size_t count, const settings *chosen,
                                    shareable_error *error) {
  shareable_value *values = cli_allocate(NULL, count, sizeof *values);
  cli_text *buffers = cli_allocate(NULL, count, sizeof *buffers);
  shareable_status status;

  memset(buffers, 0, count * sizeof *buffers);
  for (size_t i = 0; i < count; i++) {
    if (chosen->type == NULL)
      values[i] = cli_parse_any(texts[i]);
    else if (!cli_parse(texts[i], cli_parse_type(chosen->type), &values[i], &buffers[i]))
      cli_usage_error("'%s' is not a valid %s%s", texts[i], chosen->type, cli_type_form(cli_parse_type(chosen->type)));
    values[i].capacity = chosen->capacity;
  }
  status = create_of_values(name, values, count, chosen->flags, chosen, error);
  for (size_t i = 0; i < count; i++)
    free(buffers[i].bytes);
  free(buffers);
  free(values);
  return status;
}

/* The sizes that a dict has unless its creator gives others. */
enum { KEY_SIZE = 32, VALUE_SIZE = 64 };

static shareable_status create_dict(const char *name, const settings *chosen, const shareable__dict_content *content,
                                    shareable_error *error) {
  shareable_dict *dict;
  shareable_status status = shareable__dict_create_with(
    &dict, name, chosen->places, chosen->key_size == 0 ? KEY_SIZE : chosen->key_size,
    chosen->value_size == 0 ? VALUE_SIZE : chosen->value_size, content, chosen->flags, chosen->mode, error);

  if (status == SHAREABLE_OK)
    shareable_dict_unref(dict);
  return status;
}

/* The dict has the sizes of JSON. */
static shareable_status create_dict_from_json(const char *name, const settings *chosen, const json_list *json,
                                              shareable_error *error) {
  const shareable__dict_content content = {json->items.keys, json->items.values, json->items.ttls, json->items.count,
                                           chosen->is_forced};
  settings dict = *chosen;

  if (chosen->capacity != 0 || (chosen->flags & SHAREABLE_NO_SYNC) != 0)
    cli_usage_error("--from-json reads a dict: it cannot be used with --capacity or --no-sync");
  dict.places = json->places;
  dict.key_size = json->key_size;
  dict.value_size = json->value_size;
  dict.flags |= json->evicts ? SHAREABLE_EVICT : 0;
  return create_dict(name, &dict, &content, error);
}

static shareable_status create_from_json(const char *name, const settings *chosen, shareable_error *error) {
  uint32_t flags = chosen->flags;
  shareable_status status;
  json_list json;

  json_read(&json, chosen->json);
  if (json.is_dict) {
    status = create_dict_from_json(name, chosen, &json, error);
    json_free(&json);
    return status;
  }
  for (size_t i = 0; i < json.count; i++)
    if (json.values[i].capacity == 0)
      json.values[i].capacity = chosen->capacity;
  if (json.has_no_sync_area)
    flags |= SHAREABLE_NO_SYNC;
  status = create_of_values(name, json.values, json.count, flags, chosen, error);
  json_free(&json);
  return status;
}

/* An option after the name would silently become a value. */
static void check_values(char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (texts[i][0] == '-' && strchr("0123456789.in", texts[i][1]) == NULL)
      cli_usage_error("'%s' looks like an option: put options before NAME; if it is a value, put '--' before NAME",
                      texts[i]);
}

static shareable_status create_memory(const char *name, const settings *chosen, shareable_error *error) {
  shareable_memory *memory;
  shareable_status status =
    shareable__memory_prepare(&memory, name, chosen->size, chosen->flags, chosen->mode, chosen->is_forced, error);

  if (status != SHAREABLE_OK)
    return status;
  status = shareable__memory_publish(memory, error);
  shareable_memory_unref(memory);
  return status;
}

static void apply_dict_option(settings *chosen, int option) {
  switch (option) {
  case 'D':
    chosen->places = (size_t)cli_parse_number(optarg, 1, (int64_t)SHAREABLE_DICT_PLACES_MAX, "number of places");
    break;
  case 'K':
    chosen->key_size = (size_t)cli_parse_number(optarg, 1, SHAREABLE_DICT_KEY_MAX, "size of keys in bytes");
    break;
  case 'V':
    chosen->value_size = (size_t)cli_parse_number(optarg, 1, SHAREABLE_TEXT_MAX, "size of values in bytes");
    break;
  default:
    chosen->flags |= SHAREABLE_EVICT;
  }
}

static void apply_option(settings *chosen, int option) {
  switch (option) {
  case 's':
    chosen->size = size_parse(optarg);
    break;
  case 't':
    chosen->type = cli_type_name(cli_parse_type(optarg));
    break;
  case 'j':
    chosen->json = optarg;
    break;
  case 'N':
    chosen->npy = optarg;
    break;
  case 'c':
    chosen->capacity = (uint32_t)cli_parse_number(optarg, 1, SHAREABLE__SLOT_MAX, "capacity in bytes");
    break;
  case 'm':
    chosen->mode = cli_parse_mode(optarg);
    break;
  case 'l':
    chosen->flags |= SHAREABLE_LAZY;
    break;
  case 'f':
    chosen->is_forced = true;
    break;
  case 'S':
    chosen->flags |= SHAREABLE_NO_SYNC;
    break;
  default:
    apply_dict_option(chosen, option);
  }
}

static void check_conflicts(const settings *chosen, size_t count) {
  if (chosen->size != 0 && (count != 0 || chosen->type != NULL || chosen->json != NULL || chosen->capacity != 0 ||
                            (chosen->flags & SHAREABLE_NO_SYNC) != 0))
    cli_usage_error("--size creates a block that is not a list: it cannot be used with values, --type, --from-json, "
                    "--capacity or --no-sync");
  if (chosen->npy != NULL && (count != 0 || chosen->type != NULL || chosen->json != NULL || chosen->capacity != 0 ||
                              chosen->size != 0 || (chosen->flags & SHAREABLE_NO_SYNC) != 0))
    cli_usage_error("--npy copies an array: it cannot be used with values, --type, --from-json, --capacity, --size or "
                    "--no-sync");
  if (chosen->places != 0 && (count != 0 || chosen->type != NULL || chosen->json != NULL || chosen->npy != NULL ||
                              chosen->capacity != 0 || chosen->size != 0 || (chosen->flags & SHAREABLE_NO_SYNC) != 0))
    cli_usage_error("--dict creates an empty dict: it cannot be used with values, --type, --from-json, --npy, "
                    "--capacity, --size or --no-sync");
  if (chosen->places == 0 &&
      (chosen->key_size != 0 || chosen->value_size != 0 || (chosen->flags & SHAREABLE_EVICT) != 0))
    cli_usage_error("--key-size, --value-size and --evict need --dict PLACES");
  if (chosen->json != NULL && (count != 0 || chosen->type != NULL))
    cli_usage_error("--from-json reads the values: it cannot be used with values or --type");
}

static shareable_status create(const char *name, char *const *texts, size_t count, const settings *chosen,
                               shareable_error *error) {
  if (chosen->places != 0)
    return create_dict(name, chosen, &(shareable__dict_content){.replaces = chosen->is_forced}, error);
  if (chosen->size != 0)
    return create_memory(name, chosen, error);
  return chosen->json != NULL ? create_from_json(name, chosen, error) : create_list(name, texts, count, chosen, error);
}

static int run_create(int argc, char **argv) {
  static const struct option longs[] = {{"size", required_argument, NULL, 's'},
                                        {"type", required_argument, NULL, 't'},
                                        {"capacity", required_argument, NULL, 'c'},
                                        {"mode", required_argument, NULL, 'm'},
                                        {"lazy", no_argument, NULL, 'l'},
                                        {"no-sync", no_argument, NULL, 'S'},
                                        {"from-json", required_argument, NULL, 'j'},
                                        {"npy", required_argument, NULL, 'N'},
                                        {"dict", required_argument, NULL, 'D'},
                                        {"key-size", required_argument, NULL, 'K'},
                                        {"value-size", required_argument, NULL, 'V'},
                                        {"evict", no_argument, NULL, 'E'},
                                        {"force", no_argument, NULL, 'f'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  settings chosen = {0};
  shareable_status status;
  shareable_error error;
  int option;

  while ((option = cli_option(&cli_create, argc, argv, "+:s:t:m:lSj:fh", longs)) >= 0)
    apply_option(&chosen, option);
  if (optind == argc)
    cli_usage_error("NAME is missing");
  if (strcmp(argv[optind - 1], "--") != 0)
    check_values(argv + optind + 1, (size_t)(argc - optind - 1));
  check_conflicts(&chosen, (size_t)(argc - optind - 1));
  if (chosen.is_forced)
    replaced_check(argv[optind], NULL, false, &chosen.mode);
  if (chosen.npy != NULL) {
    array_file_copy(chosen.npy, argv[optind], chosen.flags, chosen.mode, chosen.is_forced);
    return CLI_DONE;
  }
  status = create(argv[optind], argv + optind + 1, (size_t)(argc - optind - 1), &chosen, &error);
  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
  return CLI_DONE;
}

const cli_command cli_create = {"create", "NAME [VALUE]...",
                                "Create a list of values, a dict, an array, or a block of zeros.",
                                "  -s, --size BYTES      create a block, not a list; K, M, G, T: powers of 1024\n"
                                "  -t, --type TYPE       give all values this type, do not infer it\n"
                                "  -j, --from-json FILE  create the list or dict that FILE describes; -: stdin\n"
                                "  --npy FILE            create an array from a .npy file; - is standard input\n"
                                "  --dict PLACES         create a dict for at most PLACES keys\n"
                                "  --key-size BYTES      the longest key of the dict [32]\n"
                                "  --value-size BYTES    the longest str or bytes as a value of the dict [64]\n"
                                "  --evict               let the dict evict keys when it is full\n"
                                "  --capacity BYTES      let each item hold a text of up to BYTES bytes\n"
                                "  -f, --force           replace the block NAME, unless it is in use\n"
                                "  -m, --mode MODE       set the permission bits, minus the umask [0600]\n"
                                "  -l, --lazy            allocate memory at first use, do not reserve it\n"
                                "  -S, --no-sync         create the standard library's bytes, without a sync area\n"
                                "  -h, --help            print this help\n"
                                "\n"
                                "The FILE of --from-json is the output of 'shareable dump --json', or a JSON\n"
                                "array of values.\n"
                                "The type of a value is inferred: int, float, bool (true, false) or none; any\n"
                                "other value is a str. No process owns the block: it stays until 'shareable rm'\n"
                                "removes it. Options must come before NAME, because a value may begin with '-'.\n",
                                run_create};
