/*
 * rate_limit.c - eight processes share a rate limit in a dict: exactly LIMIT calls pass in each
 * window.
 *
 * A call adds 1 to the int of a key, and passes if the sum is at most LIMIT. The program tries this
 *
 * - with a key for each window: in each of ten windows exactly LIMIT calls pass;
 * - with one key whose TTL is the window: each sum from 1 to LIMIT occurs once in each window;
 * - with a key for each window, while processes are killed at random: a killed call may be lost, but
 *   no sum occurs twice.
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shareable.h"

enum { PROCESSES = 8, LIMIT = 1000, WINDOWS = 10, KILL_WINDOWS = 100, SUMS = 4 * LIMIT };
#define TTL_NS INT64_C(50000000)

typedef struct board {
  int window; /* the current one */
  bool is_over, is_one_key, is_slow;
  int64_t passed[KILL_WINDOWS + 1]; /* by window, if each one has a key */
  int64_t calls[KILL_WINDOWS + 1];
  int64_t sums[LIMIT + 1]; /* how often each sum was the result of a call */
} board;

static board *notes;
static char name[40];
static int failures;

static void must(shareable_status status, const char *call) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "rate_limit: %s: %s\n", call, shareable_status_name(status));
  exit(2);
}

static void fail(const char *what, int64_t found, int64_t expected) {
  fprintf(stderr, "rate_limit: %s: %" PRId64 ", and must be %" PRId64 "\n", what, found, expected);
  failures++;
}

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t load(const int64_t *number) {
  return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static void count(int64_t *number) {
  __atomic_fetch_add(number, 1, __ATOMIC_SEQ_CST);
}

/* The note of a call that passes follows the call. */
static _Noreturn void call(void) {
  shareable_dict *dict;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  must(shareable_dict_open(&dict, name, 0, NULL), "open");
  while (!__atomic_load_n(&notes->is_over, __ATOMIC_SEQ_CST)) {
    int window = __atomic_load_n(&notes->window, __ATOMIC_SEQ_CST);
    int64_t sum = 0;
    shareable_value key;
    char text[24];

    snprintf(text, sizeof text, "client-%d", window);
    key = shareable_str(text);
    must(shareable_dict_add(dict, &key, 1, 0, 0, TTL_NS * (notes->is_one_key ? 1 : 1000), -1, &sum), "add");
    if (sum <= LIMIT) {
      count(&notes->passed[window]);
      count(&notes->sums[sum]);
    }
    count(&notes->calls[window]);
    if (notes->is_slow) /* so that a process is killed before the limit is reached */
      sched_yield();
  }
  _exit(0);
}

static pid_t start(void) {
  pid_t process = fork();

  if (process == 0)
    call();
  must(process < 0 ? SHAREABLE_E_SYSTEM : SHAREABLE_OK, "fork");
  return process;
}

static void start_all(pid_t *processes, bool is_one_key, bool is_slow) {
  *notes = (board){.is_one_key = is_one_key, .is_slow = is_slow};
  for (int i = 0; i < PROCESSES; i++)
    processes[i] = start();
}

static void end_all(pid_t *processes) {
  __atomic_store_n(&notes->is_over, true, __ATOMIC_SEQ_CST);
  for (int i = 0; i < PROCESSES; i++) {
    int state = 0;

    if (waitpid(processes[i], &state, 0) != processes[i] || state != 0)
      fail("the state of a process at its end", state, 0);
  }
}

/* A window ends when there were enough calls. A call may still belong to it after that. */
static void try_keys(void) {
  pid_t processes[PROCESSES];

  start_all(processes, false, false);
  for (int window = 0; window < WINDOWS; window++) {
    while (load(&notes->calls[window]) < SUMS)
      usleep(200);
    __atomic_store_n(&notes->window, window + 1, __ATOMIC_SEQ_CST);
  }
  end_all(processes);
  for (int window = 0; window < WINDOWS; window++)
    if (notes->passed[window] != LIMIT)
      fail("calls that passed in a window", notes->passed[window], LIMIT);
  printf("%d windows with a key each: %d calls pass in each\n", WINDOWS, LIMIT);
}

/*
 * The number of windows is how often the sum was 1. In a window with too few calls, the last sums do
 * not occur; then the test goes on.
 */
static void try_ttl(void) {
  pid_t processes[PROCESSES];
  int64_t windows, begin = now(), longest;

  start_all(processes, true, false);
  while (load(&notes->sums[LIMIT]) < WINDOWS)
    usleep(1000);
  end_all(processes);
  windows = notes->sums[1];
  longest = (now() - begin) / TTL_NS + 1;
  if (windows > longest)
    fail("windows by a TTL", windows, longest);
  for (int sum = 2; sum <= LIMIT; sum++)
    if (notes->sums[sum] > notes->sums[sum - 1])
      fail("calls with the same sum", notes->sums[sum], notes->sums[sum - 1]);
  printf("%" PRId64 " windows by a TTL: each sum up to %d occurs once in each, and the last one in %" PRId64 "\n",
         windows, LIMIT, notes->sums[LIMIT]);
}

static void try_kills(void) {
  pid_t processes[PROCESSES];
  int64_t lost = 0, kills = 0;

  srand((unsigned)getpid());
  start_all(processes, false, true);
  for (int window = 0; window < KILL_WINDOWS; window++) {
    while (load(&notes->calls[window]) < SUMS) {
      int i = rand() % PROCESSES;

      usleep((useconds_t)(rand() % 200));
      kill(processes[i], SIGKILL);
      waitpid(processes[i], NULL, 0);
      kills++;
      processes[i] = start();
    }
    __atomic_store_n(&notes->window, window + 1, __ATOMIC_SEQ_CST);
  }
  end_all(processes);
  for (int window = 0; window < KILL_WINDOWS; window++) {
    if (notes->passed[window] > LIMIT)
      fail("calls that passed in a window with kills", notes->passed[window], LIMIT);
    lost += LIMIT - notes->passed[window];
  }
  for (int sum = 1; sum <= LIMIT; sum++)
    if (notes->sums[sum] > KILL_WINDOWS + 1)
      fail("calls with the same sum in all windows", notes->sums[sum], KILL_WINDOWS + 1);
  if (lost > kills)
    fail("lost calls", lost, kills);
  printf("%d windows with %" PRId64 " kills: at most %d calls pass in each, %" PRId64 " killed calls were lost\n",
         KILL_WINDOWS, kills, LIMIT, lost);
}

int main(void) {
  shareable_error error = {0};
  shareable_dict *dict;

  alarm(120); /* a call that does not return ends the test */
  notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (notes == MAP_FAILED)
    return 2;
  snprintf(name, sizeof name, "rate-limit-test-%ld", (long)getpid());
  if (shareable_dict_create(&dict, name, 2 * KILL_WINDOWS, 16, 8, 0, 0600, &error) != SHAREABLE_OK) {
    fprintf(stderr, "rate_limit: %s\n", error.message);
    return 2;
  }
  try_keys();
  must(shareable_dict_clear(dict, 0), "clear");
  try_ttl();
  must(shareable_dict_clear(dict, 0), "clear");
  try_kills();
  must(shareable_dict_unlink(dict, NULL), "unlink");
  shareable_dict_unref(dict);
  return failures != 0;
}
