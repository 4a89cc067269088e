/*
 * stress.c - kills workers in every language at random while they use one list: `make stress
 * STRESS_SECONDS=60`.
 *
 * usage: stress SECONDS C-WORKER [LANGUAGE COMMAND]...
 *
 * SECONDS begin when each worker has done something.
 *
 * Writers write values of every type to the items. The bytes of each value show whether it is
 * whole. Readers, one of them read-only, read the items. Writers also count in three items: one by
 * atomic additions, one by compare-and-swap, one under the list's lock, each time with another
 * type. Watchers wait for an item that a metronome writes every millisecond or two, sometimes while
 * they hold the lock. In each language, a caller writes an item by which an answerer in C must be
 * woken. Every few milliseconds the program kills one writer or watcher that has done something,
 * and starts another in its place.
 *
 * It counts reads, writes, waits and kills. These are failures: values that no worker wrote (torn);
 * calls and waits that took longer than two seconds (stuck); ticks and calls that did not wake their
 * listener (lost wake-ups; worker.c explains why their number is exact); lost additions (a kill can
 * leave at most one addition without its note); workers that exit by themselves; and a language in
 * which fewer operations than FAST_MIN percent took the fast path, if its workers measure that: in
 * C, an operation that did not wait for another writer; in Go and LuaJIT, one without a call of C
 * code by the slow interface of the language.
 */
#include "stress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 32
#define FAST_MIN 90
#define START_MAX 120 /* seconds */

typedef struct worker {
  const char *language;
  char role[16];
  char *command; /* words separated by spaces */
  bool may_be_killed;
  pid_t process;
  int64_t progress; /* its row's progress when it started */
} worker;

static char name[40], tally_name[48];
static shareable_list *list, *tally;
static worker workers[WORKERS];
static int count, failures;
static double longest_pause; /* in the loop of main(), which sleeps for 2 ms and waits for the end of a killed worker */
static uint64_t seed, kills;

static void must(int status, const char *operation) {
  if (status == 0)
    return;
  fprintf(stderr, "stress: %s: %s\n", operation, shareable_status_message(status));
  exit(2);
}

static double now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint64_t next_random(void) {
  static uint64_t random;

  random = (random | seed) * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return random >> 33;
}

static int64_t read_tally(int row, int column) {
  int64_t integer;

  must(shareable_list_get_int(tally, row * COLUMNS + column, &integer), "the tally");
  return integer;
}

static int64_t total(int column) {
  int64_t sum = 0;

  for (int row = 0; row < count; row++)
    sum += read_tally(row, column);
  return sum;
}

static int64_t progress_of(int row) {
  return read_tally(row, READS) + read_tally(row, WRITES) + read_tally(row, WAITS);
}

static void run_worker(int row) {
  char *arguments[12], number[12], seed_text[24];
  int n = 0;

  for (char *word = strtok(workers[row].command, " "); word != NULL && n < 7; word = strtok(NULL, " "))
    arguments[n++] = word;
  snprintf(number, sizeof number, "%d", row);
  snprintf(seed_text, sizeof seed_text, "%" PRIu64, seed);
  arguments[n++] = workers[row].role;
  arguments[n++] = name;
  arguments[n++] = number;
  arguments[n++] = seed_text;
  arguments[n] = NULL;
  execvp(arguments[0], arguments);
  perror(arguments[0]);
  _exit(127);
}

static void start(int row) {
  workers[row].progress = progress_of(row);
  workers[row].process = fork();
  if (workers[row].process == 0)
    run_worker(row);
  must(workers[row].process < 0, "fork");
  seed++;
}

static worker *add(const char *language, const char *command, const char *role, bool may_be_killed) {
  worker *added = &workers[count++];

  *added = (worker){.language = language, .command = strdup(command), .may_be_killed = may_be_killed};
  snprintf(added->role, sizeof added->role, "%s", role);
  return added;
}

