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

#define HALF_A_SECOND INT64_C(500000000)

static const cli_command *current;

int cli_option(const cli_command *command, int argc, char **argv, const char *shorts, const struct option *longs) {
  int option = getopt_long(argc, argv, shorts, longs, NULL);

  current = command;
  if (option == 'h') {
    printf("Usage: shareable %s [OPTION]...%s%s\n%s\n\n%s", command->name, command->arguments[0] == '\0' ? "" : " ",
           command->arguments, command->summary, command->options);
    exit(cli_finish(CLI_DONE));
  }
  if (option == '?') {
    fprintf(stderr, "Try 'shareable %s --help'.\n", command->name);
    exit(CLI_MISUSED);
  }
  return option;
}

static void complain(const char *format, va_list arguments) {
  fflush(stdout);
  fprintf(stderr, "shareable%s%s: ", current == NULL ? "" : " ", current == NULL ? "" : current->name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
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
  fprintf(stderr, "Try 'shareable%s%s --help'.\n", current == NULL ? "" : " ", current == NULL ? "" : current->name);
  exit(CLI_MISUSED);
}

void *cli_allocate(void *old, size_t count, size_t size) {
  void *memory = reallocarray(old, count == 0 ? 1 : count, size);

  if (memory == NULL)
    cli_fail("no memory");
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
    cli_fail("no memory");
  return text;
}

int64_t cli_number(const char *text, int64_t least, int64_t most, const char *what) {
  char *end;
  int64_t number;

  errno = 0;
  number = strtoll(text, &end, 0);
  if (end == text || *end != '\0' || errno != 0 || number < least || number > most)
    cli_misuse("'%s' is no %s: a whole number from %" PRId64 " to %" PRId64, text, what, least, most);
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
    fputs("\r\033[K", stderr);
  if (done >= all) {
    start = 0;
  } else if (time - last >= HALF_A_SECOND) {
    fprintf(stderr, "\r%s: %zu of %zu\033[K", what, done, all);
    last = time;
  }
}

/* What is said where the memory of a block has gone. */
static char loss[512];

/* Of all that may be done in a handler of signals, that is enough. */
static void tell_loss(int number) {
  (void)number;
  (void)!write(STDERR_FILENO, loss, strlen(loss));
  _exit(CLI_FAILED);
}

/* Who may write a block may also cut it off, and of a lazy one the memory may not be there: the use of that is SIGBUS. */
static void prepare_for_loss(const char *name) {
  snprintf(
    loss, sizeof loss,
    "shareable %s: block '%.255s' has no memory at a place that was used: somebody cut it off, or it is lazy and "
    "/dev/shm is full\n",
    current == NULL ? "" : current->name, name);
  signal(SIGBUS, tell_loss);
}

shareable_list *cli_open(const char *name, uint32_t flags) {
  shareable_error error;
  shareable_list *list;

  prepare_for_loss(name);
  if (shareable_list_open(&list, name, flags, &error) != SHAREABLE_OK)
    cli_fail("%s", error.text);
  return list;
}

void cli_fail_item(const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain(list, index, status, &error);
  cli_fail("%s", error.text);
}

int cli_finish(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return status;
  if (errno != EPIPE)
    cli_complain("standard output: %s", strerror(errno));
  return CLI_FAILED;
}
