/*
 * victims.c - processes that own blocks, and those that clean up after them.
 */
#include "victims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"

/* What each call may take beside the second that every call may: nothing documents a limit for gc, or for the command. */
enum { CALL_LIMIT = 1, RUN_LIMIT = 10 };

enum { OWNED_MAX = 5, REPLACED = 100 };

/* E_NO_SPACE is no violation: every user may fill /dev/shm. */
void expect(shareable_status status, const char *what, const shareable_error *error) {
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_SPACE)
    violation(REFUSED, "user %u: %s: %s %s", (unsigned)geteuid(), what, shareable_status_name(status), error->text);
}

static uint64_t inode_of(const char *name) {
  char path[100];
  struct stat file;

  snprintf(path, sizeof path, SHM "%s", name);
  return lstat(path, &file) == 0 ? file.st_ino : 0;
}

/* Leaves what the process owns to gc, as if its reaper had been killed with it. */
static void have_no_reaper(void) {
  setenv("SHAREABLE_REAPER", "/bin/true", 1);
}

static shareable_memory *own_block(const char *name, uint32_t mode) {
  shareable_memory *block = NULL;
  shareable_error error = {0};

  call_begin("creating an owned block", CALL_LIMIT);
  expect(shareable_memory_create(&block, name, 4096, SHAREABLE_OWNED, mode, &error), "creating an owned block", &error);
  call_end();
  if (block != NULL)
    memset(shareable_memory_address(block), 'v', 4096);
  return block;
}

static void check_block(shareable_memory *block, uint64_t inode, uint32_t mode) {
  const char *bytes = shareable_memory_address(block);

  if (inode_of(shareable_memory_name(block)) != inode)
    violation(REMOVED, "a block of user %u is gone while its owner lives: '%s'", (unsigned)geteuid(),
              shareable_memory_name(block));
  for (size_t i = 0; mode != 0666 && i < 4096; i++)
    if (bytes[i] != 'v') {
      violation(VALUE, "a block holds what its owner did not write: '%s'", shareable_memory_name(block));
      return;
    }
}

static void drop_block(shareable_memory *block) {
  shareable_error error = {0};

  call_begin("unlinking a block", CALL_LIMIT);
  expect(shareable_memory_unlink(block, &error), "unlinking a block", &error);
  call_end();
  shareable_memory_unref(block);
}

/* One life: some blocks, looked at for a while, then left in one way or another. */
void own_blocks(void) {
  static const uint32_t modes[] = {0600, 0644, 0666};
  shareable_memory *blocks[OWNED_MAX];
  uint64_t inodes[OWNED_MAX];
  uint32_t mode = modes[random_below(3)];
  char name[40];

  umask(0);
  if (random_below(3) == 0)
    have_no_reaper();
  for (int i = 0; i < OWNED_MAX; i++) {
    snprintf(name, sizeof name, "owned-%d-%d", getpid(), i);
    blocks[i] = own_block(name, mode);
    inodes[i] = blocks[i] == NULL ? 0 : inode_of(name);
  }
  for (int looks = 0; looks < 5; looks++) {
    for (int i = 0; i < OWNED_MAX; i++)
      if (blocks[i] != NULL)
        check_block(blocks[i], inodes[i], mode);
    sleep_us(random_below(4000));
  }
  for (int i = 0; i < OWNED_MAX; i++)
    if (blocks[i] != NULL && random_below(2) == 0)
      drop_block(blocks[i]);
  if (random_below(2) == 0)
    raise(SIGKILL);
  _exit(0);
}

static int *state_of(unsigned k) {
  return &shared->baits[k].state;
}

