/*
 * gc.c - tests of core/src/gc.c and core/src/mapped.c.
 *
 * Each is a user of its own, whose journals no reaper of another test looks into.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../core/src/journal.h"
#include "child.h"

static void be_somebody(void) {
  if (geteuid() != 0)
    skip_because("only root can be a user that nobody else is");
  cr_assert_eq(setresuid(100000 + (uid_t)getpid(), 100000 + (uid_t)getpid(), 0), 0);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0); /* else its own user may not look into it */
}

/* What looks for leaks at the end has to be let look. */
static void be_root_again(void) {
  if (setresuid(0, 0, 0) == 0)
    prctl(PR_SET_DUMPABLE, 1);
}

TestSuite(gc, .fini = be_root_again);

static const char *path_of(const char *name) {
  static char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return path;
}

typedef struct legacy {
  const char *name;
  pid_t heir; /* or 0 */
} legacy;

static void own(const void *with) {
  const legacy *block = with;
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  if (shareable_memory_create(&memory, block->name, 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK ||
      (block->heir != 0 && shareable_hand_over(block->heir) != SHAREABLE_OK))
    _exit(1);
}

/* A child that owns the block, and no reaper that knows of it. */
static pid_t start_owner(const char *name, pid_t heir) {
  const legacy block = {name, heir};
  pid_t child = start(own, &block);

  cr_assert(exists(name));
  return child;
}

/* What it makes of the block, and why. */
static shareable_fate fate_of(const char *name, uint32_t flags, const char *reason) {
  shareable_error error = {0};
  shareable_gc *gc = NULL;
  shareable_fate fate = SHAREABLE_FATE_KEPT;
  bool found = false;

  cr_assert_eq(shareable_gc_run(&gc, flags, &error), SHAREABLE_OK, "%s", error.text);
  for (size_t i = 0; i < shareable_gc_count(gc); i++)
    if (strcmp(shareable_gc_name(gc, i), name) == 0) {
      found = true;
      fate = shareable_gc_fate(gc, i);
      cr_assert_not_null(strstr(shareable_gc_reason(gc, i), reason), "%s", shareable_gc_reason(gc, i));
    }
  shareable_gc_free(gc);
  cr_assert(found, "%s", name);
  return fate;
}

Test(gc, removes_what_a_dead_owner_left_if_it_is_told_to) {
  struct stat folder;

  be_somebody();
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert_eq(fate_of(own_name(), 0, "nobody uses it"), SHAREABLE_FATE_GARBAGE);
  cr_assert(exists(own_name()));
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "nobody uses it"), SHAREABLE_FATE_REMOVED);
  cr_assert_not(exists(own_name()));
  cr_assert_neq(stat(log_directory(), &folder), 0, "the journal and its folder are left");
}

Test(gc, keeps_what_nobody_owns) {
  shareable_memory *memory;

  be_somebody();
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "nobody has it recorded as owned"), SHAREABLE_FATE_KEPT);
  cr_ok(shareable_unlink(own_name(), NULL));
}

Test(gc, keeps_what_a_living_process_owns) {
  pid_t owner;

  be_somebody();
  owner = start_owner(own_name(), 0);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "its owner lives"), SHAREABLE_FATE_KEPT);
  end(owner, SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, ""), SHAREABLE_FATE_REMOVED);
}

Test(gc, keeps_what_was_left_to_a_living_process) {
  pid_t heir;

  be_somebody();
  heir = fork();
  if (heir == 0)
    for (;;)
      pause();
  end(start_owner(own_name(), heir), SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "its owner has left it to process"), SHAREABLE_FATE_KEPT);
  end(heir, SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, ""), SHAREABLE_FATE_REMOVED);
}

Test(gc, keeps_what_a_user_of_this_library_has_mapped) {
  shareable_memory *memory;
  pid_t owner;

  be_somebody();
  owner = start_owner(own_name(), 0);
  cr_ok(shareable_memory_open(&memory, own_name(), SHAREABLE_READ_ONLY, NULL));
  end(owner, SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "has it mapped"), SHAREABLE_FATE_KEPT);
  shareable_memory_unref(memory);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, ""), SHAREABLE_FATE_REMOVED);
}

/* As stock Python does, which holds no lock. */
Test(gc, keeps_what_anybody_else_has_mapped) {
  void *mapping;
  pid_t owner;
  int fd;

  be_somebody();
  owner = start_owner(own_name(), 0);
  fd = open(path_of(own_name()), O_RDWR | O_CLOEXEC);
  mapping = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  end(owner, SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "has it mapped"), SHAREABLE_FATE_KEPT);
  munmap(mapping, 8);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, ""), SHAREABLE_FATE_REMOVED);
}

