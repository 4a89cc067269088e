/*
 * log.c - the manager's log on standard error, with a rate limit for each kind of line.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* At most LINES_MAX lines of a kind in INTERVAL_MS milliseconds. */
#define INTERVAL_MS 10000
#define LINES_MAX 5

/* Less than PIPE_BUF, so that a pipe takes a line whole. */
#define LINE_SIZE 1024

typedef struct limit {
  uint64_t start; /* of the interval */
  unsigned lines; /* written in it */
  unsigned long suppressed;
} limit;

static limit limits[LOG_KINDS];

static const char *const kind_names[LOG_KINDS] = {[LOG_KEY] = "failed authentications",
                                                  [LOG_PEER] = "refused peers",
                                                  [LOG_LIMIT] = "limits reached",
                                                  [LOG_TRACKER] = "resource tracker"};

const char *const log_level_names[LOG_LEVELS] = {"error", "warning", "info", "debug"};
static log_level level = LOG_LEVEL_INFO;

bool log_set_level(const char *name) {
  for (int i = 0; i < LOG_LEVELS; i++)
    if (strcmp(log_level_names[i], name) == 0) {
      level = (log_level)i;
      return true;
    }
  return false;
}

log_level log_current_level(void) {
  return level;
}

static log_level level_of(log_kind kind) {
  switch (kind) {
  case LOG_ERROR:
    return LOG_LEVEL_ERROR;
  case LOG_STATE:
    return LOG_LEVEL_INFO;
  case LOG_DEBUG:
    return LOG_LEVEL_DEBUG;
  default:
    return LOG_LEVEL_WARNING;
  }
}

static uint64_t now_ms(void) {
  return (uint64_t)shareable__now() / 1000000;
}

/*
 * A pipe that poll() reports as writable has room for PIPE_BUF bytes, so a shorter write does not
 * block.
 */
static void write_line(const char *line, size_t length) {
  struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};

  if (send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != ENOTSOCK)
    return;
  if (poll(&output, 1, 0) == 1 && write(STDERR_FILENO, line, length) < 0)
    return; /* the error cannot be reported */
}

static void write_text(const char *text) {
  char line[LINE_SIZE];
  int length = snprintf(line, sizeof line - 1, "shareable-manager: %s", text);

  if (length > (int)sizeof line - 2)
    length = (int)sizeof line - 2;
  for (int i = 0; i < length; i++)
    if (line[i] < ' ' || line[i] > '~')
      line[i] = '?';
  line[length] = '\n';
  write_line(line, (size_t)length + 1);
}

static void report(log_kind kind) {
  char text[128];

  if (limits[kind].suppressed == 0)
    return;
  snprintf(text, sizeof text, "%lu similar messages suppressed (%s)", limits[kind].suppressed, kind_names[kind]);
  limits[kind].suppressed = 0;
  write_text(text);
}

static void begin_interval(log_kind kind, uint64_t now) {
  report(kind);
  limits[kind].start = now;
  limits[kind].lines = 0;
}

static bool is_allowed(log_kind kind) {
  uint64_t now = now_ms();
  limit *kind_limit = &limits[kind];

  if (level_of(kind) > level)
    return false;
  if (kind < LOG_KEY)
    return true;
  if (now - kind_limit->start >= INTERVAL_MS)
    begin_interval(kind, now);
  if (kind_limit->lines < LINES_MAX) {
    kind_limit->lines++;
    return true;
  }
  kind_limit->suppressed++;
  return false;
}

void log_event(log_kind kind, const char *format, ...) {
  char text[LINE_SIZE];
  va_list arguments;

  if (!is_allowed(kind))
    return;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  write_text(text);
}

void log_errno(int errnum, const char *format, ...) {
  char text[LINE_SIZE - 128];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  log_event(LOG_ERROR, "%s: %s", text, strerror(errnum));
}

bool log_report(void) {
  uint64_t now = now_ms();
  bool is_pending = false;

  for (int kind = LOG_KEY; kind < LOG_KINDS; kind++) {
    if (now - limits[kind].start >= INTERVAL_MS)
      begin_interval((log_kind)kind, now);
    is_pending |= limits[kind].suppressed > 0;
  }
  return is_pending;
}

void log_finish(void) {
  for (int kind = LOG_KEY; kind < LOG_KINDS; kind++)
    report((log_kind)kind);
}