/* Whether an attacker has the block; an offer that none takes up in 40 ms is withdrawn. */
static bool is_held(unsigned k) {
  for (int looks = 0;; looks++, sleep_us(200)) {
    int offered = BAIT_OFFERED, state = __atomic_load_n(state_of(k), __ATOMIC_ACQUIRE);

    if (state == BAIT_HELD || state == BAIT_FREE)
      return state == BAIT_HELD;
    if (looks >= 200)
      __atomic_compare_exchange_n(state_of(k), &offered, BAIT_FREE, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
}

/* A block of a dead owner that an attacker has open or mapped stays, whatever gc runs meanwhile. */
static void judge_bait(unsigned k, const char *name, uint64_t inode) {
  for (int looks = 0; looks < 40 && inode_of(name) == inode; looks++)
    sleep_us(1000);
  if (inode_of(name) != inode)
    violation(REMOVED, "a block is gone while a process of another user has it open: '%s'", name);
  __atomic_store_n(state_of(k), BAIT_JUDGED, __ATOMIC_RELEASE);
}

/* Stops once it has the block, and ends when the other end of the pipe is closed. */
static void own_until_told(const char *name, const int go[2]) {
  shareable_memory *block = NULL;
  char c;

  close(go[1]);
  have_no_reaper();
  umask(0);
  shareable_memory_create(&block, name, 4096, SHAREABLE_OWNED, 0644, NULL);
  raise(SIGSTOP);
  _exit(read(go[0], &c, 1) < 0);
}

/* Starts an owner; it has the block when this returns. */
static pid_t start_owner(const char *name, const int go[2]) {
  pid_t owner = fork();

  if (owner == 0)
    own_until_told(name, go);
  close(go[0]);
  while (waitpid(owner, NULL, WUNTRACED) < 0 && errno == EINTR)
    ;
  kill(owner, SIGCONT);
  return owner;
}

/* Whether an attacker has taken the offer; false too if the last one is not over. */
static bool offer(unsigned k, const char *name) {
  if (__atomic_load_n(state_of(k), __ATOMIC_ACQUIRE) != BAIT_FREE) {
    sleep_us(1000);
    return false;
  }
  snprintf(shared->baits[k].name, sizeof shared->baits[k].name, "%s", name);
  __atomic_store_n(state_of(k), BAIT_OFFERED, __ATOMIC_RELEASE);
  return is_held(k);
}

/* The owner lives until an attacker has the block too: so there is no moment at which gc may remove it. */
void offer_bait(void) {
  unsigned k = own_slot % BAITS;
  char name[40];
  int go[2];

  for (unsigned n = 0; !shared->stop; n++) {
    snprintf(name, sizeof name, "bait-%d-%u", getpid(), n);
    if (pipe(go) != 0)
      _exit(1);
    pid_t owner = start_owner(name, go);
    uint64_t inode = inode_of(name);
    bool is_judged = inode != 0 && offer(k, name);

    close(go[1]);
    wait_for(owner);
    if (is_judged)
      judge_bait(k, name, inode);
    shareable_unlink(name, NULL); /* gc may have been first */
  }
}

/* A block that is complete before it gets the name of a dead owner's, as careful programs do. */
static uint64_t prepare(const char *name) {
  shareable_memory *block = NULL;

  if (shareable_memory_create(&block, name, 64, 0, 0600, NULL) != SHAREABLE_OK)
    return 0;
  shareable_memory_unref(block);
  return inode_of(name);
}

static bool rename_block(const char *from, const char *to) {
  char from_path[100], to_path[100];

  snprintf(from_path, sizeof from_path, SHM "%s", from);
  snprintf(to_path, sizeof to_path, SHM "%s", to);
  return rename(from_path, to_path) == 0;
}

/* gc may take a block aside for a moment to look at it, and puts it back. */
static bool is_there(const char *name, uint64_t inode) {
  for (int looks = 0; looks < 200; looks++, sleep_us(1000))
    if (inode_of(name) == inode)
      return true;
  return false;
}

/* By the process that replaces them: its children have another number. */
static const char *again_name(unsigned round, int i) {
  static char name[40];

  snprintf(name, sizeof name, "again-%u-%u-%d", own_slot, round, i);
  return name;
}

static const char *new_name(int i) {
  static char name[40];

  snprintf(name, sizeof name, "new-%u-%d", own_slot, i);
  return name;
}

static void own_many(unsigned round) {
  shareable_memory *block = NULL;

  have_no_reaper();
  for (int i = 0; i < REPLACED; i++)
    shareable_memory_create(&block, again_name(round, i), 64, SHAREABLE_OWNED, 0600, NULL);
  _exit(0);
}

static void collect_once(void) {
  shareable_error error = {0};
  shareable_gc *gc = NULL;

  call_begin("gc", RUN_LIMIT);
  expect(shareable_gc_run(&gc, SHAREABLE_REMOVE, &error), "gc", &error);
  call_end();
  shareable_gc_free(gc);
}

/* The kernel lists the newest name first, and gc follows it: so this does as well, from somewhere behind it or before it. */
static void replace_all(unsigned round, uint64_t inodes[REPLACED]) {
  char name[40];
  uint64_t patience = clock_now() + 50000000;

  while (inode_of(again_name(round, REPLACED - 1)) != 0 && clock_now() < patience)
    ;
  for (int i = REPLACED - 1 - (int)random_below(REPLACED / 2); i >= 0; i--) {
    snprintf(name, sizeof name, "%s", again_name(round, i));
    memcpy(shared->replaced, name, sizeof name);
    if (!rename_block(new_name(i), name))
      inodes[i] = 0;
    else if (random_below(8) == 0)
      sleep_us(random_below(20));
  }
}

static void judge_replaced(unsigned round, const uint64_t inodes[REPLACED]) {
  for (int i = 0; i < REPLACED; i++) {
    if (inodes[i] == 0 || inode_of(new_name(i)) == inodes[i])
      shareable_unlink(new_name(i), NULL);
    else if (!is_there(again_name(round, i), inodes[i]))
      violation(REMOVED, "a block made anew under the name of a dead owner's is gone: '%s'", again_name(round, i));
    shareable_unlink(again_name(round, i), NULL);
  }
}

/* Gives the names of a dead owner's blocks to new blocks while gc removes the old ones. */
void replace_blocks(void) {
  uint64_t inodes[REPLACED];

  for (unsigned round = 0; !shared->stop; round++) {
    pid_t child = fork();

    if (child == 0)
      own_many(round);
    wait_for(child);
    for (int i = 0; i < REPLACED; i++)
      inodes[i] = prepare(new_name(i));
    child = fork();
    if (child == 0) {
      collect_once();
      _exit(0);
    }
    replace_all(round, inodes);
    wait_for(child);
    judge_replaced(round, inodes);
  }
}

/* Runs the command; its standard output, cut to `size`, and its status as waitpid() has it. */
static int run_command(char *const arguments[], char *output, size_t size) {
  int out[2], state;
  size_t length = 0;
  ssize_t got;
  char rest[4096];
  pid_t child;

  if (pipe(out) != 0 || (child = fork()) < 0)
    return 0;
  if (child == 0) {
    int nothing = open("/dev/null", O_WRONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    execv(arguments[0], arguments);
    _exit(127);
  }
  close(out[1]);
  while ((got = read(out[0], rest, sizeof rest)) > 0) {
    size_t kept = (size_t)got < size - 1 - length ? (size_t)got : size - 1 - length;

    memcpy(output + length, rest, kept);
    length += kept;
  }
  output[length] = '\0';
  close(out[0]);
  state = wait_for(child);
  return state;
}

/* C0, and C1 as UTF-8 has it: what a terminal acts on. */
static bool has_controls(const char *text) {
  for (; *text != '\0'; text++)
    if (((unsigned char)*text < ' ' && *text != '\n') || *text == 127 ||
        ((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0))
      return true;
  return false;
}

/* `failure`: the greatest exit status that is an answer rather than a failure. `bus`: whether it maps what others can cut. */
static void command(const char *name, const char *argument, int failure, bool bus) {
  char *arguments[] = {getenv("HOSTILE_COMMAND"), (char *)(uintptr_t)name, (char *)(uintptr_t)argument, NULL};
  static char output[1 << 20];
  char what[60];
  int state;

  snprintf(what, sizeof what, "the command %s of user %u", name, (unsigned)geteuid());
  call_begin(what, RUN_LIMIT);
  state = run_command(arguments, output, sizeof output);
  call_end();
  if (WIFSIGNALED(state) && !(bus && WTERMSIG(state) == SIGBUS))
    violation(CRASHED, "%s: signal %d", what, WTERMSIG(state));
  else if (WIFEXITED(state) && WEXITSTATUS(state) > failure)
    violation(REFUSED, "%s: exit status %d", what, WEXITSTATUS(state));
  else if (strcmp(name, "ls") == 0 && WIFEXITED(state) && strstr(output, CLOSED_LIST) == NULL)
    violation(REFUSED, "%s does not list " CLOSED_LIST, what);
  if (has_controls(output))
    violation(VALUE, "%s prints control characters", what);
}

void collect_garbage(void) {
  while (!shared->stop) {
    if (random_below(4) == 0)
      command("gc", "--remove", 0, false);
    else
      collect_once();
    sleep_us(random_below(20000));
  }
}

void run_commands(void) {
  while (!shared->stop) {
    command("ls", "--raw", 0, false);
    sleep_us(random_below(50000));
    command("doctor", "--json", 1, false);
    sleep_us(random_below(50000));
    command("info", OPEN_LIST, 1, true);
    command("dump", OPEN_LIST, 1, true);
    sleep_us(random_below(50000));
  }
}