/* Adds a worker whose role has a number, for example "caller-0". */
static void add_numbered(const char *language, const char *command, const char *role, int number) {
  worker *added = add(language, command, role, false);

  snprintf(added->role, sizeof added->role, "%s-%d", role, number);
}

static void end(int row) {
  kill(workers[row].process, SIGKILL);
  waitpid(workers[row].process, NULL, 0);
}

static void fail(const char *reason, int row) {
  fprintf(stderr, "stress: the %s in %s %s\n", workers[row].role, workers[row].language, reason);
  failures++;
}

/* Starts workers again that exited by themselves, which they do only after an error. */
static void restart_exited(void) {
  for (int row = 0; row < count; row++)
    if (waitpid(workers[row].process, NULL, WNOHANG) != 0) {
      fail("exited by itself", row);
      start(row);
    }
}

/* Waits until each worker has done something. Interpreters start slowly in an emulator. */
static void await_all(void) {
  double until = now() + START_MAX;
  int row = 0;

  while (row < count && now() < until) {
    row += progress_of(row) > 0;
    restart_exited();
    usleep(1000);
  }
}

static void kill_one(void) {
  int row = (int)(next_random() % (uint64_t)count);

  if (!workers[row].may_be_killed || progress_of(row) == workers[row].progress)
    return;
  end(row);
  kills++;
  start(row);
}

static void create_lists(void) {
  shareable_value values[COUNT], *rows = calloc(WORKERS * COLUMNS, sizeof *rows);

  must(rows == NULL, "calloc");
  for (int i = 0; i < COUNT; i++) {
    values[i] = shareable_int(0);
    values[i].capacity = i == LOCKED ? 16 : i >= VALUES || i % 3 == 0 ? 8 : i % 3 == 1 ? 400 : TEXT_MAX;
  }
  for (int i = 0; i < WORKERS * COLUMNS; i++)
    rows[i] = shareable_int(0);
  must(shareable_list_create(&list, name, values, COUNT, 0, 0, NULL), "create");
  must(shareable_list_create(&tally, tally_name, rows, WORKERS * COLUMNS, 0, 0, NULL), "create");
  for (int i = 0; i < VALUES; i++)
    must(shareable_list_set_bool(list, i, 1), "set");
  free(rows);
}

/*
 * Checks that every item can be written, and the lock be taken, although killed workers held them.
 */
static void check_all(void) {
  double before = now();
  int status;

  for (int64_t i = 0; i < COUNT; i++)
    must(shareable_list_set_bool(list, i, 0), "the last write");
  status = shareable_list_lock(list, 2000000000);
  must(status == SHAREABLE_E_OWNER_DIED ? SHAREABLE_OK : status, "the last lock");
  if (now() - before > 2) {
    fprintf(stderr, "stress: the last writes took %.3f s\n", now() - before);
    failures++;
  }
}

static int64_t read_count(int64_t i) {
  shareable_value value;
  char buffer[32];

  must(shareable_list_get(list, i, &value, buffer, sizeof buffer - 1), "the count");
  buffer[value.length] = '\0'; /* 0 of a number */
  if (value.type == SHAREABLE_TYPE_INT)
    return value.integer;
  return value.type == SHAREABLE_TYPE_FLOAT ? (int64_t)value.real : strtoll(buffer, NULL, 10);
}

/*
 * Checks a count. It may exceed the notes: a worker may be killed between counting and noting it.
 */
static void check_count(int64_t i, int64_t had) {
  int64_t counted = read_count(i);

  printf("item %" PRId64 " counts %" PRId64 ", noted: %" PRId64 "\n", i, counted, had);
  if (counted < had || counted > had + (int64_t)kills)
    failures++;
}

