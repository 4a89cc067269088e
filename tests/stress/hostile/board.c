/*
 * board.c - the shared counters, the random numbers and the clock of the attack test.
 */
#include "board.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Two messages with this number of equal characters at their start count as the same. */
enum { SAME_START = 28 };

board *shared;
unsigned own_slot;
char work_directory[80];
static uint64_t random_seed, random_state;

void board_create(uint64_t seed) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    err(2, "cannot map the board");
  random_seed = seed;
}

void random_start(uint64_t stream) {
  random_state = random_seed * UINT64_C(0x9e3779b97f4a7c15) + stream * UINT64_C(0xd1b54a32d192ed03);
}

/* splitmix64 */
static uint64_t random_bits(void) {
  uint64_t bits = random_state += UINT64_C(0x9e3779b97f4a7c15);

  bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
  return bits ^ (bits >> 31);
}

unsigned random_below(unsigned limit) {
  return (unsigned)(random_bits() % limit);
}

uint64_t clock_now(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void sleep_us(unsigned microseconds) {
  struct timespec left = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};

  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    ;
}

/*
 * Returns where to store a message, or NULL if a similar one is stored already or there is no
 * space.
 */
static char *free_message(enum violation_kind kind, const char *sentence) {
  for (int k = 0; k < SENTENCES; k++) {
    char *place = shared->sentences[kind][k];

    if (place[0] == '\0')
      return place;
    if (strncmp(place, sentence, SAME_START) == 0)
      return NULL;
  }
  return NULL;
}

void violation(enum violation_kind kind, const char *format, ...) {
  char sentence[sizeof shared->sentences[0][0]], *place;
  va_list arguments;

  __atomic_add_fetch(&shared->violations[kind], 1, __ATOMIC_RELAXED);
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  place = free_message(kind, sentence);
  if (place != NULL)
    memcpy(place, sentence, sizeof sentence);
}

static operation *own_call(void) {
  return &shared->operations[own_slot];
}

void call_begin(const char *name, double seconds) {
  operation *call = own_call();

  snprintf(call->name, sizeof call->name, "%s", name);
  call->limit = (uint64_t)(seconds * 1e9) + 1000000000;
  call->starved = __atomic_load_n(&shared->starved, __ATOMIC_RELAXED);
  __atomic_store_n(&call->start, clock_now(), __ATOMIC_RELEASE);
}

uint64_t call_excess(const operation *call) {
  uint64_t start = __atomic_load_n(&call->start, __ATOMIC_ACQUIRE), now = clock_now();
  uint64_t allowed = call->limit + (__atomic_load_n(&shared->starved, __ATOMIC_RELAXED) - call->starved);

  return start == 0 || now <= start || now - start <= allowed ? 0 : now - start - allowed;
}

void call_end(void) {
  operation *call = own_call();
  uint64_t excess = call_excess(call);

  if (excess != 0 && __atomic_exchange_n(&call->start, 0, __ATOMIC_ACQ_REL) != 0)
    violation(HUNG, "%s took %.1f s longer than its limit", call->name, (double)excess / 1e9);
  __atomic_store_n(&call->start, 0, __ATOMIC_RELEASE);
  __atomic_add_fetch(&shared->done[own_slot], 1, __ATOMIC_RELAXED);
}

void become(uid_t uid) {
  if (uid == 0)
    return;
  if (setgroups(0, NULL) != 0 || setgid(uid) != 0 || setuid(uid) != 0)
    err(2, "cannot become user %u", (unsigned)uid);
  prctl(PR_SET_DUMPABLE, 1);
}

int wait_for(pid_t pid) {
  int state = 0;

  while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
    ;
  return state;
}
