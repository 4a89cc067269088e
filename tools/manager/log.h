/*
 * log.h - the manager's log: lines on standard error, a limited number of each kind.
 */
#ifndef MANAGER_LOG_H
#define MANAGER_LOG_H

#include <stdbool.h>

/* Each kind but LOG_STATE has a limit of its own, so that one flood does not hide another event. */
typedef enum log_kind {
  LOG_STATE,   /* start, stop, and errors that end the program: no limit */
  LOG_KEY,     /* failed authentications */
  LOG_PEER,    /* refused peers */
  LOG_LIMIT,   /* limits that were reached */
  LOG_TRACKER, /* the resource tracker does not read */
  LOG_KINDS
} log_kind;

/*
 * Writes one line. Control characters and bytes that are not ASCII are replaced by '?'. It does not
 * wait: if standard error does not take the line at once, the line is dropped.
 */
__attribute__((format(printf, 2, 3))) void log_event(log_kind kind, const char *format, ...);

/* As log_event(LOG_STATE), with a colon and the text of the errno value `number` at the end. */
__attribute__((format(printf, 2, 3))) void log_errno(int number, const char *format, ...);

/*
 * Reports the number of suppressed lines of each kind whose interval is over. Returns whether there
 * are others.
 */
bool log_report(void);

/* Reports the number of suppressed lines of each kind, before the program ends. */
void log_finish(void);

#endif
