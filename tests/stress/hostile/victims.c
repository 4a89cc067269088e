/*
 * victims.c - processes that own blocks, run gc, or run the command.
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

/*
 * Limits in seconds. There is no documented limit for gc and for the command: theirs is RUN_LIMIT.
 * The start of a reaper may wait for more than a second until another reaper has tested whether the
 * first process waits for orphans: that is OWN_LIMIT.
 */
enum { CALL_LIMIT = 1, OWN_LIMIT = 3, RUN_LIMIT = 10 };

enum { OWNED_MAX = 5, REPLACED = 100 };

/* E_NO_SPACE is not a violation: every user may fill /dev/shm. */
void expect(shareable_status status, const char *action, const shareable_error *error) {
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_SPACE)
    violation(REFUSED, "user %u: %s: %s %s", (unsigned)geteuid(), action, shareable_status_name(status),
              error->message);
}

static uint64_t inode_of(const char *name) {
  char path[100];
  struct stat file;

  snprintf(path, sizeof path, SHM "%s", name);
  return lstat(path, &file) == 0 ? file.st_ino : 0;
}

/* Makes gc clean up after this process, as if its reaper had been killed with it. */
static void disable_reaper(void) {
  setenv("SHAREABLE_REAPER", "/bin/true", 1);
}

static shareable_memory *own_block(const char *name, uint32_t mode) {
  shareable_memory *block = NULL;
  shareable_error error = {0};

  call_begin("creating an owned block", OWN_LIMIT);
  expect(shareable_memory_create(&block, name, 4096, SHAREABLE_OWNED, mode, &error), "creating an owned block", &error);
  call_end();
  if (block != NULL)
    memset(shareable_memory_address(block), 'v', 4096);
  return block;
}

