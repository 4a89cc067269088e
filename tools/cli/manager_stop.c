/*
 * manager_stop.c - shareable manager stop: ends managers, which remove their blocks.
 *
 * The request goes through the manager's own socket, so no signal is sent: a process that has got
 * the pid of a manager that has ended is not affected, and a manager in another pid namespace can
 * be stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "manager_find.h"
#include "manager_list.h"
#include "output.h"
#include "table.h"

/* In nanoseconds; the second is the time before another attempt. */
#define TIMEOUT_DEFAULT INT64_C(10000000000)
#define RETRY_NS INT64_C(1000000)

typedef struct stop {
  const manager *manager;
  int64_t timeout, deadline; /* in nanoseconds */
  control_reply reply;
} stop;

typedef enum stop_result { STOPPED, ENDED_BEFORE, CLOSED, TIMED_OUT, FAILED } stop_result;

/* Returns the size of the next message, 0 if the connection is closed, or -1 after the deadline. */
static ssize_t receive(const stop *state, int connection, control_reply *reply) {
  struct pollfd input = {.fd = connection, .events = POLLIN};
  int64_t left;

  while ((left = state->deadline - shareable__now()) > 0) {
    ssize_t size;

    if (poll(&input, 1, (int)(left / 1000000) + 1) <= 0)
      continue;
    size = recv(connection, reply, sizeof *reply, MSG_DONTWAIT | MSG_TRUNC);
    if (size >= 0 || (errno != EAGAIN && errno != EINTR))
      return size < 0 ? 0 : size;
  }
  return -1;
}

/* The kernel closes the connection when the process has ended. */
static stop_result wait_for_end(stop *state, int connection) {
  ssize_t size = receive(state, connection, &state->reply);
  control_reply ignored;

  if (size == 0)
    return CLOSED;
  if (size > 0 && (size != (ssize_t)sizeof state->reply || state->reply.magic != CONTROL_MAGIC))
    return FAILED;
  while (size > 0)
    size = receive(state, connection, &ignored);
  return size == 0 ? STOPPED : TIMED_OUT;
}

static stop_result request_once(stop *state) {
  int connection = manager_connect(state->manager);
  stop_result result;

  if (connection < 0)
    return errno == ECONNREFUSED ? ENDED_BEFORE : FAILED;
  result = manager_request(connection, CONTROL_STOP) ? wait_for_end(state, connection) : CLOSED;
  close(connection);
  return result;
}

/*
 * A manager that has too many connections may close one before it has received the request. If it
 * has ended, it refuses the next connection.
 */
static stop_result request_stop(stop *state) {
  stop_result result = CLOSED;

  while (result == CLOSED && shareable__now() < state->deadline) {
    result = request_once(state);
    if (result == CLOSED)
      shareable__sleep(RETRY_NS);
  }
  return result == CLOSED ? TIMED_OUT : result;
}

/* Returns "manager 12 (ADDRESS)". The caller frees it. */
static char *name_of(const manager *found) {
  const char *address = found->state == MANAGER_RUNNING ? found->status.address : "";

  if (found->pid == 0)
    return cli_format("manager in another pid namespace%s%s%s", address[0] == '\0' ? "" : " (", address,
                      address[0] == '\0' ? "" : ")");
  return cli_format("manager %" PRId64 "%s%s%s", found->pid, address[0] == '\0' ? "" : " (", address,
                    address[0] == '\0' ? "" : ")");
}

static void print_stopped(const char *name, const control_reply *reply) {
  const cli_view view = {.in_bytes = false};
  char *size = cli_size(reply->bytes, &view);

  if (reply->blocks == 0)
    cli_line("stopped %s: it had no blocks", name);
  else if (reply->removed == reply->blocks)
    cli_line("stopped %s: removed %" PRIu64 " block%s (%s)", name, reply->removed, cli_plural(reply->removed), size);
  else
    cli_line("stopped %s: removed %" PRIu64 " of %" PRIu64 " block%s (%s)", name, reply->removed, reply->blocks,
             cli_plural(reply->blocks), size);
  free(size);
}

/* Reports the result. Returns the exit status. */
static int report(const stop *state, stop_result result, const char *name) {
  switch (result) {
  case STOPPED:
    print_stopped(name, &state->reply);
    return CLI_DONE;
  case ENDED_BEFORE:
    cli_line("%s has ended", name);
    return CLI_DONE;
  case TIMED_OUT:
    cli_warn("%s has not ended within %g second%s: it may still be removing blocks", name, (double)state->timeout / 1e9,
             state->timeout == INT64_C(1000000000) ? "" : "s");
    return CLI_TIMED_OUT;
  default:
    cli_warn("%s cannot be stopped: its connection failed", name);
    return CLI_FAILED;
  }
}

static int stop_manager(const manager *found, int64_t timeout) {
  stop state = {.manager = found, .timeout = timeout, .deadline = shareable__now() + timeout};
  char *name = name_of(found), *problem = manager_problem(found);
  int status = found->state == MANAGER_SILENT ? CLI_TIMED_OUT : CLI_FAILED;

  if (problem != NULL)
    cli_warn("%s cannot be stopped: %s", name, problem);
  else
    status = report(&state, request_stop(&state), name);
  free(problem);
  free(name);
  return status;
}

static int worse(int a, int b) {
  return a == CLI_FAILED || b == CLI_DONE ? a : b;
}

/*
 * Stops the managers that match the text; if it is NULL, all of this user, and not of other users
 * even if this user is root. Returns the exit status, or -1 if there is no such manager.
 */
static int stop_all(const managers *found, const char *text, int64_t timeout) {
  int status = -1;

  for (size_t i = 0; i < found->count; i++) {
    const manager *next = &found->managers[i];

    if (text != NULL ? manager_matches(next, text) : next->uid == geteuid())
      status = worse(stop_manager(next, timeout), status < 0 ? CLI_DONE : status);
  }
  return status;
}

static int run_stop(int argc, char **argv) {
  static const struct option longs[] = {
    {"all", no_argument, NULL, 'a'}, {"timeout", required_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'}, {0}};
  int64_t timeout = TIMEOUT_DEFAULT;
  bool is_all = false;
  managers found;
  int option, status;

  while ((option = cli_option(&cli_manager_stop, argc, argv, ":aw:h", longs)) >= 0) {
    is_all |= option == 'a';
    if (option == 'w')
      timeout = cli_parse_timeout(optarg);
  }
  if (argc - optind != !is_all)
    cli_usage_error("expected one PID or ADDRESS, or --all: 'shareable manager list' lists the managers");
  managers_find(&found, timeout);
  if (!is_all && managers_are_ambiguous(&found, argv[optind]))
    status = CLI_FAILED;
  else
    status = stop_all(&found, argv[optind], timeout);
  if (status < 0 && is_all)
    cli_warn("no manager of this user is running");
  else if (status < 0)
    manager_warn_not_found(&found, argv[optind]);
  managers_free(&found);
  if (status < 0)
    return is_all ? CLI_DONE : CLI_FAILED;
  return status;
}

const cli_command cli_manager_stop = {
  "manager stop", "{PID|ADDRESS|--all}", "Stop a manager: it removes its blocks and ends.",
  "  -a, --all              stop all managers of this user\n"
  "  -w, --timeout SECONDS  wait at most this time for the end (default: 10)\n"
  "  -h, --help             print this help\n"
  "\n"
  "As root, PID and ADDRESS may be those of another user's manager. An ADDRESS that\n"
  "several managers have is refused: give a PID.\n",
  run_stop};
