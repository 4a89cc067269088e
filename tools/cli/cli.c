/*
 * cli.c - options, arguments, messages and exit statuses of all commands.
 */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "escape.h"
#include "format/npy.h"
#include "output.h"

#define PROGRESS_DELAY_NS INT64_C(500000000)

static const cli_command *current;
static void (*leave_screen)(void); /* NULL: output is a sequence of lines */

void cli_own_screen(void (*leave)(void)) {
  leave_screen = leave;
}

/*
 * Returns true if the rejected option is one of the long options, given with "=" although it takes
 * no argument. Then getopt_long(3) sets optopt to the option's value, which may be a letter that is
 * no option.
 */
static bool takes_no_argument(const char *text, const struct option *longs, int value) {
  if (strncmp(text, "--", 2) != 0 || strchr(text, '=') == NULL)
    return false;
  for (; longs->name != NULL; longs++)
    if (longs->val == value)
      return true;
  return false;
}

/* Prints the error that getopt_long(3) would print, but escaped. */
static _Noreturn void reject_option(int option, const struct option *longs, char *const *argv) {
  const char *text = argv[optind - 1];

  if (option == ':')
    cli_usage_error("option '%s' requires an argument", text);
  if (takes_no_argument(text, longs, optopt))
    cli_usage_error("option '%.*s' does not take an argument", (int)strcspn(text, "="), text);
  if (optopt != 0)
    cli_usage_error("unknown option '-%c'", optopt);
  cli_usage_error("unknown or ambiguous option '%s'", text);
}

static void print_help(const cli_command *command) {
  char *help =
    cli_format("Usage: shareable %s [OPTION]...%s%s\n%s\n\n%s", command->name, command->arguments[0] == '\0' ? "" : " ",
               command->arguments, command->summary, command->options);

  cli_put(help);
  free(help);
}

int cli_option(const cli_command *command, int argc, char **argv, const char *shorts, const struct option *longs) {
  int option;

  current = command;
  opterr = 0;
  option = getopt_long(argc, argv, shorts, longs, NULL);
  if (option == 'h') {
    print_help(command);
    exit(cli_flush_or_warn(CLI_DONE));
  }
  if (option == '?' || option == ':')
    reject_option(option, longs, argv);
  return option;
}

/* Returns the names of the program and of the command. The caller frees them. */
static char *current_name(const char *before, const char *after) {
  return cli_format("%sshareable%s%s%s", before, current == NULL ? "" : " ", current == NULL ? "" : current->name,
                    after);
}

static void __attribute__((format(printf, 1, 0))) print_message(const char *format, va_list arguments) {
  char *prefix = current_name("", ": ");

  if (leave_screen != NULL)
    leave_screen();
  cli_error_line(prefix, format, arguments);
  free(prefix);
}

void cli_warn(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  print_message(format, arguments);
  va_end(arguments);
}

void cli_die(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  print_message(format, arguments);
  va_end(arguments);
  exit(CLI_FAILED);
}

void cli_warn_message(const char *message) {
  char *prefix = current_name("", ": ");

  if (leave_screen != NULL)
    leave_screen();
  cli_error_message(prefix, message);
  free(prefix);
}

void cli_die_message(const char *message) {
  cli_warn_message(message);
  exit(CLI_FAILED);
}

void cli_usage_error(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  print_message(format, arguments);
  va_end(arguments);
  cli_put_error(current_name("Try '", " --help'.\n"));
  exit(CLI_USAGE);
}

void *cli_allocate(void *old, size_t count, size_t size) {
  void *memory = reallocarray(old, count == 0 ? 1 : count, size);

  if (memory == NULL)
    cli_die("out of memory");
  return memory;
}

char *cli_format(const char *format, ...) {
  va_list arguments;
  char *text;
  int length;

  va_start(arguments, format);
  length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    cli_die("out of memory");
  return text;
}

const char *cli_plural(uint64_t count) {
  return count == 1 ? "" : "s";
}