static void check_block(shareable_memory *block, uint64_t inode, uint32_t mode) {
  const char *bytes = shareable_memory_address(block);

  if (inode_of(shareable_memory_name(block)) != inode)
    violation(REMOVED, "a block of user %u was removed while its owner lives: '%s'", (unsigned)geteuid(),
              shareable_memory_name(block));
  for (size_t i = 0; mode != 0666 && i < 4096; i++)
    if (bytes[i] != 'v') {
      violation(VALUE, "a block contains bytes that its owner did not write: '%s'", shareable_memory_name(block));
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

/* Owns some blocks, checks them for a while, unlinks some of them, then exits or is killed. */
void own_blocks(void) {
  static const uint32_t modes[] = {0600, 0644, 0666};
  shareable_memory *blocks[OWNED_MAX];
  uint64_t inodes[OWNED_MAX];
  uint32_t mode = modes[random_below(3)];
  char name[40];

  umask(0);
  if (random_below(3) == 0)
    disable_reaper();
  for (int i = 0; i < OWNED_MAX; i++) {
    snprintf(name, sizeof name, "owned-%d-%d", getpid(), i);
    blocks[i] = own_block(name, mode);
    inodes[i] = blocks[i] == NULL ? 0 : inode_of(name);
  }
  for (int checks = 0; checks < 5; checks++) {
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

/*
 * Whether an attacker has the block open. An offer that no attacker accepts in 40 ms is withdrawn.
 */
static bool is_held(unsigned k) {
  for (int checks = 0;; checks++, sleep_us(200)) {
    int offered = BAIT_OFFERED, state = __atomic_load_n(state_of(k), __ATOMIC_ACQUIRE);

    if (state == BAIT_HELD || state == BAIT_FREE)
      return state == BAIT_HELD;
    if (checks >= 200)
      __atomic_compare_exchange_n(state_of(k), &offered, BAIT_FREE, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
}

/* While an attacker has a dead owner's block open or mapped, gc must not remove it. */
static void check_bait(unsigned k, const char *name, uint64_t inode) {
  for (int checks = 0; checks < 40 && inode_of(name) == inode; checks++)
    sleep_us(1000);
  if (inode_of(name) != inode)
    violation(REMOVED, "a block was removed while a process of another user has it open: '%s'", name);
  __atomic_store_n(state_of(k), BAIT_CHECKED, __ATOMIC_RELEASE);
}

/* Creates the block, stops, and exits when the other end of the pipe is closed. */
static void own_until_released(const char *name, const int go[2]) {
  shareable_memory *block = NULL;
  char c;

  close(go[1]);
  disable_reaper();
  umask(0);
  shareable_memory_create(&block, name, 4096, SHAREABLE_OWNED, 0644, NULL);
  raise(SIGSTOP);
  _exit(read(go[0], &c, 1) < 0);
}

/* Starts an owner. Its block exists when this function returns. */
static pid_t start_owner(const char *name, const int go[2]) {
  pid_t owner = fork();

  if (owner == 0)
    own_until_released(name, go);
  close(go[0]);
  while (waitpid(owner, NULL, WUNTRACED) < 0 && errno == EINTR)
    ;
  kill(owner, SIGCONT);
  return owner;
}

/* Whether an attacker accepts the offer. Returns false if the previous offer is not over. */
static bool offer(unsigned k, const char *name) {
  if (__atomic_load_n(state_of(k), __ATOMIC_ACQUIRE) != BAIT_FREE) {
    sleep_us(1000);
    return false;
  }
  snprintf(shared->baits[k].name, sizeof shared->baits[k].name, "%s", name);
  __atomic_store_n(state_of(k), BAIT_OFFERED, __ATOMIC_RELEASE);
  return is_held(k);
}

/* The owner lives until an attacker has the block open, so gc must never remove the block. */
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
    bool is_held_open = inode != 0 && offer(k, name);

    close(go[1]);
    wait_for(owner);
    if (is_held_open)
      check_bait(k, name, inode);
    shareable_unlink(name, NULL); /* gc may have unlinked it */
  }
}

/* Creates a block that later gets the name of a dead owner's block. Returns its inode, or 0. */
static uint64_t prepare(const char *name) {
  shareable_memory *block = NULL;

  if (shareable_memory_create(&block, name, 64, 0, 0600, NULL) != SHAREABLE_OK)
    return 0;
  shareable_memory_unref(block);
  return inode_of(name);
}

static bool rename_block(const char *old_name, const char *new_name) {
  char old_path[100], new_path[100];

  snprintf(old_path, sizeof old_path, SHM "%s", old_name);
  snprintf(new_path, sizeof new_path, SHM "%s", new_name);
  return rename(old_path, new_path) == 0;
}

/* Waits for the block: gc may move it for a moment to check it, and moves it back. */
static bool is_there(const char *name, uint64_t inode) {
  for (int checks = 0; checks < 200; checks++, sleep_us(1000))
    if (inode_of(name) == inode)
      return true;
  return false;
}

/* The name contains the slot, which the children share, and not the pid. */
static const char *owned_name(unsigned round, int i) {
  static char name[40];

  snprintf(name, sizeof name, "reused-%u-%u-%d", own_slot, round, i);
  return name;
}

static const char *new_name(int i) {
  static char name[40];

  snprintf(name, sizeof name, "new-%u-%d", own_slot, i);
  return name;
}

static void own_many(unsigned round) {
  shareable_memory *block = NULL;

  disable_reaper();
  for (int i = 0; i < REPLACED; i++)
    shareable_memory_create(&block, owned_name(round, i), 64, SHAREABLE_OWNED, 0600, NULL);
  _exit(0);
}

static void collect_once(void) {
  shareable_error error = {0};
  shareable_gc *gc = NULL;

  call_begin("gc", RUN_LIMIT);
  expect(shareable_gc_run(&gc, SHAREABLE_GC_REMOVE, &error), "gc", &error);
  call_end();
  shareable_gc_free(gc);
}

/*
 * Renames in the order in which gc removes: the kernel lists the newest name first. The random
 * start makes this run before or behind gc.
 */
static void replace_all(unsigned round, uint64_t inodes[REPLACED]) {
  char name[40];
  uint64_t deadline = clock_now() + 50000000;

  while (inode_of(owned_name(round, REPLACED - 1)) != 0 && clock_now() < deadline)
    ;
  for (int i = REPLACED - 1 - (int)random_below(REPLACED / 2); i >= 0; i--) {
    snprintf(name, sizeof name, "%s", owned_name(round, i));
    memcpy(shared->replaced, name, sizeof name);
    if (!rename_block(new_name(i), name))
      inodes[i] = 0;
    else if (random_below(8) == 0)
      sleep_us(random_below(20));
  }
}

static void check_replaced(unsigned round, const uint64_t inodes[REPLACED]) {
  for (int i = 0; i < REPLACED; i++) {
    if (inodes[i] == 0 || inode_of(new_name(i)) == inodes[i])
      shareable_unlink(new_name(i), NULL);
    else if (!is_there(owned_name(round, i), inodes[i]))
      violation(REMOVED, "a new block under the name of a dead owner's block was removed: '%s'", owned_name(round, i));
    shareable_unlink(owned_name(round, i), NULL);
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
    check_replaced(round, inodes);
  }
}

/*
 * Runs the command. Stores its standard output, truncated to `size`. Returns its status as
 * waitpid() does.
 */
static int run_command(char *const arguments[], char *output, size_t size) {
  int out[2], state;
  size_t length = 0;
  ssize_t got;
  char rest[4096];
  pid_t child;

  if (pipe(out) != 0 || (child = fork()) < 0)
    return 0;
  if (child == 0) {
    int null = open("/dev/null", O_WRONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
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

/* Whether the text has control characters of a terminal: C0, or C1 in UTF-8. */
static bool has_controls(const char *text) {
  for (; *text != '\0'; text++)
    if (((unsigned char)*text < ' ' && *text != '\n') || *text == 127 ||
        ((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0))
      return true;
  return false;
}

/*
 * An exit status up to `highest` is not a failure. `may_sigbus` is set if the command maps a block
 * that others can truncate.
 */
static void command(const char *name, const char *argument, int highest, bool may_sigbus) {
  char *arguments[] = {getenv("HOSTILE_COMMAND"), (char *)(uintptr_t)name, (char *)(uintptr_t)argument, NULL};
  static char output[1 << 20];
  char action[60];
  int state;

  snprintf(action, sizeof action, "the command %s of user %u", name, (unsigned)geteuid());
  call_begin(action, RUN_LIMIT);
  state = run_command(arguments, output, sizeof output);
  call_end();
  if (WIFSIGNALED(state) && !(may_sigbus && WTERMSIG(state) == SIGBUS))
    violation(CRASHED, "%s: signal %d", action, WTERMSIG(state));
  else if (WIFEXITED(state) && WEXITSTATUS(state) > highest)
    violation(REFUSED, "%s: exit status %d", action, WEXITSTATUS(state));
  else if (strcmp(name, "ls") == 0 && WIFEXITED(state) && strstr(output, CLOSED_LIST) == NULL)
    violation(REFUSED, "%s does not list " CLOSED_LIST, action);
  if (has_controls(output))
    violation(VALUE, "%s prints control characters", action);
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