/* Whether a child that has nothing mapped is told so of the block. */
static bool is_told(shareable_memory *memory, const char *name, const char *reason) {
  int status = -1;
  pid_t child = fork();

  if (child == 0) {
    shareable_gc *gc = NULL;

    prctl(PR_SET_DUMPABLE, 1);
    shareable_memory_close(memory);
    if (shareable_gc_run(&gc, SHAREABLE_REMOVE, NULL) == SHAREABLE_OK)
      for (size_t i = 0; i < shareable_gc_count(gc); i++)
        if (strcmp(shareable_gc_name(gc, i), name) == 0)
          _exit(strstr(shareable_gc_reason(gc, i), reason) == NULL);
    _exit(1);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(gc, keeps_what_a_process_may_have_mapped_that_cannot_be_looked_into) {
  shareable_memory *memory;
  char other[60];
  bool is_kept;

  be_somebody();
  snprintf(other, sizeof other, "%s-other", own_name());
  cr_ok(shareable_memory_create(&memory, other, 8, 0, 0, NULL));
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 0), 0);
  is_kept = is_told(memory, own_name(), "cannot be asked");
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
  cr_assert(is_kept);
  cr_assert(exists(own_name()));
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, ""), SHAREABLE_FATE_REMOVED);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(gc, keeps_another_block_that_has_the_name_by_now) {
  shareable_memory *memory;
  pid_t owner;

  be_somebody();
  owner = start_owner(own_name(), 0);
  cr_ok(shareable_unlink(own_name(), NULL));
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  end(owner, SIGKILL);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "nobody has it recorded"), SHAREABLE_FATE_KEPT);
  cr_ok(shareable_unlink(own_name(), NULL));
}

/* What a user writes into a journal is about that user's blocks alone, whoever reads it. */
Test(gc, takes_no_user_s_word_for_another_s_block) {
  const shareable__journal_head head = {.magic = SHAREABLE__JOURNAL_MAGIC};
  shareable__record record = {0};
  shareable_memory *memory;
  struct stat block;
  char path[100];
  int fd;

  if (geteuid() != 0)
    skip_because("only root reads other users' journals");
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  cr_assert_eq(stat(path_of(own_name()), &block), 0);
  record.inode = block.st_ino;
  record.device = block.st_dev;
  strcpy(record.name, own_name());

  snprintf(path, sizeof path, "/dev/shm/.shareable-%d", 100000 + getpid());
  cr_assert_eq(mkdir(path, 0700), 0);
  cr_assert_eq(chown(path, 100000 + (uid_t)getpid(), 0), 0);
  strcat(path, "/journal");
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(fchown(fd, 100000 + (uid_t)getpid(), 0), 0);
  cr_assert_eq(write(fd, &head, sizeof head), (ssize_t)sizeof head);
  cr_assert_eq(write(fd, &record, sizeof record), (ssize_t)sizeof record);
  close(fd);
  cr_assert_eq(fate_of(own_name(), 0, "nobody has it recorded"), SHAREABLE_FATE_KEPT);
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
  cr_ok(shareable_unlink(own_name(), NULL));
}

/* A file may say that it is longer than any memory, and hold nothing. */
Test(gc, is_done_soon_with_a_journal_without_end, .timeout = 60) {
  const shareable__journal_head head = {.magic = SHAREABLE__JOURNAL_MAGIC};
  char path[300];
  int fd;

  be_somebody();
  end(start_owner(own_name(), 0), SIGKILL);
  snprintf(path, sizeof path, "%s/endless", log_directory());
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(write(fd, &head, sizeof head), (ssize_t)sizeof head);
  cr_assert_eq(ftruncate(fd, INT64_C(1) << 50), 0);
  close(fd);
  cr_assert_eq(fate_of(own_name(), SHAREABLE_REMOVE, "nobody uses it"), SHAREABLE_FATE_REMOVED);
  cr_assert_neq(access(path, F_OK), 0, "the journal is left");
}

Test(gc, refuses_what_it_does_not_know) {
  shareable_gc *gc;

  cr_status(shareable_gc_run(&gc, SHAREABLE_LAZY, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_gc_run(NULL, 0, NULL), SHAREABLE_E_ARGUMENT);
  shareable_gc_free(NULL);
  cr_assert_eq(shareable_gc_count(NULL), 0);
  cr_assert_null(shareable_gc_name(NULL, 0));
}

Test(gc, has_nothing_past_its_end) {
  shareable_gc *gc = NULL;
  shareable_error error = {0};
  size_t count;

  cr_assert_eq(shareable_gc_run(&gc, 0, &error), SHAREABLE_OK, "%s", error.text);
  count = shareable_gc_count(gc);
  cr_assert_null(shareable_gc_name(gc, count));
  cr_assert_null(shareable_gc_reason(gc, count));
  cr_assert_eq(shareable_gc_fate(gc, count), SHAREABLE_FATE_KEPT);
  shareable_gc_free(gc);
  cr_assert_eq(shareable_gc_count(NULL), 0);
  cr_assert_null(shareable_gc_name(NULL, 0));
  cr_assert_null(shareable_gc_reason(NULL, 0));
  cr_assert_eq(shareable_gc_fate(NULL, 0), SHAREABLE_FATE_KEPT);
  shareable_gc_free(NULL);
}
