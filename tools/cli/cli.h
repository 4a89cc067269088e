/*
 * cli.h - what the commands of `shareable` share: how they are called, and how they fail.
 */
#ifndef SHAREABLE__CLI_H
#define SHAREABLE__CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shareable.h"

/* What the program ends with, for scripts. */
enum {
  CLI_DONE = 0,
  CLI_FAILED = 1,   /* the world would not: no such block, no permission, a damaged item … */
  CLI_MISUSED = 2,  /* the command line is wrong */
  CLI_TIMED_OUT = 3 /* watch: nothing changed in the time */
};

typedef struct cli_command {
  const char *name;
  const char *arguments; /* in the usage line, after the options */
  const char *summary;   /* what it does, in one line */
  const char *options;   /* the lines of its options */
  int (*run)(int argc, char **argv);
} cli_command;

/* All of them, in the order of the help; a NULL ends them. */
extern const cli_command *const cli_commands[];
extern const cli_command cli_ls, cli_info, cli_dump, cli_get, cli_set, cli_watch, cli_layout, cli_create, cli_rm,
  cli_gc, cli_manager, cli_doctor;

/* The next option of a command, as getopt_long(3); -h and what is wrong end the program. */
int cli_option(const cli_command *command, int argc, char **argv, const char *shorts, const struct option *longs);

/* Print what is wrong on standard error, escaped, with the command's name in front; the latter two end the program. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cli_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory, or the end of the program. */
void *cli_allocate(void *old, size_t count, size_t size);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The base of an integer that is written with an optional sign: 10, or 16 after "0x"; 0 if the text is not an integer. */
int cli_integer_base(const char *text);

/* Reads such an integer. A leading zero does not change the base. False if it is not one or does not fit in 64 bits. */
bool cli_integer(const char *text, int64_t *integer);

/* A whole number from `least` to `most`; or the end of the program. `what` is what it is to be. */
int64_t cli_number(const char *text, int64_t least, int64_t most, const char *what);

/* How far something long has come, on standard error if that is a terminal, from half a second on. All of it: the line goes. */
void cli_progress(const char *what, size_t done, size_t all);

/* Opens a list, or says why not and ends the program. */
shareable_list *cli_open(const char *name, uint32_t flags);

/* Reports that there is no such block, in the words of the library. */
void cli_complain_not_found(const char *name);

/* Says why an item could not be read or written, and ends the program. */
_Noreturn void cli_fail_item(const shareable_list *list, int64_t index, shareable_status status);

/* Writes out what was printed: an error there, as a full disk, is a failure. */
int cli_finish(int status);

#endif