/* Checks how many of the operations of one language took the fast path. */
static void check_fast_path(const char *language) {
  int64_t measured = 0, fast = 0;

  for (int row = 0; row < count; row++)
    if (strcmp(workers[row].language, language) == 0) {
      measured += read_tally(row, MEASURED);
      fast += read_tally(row, FAST);
    }
  if (measured == 0)
    return;
  printf("%-6s %5.1f %% of %" PRId64 " operations took the fast path\n", language,
         100.0 * (double)fast / (double)measured, measured);
  failures += fast * 100 < measured * FAST_MIN;
}

static void report(void) {
  for (int row = 0; row < count; row++)
    printf("%-6s %-9s %10" PRId64 " reads %10" PRId64 " writes %8" PRId64 " waits\n", workers[row].language,
           workers[row].role, read_tally(row, READS), read_tally(row, WRITES), read_tally(row, WAITS));
  printf("%" PRId64 " reads, %" PRId64 " writes, %" PRId64 " waits, %" PRIu64 " kills: %" PRId64 " torn, %" PRId64
         " stuck, %" PRId64 " lost wake-ups, %" PRId64 " other errors; %" PRId64 " corrupt long texts, %" PRId64
         " locks of dead holders\n",
         total(READS), total(WRITES), total(WAITS), kills, total(TORN), total(STUCK), total(LOST), total(OTHERS),
         total(DAMAGED), total(OWNER_DIED));
  printf("this program, or a killed worker until its end, was not run for up to %.3f s\n", longest_pause);
  failures += total(TORN) + total(STUCK) + total(LOST) + total(OTHERS) > 0;
  for (int row = 0; row < count; row++)
    if (progress_of(row) == 0)
      fail("did nothing", row);
}

static void add_workers(int argc, char **argv) {
  for (int i = 0; i < LISTENERS; i++)
    add_numbered("C", argv[2], "listener", i);
  add("C", argv[2], "metronome", false);
  add("C", argv[2], "viewer", false);
  add("C", argv[2], "reader", false);
  add("C", argv[2], "writer", true);
  add("C", argv[2], "writer", true);
  add("C", argv[2], "watcher", true);
  for (int i = 3; i + 1 < argc; i += 2) {
    add(argv[i], argv[i + 1], "reader", false);
    add(argv[i], argv[i + 1], "writer", true);
    add(argv[i], argv[i + 1], "watcher", true);
    add_numbered("C", argv[2], "answerer", (i - 3) / 2);
    add_numbered(argv[i], argv[i + 1], "caller", (i - 3) / 2);
  }
}

int main(int argc, char **argv) {
  double until, last;

  if (argc < 3 || argc % 2 == 0 || argc > 3 + 2 * CALLERS) {
    fprintf(stderr, "usage: stress SECONDS C-WORKER [LANGUAGE COMMAND]...\n");
    return 2;
  }
  seed = (uint64_t)getpid() * 1000004;
  snprintf(name, sizeof name, "stress-test-%ld", (long)getpid());
  snprintf(tally_name, sizeof tally_name, "%s-tally", name);
  create_lists();
  add_workers(argc, argv);
  for (int row = 0; row < count; row++)
    start(row);
  await_all();
  for (until = now() + strtod(argv[1], NULL); (last = now()) < until;) {
    usleep((useconds_t)(next_random() % 2000));
    restart_exited();
    kill_one();
    if (now() - last > longest_pause)
      longest_pause = now() - last;
  }
  for (int row = 0; row < count; row++) {
    end(row);
    kills += workers[row].may_be_killed;
  }
  report();
  check_fast_path("C");
  for (int i = 3; i < argc; i += 2)
    check_fast_path(argv[i]);
  check_count(ADDED, total(NOTED_ADDED));
  check_count(SWAPPED, total(NOTED_SWAPPED));
  check_count(LOCKED, total(NOTED_LOCKED));
  check_all();
  must(shareable_list_unlink(list, NULL) | shareable_list_unlink(tally, NULL), "unlink");
  shareable_list_unref(list);
  shareable_list_unref(tally);
  return failures > 0;
}
