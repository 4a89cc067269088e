/*
 * log.h - the manager's log on standard error, with a rate limit for each kind of line.
 */
#ifndef MANAGER_LOG_H
#define MANAGER_LOG_H

#include <stdbool.h>

/*
 * Each kind except LOG_STATE has a separate limit, so that a flood of one kind does not hide
 * another.
 */
typedef enum log_kind {
  LOG_STATE,   /* start, stop, and errors that end the program: no limit */
  LOG_KEY,     /* failed authentications */
  LOG_PEER,    /* refused peers */
  LOG_LIMIT,   /* limits that were reached */
  LOG_TRACKER, /* the resource tracker does not read */
  LOG_KINDS
} log_kind;

/*
 * Writes one line. Replaces control characters and bytes that are not ASCII by '?'. Does not wait:
 * drops the line if standard error does not accept it at once.
 */
__attribute__((format(printf, 2, 3))) void log_event(log_kind kind, const char *format, ...);

/* Writes a LOG_STATE line that ends with a colon and the message of the errno value `errnum`. */
__attribute__((format(printf, 2, 3))) void log_errno(int errnum, const char *format, ...);

/*
 * Reports the number of suppressed lines of each kind whose interval is over. Returns whether other
 * kinds have suppressed lines.
 */
bool log_report(void);

/* Reports the number of suppressed lines of each kind, before the program ends. */
void log_finish(void);

#endif
