/*
 * owner.c - tests of core/src/owner.c, core/src/journal.c and core/reaper.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include <sys/wait.h>
#include <time.h>

#include "../../core/src/journal.h"
#include "../../core/src/segment.h"
#include "child.h"

/* Names that another process can make up too: the test's, and a number. */
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

  cr_assert_eq(shareable_memory_create(&memory, block, 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_OK, "%s", error.text);
  return memory;
}

/* Whether the block has gone within a second. */
static bool goes(const char *block) {
  const struct timespec moment = {0, 5000000};

  for (int i = 0; i < 200 && exists(block); i++)
    nanosleep(&moment, NULL);
  return !exists(block);
}

/* As long as it would take to go, and then some. */
static bool stays(const char *block) {
  const struct timespec moment = {0, 300000000};

  nanosleep(&moment, NULL);
  return exists(block);
}

static void own_one(const void *prefix) {
  own(prefix);
}

Test(owner, that_is_killed_leaves_no_block) {
  pid_t child = start(own_one, own_name());

  cr_assert(exists(own_name()));
  end(child, SIGKILL);
  cr_assert(goes(own_name()));
}

static void own_list(const void *prefix) {
  const shareable_value values[] = {shareable_int(1)};
  shareable_list *list;

  cr_ok(shareable_list_create(&list, prefix, values, 1, SHAREABLE_OWNED, 0, NULL));
}

Test(owner, of_a_list_leaves_none_either) {
  pid_t child = start(own_list, own_name());

  end(child, SIGTERM);
  cr_assert(goes(own_name()));
}

static void own_in_a_group(const void *prefix) {
  setpgid(0, 0);
  own(prefix);
}

Test(owner, whose_whole_group_is_killed_leaves_no_block) {
  pid_t child = start(own_in_a_group, own_name());

  kill(-child, SIGKILL);
  waitpid(child, NULL, 0);
  cr_assert(goes(own_name()));
}

static void own_and_make(const void *prefix) {
  shareable_memory *memory;

  own(numbered(prefix, 0).text);
  cr_ok(shareable_memory_create(&memory, numbered(prefix, 1).text, 8, 0, 0, NULL));
}

Test(owner, leaves_what_it_made_and_does_not_own) {
  name kept = numbered(own_name(), 1);
  pid_t child = start(own_and_make, own_name());

  end(child, SIGKILL);
  cr_assert(goes(numbered(own_name(), 0).text));
  cr_assert(stays(kept.text));
  cr_ok(shareable_unlink(kept.text, NULL));
}

