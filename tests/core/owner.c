/*
 * owner.c - tests of core/src/shm/owner.c, owner_file.c and reaper.c, and of tools/reaper.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "moved.h"
#include "shm/owner.h"
#include "shm/segment.h"

/* The test's name and a number, so that another process can compute it too. */
typedef struct name {
  char text[60];
} name;

static name numbered(const char *prefix, int number) {
  name result;

  snprintf(result.text, sizeof result.text, "%s-%d", prefix, number);
  return result;
}

static shareable_memory *own(const char *block) {
  shareable_memory *memory = NULL;
  shareable_error error = {0};

  cr_assert_eq(shareable_memory_create(&memory, block, 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_OK, "%s",
               error.message);
  return memory;
}

/* Returns whether the block is removed within a second. */
static bool is_removed(const char *block) {
  const struct timespec interval = {0, 5000000};

  for (int i = 0; i < 200 && exists(block); i++)
    nanosleep(&interval, NULL);
  return !exists(block);
}

/* Returns whether the block still exists after more time than its removal would take. */
static bool is_kept(const char *block) {
  const struct timespec interval = {0, 300000000};

  nanosleep(&interval, NULL);
  return exists(block);
}

static void own_one(const void *prefix) {
  own(prefix);
}

Test(owner, killing_the_owner_removes_its_block) {
  pid_t child = start(own_one, own_name());

  cr_assert(exists(own_name()));
  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
}

static void own_list(const void *prefix) {
  const shareable_value values[] = {shareable_int(1)};
  shareable_list *list;

  cr_ok(shareable_list_create(&list, prefix, values, 1, SHAREABLE_OWNED, 0, NULL));
}

Test(owner, killing_the_owner_removes_its_list) {
  pid_t child = start(own_list, own_name());

  end(child, SIGTERM);
  cr_assert(is_removed(own_name()));
}

static void own_in_a_group(const void *prefix) {
  setpgid(0, 0);
  own(prefix);
}

Test(owner, killing_the_owner_s_process_group_removes_its_block) {
  pid_t child = start(own_in_a_group, own_name());

  kill(-child, SIGKILL);
  waitpid(child, NULL, 0);
  cr_assert(is_removed(own_name()));
}

static void own_and_make(const void *prefix) {
  shareable_memory *memory;

  own(numbered(prefix, 0).text);
  cr_ok(shareable_memory_create(&memory, numbered(prefix, 1).text, 8, 0, 0, NULL));
}

Test(owner, the_reaper_keeps_a_block_that_is_not_owned) {
  name kept = numbered(own_name(), 1);
  pid_t child = start(own_and_make, own_name());

  end(child, SIGKILL);
  cr_assert(is_removed(numbered(own_name(), 0).text));
  cr_assert(is_kept(kept.text));
  cr_ok(shareable_unlink(kept.text, NULL));
}

Test(owner, the_reaper_keeps_another_block_that_has_taken_the_name) {
  pid_t child = start(own_one, own_name());
  shareable_memory *memory;

  cr_ok(shareable_unlink(own_name(), NULL));
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  end(child, SIGKILL);
  cr_assert(is_kept(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(owner, a_removed_block_stays_mapped_in_other_processes) {
  pid_t child = start(own_one, own_name());
  shareable_memory *memory;

  cr_ok(shareable_memory_open(&memory, own_name(), 0, NULL));
  strcpy(shareable_memory_address(memory), "kept");
  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
  cr_assert_str_eq(shareable_memory_address(memory), "kept");
  shareable_memory_unref(memory);
}

Test(owner, a_child_does_not_own_its_parent_s_block) {
  shareable_memory *memory = own(own_name());
  pid_t child = fork();

  if (child == 0)
    _exit(0);
  waitpid(child, NULL, 0);
  cr_assert(is_kept(own_name()));
  child = fork();
  if (child == 0) {
    shareable_memory_unref(memory);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  cr_assert(is_kept(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static void own_and_have_a_child(const void *prefix) {
  own(numbered(prefix, 0).text);
  if (fork() == 0) {
    own(numbered(prefix, 1).text);
    for (int fd = 3; fd < 100; fd++)
      close(fd); /* also the pipe that start() waits for */
    sleep(2);
    _exit(0);
  }
}

Test(owner, keeps_the_block_as_long_as_a_child_of_the_owner_is_alive) {
  name child_s = numbered(own_name(), 1);
  pid_t child = start(own_and_have_a_child, own_name());

  end(child, SIGKILL);
  cr_assert(is_kept(numbered(own_name(), 0).text));
  cr_assert(exists(child_s.text));
  sleep(2);
  cr_assert(is_removed(numbered(own_name(), 0).text));
  cr_assert(is_removed(child_s.text));
}

/* A program that daemonizes: its first process and that process's child exit. */
static void own_and_daemonize(const void *prefix) {
  own(prefix);
  if (fork() != 0)
    _exit(0);
  setsid();
  if (fork() != 0)
    _exit(0);
  for (int fd = 0; fd < 100; fd++)
    close(fd);
  sleep(2);
  _exit(0);
}

Test(owner, keeps_the_block_as_long_as_the_daemon_that_the_owner_became_is_alive) {
  const char *block = own_name();
  pid_t child = fork();

  if (child == 0)
    own_and_daemonize(block);
  waitpid(child, NULL, 0);
  cr_assert(is_kept(block));
  sleep(2);
  cr_assert(is_removed(block));
}

static void own_and_start_a_program(const void *prefix) {
  own(prefix);
  if (fork() == 0) {
    for (int fd = 3; fd < 100; fd++)
      close(fd);
    execl("/bin/sleep", "sleep", "2", NULL);
    _exit(1);
  }
}

Test(owner, removes_the_block_although_a_program_that_the_owner_started_is_alive) {
  pid_t child = start(own_and_start_a_program, own_name());

  usleep(100000); /* until the program is executed */
  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
}

/* Owns a block, and transfers it to the process that starts it and to another one. */
typedef struct succession {
  const char *block;
  pid_t others[SHAREABLE__SUCCESSORS + 1];
  size_t count;
} succession;

static void own_with_successors(const void *with) {
  const succession *test = with;

  own(test->block);
  for (size_t i = 0; i < test->count; i++)
    if (shareable_transfer_ownership(test->others[i]) != SHAREABLE_OK)
      _exit(1);
}

static void only_sleep(const void *with) {
  (void)with;
}

Test(owner, keeps_the_block_until_all_successors_have_ended_in_any_order) {
  for (int last = 0; last < 3; last++) {
    succession test = {.count = 3};
    name block = numbered(own_name(), last);
    pid_t child;

    test.block = block.text;
    for (size_t i = 0; i < test.count; i++)
      test.others[i] = start(only_sleep, NULL);
    child = start(own_with_successors, &test);
    end(child, SIGKILL);
    for (int i = 0; i < 3; i++)
      if (i != last)
        end(test.others[i], SIGKILL);
    cr_expect(is_kept(block.text), "successor %d is alive", last);
    end(test.others[last], SIGKILL);
    cr_expect(is_removed(block.text), "no successor is alive");
  }
}

/* Returns whether an ownership log records the block. */
static bool is_recorded(const char *block) {
  char command[300];

  snprintf(command, sizeof command, "grep -qF %s %s/* 2>/dev/null", block, log_directory());
  return system(command) == 0;
}

/* Otherwise a process would remain for each worker that has ended, as long as the program lives. */
Test(owner, the_reaper_does_not_wait_for_a_successor_if_no_block_is_left) {
  succession test = {.block = own_name(), .others = {start(only_sleep, NULL)}, .count = 1};
  pid_t child = start(own_with_successors, &test);
  bool is_left;

  end(child, SIGKILL);
  cr_expect(is_kept(own_name()));
  cr_expect(is_recorded(own_name()));
  cr_ok(shareable_unlink(own_name(), NULL));
  for (int i = 0; i < 50 && (is_left = is_recorded(own_name())); i++)
    usleep(100000);
  cr_expect_not(is_left, "the reaper still waits");
  end(test.others[0], SIGKILL);
}

/* The place of a successor that has ended is used again, and a repeated one takes no place. */
static void transfer_to_many(const char *block) {
  pid_t living[SHAREABLE__SUCCESSORS];

  own(block);
  for (size_t i = 0; i < SHAREABLE__SUCCESSORS; i++) {
    living[i] = start(only_sleep, NULL);
    if (shareable_transfer_ownership(living[i]) != SHAREABLE_OK ||
        shareable_transfer_ownership(living[i]) != SHAREABLE_OK)
      _exit(1);
  }
  if (shareable_transfer_ownership(getpid()) != SHAREABLE_E_NO_SPACE)
    _exit(2);
  end(living[7], SIGKILL);
  if (shareable_transfer_ownership(getpid()) != SHAREABLE_OK)
    _exit(3);
  for (size_t i = 0; i < SHAREABLE__SUCCESSORS; i++)
    if (i != 7)
      end(living[i], SIGKILL);
  _exit(0);
}

Test(owner, rejects_another_successor_only_if_all_are_alive) {
  const char *block = own_name();
  pid_t child = fork();
  int status;

  if (child == 0)
    transfer_to_many(block);
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0, "exit status %d", WEXITSTATUS(status));
  cr_assert(is_removed(block));
}

static void own_a_thousand(const void *prefix) {
  for (int i = 0; i < 1000; i++)
    own(numbered(prefix, i).text);
}

Test(owner, can_own_a_thousand_blocks) {
  pid_t child = start(own_a_thousand, own_name());

  cr_assert(exists(numbered(own_name(), 999).text));
  end(child, SIGKILL);
  for (int i = 0; i < 1000; i++)
    cr_assert(is_removed(numbered(own_name(), i).text), "%d", i);
}

static void own_and_unlink(const void *prefix) {
  shareable_memory *memory[300];

  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 300; i++)
      memory[i] = own(numbered(prefix, i).text);
    for (int i = 0; i < 300; i++) {
      if (i % 2 == 0)
        cr_ok(shareable_memory_unlink(memory[i], NULL));
      else
        cr_ok(shareable_unlink(numbered(prefix, i).text, NULL));
      shareable_memory_unref(memory[i]);
    }
  }
  own(prefix);
}

/* Returns the size of the ownership log that records the block. */
static off_t size_of_log_with(const char *block) {
  char command[300];
  long long size = -1;
  FILE *answer;

  snprintf(command, sizeof command, "stat -c %%s $(grep -lF %s %s/*)", block, log_directory());
  answer = popen(command, "r");
  cr_assert_eq(fscanf(answer, "%lld", &size), 1);
  pclose(answer);
  return (off_t)size;
}

Test(owner, reuses_free_entries) {
  name last = numbered(own_name(), 1000);
  pid_t child = start(own_and_unlink, last.text);

  cr_assert_leq(size_of_log_with(last.text), 7 * 65536);
  end(child, SIGKILL);
  cr_assert(is_removed(last.text));
}

/* Without a reaper, as if it had been killed with the owner. */
static void own_without_a_reaper(const void *prefix) {
  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  own(prefix);
}

Test(owner, the_next_reaper_removes_the_blocks_of_a_killed_reaper) {
  name orphan = numbered(own_name(), 0), next = numbered(own_name(), 1);
  pid_t child = start(own_without_a_reaper, orphan.text);

  end(child, SIGKILL); /* any later owner's reaper may remove it, also another test's */
  child = start(own_one, next.text);
  cr_assert(is_removed(orphan.text));
  cr_assert(exists(next.text));
  end(child, SIGKILL);
  cr_assert(is_removed(next.text));
}

Test(owner, creating_an_owned_block_fails_without_a_reaper) {
  shareable_memory *memory;
  shareable_error error = {0};

  setenv("SHAREABLE_REAPER", "/nonexistent/reaper", 1);
  cr_status(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_E_SYSTEM);
  cr_assert_eq(error.sys_errno, ENOENT);
  cr_assert_not_null(strstr(error.message, "cannot start '/nonexistent/reaper'"), "%s", error.message);
  cr_assert_not(exists(own_name()));
  setenv("SHAREABLE_REAPER", "/bin/false", 1);
  cr_assert_neq(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_OK);
  cr_assert_not(exists(own_name()));
}

/* Returns the path of a reaper that takes half a second to start. */
static const char *slow_reaper(void) {
  static char path[60];
  FILE *script;

  cr_assert_not_null(getenv("SHAREABLE_REAPER"));
  snprintf(path, sizeof path, "/tmp/%s-reaper", own_name());
  script = fopen(path, "we");
  cr_assert_not_null(script);
  fprintf(script, "#!/bin/sh\nsleep 0.5\nexec '%s' \"$@\"\n", getenv("SHAREABLE_REAPER"));
  fclose(script);
  cr_assert_eq(chmod(path, 0755), 0);
  return path;
}

static void *own_in_a_thread(void *block) {
  own(block);
  return NULL;
}

/*
 * While one thread waits for the reaper, another thread forks, and the child and a third thread
 * each own a block.
 */
static void fork_concurrently(const void *prefix) {
  name blocks[] = {numbered(prefix, 0), numbered(prefix, 1), numbered(prefix, 2)};
  struct timespec before, after;
  pthread_t threads[2];
  pid_t child;

  alarm(10);
  pthread_create(&threads[0], NULL, own_in_a_thread, blocks[0].text);
  usleep(100000);
  clock_gettime(CLOCK_MONOTONIC, &before);
  child = fork();
  if (child == 0) {
    own(blocks[1].text);
    _exit(0);
  }
  clock_gettime(CLOCK_MONOTONIC, &after);
  if ((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 > 200)
    _exit(1);
  pthread_create(&threads[1], NULL, own_in_a_thread, blocks[2].text);
  waitpid(child, NULL, 0);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
}

Test(owner, can_fork_while_its_reaper_starts_slowly) {
  const char *reaper = slow_reaper();
  name first = numbered(own_name(), 0), child_s = numbered(own_name(), 1), last = numbered(own_name(), 2);
  pid_t child;

  setenv("SHAREABLE_REAPER", reaper, 1);
  child = start(fork_concurrently, own_name());
  unlink(reaper);
  cr_assert(is_removed(child_s.text));
  cr_assert(exists(first.text), "fork() waited for the reaper, or the child owned the block");
  cr_assert(exists(last.text));
  end(child, SIGKILL);
  cr_assert(is_removed(first.text));
  cr_assert(is_removed(last.text));
}

static void fork_another(int signal) {
  static int count;

  (void)signal;
  if (count++ < 3 && fork() == 0)
    _exit(0);
}

/* The first child that exits is the process that starts the reaper. */
static void own_with_a_handler_that_forks(const void *prefix) {
  struct sigaction action = {.sa_handler = fork_another, .sa_flags = SA_RESTART};

  alarm(10);
  sigaction(SIGCHLD, &action, NULL);
  own(prefix);
}

Test(owner, can_fork_in_a_handler_of_sigchld) {
  pid_t child = start(own_with_a_handler_that_forks, own_name());

  cr_assert(exists(own_name()), "the child hung until SIGALRM killed it");
  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
}

enum { THREADS = 8 };

static bool must_stop;

/*
 * Unlinks most blocks by name: their entries are freed by the next thread that finds no free entry.
 */
static void *churn(void *prefix) {
  for (int i = 0; !__atomic_load_n(&must_stop, __ATOMIC_ACQUIRE); i++) {
    name block = numbered(prefix, i);
    shareable_memory *memory;

    if (shareable_memory_create(&memory, block.text, 8, SHAREABLE_OWNED | SHAREABLE_LAZY, 0, NULL) != SHAREABLE_OK)
      continue;
    if (i % 20 != 0)
      shareable_unlink(block.text, NULL);
    shareable_memory_unref(memory);
  }
  return NULL;
}

static void own_in_threads(const void *prefix) {
  static name prefixes[THREADS];
  pthread_t threads[THREADS];

  for (int i = 0; i < THREADS; i++) {
    prefixes[i] = numbered(prefix, i);
    pthread_create(&threads[i], NULL, churn, prefixes[i].text);
  }
  sleep(2);
  __atomic_store_n(&must_stop, true, __ATOMIC_RELEASE);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
}

static int count_blocks(const char *prefix) {
  DIR *list = opendir("/dev/shm");
  const struct dirent *entry;
  int count = 0;

  while ((entry = readdir(list)) != NULL)
    count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
  closedir(list);
  return count;
}

/*
 * Waits up to ten seconds until no block is left, because there are hundreds. Returns the number
 * that is left.
 */
static int wait_for_no_block(const char *prefix) {
  int left = count_blocks(prefix);

  for (int i = 0; i < 100 && left > 0; i++, left = count_blocks(prefix))
    usleep(100000);
  return left;
}

Test(owner, killing_an_owner_with_many_threads_removes_all_blocks) {
  pid_t child = start(own_in_threads, own_name());

  cr_assert_gt(count_blocks(own_name()), 0);
  end(child, SIGKILL);
  cr_assert_eq(wait_for_no_block(own_name()), 0);
}

/* If a pending entry were taken for that of a removed block, the next reservation would free it. */
static void reserve_before_publishing(const void *prefix) {
  enum { COUNT = 40 }; /* more than the entries of the first chunk */
  shareable__ownership owned[COUNT];
  name names[COUNT];

  for (int i = 0; i < COUNT; i++) {
    const shareable__file_id none = {1, 1};

    names[i] = numbered(prefix, i);
    if (shareable__owner_reserve(&owned[i], names[i].text, NULL) != SHAREABLE_OK)
      _exit(1);
    shareable__owner_commit(&owned[i], &none, names[i].text);
  }
  for (int i = 0; i < COUNT; i++)
    if (owned[i].entry->state != SHAREABLE__ENTRY_PENDING || strcmp(owned[i].entry->name, names[i].text) != 0)
      _exit(2);
  _exit(0);
}

Test(owner, keeps_the_entry_of_a_block_that_is_about_to_get_its_name) {
  pid_t child = fork();
  int status;

  if (child == 0)
    reserve_before_publishing(own_name());
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
}

/*
 * Owns more blocks than the first chunk has entries, so that the entries of blocks without a name
 * are checked.
 */
static void own_many_and_one_that_is_moved(const void *prefix) {
  own(prefix);
  if (!move_block(prefix))
    _exit(1);
  for (int i = 0; i < 40; i++)
    own(numbered(prefix, i).text);
}

/* Another block has taken its name, and is kept. */
Test(owner, the_reaper_removes_a_block_that_another_process_has_moved) {
  pid_t child = start(own_many_and_one_that_is_moved, own_name());
  bool is_left = true;

  cr_expect_eq(access(moved_path_of(own_name(), child), F_OK), 0);
  end(child, SIGKILL);
  for (int64_t i = 0; i < time_limit(500) && is_left; i++) {
    usleep(10000);
    is_left = access(moved_path_of(own_name(), child), F_OK) == 0;
  }
  cr_expect_not(is_left, "the entry of the moved block was freed");
  cr_expect(exists(own_name()));
  unlink(moved_path_of(own_name(), child));
  cr_expect_eq(wait_for_no_block(numbered(own_name(), 0).text), 0);
  shareable_unlink(own_name(), NULL);
}

/* At the second release, another block uses the entry. */
static void release_twice(const void *prefix) {
  shareable__ownership one, other;
  const shareable__file_id none = {1, 1};

  if (shareable__owner_reserve(&one, prefix, NULL) != SHAREABLE_OK)
    _exit(1);
  shareable__owner_commit(&one, &none, prefix);
  shareable__owner_release(&one);
  do
    if (shareable__owner_reserve(&other, prefix, NULL) != SHAREABLE_OK)
      _exit(1);
  while (other.entry != one.entry);
  shareable__owner_commit(&other, &none, prefix);
  shareable__owner_release(&one);
  shareable__owner_cancel(&one);
  _exit(other.entry->state == SHAREABLE__ENTRY_PENDING ? 0 : 2);
}

Test(owner, does_not_free_an_entry_that_another_block_reuses) {
  pid_t child = fork();
  int status;

  if (child == 0)
    release_twice(own_name());
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
}

static void own_under_limit(const char *block, rlim_t size) {
  const struct rlimit limit = {size, size};
  shareable_memory *memory;
  shareable_error error = {0};
  shareable_status status;

  setrlimit(RLIMIT_FSIZE, &limit);
  status = shareable_memory_create(&memory, block, 8, SHAREABLE_OWNED, 0, &error);
  _exit(status == SHAREABLE_OK ? 0 : strstr(error.message, "RLIMIT_FSIZE") != NULL ? 1 : 2);
}

/* Returns the exit status of own_under_limit(), which must not be killed by a signal. */
static int exit_under_limit(rlim_t size) {
  pid_t child = fork();
  int status;

  if (child == 0)
    own_under_limit(own_name(), size);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFEXITED(status), "a signal ended it");
  return WEXITSTATUS(status);
}

Test(owner, is_not_killed_by_a_low_file_size_limit) {
  cr_assert_eq(exit_under_limit(4096), 1, "the message must name the limit, which the log exceeds");
  cr_assert_eq(exit_under_limit(8192), 0);
  cr_assert(is_removed(own_name()));
}

/* Lowers and raises the limit at random moments. */
static void *change_limit(void *seed) {
  const struct rlimit low = {4096, RLIM_INFINITY}, high = {RLIM_INFINITY, RLIM_INFINITY};
  unsigned state = *(const unsigned *)seed;

  while (!__atomic_load_n(&must_stop, __ATOMIC_ACQUIRE)) {
    setrlimit(RLIMIT_FSIZE, &low);
    for (int i = rand_r(&state) % 60; i > 0; i--)
      __asm__ volatile("" ::: "memory");
    setrlimit(RLIMIT_FSIZE, &high);
    for (int i = rand_r(&state) % 400; i > 0; i--)
      __asm__ volatile("" ::: "memory");
  }
  return NULL;
}

/* Recording a block may fail or succeed, depending on the limit at that moment. */
static void own_beside_a_changing_limit(const char *prefix, unsigned seed) {
  shareable_memory *memory;
  pthread_t thread;

  pthread_create(&thread, NULL, change_limit, &seed);
  for (int i = 0; i < 20; i++)
    if (shareable_memory_create(&memory, numbered(prefix, i).text, 8, SHAREABLE_OWNED | SHAREABLE_LAZY, 0, NULL) ==
        SHAREABLE_OK)
      shareable_memory_unlink(memory, NULL);
  _exit(0);
}

Test(owner, is_not_killed_when_the_file_size_limit_is_lowered_concurrently) {
  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  for (unsigned i = 0; i < 150; i++) {
    pid_t child = fork();
    int status;

    if (child == 0)
      own_beside_a_changing_limit(own_name(), i);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "signal %d ended process %u", WTERMSIG(status), i);
  }
}

static void own_twice_as_two_users(const void *prefix) {
  own(numbered(prefix, 0).text);
  if (setresuid(100000 + (uid_t)getpid(), 100000 + (uid_t)getpid(), 0) != 0)
    _exit(1);
  own(numbered(prefix, 1).text);
}

Test(owner, removes_the_blocks_of_both_users_of_an_owner_that_changes_its_user) {
  pid_t child;

  if (geteuid() != 0)
    skip_because("only root can become another user");
  child = start(own_twice_as_two_users, own_name());
  cr_assert(exists(numbered(own_name(), 0).text));
  cr_assert(exists(numbered(own_name(), 1).text));
  end(child, SIGKILL);
  cr_assert(is_removed(numbered(own_name(), 0).text));
  cr_assert(is_removed(numbered(own_name(), 1).text));
}

static void adopt(const void *block) {
  shareable__ownership owned = {0};

  shareable__owner_set_manager();
  if (shareable__owner_adopt(&owned, block, NULL) != SHAREABLE_OK)
    _exit(1);
}

Test(owner, can_adopt_a_block_of_another_process_of_its_user) {
  shareable_memory *memory;
  pid_t child;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  child = start(adopt, own_name());
  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
  shareable_memory_unref(memory);
}

/* Returns whether an ownership log of this user contains the name. */
static bool is_logged(const char *block) {
  char command[200];

  snprintf(command, sizeof command, "grep -aqrsF '%s' " SHAREABLE__DIRECTORY "/.shareable-%lu*", block,
           (unsigned long)geteuid());
  return system(command) == 0;
}

static void unlink_unused_log(const void *prefix) {
  own(prefix);
  shareable__owner_unlink_unused();
  if (!is_logged(prefix))
    _exit(1); /* the block exists */
  shareable_unlink(prefix, NULL);
  shareable__owner_unlink_unused();
  if (is_logged(prefix))
    _exit(2);
  own(numbered(prefix, 1).text);
  if (!is_logged(numbered(prefix, 1).text))
    _exit(3);
}

Test(owner, unlinks_only_a_log_without_blocks) {
  pid_t child = start(unlink_unused_log, own_name());

  cr_assert(exists(numbered(own_name(), 1).text));
  end(child, SIGKILL);
  cr_assert(is_removed(numbered(own_name(), 1).text));
}

static void adopt_and_release(const void *block) {
  shareable__ownership owned = {0};

  if (shareable__owner_adopt(&owned, block, NULL) != SHAREABLE_OK)
    _exit(1);
  shareable__owner_release(&owned);
}

Test(owner, the_reaper_keeps_an_adopted_block_that_was_released) {
  shareable_memory *memory;
  pid_t child;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  child = start(adopt_and_release, own_name());
  end(child, SIGKILL);
  cr_assert(is_kept(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(owner, cannot_adopt_another_user_s_block) {
  shareable__ownership owned = {0};
  shareable_error error = {0};
  char path[100];

  cr_status(shareable__owner_adopt(&owned, own_name(), &error), SHAREABLE_E_NOT_FOUND);
  cr_status(shareable__owner_adopt(&owned, "../shm/x", &error), SHAREABLE_E_NAME);
  cr_status(shareable__owner_adopt(&owned, NULL, &error), SHAREABLE_E_NAME);
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(mkfifo(path, 0600), 0);
  cr_status(shareable__owner_adopt(&owned, own_name(), &error), SHAREABLE_E_PERMISSION);
  unlink(path);
  cr_assert_null(owned.entry);
}

/* The successor is the child's parent, the test. */
static void own_and_transfer(const char *prefix) {
  own(prefix);
  cr_ok(shareable_transfer_ownership(getppid()));
  _exit(0);
}

static void transfer_and_own(const char *prefix) {
  cr_ok(shareable_transfer_ownership(getppid()));
  own(prefix);
  _exit(0);
}

/* Makes two owners: one transfers its blocks after it owns them, the other before. */
static void be_a_successor(const void *prefix) {
  void (*const orders[])(const char *prefix) = {own_and_transfer, transfer_and_own};

  for (int i = 0; i < 2; i++) {
    pid_t child = fork();

    if (child == 0)
      orders[i](numbered(prefix, i).text);
    waitpid(child, NULL, 0);
  }
}

Test(owner, can_transfer_its_blocks_to_another_process) {
  pid_t successor = start(be_a_successor, own_name());
  name first = numbered(own_name(), 0), second = numbered(own_name(), 1);

  cr_assert(is_kept(first.text));
  cr_assert(exists(second.text));
  end(successor, SIGKILL);
  cr_assert(is_removed(first.text));
  cr_assert(is_removed(second.text));
}

Test(owner, cannot_transfer_its_blocks_to_a_process_that_does_not_exist) {
  cr_status(shareable_transfer_ownership(0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_transfer_ownership(-1), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_transfer_ownership(INT64_C(1) << 40), SHAREABLE_E_ARGUMENT);
  cr_ok(shareable_transfer_ownership(getppid()));
}

static void own_and_exec(const void *prefix) {
  own(prefix);
  if (fork() == 0)
    execl("/bin/sleep", "sleep", "2", NULL);
}

Test(owner, exec_ends_the_ownership) {
  pid_t child = start(own_and_exec, own_name());

  end(child, SIGKILL);
  cr_assert(is_removed(own_name()));
}

/*
 * The reader of a pipe finds its end when the owner ends, because the reaper does not keep the pipe
 * open.
 */
Test(owner, the_reaper_keeps_no_descriptor_of_the_owner_open) {
  int ends[2];
  pid_t child;
  char byte;

  cr_assert_eq(pipe(ends), 0);
  child = fork();
  if (child == 0) {
    own(numbered(own_name(), 0).text);
    _exit(0);
  }
  close(ends[1]);
  waitpid(child, NULL, 0);
  cr_assert_eq(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

Test(usage_lock, is_held_while_a_block_is_mapped) {
  shareable_memory *memory;
  char path[300];
  pid_t child;
  int fd;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_RDONLY | O_CLOEXEC);
  cr_assert(shareable__segment_is_in_use(fd));
  child = fork();
  if (child == 0) {
    sleep(1);
    _exit(0);
  }
  shareable_memory_close(memory);
  cr_assert(shareable__segment_is_in_use(fd), "the child has it mapped");
  waitpid(child, NULL, 0);
  cr_assert_not(shareable__segment_is_in_use(fd));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
  close(fd);
}

/* Counts the zombies of a pid namespace that has its own /proc. */
static int count_zombies(void) {
  DIR *list = opendir("/proc");
  const struct dirent *entry;
  int count = 0;

  while ((entry = readdir(list)) != NULL)
    if (isdigit((unsigned char)entry->d_name[0]) && shareable__process_start(atoi(entry->d_name)) == 0)
      count++;
  closedir(list);
  return count;
}

/* Runs an owner until it has exited and is reaped. Its reaper is not reaped. */
static void run_owner(const char *block) {
  pid_t child = fork();

  if (child == 0) {
    own(block);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static pid_t start_paused_owner(const char *block) {
  int done[2];
  pid_t child;
  char byte;

  if (pipe(done) != 0 || (child = fork()) < 0)
    return -1;
  if (child == 0) {
    own(block);
    close(done[1]);
    pause();
    _exit(0);
  }
  close(done[1]);
  (void)!read(done[0], &byte, 1);
  close(done[0]);
  return child;
}

enum { OWNERS = 6 };

/* Runs as the first process: starts owners one after the other, and then many at the same time. */
static void own_under_a_careless_parent(const char *prefix) {
  pid_t children[OWNERS];

  if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  for (int i = 0; i < OWNERS; i++) {
    run_owner(numbered(prefix, i).text);
    if (!is_removed(numbered(prefix, i).text))
      _exit(2);
  }
  for (int i = 0; i < OWNERS; i++)
    children[i] = start_paused_owner(numbered(prefix, i).text);
  for (int i = 0; i < OWNERS; i++) {
    kill(children[i], SIGKILL);
    waitpid(children[i], NULL, 0);
  }
  if (wait_for_no_block(prefix) != 0)
    _exit(3);
  usleep(500000);
  _exit(count_zombies() <= 1 ? 0 : 4);
}

static bool exists_after(const char *path, useconds_t duration) {
  usleep(duration);
  return access(path, F_OK) == 0;
}

/*
 * Runs beside a supervisor: creates a log under its name, as an owner does that has no O_TMPFILE
 * and is killed before it locks the log.
 */
static void leave_a_log_unfilled(const char *prefix) {
  char log[100];

  if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  run_owner(numbered(prefix, 0).text);
  if (start_paused_owner(numbered(prefix, 1).text) < 0 || !is_removed(numbered(prefix, 0).text))
    _exit(2);
  snprintf(log, sizeof log, "%s/0123456789abcdef", log_directory());
  close(open(log, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!exists_after(log, 50000))
    _exit(3);
  for (int i = 0; i < 100 && exists_after(log, 50000); i++)
    ;
  _exit(exists_after(log, 0) ? 4 : 0);
}

/* Runs without /proc as a user that may not link a file by its descriptor. */
static void own_without_proc(const char *prefix) {
  if (mount("none", "/proc", "tmpfs", 0, NULL) != 0 || mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  run_owner(numbered(prefix, 0).text);
  if (!is_removed(numbered(prefix, 0).text))
    _exit(2);
  if (setresuid(65533, 65533, 65533) != 0)
    _exit(77);
  run_owner(numbered(prefix, 1).text);
  _exit(is_removed(numbered(prefix, 1).text) ? 0 : 3);
}

/* Calls `body` in the first process of new namespaces. */
static void in_namespaces(void (*body)(const char *prefix)) {
  pid_t child = fork(), first;
  int status;

  if (child == 0) {
    if (unshare(CLONE_NEWNS | CLONE_NEWPID) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
      _exit(77);
    first = fork();
    if (first == 0)
      body(own_name());
    waitpid(first, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    skip_because("needs mount and pid namespaces of its own");
  cr_assert_eq(status, 0, "exit status %d", WEXITSTATUS(status));
}

Test(owner, leaves_one_zombie_in_all_if_the_first_process_does_not_reap) {
  in_namespaces(own_under_a_careless_parent);
}

/* A supervisor that locks a new log at once takes it from its creator on a busy machine. */
Test(owner, has_a_moment_to_lock_a_log_that_it_creates_under_its_name) {
  in_namespaces(leave_a_log_unfilled);
}

Test(owner, works_without_proc) {
#if defined(__SANITIZE_ADDRESS__)
  fputs("skipped: AddressSanitizer needs /proc\n",
        stderr); /* Criterion leaks the reason of a skip, which is found there */
  return;
#endif
  in_namespaces(own_without_proc);
}

/* Runs in a new mount namespace. Makes a copy of the root directory with another /dev/shm. */
static const char *make_jail(void) {
  static char jail[] = "/tmp/jail-XXXXXX";
  char shm[80];

  if (mkdtemp(jail) == NULL)
    _exit(77);
  snprintf(shm, sizeof shm, "%s/dev/shm", jail);
  if (mount("/", jail, NULL, MS_BIND | MS_REC, NULL) != 0 || mount("jail", shm, "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  return jail;
}

/* Returns whether the block is removed, whether or not the parent reaps orphans. */
static bool is_removed_in(const char *jail, const char *block) {
  char path[200];

  snprintf(path, sizeof path, "%s/dev/shm/%s", jail, block);
  for (int i = 0; i < 200 && access(path, F_OK) == 0; i++)
    usleep(5000);
  return access(path, F_OK) != 0;
}

static void own_outside_and_in(const char *jail, const char *prefix) {
  own(numbered(prefix, 0).text);
  if (chroot(jail) != 0 || chdir("/") != 0)
    _exit(77);
  own(numbered(prefix, 1).text);
  _exit(0);
}

/* In a root directory without the reaper, a block cannot be owned. */
static void own_outside_and_try_in(const char *jail, const char *prefix) {
  shareable_memory *memory;
  shareable_error error = {0};

  own(numbered(prefix, 2).text);
  if (chroot(jail) != 0 || chdir("/") != 0)
    _exit(77);
  setenv("SHAREABLE_REAPER", "/nonexistent/reaper", 1);
  if (shareable_memory_create(&memory, numbered(prefix, 3).text, 8, SHAREABLE_OWNED, 0, &error) != SHAREABLE_E_SYSTEM)
    _exit(2);
  _exit(strstr(error.message, "cannot start '/nonexistent/reaper'") != NULL ? 0 : 3);
}

static int exit_status_of(void (*body)(const char *jail, const char *prefix), const char *jail, const char *prefix) {
  pid_t child = fork();
  int status;

  if (child == 0)
    body(jail, prefix);
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void own_in_two_roots(const char *prefix) {
  const char *jail;
  int status;

  if (mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  jail = make_jail();
  status = exit_status_of(own_outside_and_in, jail, prefix);
  if (status == 0 && (!is_removed(numbered(prefix, 0).text) || !is_removed_in(jail, numbered(prefix, 1).text)))
    status = 4;
  if (status == 0)
    status = exit_status_of(own_outside_and_try_in, jail, prefix);
  if (status == 0 && (!is_removed(numbered(prefix, 2).text) || !is_removed_in(jail, numbered(prefix, 3).text)))
    status = 5;
  umount2(jail, MNT_DETACH);
  rmdir(jail);
  _exit(status);
}

Test(owner, removes_its_blocks_in_both_roots_after_chroot) {
#if defined(__SANITIZE_ADDRESS__)
  fputs("skipped: AddressSanitizer needs the /proc of its pid namespace\n",
        stderr); /* Criterion leaks the reason of a skip, which is found there */
  return;
#endif
  in_namespaces(own_in_two_roots);
}

/* Returns the status of unlinking by a handle in a root directory without /dev/shm. */
static shareable_status unlink_in_other_root(shareable_memory *memory, const char *root, shareable_error *error) {
  if (chroot(root) != 0)
    _exit(77);
  return shareable_memory_unlink(memory, error);
}

static void own_and_unlink_in_other_root(const char *root, const char *block) {
  shareable_memory *memory = own(block);
  shareable_error error = {0};

  if (unlink_in_other_root(memory, root, &error) != SHAREABLE_E_SYSTEM)
    _exit(2);
  _exit(strstr(error.message, "another root directory") != NULL ? 0 : 3);
}

Test(owner, still_owns_a_block_that_it_cannot_unlink_after_chroot) {
  char root[60];
  int status;

  if (geteuid() != 0)
    skip_because("only root can change its root directory");
  snprintf(root, sizeof root, "/tmp/%s-root", own_name());
  cr_assert_eq(mkdir(root, 0755), 0);
  status = exit_status_of(own_and_unlink_in_other_root, root, own_name());
  rmdir(root);
  cr_assert_eq(status, 0, "exit status %d", status);
  cr_assert(is_removed(own_name()));
}

/*
 * Owns a block under a hard limit of open files, and exits. Returns 0, or 1 if that failed with a
 * message about the limit.
 */
static int own_with_few_files(const char *block, rlim_t files) {
  const struct rlimit limit = {files, files};
  pid_t child = fork();
  int status;

  if (child == 0) {
    shareable_memory *memory;
    shareable_error error = {0};
    shareable_status result;

    for (int fd = 3; fd < 100; fd++)
      close(fd); /* the limit counts all of them */
    if (files > 0)
      setrlimit(RLIMIT_NOFILE, &limit);
    result = shareable_memory_create(&memory, block, 8, SHAREABLE_OWNED, 0, &error);
    _exit(result == SHAREABLE_OK ? 0 : error.sys_errno == EMFILE ? 1 : 2);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

/* A reaper with 7 files can serve other owners. The next owner, which has no limit, shares it. */
static void own_under_limits_of_files(const char *prefix) {
  if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777") != 0)
    _exit(77);
  for (int user = 0; user < 2; user++) {
    for (int files = 5; files < 16; files++) {
      name few = numbered(prefix, files), many = numbered(prefix, 100 + files);
      int refused = own_with_few_files(few.text, (rlim_t)files);

      if (refused > (files < 8 ? 1 : 0) || (files > 6 && own_with_few_files(many.text, 0) != 0))
        _exit(2);
      if (!is_removed(few.text) || !is_removed(many.text))
        _exit(3 + user);
    }
    if (setresuid(65533, 65533, 65533) != 0)
      _exit(77);
  }
  _exit(0);
}

Test(owner, removes_all_blocks_under_a_low_limit_of_open_files) {
  in_namespaces(own_under_limits_of_files);
}
