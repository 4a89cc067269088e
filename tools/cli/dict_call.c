/*
 * dict_call.c - calls of the functions of dicts: keys of the command line, values of any length, and
 * messages.
 */
#include "dict_call.h"

#include <stdlib.h>
#include <string.h>

static shareable_type parse_key_type(const char *name) {
  if (strcmp(name, "str") != 0 && strcmp(name, "bytes") != 0)
    cli_usage_error("unknown type of keys '%s': expected str or bytes", name);
  return name[0] == 's' ? SHAREABLE_TYPE_STR : SHAREABLE_TYPE_BYTES;
}

bool dict_option(dict_options *options, int option) {
  switch (option) {
  case 'K':
    options->key_type = parse_key_type(optarg);
    return true;
  case 'w':
    options->timeout = cli_parse_timeout(optarg);
    return true;
  case 'T':
    options->ttl = cli_parse_ttl(optarg);
    return true;
  default:
    return false;
  }
}

shareable_value dict_key(const char *text, const dict_options *options, cli_text *buffer) {
  shareable_value key;

  if (!cli_parse(text, options->key_type, &key, buffer))
    cli_usage_error("'%s' is not a valid key%s", text, cli_type_form(options->key_type));
  return key;
}

void dict_check_keys(char *const *texts, const dict_options *options) {
  cli_text bytes = {0};

  for (; *texts != NULL; texts++)
    dict_key(*texts, options, &bytes);
  free(bytes.bytes);
}

shareable_status dict_get(const shareable_dict *dict, const shareable_value *key, shareable_value *value,
                          cli_text *buffer) {
  shareable_status status;

  while ((status = shareable_dict_get(dict, key, value, buffer->bytes, buffer->size)) == SHAREABLE_E_BUFFER)
    cli_text_reserve(buffer, (size_t)value->length);
  return status;
}

void dict_warn(const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  shareable_error error;

  if (status == SHAREABLE_E_TIMED_OUT) {
    cli_warn("another process has had the lock of dict '%s'%s until the timeout",
             shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))),
             key == NULL ? "" : ", or of the value of the key,");
    return;
  }
  shareable_dict_explain(dict, key, status, &error);
  cli_warn_message(error.message);
}

void dict_die(const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  dict_warn(dict, key, status);
  exit(status == SHAREABLE_E_TIMED_OUT ? CLI_TIMED_OUT : CLI_FAILED);
}