int cli_integer_base(const char *text) {
  const char *digits = text + (*text == '-' || *text == '+');
  bool is_hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');

  digits += is_hexadecimal ? 2 : 0;
  if (*digits == '\0' || digits[strspn(digits, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789")] != '\0')
    return 0;
  return is_hexadecimal ? 16 : 10;
}

bool cli_parse_integer(const char *text, int64_t *integer) {
  int base = cli_integer_base(text);

  if (base == 0)
    return false;
  errno = 0;
  *integer = strtoll(text, NULL, base);
  return errno == 0;
}

int64_t cli_parse_number(const char *text, int64_t min, int64_t max, const char *noun) {
  int64_t number;

  if (!cli_parse_integer(text, &number) || number < min || number > max)
    cli_usage_error("'%s' is not a valid %s: expected an integer from %" PRId64 " to %" PRId64, text, noun, min, max);
  return number;
}

int64_t cli_parse_index(const char *text) {
  if (text[0] == '-' && cli_integer_base(text) == 0)
    cli_usage_error("'%s' is not a valid index: put options before NAME", text);
  return cli_parse_number(text, INT64_MIN, INT64_MAX, "index");
}

/* Reads seconds, or returns -1. */
static double read_seconds(const char *text) {
  char *end;
  double seconds = strtod(text, &end);

  return end == text || *end != '\0' ? -1 : seconds;
}

int64_t cli_parse_timeout(const char *text) {
  double seconds = read_seconds(text);

  if (!(seconds >= 0) || seconds > 1e9)
    cli_usage_error("'%s' is not a valid timeout: expected seconds from 0 to 1000000000", text);
  return (int64_t)(seconds * 1e9);
}

bool cli_ttl_of_seconds(double seconds, int64_t *ttl) {
  double nanoseconds = seconds * 1e9;

  if (!(nanoseconds >= 0) || nanoseconds > 0x1p63)
    return false;
  if (nanoseconds == 0x1p63) /* no float is INT64_MAX */
    *ttl = INT64_MAX;
  else
    *ttl = nanoseconds > 0 && nanoseconds < 1 ? 1 : (int64_t)nanoseconds;
  return true;
}

int64_t cli_parse_ttl(const char *text) {
  int64_t ttl;

  if (!cli_ttl_of_seconds(read_seconds(text), &ttl))
    cli_usage_error("'%s' is not a valid TTL: expected seconds from 0 to " CLI_TTL_MAX, text);
  return ttl;
}

uint32_t cli_parse_mode(const char *text) {
  unsigned long mode = strtoul(text, NULL, 8);

  if (text[strspn(text, "01234567")] != '\0' || mode == 0 || mode > 0777)
    cli_usage_error("'%s' is not a valid mode: expected octal digits from 1 to 777, such as 640", text);
  return (uint32_t)mode;
}

/* isatty(3) is a system call. */
static bool shows_progress(void) {
  static int is_terminal = -1;

  if (is_terminal < 0)
    is_terminal = isatty(STDERR_FILENO);
  return is_terminal == 1 && leave_screen == NULL;
}

void cli_progress(const char *noun, size_t done, size_t total) {
  static int64_t start, last;
  int64_t time;

  if (!shows_progress())
    return;
  time = shareable__now();
  if (start == 0)
    start = last = time;
  if (done >= total && last != start)
    cli_put_error("\r\033[K");
  if (done >= total) {
    start = 0;
  } else if (time - last >= PROGRESS_DELAY_NS) {
    char *line = cli_format("\r%s: %zu of %zu\033[K", noun, done, total);

    cli_put_error(line);
    free(line);
    last = time;
  }
}

/*
 * The message of on_sigbus(). It is formatted in advance, because a signal handler must not do it.
 */
static char *sigbus_message;

/*
 * The kernel raises SIGBUS when the library reads a block, never within stdio, so the handler may
 * flush the output. If another process sent the signal, this process may be anywhere, also in
 * stdio.
 */
static void on_sigbus(int number, siginfo_t *signal, void *context) {
  (void)number;
  (void)context;
  if (signal->si_code > 0)
    cli_flush();
  (void)!write(STDERR_FILENO, sigbus_message, strlen(sigbus_message));
  _exit(CLI_FAILED);
}

/*
 * A process that may write the block may also truncate it, and the system may have no memory for a
 * page of a lazy block. An access to such memory raises SIGBUS.
 */
void cli_report_truncation(const char *name) {
  char *prefix = current_name("", ""), *escaped = cli_escaped(name);
  const struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

  free(sigbus_message);
  sigbus_message =
    cli_format("%s: part of the memory of block '%s' is missing: the block was truncated, or it is lazy and "
               "/dev/shm is full\n",
               prefix, escaped);
  free(escaped);
  free(prefix);
  sigaction(SIGBUS, &action, NULL);
}

/* Reports why a block could not be opened, and what to do if another user owns it. */
static _Noreturn void die_of_memory(const shareable_error *error) {
  if (error->status == SHAREABLE_E_PERMISSION)
    cli_die_message(
      cli_format("%s; run this as its owner or root, or let one of them change its mode", error->message));
  cli_die_message(error->message);
}

static bool begins_as_array(shareable_memory *memory) {
  shareable__npy_prologue prologue;

  return shareable_memory_size(memory) >= SHAREABLE__NPY_PROLOGUE_SIZE &&
         shareable__npy_read_prologue(shareable_memory_address(memory), &prologue) == NULL;
}

/* Reports why a list could not be opened. The bytes of a block that is not a list can be read. */
static _Noreturn void die_of_list(const char *name, const shareable_error *error) {
  bool may_be_memory = error->status == SHAREABLE_E_NOT_LIST || error->status == SHAREABLE_E_NOT_READY;
  shareable_error array_error;
  shareable_memory *memory;
  shareable_array *array;

  if (!may_be_memory || shareable_memory_open(&memory, name, SHAREABLE_READ_ONLY, NULL) != SHAREABLE_OK)
    die_of_memory(error);
  if (!begins_as_array(memory))
    cli_die_message(cli_format("%s; 'shareable cat NAME' prints its bytes", error->message));
  if (shareable_array_open(&array, name, SHAREABLE_READ_ONLY, &array_error) == SHAREABLE_OK)
    cli_die("block '%s' contains an array, not a list: 'shareable dump' prints it", shareable_memory_name(memory));
  cli_die_message(cli_format("%s; 'shareable cat NAME' prints its bytes", array_error.message));
}

shareable_list *cli_open(const char *name, uint32_t flags) {
  shareable_error error;
  shareable_list *list;

  cli_report_truncation(name);
  if (shareable_list_open(&list, name, flags, &error) != SHAREABLE_OK)
    die_of_list(name, &error);
  return list;
}

shareable_dict *cli_open_dict(const char *name, uint32_t flags) {
  shareable_error error;
  shareable_dict *dict;

  cli_report_truncation(name);
  if (shareable_dict_open(&dict, name, flags, &error) != SHAREABLE_OK)
    die_of_list(name, &error);
  return dict;
}

shareable_status cli_open_to_wait(shareable_list **list, const char *name, shareable_error *error) {
  if (shareable_list_open(list, name, 0, NULL) == SHAREABLE_OK)
    return SHAREABLE_OK;
  return shareable_list_open(list, name, SHAREABLE_READ_ONLY, error);
}

shareable_memory *cli_open_memory(const char *name, uint32_t flags) {
  shareable_error error;
  shareable_memory *memory;

  cli_report_truncation(name);
  if (shareable_memory_open(&memory, name, flags, &error) != SHAREABLE_OK)
    die_of_memory(&error);
  return memory;
}

int cli_read_memory(shareable_memory *memory, uint64_t offset, void *bytes, size_t length) {
  shareable_error error;
  int fd;

  if (shareable_memory_fd(memory, &fd, &error) != SHAREABLE_OK)
    cli_die("%s", error.message);
  for (size_t done = 0; done < length;) {
    ssize_t part = pread(fd, (char *)bytes + done, length - done, (off_t)(offset + done));

    if (part < 0 && errno == EINTR)
      continue;
    if (part <= 0)
      return part == 0 ? ENODATA : errno;
    done += (size_t)part;
  }
  return 0;
}

void cli_die_memory(const shareable_memory *memory, int errnum) {
  const char *name = shareable_memory_name(memory);

  if (errnum == ENODATA)
    cli_die("part of the memory of block '%s' is missing: the block was truncated", name);
  cli_die("cannot read block '%s': %s", name, strerror(errnum));
}

void cli_warn_not_found(const char *name) {
  cli_warn("there is no block called '%s'", name[0] == '/' ? name + 1 : name);
}

void cli_die_item(const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  if (status == SHAREABLE_E_KEY_ITEM)
    cli_die("item %" PRId64 " of list '%s' is a key of a dict: 'shareable dict' changes keys and their values", index,
            shareable_memory_name(shareable_list_memory(list)));
  shareable_list_explain_item(list, index, status, &error);
  cli_die_message(error.message);
}

int cli_flush_or_warn(int status) {
  int errnum = cli_flush();

  if (errnum == 0)
    return status;
  if (errnum != EPIPE)
    cli_warn("standard output: %s", strerror(errnum));
  return CLI_FAILED;
}
