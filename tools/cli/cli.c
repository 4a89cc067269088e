/*
 * cli.c - what the commands of `shareable` share: how they are called, and how they fail.
 */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"
#include "output.h"

#define HALF_A_SECOND INT64_C(500000000)

static const cli_command *current;

/* Whether an option was given as a long one with "=", though it takes no argument: getopt(3) leaves its value. */
static bool has_excess(const struct option *longs, int value) {
  for (; longs->name != NULL; longs++)
    if (longs->val == value)
      return true;
  return false;
}

/* Reports what getopt(3) would report itself, but escaped. */
static _Noreturn void refuse_option(int option, const struct option *longs, char *const *argv) {
  const char *text = argv[optind - 1];

  if (option == ':')
    cli_misuse("option '%s' requires an argument", text);
  if (has_excess(longs, optopt))
    cli_misuse("option '%.*s' does not take an argument", (int)strcspn(text, "="), text);
  if (optopt != 0)
    cli_misuse("unknown option '-%c'", optopt);
  cli_misuse("unknown or ambiguous option '%s'", text);
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
    exit(cli_finish(CLI_DONE));
  }
  if (option == '?' || option == ':')
    refuse_option(option, longs, argv);
  return option;
}

/* The program's name and the command's. */
static char *name_of_current(const char *before, const char *after) {
  return cli_format("%sshareable%s%s%s", before, current == NULL ? "" : " ", current == NULL ? "" : current->name,
                    after);
}

static void __attribute__((format(printf, 1, 0))) complain(const char *format, va_list arguments) {
  char *prefix = name_of_current("", ": ");

  cli_error_line(prefix, format, arguments);
  free(prefix);
}

void cli_complain(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
}

void cli_fail(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  exit(CLI_FAILED);
}

void cli_misuse(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  cli_put_error(name_of_current("Try '", " --help'.\n"));
  exit(CLI_MISUSED);
}

void *cli_allocate(void *old, size_t count, size_t size) {
  void *memory = reallocarray(old, count == 0 ? 1 : count, size);

  if (memory == NULL)
    cli_fail("out of memory");
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
    cli_fail("out of memory");
  return text;
}

int cli_integer_base(const char *text) {
  const char *digits = text + (*text == '-' || *text == '+');
  bool is_hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');

  digits += is_hexadecimal ? 2 : 0;
  if (*digits == '\0' || digits[strspn(digits, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789")] != '\0')
    return 0;
  return is_hexadecimal ? 16 : 10;
}

bool cli_integer(const char *text, int64_t *integer) {
  int base = cli_integer_base(text);

  if (base == 0)
    return false;
  errno = 0;
  *integer = strtoll(text, NULL, base);
  return errno == 0;
}

int64_t cli_number(const char *text, int64_t least, int64_t most, const char *what) {
  int64_t number;

  if (!cli_integer(text, &number) || number < least || number > most)
    cli_misuse("'%s' is not a valid %s: expected an integer from %" PRId64 " to %" PRId64, text, what, least, most);
  return number;
}

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void cli_progress(const char *what, size_t done, size_t all) {
  static int64_t start, last;
  int64_t time;

  if (!isatty(STDERR_FILENO))
    return;
  time = now();
  if (start == 0)
    start = last = time;
  if (done >= all && last != start)
    cli_put_error("\r\033[K");
  if (done >= all) {
    start = 0;
  } else if (time - last >= HALF_A_SECOND) {
    char *line = cli_format("\r%s: %zu of %zu\033[K", what, done, all);

    cli_put_error(line);
    free(line);
    last = time;
  }
}

/* The message for a block whose memory is gone. It is formatted beforehand: a signal handler may not do it. */
static char *loss;

/*
 * The kernel raises this signal where the library reads a block, never within stdio: what was printed before can be
 * written out. If another process has sent the signal, it can be anywhere.
 */
static void report_loss(int number, siginfo_t *signal, void *context) {
  (void)number;
  (void)context;
  if (signal->si_code > 0)
    cli_flush();
  (void)!write(STDERR_FILENO, loss, strlen(loss));
  _exit(CLI_FAILED);
}

/*
 * A process that may write the block may also truncate it, and the memory of a lazy block may not be there: using that
 * memory raises SIGBUS.
 */
static void prepare_for_loss(const char *name) {
  char *prefix = name_of_current("", ""), *escaped = cli_escaped(name);
  const struct sigaction action = {.sa_sigaction = report_loss, .sa_flags = SA_SIGINFO};

  free(loss);
  loss = cli_format("%s: part of the memory of block '%s' is missing: the block was truncated, or it is lazy and "
                    "/dev/shm is full\n",
                    prefix, escaped);
  free(escaped);
  free(prefix);
  sigaction(SIGBUS, &action, NULL);
}

shareable_list *cli_open(const char *name, uint32_t flags) {
  shareable_error error;
  shareable_list *list;

  prepare_for_loss(name);
  if (shareable_list_open(&list, name, flags, &error) != SHAREABLE_OK)
    cli_fail("%s", error.text);
  return list;
}

void cli_complain_not_found(const char *name) {
  cli_complain("there is no block called '%s'", name[0] == '/' ? name + 1 : name);
}

void cli_fail_item(const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain(list, index, status, &error);
  cli_fail("%s", error.text);
}

int cli_finish(int status) {
  int system = cli_flush();

  if (system == 0)
    return status;
  if (system != EPIPE)
    cli_complain("standard output: %s", strerror(system));
  return CLI_FAILED;
}
