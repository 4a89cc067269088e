/*
 * hostile.c - the attack test: a user attacks processes of two other users and of root.
 *
 *   hostile DIRECTORY SECONDS   must run as root, in its own namespaces (tests/stress/hostile/run); DIRECTORY
 *                               is for its own files
 *
 *   HOSTILE_SEED     the seed of the random numbers, which is printed
 *   HOSTILE_CLASSES  the classes of attack to run, separated by blanks; if it is empty, all
 *   HOSTILE_LEAST    the number of steps of each class that must succeed; 100 by default
 *
 * The exit status is 0 if there are no violations and enough steps succeeded, 1 if not, and 2 if
 * the test itself failed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"
#include "board.h"
#include "canaries.h"
#include "victims.h"

static const char *const class_names[] = {
#define NAME(id, name) name,
  ATTACK_MAP(NAME)};
static const char *const kind_names[] = {VIOLATION_MAP(NAME)
#undef NAME
};

typedef bool attack(void);
static attack *const attacks[] = {attack_swap,   attack_forge, attack_special,  attack_lease,
                                  attack_squat,  attack_lock,  attack_contents, attack_replace,
                                  attack_socket, attack_flood, attack_mapped,   attack_userns};

static void attack_at_random(void);
static void keep_time(void);

typedef struct role {
  const char *name;
  uid_t user;
  void (*run)(void);
  int allowed; /* a signal that this process may die of */
  int only;    /* the class of attack that it is needed for, or ALWAYS */
} role;

enum { ALWAYS = CLASSES };

