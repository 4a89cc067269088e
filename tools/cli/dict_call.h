/*
 * dict_call.h - calls of the functions of dicts: keys of the command line, values of any length, and
 * messages.
 */
#ifndef SHAREABLE__CLI_DICT_CALL_H
#define SHAREABLE__CLI_DICT_CALL_H

#include "text.h"

/* What the options of several subcommands set. */
typedef struct dict_options {
  shareable_type key_type; /* str, or bytes */
  int64_t timeout;         /* of the wait for the lock of the dict, in nanoseconds */
  int64_t ttl;             /* in nanoseconds; 0: never */
} dict_options;

/* Initializes them: keys are str, and a process waits ten seconds for the lock. */
/* Versions of clang-format differ here. */
/* clang-format off */
#define DICT_OPTIONS                                                                                                   \
  { .key_type = SHAREABLE_TYPE_STR, .timeout = INT64_C(10000000000) }
/* clang-format on */

/* These options in the long form, for each subcommand that has them, and their lines of the help. */
/* Versions of clang-format differ here. */
/* clang-format off */
#define DICT_KEY_TYPE_LONG                                                                                             \
  { "key-type", required_argument, NULL, 'K' }
#define DICT_TIMEOUT_LONG                                                                                              \
  { "timeout", required_argument, NULL, 'w' }
#define DICT_TTL_LONG                                                                                                  \
  { "ttl", required_argument, NULL, 'T' }
/* clang-format on */
#define DICT_KEY_TYPE_HELP "  -K, --key-type KEYTYPE  the type of the keys: str or bytes [str]\n"
#define DICT_TIMEOUT_HELP                                                                                              \
  "  -w, --timeout SECONDS   exit with status 3 if another process has the\n"                                          \
  "                          lock of the dict for SECONDS [10]\n"
#define DICT_HELP_HELP "  -h, --help              print this help\n"

/* Applies one of these options. Returns false if it is another one. */
bool dict_option(dict_options *options, int option);

/*
 * Returns the key of an argument. It points into `text`, or into `buffer` if it is bytes. Reports a
 * usage error if it is not a key of that type.
 */
shareable_value dict_key(const char *text, const dict_options *options, cli_text *buffer);

/* Reports a usage error if one of the arguments is not a key: before the first of them is used. */
void dict_check_keys(char *const *texts, const dict_options *options);

/* Reads the value of a key, of any length. */
shareable_status dict_get(const shareable_dict *dict, const shareable_value *key, shareable_value *value,
                          cli_text *buffer);

/* Prints why a call about a key failed. `key` may be NULL. */
void dict_warn(const shareable_dict *dict, const shareable_value *key, shareable_status status);

/* Does the same, and exits, with the status that this failure has. */
_Noreturn void dict_die(const shareable_dict *dict, const shareable_value *key, shareable_status status);

#endif
