/*
 * cli.h - options, arguments, messages and exit statuses of all commands.
 */
#ifndef SHAREABLE__CLI_H
#define SHAREABLE__CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shareable.h"

/* The exit statuses. */
enum {
  CLI_DONE = 0,
  CLI_FAILED = 1,    /* no such block, no permission, a corrupt item … */
  CLI_USAGE = 2,     /* the command line is wrong, also for the type of the item */
  CLI_TIMED_OUT = 3, /* watch, wait, lock, copy, dict, manager stop: it did not happen before the timeout */
  CLI_DIFFERENT = 4  /* cas: another value; dict set: the key is there, or is not; dict get: has expired */
};

typedef struct cli_command {
  const char *name;
  const char *arguments; /* printed in the usage line, after the options */
  const char *summary;   /* one line */
  const char *options;   /* the lines of the help that follow the summary */
  int (*run)(int argc, char **argv);
} cli_command;

extern const cli_command cli_ls, cli_info, cli_dump, cli_top, cli_get, cli_set, cli_add, cli_cas, cli_watch, cli_wait,
  cli_lock, cli_layout, cli_create, cli_dict, cli_copy, cli_cat, cli_write, cli_rm, cli_gc, cli_manager, cli_doctor;

/*
 * Returns the next option, as getopt_long(3) does. Prints the help and exits if it is -h; reports a
 * usage error if it is invalid.
 */
int cli_option(const cli_command *command, int argc, char **argv, const char *shorts, const struct option *longs);

/*
 * These print a message to standard error: the name of the command, and the escaped text.
 * cli_die() then exits with CLI_FAILED, cli_usage_error() with CLI_USAGE.
 */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cli_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cli_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * These print a message of the library, in which names are already escaped. The command may have
 * appended its own text.
 */
void cli_warn_message(const char *message);
_Noreturn void cli_die_message(const char *message);

/* These allocate memory. They do not return if there is none. */
void *cli_allocate(void *old, size_t count, size_t size);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the end of a noun after that number: "s", or "" after 1. */
const char *cli_plural(uint64_t count);

/*
 * Returns the base of an integer with an optional sign: 16 after "0x", else 10; or 0 if it is not
 * an integer.
 */
int cli_integer_base(const char *text);

/*
 * Parses such an integer. Returns false if the text is not an integer or does not fit in 64 bits.
 */
bool cli_parse_integer(const char *text, int64_t *integer);

/*
 * Parses an integer from `min` to `max`. If the text is not one, reports a usage error that calls
 * it `noun`.
 */
int64_t cli_parse_number(const char *text, int64_t min, int64_t max, const char *noun);

/* Parses the index of an item, which may be negative, or reports a usage error. */
int64_t cli_parse_index(const char *text);

/* Parses seconds, which may have a fraction, or reports a usage error. Returns nanoseconds. */
int64_t cli_parse_timeout(const char *text);

/* The longest TTL of a key in whole seconds, for messages: INT64_MAX nanoseconds. */
#define CLI_TTL_MAX "9223372036"

/*
 * Converts a TTL of seconds to nanoseconds. Only 0 is 0 nanoseconds: never. Returns false if it is
 * negative, or longer than INT64_MAX nanoseconds.
 */
bool cli_ttl_of_seconds(double seconds, int64_t *ttl);

/* Parses the TTL of a key, in seconds, or reports a usage error. Returns nanoseconds. */
int64_t cli_parse_ttl(const char *text);

/* Parses permission bits in octal digits, or reports a usage error. */
uint32_t cli_parse_mode(const char *text);

/*
 * Prints the progress of an operation that takes more than half a second, if standard error is a
 * terminal. If done == total, erases the line.
 */
void cli_progress(const char *noun, size_t done, size_t total);

/*
 * Makes this process call `leave` before it prints a message, and print no progress: it shows a
 * screen of its own, which `leave` ends.
 */
void cli_own_screen(void (*leave)(void));

/* These open a list, a dict or a block. If that fails, they print the reason and exit. */
shareable_list *cli_open(const char *name, uint32_t flags);
shareable_dict *cli_open_dict(const char *name, uint32_t flags);
shareable_memory *cli_open_memory(const char *name, uint32_t flags);

/*
 * Opens a list to wait for its changes: for writing if possible, because a process that may only read
 * it cannot be woken, and reads it again and again.
 */
shareable_status cli_open_to_wait(shareable_list **list, const char *name, shareable_error *error);

/*
 * Makes a missing part of the memory of a block an error that names the block, and not a crash.
 * The functions that open a block call it.
 */
void cli_report_truncation(const char *name);

/*
 * Reads bytes of a block by pread(2): a read of the mapping would give memory to the holes of a lazy
 * block. Returns 0, ENODATA if the block was truncated, or another errno.
 */
int cli_read_memory(shareable_memory *memory, uint64_t offset, void *bytes, size_t length);

/* Prints why bytes of the block could not be read, and exits. */
_Noreturn void cli_die_memory(const shareable_memory *memory, int errnum);

/* Prints the library's message that there is no such block. */
void cli_warn_not_found(const char *name);

/* Prints why an item could not be read or written, and exits. */
_Noreturn void cli_die_item(const shareable_list *list, int64_t index, shareable_status status);

/*
 * Flushes standard output and returns the exit status. If a write has failed, for example because
 * the disk is full, prints a message and returns CLI_FAILED.
 */
int cli_flush_or_warn(int status);

#endif
