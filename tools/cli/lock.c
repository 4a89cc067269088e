/*
 * lock.c - shareable lock: runs a command while it holds the lock of a list.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "guard.h"
#include "list_name.h"

/* The longest time, in nanoseconds, until a signal ends the wait for the lock. */
#define SIGNAL_CHECK_NS INT64_C(100000000)

/* Set in the environment of the command: "1" if the previous owner of the lock died, or "0". */
#define OWNER_DIED_VARIABLE "SHAREABLE_OWNER_DIED"

typedef struct lock_options {
  const char *name;
  char *const *command;
  int64_t timeout; /* in nanoseconds; negative: without limit */
  int conflict_status;
} lock_options;

static _Noreturn void die(const shareable_list *list, const char *name, shareable_status status) {
  shareable_error error;

  if (status == SHAREABLE_E_NO_SYNC)
    cli_die("list '%s' has no lock, because it has no sync area: stock Python or 'shareable create --no-sync' "
            "created it. Create it with this library, or use flock(1) with the file /dev/shm/%s",
            name, name);
  shareable_list_explain(list, status, &error);
  cli_die_message(error.message);
}

/* Waits for the lock in steps, because the library's wait continues when a signal arrives. */
static shareable_status acquire(shareable_list *list, int64_t timeout) {
  int64_t end = shareable__deadline(timeout), left;
  shareable_status status;
  int number;

  for (;;) {
    left = end - shareable__now();
    left = timeout == 0 || left < 0 ? 0 : left;
    status = shareable_list_lock(list, left < SIGNAL_CHECK_NS ? left : SIGNAL_CHECK_NS);
    if (status != SHAREABLE_E_TIMED_OUT || left <= SIGNAL_CHECK_NS)
      return status;
    number = guard_pending_signal();
    if (number != 0)
      exit(GUARD_SIGNALED + number);
    list_name_require(list);
  }
}

/* The guard: it holds the lock. */
static int hold(void *context) {
  const lock_options *options = context;
  shareable_list *list = cli_open(options->name, 0);
  shareable_status status = acquire(list, options->timeout);
  int result;

  if (status == SHAREABLE_E_TIMED_OUT)
    return options->conflict_status;
  if (status != SHAREABLE_OK && status != SHAREABLE_E_OWNER_DIED)
    die(list, options->name, status);
  if (status == SHAREABLE_E_OWNER_DIED)
    cli_warn("the previous owner of the lock of list '%s' died: what the lock guards may be half changed",
             options->name);
  setenv(OWNER_DIED_VARIABLE, status == SHAREABLE_OK ? "0" : "1", 1);
  result = guard_command(options->command);
  shareable_list_unlock(list);
  shareable_list_unref(list);
  return result;
}

static void parse_options(int argc, char **argv, lock_options *options) {
  static const struct option longs[] = {
    {"timeout", required_argument, NULL, 'w'}, {"wait", required_argument, NULL, 'w'},
    {"nonblock", no_argument, NULL, 'n'},      {"conflict-exit-code", required_argument, NULL, 'E'},
    {"help", no_argument, NULL, 'h'},          {0}};
  int option;

  while ((option = cli_option(&cli_lock, argc, argv, "+:w:E:h", longs)) >= 0)
    if (option == 'E')
      options->conflict_status = (int)cli_parse_number(optarg, 0, 255, "exit status");
    else
      options->timeout = option == 'n' ? 0 : cli_parse_timeout(optarg);
}

static int run_lock(int argc, char **argv) {
  lock_options options = {.timeout = -1, .conflict_status = CLI_TIMED_OUT};

  parse_options(argc, argv, &options);
  options.name = argv[optind++];
  if (options.name != NULL && strcmp(argv[optind - 2], "--") != 0)
    parse_options(argc, argv, &options); /* also after NAME */
  if (options.name == NULL || argv[optind] == NULL)
    cli_usage_error("expected NAME and a command");
  options.command = argv + optind;
  return guard_start(hold, &options);
}

const cli_command cli_lock = {"lock", "NAME [--] COMMAND [ARGUMENT]...", "Hold a list's lock while a command runs.",
                              "  -w, --timeout, --wait SECONDS    give up after SECONDS\n"
                              "  --nonblock                       give up if the lock is not free now\n"
                              "  -E, --conflict-exit-code NUMBER  the exit status for giving up [3]\n"
                              "  -h, --help                       print this help\n"
                              "\n"
                              "The exit status is that of the command; 128 + N if signal N killed it; 127 if it\n"
                              "was not found; 126 if it could not be executed. If lock is killed, also by\n"
                              "SIGKILL, the command is killed too. If the lock's previous owner died, lock\n"
                              "prints a warning and sets SHAREABLE_OWNER_DIED=1 for the command, otherwise =0.\n",
                              run_lock};