static const role roles[] = {
  {"time", 0, keep_time, 0, ALWAYS},
  {"owner", FIRST_USER, own_blocks, SIGKILL, ALWAYS},
  {"owner", FIRST_USER, own_blocks, SIGKILL, ALWAYS},
  {"root's owner", 0, own_blocks, SIGKILL, ALWAYS},
  {"bait", SECOND_USER, offer_bait, 0, MAPPED},
  {"bait", SECOND_USER, offer_bait, 0, MAPPED},
  {"bait", SECOND_USER, offer_bait, 0, MAPPED},
  {"replacer", FIRST_USER, replace_blocks, 0, REPLACE},
  {"gc", SECOND_USER, collect_garbage, 0, MAPPED},
  {"gc", FIRST_USER, collect_garbage, 0, ALWAYS},
  {"root's gc", 0, collect_garbage, 0, ALWAYS},
  {"commands", FIRST_USER, run_commands, 0, ALWAYS},
  {"root's commands", 0, run_commands, 0, ALWAYS},
  {"writer", FIRST_USER, write_closed_list, 0, ALWAYS},
  {"root's writer", 0, write_closed_list, 0, ALWAYS},
  {"reader", FIRST_USER, read_closed_list, 0, ALWAYS},
  {"root's reader", 0, read_closed_list, 0, ALWAYS},
  {"open list", FIRST_USER, use_open_list, SIGBUS, ALWAYS},
  {"corrupt list", FIRST_USER, add_to_corrupt, 0, CONTENTS},
  {"attackers' blocks", FIRST_USER, open_attackers_blocks, SIGBUS, ALWAYS},
  {"manager", FIRST_USER, use_abstract_manager, 0, ALWAYS},
  {"manager", FIRST_USER, use_tcp_manager, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
  {"attacker", ATTACKER, attack_at_random, 0, ALWAYS},
};
enum { ROLES = sizeof roles / sizeof roles[0] };
_Static_assert((int)ROLES <= (int)SLOTS, "each process needs a slot");

static pid_t processes[ROLES];

/* Measures for how long processes do not get to run. No limit of a call includes that time. */
static void keep_time(void) {
  while (!shared->stop) {
    uint64_t before = clock_now(), late;

    sleep_us(5000);
    late = clock_now() - before;
    if (late > 8000000)
      __atomic_add_fetch(&shared->starved, late - 5000000, __ATOMIC_RELAXED);
  }
}

/* Returns, with equal probability, the class with the fewest successes or any class. */
static unsigned choose_class(void) {
  unsigned k, least = CLASSES;

  for (k = 0; k < CLASSES; k++)
    if (shared->enabled[k] && (least == CLASSES || shared->succeeded[k] < shared->succeeded[least]))
      least = k;
  if (random_below(2) == 0)
    return least;
  do
    k = random_below(CLASSES);
  while (!shared->enabled[k]);
  return k;
}

static void attack_at_random(void) {
  int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

  dup2(nothing, STDERR_FILENO); /* drop what the library's programs print to an attacker */
  umask(0);
  signal(SIGIO, SIG_IGN); /* sent if a victim opens a leased file */
  while (!shared->stop) {
    unsigned k = choose_class();

    __atomic_add_fetch(&shared->tried[k], 1, __ATOMIC_RELAXED);
    if (attacks[k]())
      __atomic_add_fetch(&shared->succeeded[k], 1, __ATOMIC_RELAXED);
  }
}

static bool is_needed(const role *process) {
  return process->only == ALWAYS || shared->enabled[process->only];
}

static void start(unsigned k) {
  static uint64_t streams;

  streams++;
  shared->operations[k].start = 0;
  processes[k] = fork();
  if (processes[k] < 0)
    err(2, "cannot start a process");
  if (processes[k] > 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  own_slot = k;
  random_start(streams);
  become(roles[k].user);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user clears it */
  roles[k].run();
  _exit(0);
}

static void check_exit(unsigned k, int state) {
  if (WIFSIGNALED(state) && WTERMSIG(state) != roles[k].allowed && roles[k].user != ATTACKER)
    violation(CRASHED, "%s of user %u was killed by signal %d in: %s", roles[k].name, (unsigned)roles[k].user,
              WTERMSIG(state), shared->operations[k].name);
}

/* Restarts processes that have ended, unless the test is over. */
static void reap(void) {
  int state;
  pid_t pid;

  while ((pid = waitpid(-1, &state, WNOHANG)) > 0)
    for (unsigned k = 0; k < ROLES; k++)
      if (processes[k] == pid) {
        check_exit(k, state);
        processes[k] = 0;
        if (!shared->stop)
          start(k);
      }
}

static void kill_one(unsigned k) {
  kill(processes[k], SIGKILL);
  wait_for(processes[k]);
  processes[k] = 0;
}

/* Counts, kills and restarts a process whose call hangs. */
static void check_calls(void) {
  for (unsigned k = 0; k < ROLES; k++) {
    operation *call = &shared->operations[k];

    if (processes[k] == 0 || roles[k].user == ATTACKER || call_excess(call) == 0 ||
        __atomic_exchange_n(&call->start, 0, __ATOMIC_ACQ_REL) == 0)
      continue;
    violation(HUNG, "%s does not end (%s of user %u)", call->name, roles[k].name, (unsigned)roles[k].user);
    kill_one(k);
    if (!shared->stop)
      start(k);
  }
}

static void watch_for(double seconds) {
  for (uint64_t end = clock_now() + (uint64_t)(seconds * 1e9); clock_now() < end; sleep_us(20000)) {
    reap();
    check_calls();
    canaries_check();
    links_remove();
  }
}

static bool any_lives(void) {
  for (unsigned k = 0; k < ROLES; k++)
    if (processes[k] > 0)
      return true;
  return false;
}

/* Every process exits when its current call returns; the longest call takes eleven seconds. */
static void finish(void) {
  shared->stop = true;
  for (int checks = 0; checks < 150 && any_lives(); checks++)
    watch_for(0.1);
  for (unsigned k = 0; k < ROLES; k++)
    if (processes[k] > 0)
      kill_one(k);
}

static void bring_loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
    warn("no loopback interface");
  if (fd >= 0)
    close(fd);
}

/* Whether the check succeeds in a process of that user. */
static bool can(uid_t user, bool (*check)(void)) {
  pid_t child = fork();

  if (child == 0) {
    become(user);
    _exit(!check());
  }
  return wait_for(child) == 0;
}

static bool enter_directory(void) {
  return access(work_directory, X_OK) == 0 && access(getenv("HOSTILE_COMMAND"), X_OK) == 0;
}

static void enable_classes(const char *wanted) {
  for (unsigned k = 0; k < CLASSES; k++) {
    shared->enabled[k] = wanted == NULL || wanted[0] == '\0' || strstr(wanted, class_names[k]) != NULL;
  }
  if (shared->enabled[USERNS] && !can(ATTACKER, attack_userns)) {
    puts("userns: skipped, because users may not create user namespaces here");
    shared->enabled[USERNS] = false;
  }
}

/* Creates the lists as the first user. */
static void create_lists(void) {
  pid_t child = fork();

  if (child == 0) {
    become(FIRST_USER);
    _exit(!lists_create());
  }
  if (wait_for(child) != 0)
    errx(2, "cannot create the lists");
}

static bool has_enough_steps(uint64_t least) {
  for (unsigned k = 0; k < CLASSES; k++)
    if (shared->enabled[k] && __atomic_load_n(&shared->succeeded[k], __ATOMIC_RELAXED) < least)
      return false;
  return true;
}

/* On a busy machine, the attacks take up to three times as long. */
static void watch_steps(double seconds, uint64_t least) {
  watch_for(seconds);
  for (double more = 2 * seconds; more > 0 && !has_enough_steps(least); more--)
    watch_for(1);
}

static bool report_steps(uint64_t least) {
  bool good = true;

  printf("%-10s %9s %9s\n", "class", "tried", "succeeded");
  for (unsigned k = 0; k < CLASSES; k++) {
    if (!shared->enabled[k])
      continue;
    printf("%-10s %9llu %9llu%s\n", class_names[k], (unsigned long long)shared->tried[k],
           (unsigned long long)shared->succeeded[k], shared->succeeded[k] < least ? "  too few" : "");
    good = good && shared->succeeded[k] >= least;
  }
  return good;
}

static bool report_violations(void) {
  bool good = true;

  for (unsigned k = 0; k < KINDS; k++) {
    printf("%s%s %llu", k == 0 ? "violations: " : ", ", kind_names[k], (unsigned long long)shared->violations[k]);
    good = good && shared->violations[k] == 0;
  }
  putchar('\n');
  for (unsigned k = 0; k < KINDS; k++)
    for (unsigned n = 0; n < SENTENCES && shared->sentences[k][n][0] != '\0'; n++)
      printf("  %s: %s\n", kind_names[k], shared->sentences[k][n]);
  return good;
}

static void report_calls(void) {
  uint64_t calls = 0;

  for (unsigned k = 0; k < ROLES; k++)
    if (roles[k].user != ATTACKER)
      calls += shared->done[k];
  printf("%llu calls of the victims; processes waited %.1f s for a processor\n", (unsigned long long)calls,
         (double)shared->starved / 1e9);
}

int main(int count, char **arguments) {
  const char *seed_text = getenv("HOSTILE_SEED"), *least_text = getenv("HOSTILE_LEAST");
  uint64_t least = least_text == NULL || least_text[0] == '\0' ? 100 : strtoull(least_text, NULL, 10);
  uint64_t seed = seed_text == NULL || seed_text[0] == '\0' ? clock_now() % 1000000007 : strtoull(seed_text, NULL, 10);

  if (count != 3)
    errx(2, "usage: hostile DIRECTORY SECONDS");
  snprintf(work_directory, sizeof work_directory, "%s", arguments[1]);
  board_create(seed);
  random_start(0);
  if (!can(FIRST_USER, enter_directory) || !can(ATTACKER, enter_directory)) {
    printf("skipped: other users cannot enter %s\n", work_directory);
    return 77;
  }
  bring_loopback_up();
  if (!can(ATTACKER, log_learn))
    errx(2, "found no log of the library that attacks could imitate");
  enable_classes(getenv("HOSTILE_CLASSES"));
  umask(0);
  canaries_create();
  create_lists();
  printf("seed %llu, %s seconds\n", (unsigned long long)seed, arguments[2]);
  fflush(stdout);
  for (unsigned k = 0; k < ROLES; k++)
    if (is_needed(&roles[k]))
      start(k);
  watch_steps(strtod(arguments[2], NULL), least);
  finish();
  lists_check_sum();
  canaries_check();
  report_calls();
  bool enough = report_steps(least);
  return report_violations() && enough ? 0 : 1;
}
