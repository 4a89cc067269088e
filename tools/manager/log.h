/*
 * log.h - the manager's log on standard error, with a rate limit for each kind of line.
 */
#ifndef MANAGER_LOG_H
#define MANAGER_LOG_H

#include <stdbool.h>

/* Each level includes the levels before it. */
typedef enum log_level {
  LOG_LEVEL_ERROR,   /* why the program ends, and what it cannot do */
  LOG_LEVEL_WARNING, /* refused peers, failed authentications and limits */
  LOG_LEVEL_INFO,    /* the start and the end of a service: the default */
  LOG_LEVEL_DEBUG,   /* each connection and each request */
  LOG_LEVELS
} log_level;

/*
 * Each kind from LOG_KEY on has a separate limit, so that a flood of one kind does not hide
 * another.
 */
typedef enum log_kind {
  LOG_ERROR,   /* errors: no limit */
  LOG_WARNING, /* warnings of the program's start: no limit */
  LOG_STATE,   /* start and stop: no limit */
  LOG_DEBUG,   /* connections and requests: no limit */
  LOG_KEY,     /* failed authentications */
  LOG_PEER,    /* refused peers */
  LOG_LIMIT,   /* limits that were reached */
  LOG_TRACKER, /* the resource tracker does not read */
  LOG_KINDS
} log_kind;

/* The names of the levels. */
extern const char *const log_level_names[LOG_LEVELS];

/* Sets the level from its name. Returns false if there is no such level. */
bool log_set_level(const char *name);
log_level log_current_level(void);

/*
 * Writes one line, if the level includes its kind. Replaces control characters and bytes that are not ASCII by '?'. Does not wait:
 * drops the line if standard error does not accept it at once.
 */
__attribute__((format(printf, 2, 3))) void log_event(log_kind kind, const char *format, ...);

/* Writes a LOG_ERROR line that ends with a colon and the message of the errno value `errnum`. */
__attribute__((format(printf, 2, 3))) void log_errno(int errnum, const char *format, ...);

/*
 * Reports the number of suppressed lines of each kind whose interval is over. Returns whether other
 * kinds have suppressed lines.
 */
bool log_report(void);

/* Reports the number of suppressed lines of each kind, before the program ends. */
void log_finish(void);

#endif