Test(owner, leaves_what_another_made_under_the_name_since) {
  pid_t child = start(own_one, own_name());
  shareable_memory *memory;

  cr_ok(shareable_unlink(own_name(), NULL));
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  end(child, SIGKILL);
  cr_assert(stays(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(owner, keeps_what_others_attached_to) {
  pid_t child = start(own_one, own_name());
  shareable_memory *memory;

  cr_ok(shareable_memory_open(&memory, own_name(), 0, NULL));
  strcpy(shareable_memory_address(memory), "kept");
  end(child, SIGKILL);
  cr_assert(goes(own_name()));
  cr_assert_str_eq(shareable_memory_address(memory), "kept");
  shareable_memory_unref(memory);
}

Test(owner, is_whoever_made_it_not_a_child) {
  shareable_memory *memory = own(own_name());
  pid_t child = fork();

  if (child == 0)
    _exit(0);
  waitpid(child, NULL, 0);
  cr_assert(stays(own_name()));
  child = fork();
  if (child == 0) {
    shareable_memory_unref(memory);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  cr_assert(stays(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static void own_and_have_a_child(const void *prefix) {
  own(numbered(prefix, 0).text);
  if (fork() == 0) {
    own(numbered(prefix, 1).text);
    for (int fd = 3; fd < 100; fd++)
      close(fd); /* what start() waits for among them */
    sleep(2);
    _exit(0);
  }
}

Test(owner, leaves_no_block_though_a_child_of_it_lives) {
  name child_s = numbered(own_name(), 1);
  pid_t child = start(own_and_have_a_child, own_name());

  end(child, SIGKILL);
  cr_assert(goes(numbered(own_name(), 0).text));
  cr_assert(exists(child_s.text));
  sleep(2);
  cr_assert(goes(child_s.text));
}

static void own_a_thousand(const void *prefix) {
  for (int i = 0; i < 1000; i++)
    own(numbered(prefix, i).text);
}

Test(owner, may_own_any_number) {
  pid_t child = start(own_a_thousand, own_name());

  cr_assert(exists(numbered(own_name(), 999).text));
  end(child, SIGKILL);
  for (int i = 0; i < 1000; i++)
    cr_assert(goes(numbered(own_name(), i).text), "%d", i);
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

/* The size of the journal that has the block. */
static off_t size_of_journal_with(const char *block) {
  char command[300];
  long long size = -1;
  FILE *answer;

  snprintf(command, sizeof command, "stat -c %%s $(grep -lF %s %s/*)", block, log_directory());
  answer = popen(command, "r");
  cr_assert_eq(fscanf(answer, "%lld", &size), 1);
  pclose(answer);
  return (off_t)size;
}

Test(owner, uses_its_records_again) {
  name last = numbered(own_name(), 1000);
  pid_t child = start(own_and_unlink, last.text);

  cr_assert_leq(size_of_journal_with(last.text), 7 * 65536);
  end(child, SIGKILL);
  cr_assert(goes(last.text));
}

/* As if the reaper had been killed with it. */
static void own_without_a_reaper(const void *prefix) {
  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  own(prefix);
}

Test(owner, whose_reaper_is_killed_too_is_cleaned_up_after_by_the_next) {
  name orphan = numbered(own_name(), 0), next = numbered(own_name(), 1);
  pid_t child = start(own_without_a_reaper, orphan.text);

  end(child, SIGKILL); /* from now on, whichever test is the next to own a block */
  child = start(own_one, next.text);
  cr_assert(goes(orphan.text));
  cr_assert(exists(next.text));
  end(child, SIGKILL);
  cr_assert(goes(next.text));
}

Test(owner, is_refused_where_nobody_would_clean_up) {
  shareable_memory *memory;
  shareable_error error = {0};

  setenv("SHAREABLE_REAPER", "/nonexistent/reaper", 1);
  cr_status(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_E_SYSTEM);
  cr_assert_eq(error.system, ENOENT);
  cr_assert_not_null(strstr(error.text, "cannot start '/nonexistent/reaper'"), "%s", error.text);
  cr_assert_not(exists(own_name()));
  setenv("SHAREABLE_REAPER", "/bin/false", 1);
  cr_assert_neq(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0, &error), SHAREABLE_OK);
  cr_assert_not(exists(own_name()));
}

/* The heir is the child's parent, which is the test. */
static void own_and_hand_over(const char *prefix) {
  own(prefix);
  cr_ok(shareable_hand_over(getppid()));
  _exit(0);
}

static void hand_over_and_own(const char *prefix) {
  cr_ok(shareable_hand_over(getppid()));
  own(prefix);
  _exit(0);
}

/* Of two: when one hands over does not matter. */
static void be_an_heir(const void *prefix) {
  void (*const orders[])(const char *prefix) = {own_and_hand_over, hand_over_and_own};

  for (int i = 0; i < 2; i++) {
    pid_t child = fork();

    if (child == 0)
      orders[i](numbered(prefix, i).text);
    waitpid(child, NULL, 0);
  }
}

Test(owner, may_leave_its_blocks_to_another_process) {
  pid_t heir = start(be_an_heir, own_name());
  name first = numbered(own_name(), 0), second = numbered(own_name(), 1);

  cr_assert(stays(first.text));
  cr_assert(exists(second.text));
  end(heir, SIGKILL);
  cr_assert(goes(first.text));
  cr_assert(goes(second.text));
}

Test(owner, leaves_nothing_to_a_process_that_is_not_there) {
  cr_status(shareable_hand_over(0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_hand_over(-1), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_hand_over(INT64_C(1) << 40), SHAREABLE_E_ARGUMENT);
  cr_ok(shareable_hand_over(getppid()));
}

static void own_and_exec(const void *prefix) {
  own(prefix);
  if (fork() == 0)
    execl("/bin/sleep", "sleep", "2", NULL);
}

Test(owner, is_ended_though_what_it_started_by_exec_lives) {
  pid_t child = start(own_and_exec, own_name());

  end(child, SIGKILL);
  cr_assert(goes(own_name()));
}

/* The reaper has nothing of the owner's open: whoever reads the other end of a pipe is told when the owner ends. */
Test(owner, keeps_no_descriptor_open_beyond_its_end) {
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

Test(presence, is_seen_while_a_block_is_mapped) {
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
