/*
 * output.c - prints to standard output and standard error.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "escape.h"

static int failure; /* the errno of the first write that failed */

/* Opens a closed descriptor for the wrong direction, so that a read or a write still fails. */
static void open_missing(int fd) {
  int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY, opened;

  if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
    return;
  opened = open("/dev/null", flags);
  if (opened < 0)
    opened = open("/", O_RDONLY | O_DIRECTORY);
  if (opened != fd)
    _exit(CLI_FAILED);
}

static void open_all_missing(void) {
  open_missing(STDIN_FILENO);
  open_missing(STDOUT_FILENO);
  open_missing(STDERR_FILENO);
}

/*
 * The encoding matters only for a terminal. Files and pipes get the UTF-8 that the block contains.
 */
static void escape_for(int fd) {
  cli_escape_to_ascii(isatty(fd) && strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
}

void cli_output_begin(void) {
  open_all_missing();
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C"); /* programs read the numbers too */
  escape_for(STDOUT_FILENO);
}

static void record_result(bool is_written) {
  if (!is_written && failure == 0)
    failure = errno == 0 ? EIO : errno;
}

void cli_put_bytes(const char *bytes, size_t length) {
  record_result(fwrite(bytes, 1, length, stdout) == length);
}

void cli_put(const char *text) {
  cli_put_bytes(text, strlen(text));
}

void cli_put_value(const char *bytes, size_t length) {
  cli_text escaped = {0};

  if (!isatty(STDOUT_FILENO)) {
    cli_put_bytes(bytes, length);
    return;
  }
  cli_escape(&escaped, bytes, length);
  cli_put_bytes(escaped.bytes, escaped.length);
  free(escaped.bytes);
}

/* Returns the formatted and escaped line. The caller frees its bytes. */
static __attribute__((format(printf, 1, 0))) cli_text format_line(const char *format, va_list arguments) {
  cli_text escaped = {0};
  char *text;
  int length = vasprintf(&text, format, arguments);

  if (length < 0)
    cli_die("out of memory");
  cli_escape(&escaped, text, (size_t)length);
  free(text);
  cli_text_add(&escaped, "\n", 1);
  return escaped;
}

void cli_line(const char *format, ...) {
  va_list arguments;
  cli_text line;

  va_start(arguments, format);
  line = format_line(format, arguments);
  va_end(arguments);
  cli_put_bytes(line.bytes, line.length);
  free(line.bytes);
}

void cli_error_line(const char *prefix, const char *format, va_list arguments) {
  cli_text line;

  escape_for(STDERR_FILENO);
  line = format_line(format, arguments);
  escape_for(STDOUT_FILENO);
  fflush(stdout);
  fprintf(stderr, "%s%s", prefix, line.bytes);
  free(line.bytes);
}

void cli_error_message(const char *prefix, const char *message) {
  cli_text line = {0};

  escape_for(STDERR_FILENO);
  cli_escape_message(&line, message, strlen(message));
  escape_for(STDOUT_FILENO);
  fflush(stdout);
  fprintf(stderr, "%s%s\n", prefix, line.bytes);
  free(line.bytes);
}

void cli_put_error(const char *text) {
  fputs(text, stderr);
}

bool cli_has_colors(void) {
  return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

int cli_flush(void) {
  record_result(fflush(stdout) == 0);
  return failure;
}

void cli_wait_readable(int fd, int64_t timeout) {
  struct pollfd files[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
  const struct timespec limit = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};

  if (ppoll(files, 2, &limit, NULL) <= 0 || (files[1].revents & (POLLERR | POLLHUP)) == 0)
    return;
  raise(SIGPIPE);
  exit(CLI_FAILED); /* the signal is ignored */
}
