/*
 * manager_find.h - finds the running managers, and asks each for its status.
 *
 * Each manager has a socket in a directory of its user (shm/control_directory.h). The kernel
 * reports the process that listens on a socket, and its user. So a socket of another user's process
 * is not a manager of the directory's user, and a socket of a dead process refuses the connection.
 */
#ifndef SHAREABLE__CLI_MANAGER_FIND_H
#define SHAREABLE__CLI_MANAGER_FIND_H

#include <sys/types.h>

#include "../manager/control_message.h"
#include "cli.h"

typedef enum manager_state {
  MANAGER_RUNNING,
  MANAGER_SILENT, /* it does not respond in time */
  MANAGER_UNKNOWN /* its reply is not that of this version */
} manager_state;

typedef struct manager {
  manager_state state;
  int64_t pid; /* 0: it is not visible in this pid namespace */
  uid_t uid;
  int64_t age;          /* in seconds */
  control_reply status; /* if it is running: what it states about itself */
  int file;             /* an O_PATH descriptor of its socket, which identifies the manager */
  int connection;       /* while it is asked; otherwise -1 */
  unsigned tries;       /* number of connections */
} manager;

typedef struct managers {
  manager *managers;
  size_t count, capacity;
} managers;

/*
 * Finds the managers of this user, or of all users if this user is root, sorted by user and pid.
 * Waits at most two seconds, and at most `timeout` nanoseconds, for their replies. Warns if there may be
 * others.
 */
void managers_find(managers *found, int64_t timeout);
void managers_free(managers *found);

/*
 * Returns whether the text is the pid or the address of the manager. An address is compared exactly;
 * a relative path matches the absolute path that it has in the working directory, too.
 */
bool manager_matches(const manager *found, const char *text);

/*
 * Returns whether the text is the address of several managers, and prints their pids then. Managers
 * have the same address in different namespaces, or if they keep a relative path, because the
 * absolute path is too long.
 */
bool managers_are_ambiguous(const managers *found, const char *text);

/*
 * Connects to the manager again. Returns a descriptor, which the caller must close, or -1 with
 * errno: ECONNREFUSED if the manager has ended.
 */
int manager_connect(const manager *found);

/* Sends a request: CONTROL_STATUS or CONTROL_STOP. */
bool manager_request(int connection, uint64_t command);

/* Returns whether a signal has stopped the process: it does not run until SIGCONT. */
bool manager_is_suspended(const manager *found);

/* Returns what is wrong with a manager that is not running, or NULL. The caller frees the text. */
char *manager_problem(const manager *found);

#endif
