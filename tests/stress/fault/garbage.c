/*
 * garbage.c - operations on garbage: report, remove and recover, and checks of what may have
 * changed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operations.h"
#include "shm/lease.h"
#include "shm/moved.h"

/*
 * The blocks: three of owners that have ended without a reaper, and one without an owner ("-n"). Of
 * the first three, one is not in use ("-g"), a process that does not use this library maps one
 * ("-s"), and one has a living successor ("-h").
 */

static void leave_garbage(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-g"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK);
}

static void leave_mapped(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-s"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK);
}

static void leave_to_successor(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-h"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK ||
        shareable_transfer_ownership(getppid()) != SHAREABLE_OK);
}

/* Maps the block as stock Python does: without a usage lock. */
static pid_t start_user(const char *name) {
  int done[2], fd;
  char path[100], byte;
  pid_t child;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = open(path, O_RDWR);
  need(pipe(done) == 0 && fd >= 0, "cannot start a child");
  child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
      _exit(1);
    close(done[0]);
    close(done[1]);
    close(fd);
    for (;;)
      pause();
  }
  close(fd);
  close(done[1]);
  need(read(done[0], &byte, 1) == 0, "the child has not started");
  close(done[0]);
  return child;
}

/* A descriptor of a file in /dev/shm without a name. */
static int nameless = -1;

static void open_nameless(void) {
  nameless = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  need(nameless >= 0, "cannot create a file without a name");
}

static void close_nameless(world *w) {
  (void)w;
  close(nameless);
}

static void prepare_garbage(world *w) {
  open_nameless();
  after_death(w, leave_garbage);
  after_death(w, leave_mapped);
  after_death(w, leave_to_successor);
  w->child = start_user(extended(w, "-s"));
  must(shareable_memory_create(&w->other, extended(w, "-n"), 8, 0, 0, &w->error), w->error.message);
}

static shareable_status report_garbage(world *w) {
  return shareable_gc_run(&w->gc, 0, &w->error);
}

static shareable_status remove_garbage(world *w) {
  return shareable_gc_run(&w->gc, SHAREABLE_GC_REMOVE, &w->error);
}

static void free_results(world *w) {
  shareable_gc_free(w->gc);
  if (!exists(extended(w, "-g")))
    after_death(w, leave_garbage);
}

/* Whatever fails, no block that must be kept is removed, and no wrong reason is given. */
static void check_garbage(world *w, shareable_status status) {
  static const struct {
    const char *suffix, *reason;
  } blocks[] = {{"-g", "its owner"}, {"-s", "its owner"}, {"-h", "its owner"}, {"-n", "no ownership log records it"}};

  need(exists(extended(w, "-s")), "a block that a process has mapped was removed");
  need(exists(extended(w, "-h")), "a block whose successor is alive was removed");
  need(exists(extended(w, "-n")), "a block without an owner was removed");
  for (size_t i = 0; status == SHAREABLE_OK && i < sizeof blocks / sizeof *blocks; i++) {
    const char *reason = NULL;

    for (size_t k = 0; k < shareable_gc_count(w->gc); k++)
      if (strcmp(shareable_gc_name(w->gc, k), extended(w, blocks[i].suffix)) == 0)
        reason = shareable_gc_reason(w->gc, k);
    need(reason != NULL, "a block is missing in the results");
    if (strncmp(reason, blocks[i].reason, strlen(blocks[i].reason)) != 0 &&
        strstr(reason, "cannot be checked") == NULL && strstr(reason, "no ownership log that can be read") == NULL)
      complain("of block %s it is said: %s", blocks[i].suffix, reason);
  }
}

static void end_garbage(world *w) {
  close_nameless(w);
  end_child(w);
  shareable_unlink(extended(w, "-s"), NULL);
  shareable_unlink(extended(w, "-g"), NULL);
  shareable_unlink(extended(w, "-h"), NULL);
  must(shareable_memory_unlink(w->other, &w->error), w->error.message);
  shareable_memory_unref(w->other);
  if (shareable_gc_run(&w->gc, SHAREABLE_GC_REMOVE, NULL) == SHAREABLE_OK)
    shareable_gc_free(w->gc);
}

static void prepare_nameless(world *w) {
  (void)w;
  open_nameless();
}

static int raise_in_process(int signal) {
  return kill(getpid(), signal);
}

/* A signal that the program receives during a lease check must stay pending for the program. */
static shareable_status probe(world *w, int (*send)(int)) {
  const struct timespec now = {0, 0};
  sigset_t urgent, before;
  bool is_good;

  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  sigprocmask(SIG_BLOCK, &urgent, &before);
  send(SIGURG);
  is_good = shareable__lease_probe(nameless) == SHAREABLE__UNUSED;
  is_good = sigtimedwait(&urgent, NULL, &now) == SIGURG && is_good;
  sigprocmask(SIG_SETMASK, &before, NULL);
  return shareable_list_explain(NULL, is_good ? SHAREABLE_OK : SHAREABLE_E_SYSTEM, &w->error);
}

static shareable_status probe_with_signal_of_thread(world *w) {
  return probe(w, raise);
}

static shareable_status probe_with_signal_of_process(world *w) {
  return probe(w, raise_in_process);
}

/*
 * Files left by processes that were killed while they unlinked a block: two blocks that must be
 * removed, one of which has lost the link with its long name; two that must get their names back;
 * one that has its name back already; and two links, one without a file.
 */
enum { REMOVE, REMOVE_UNLINKED, RETURN, RETURN_LONG, HAS_RETURNED, LINK, LINK_ALONE, LEFT_FILES, OTHER_INODE = 1 };

static char left_files[LEFT_FILES][600];

static const char *long_name(const world *w) {
  static char name[256];

  memset(name, 'x', sizeof name - 1);
  memcpy(name, w->name, strlen(w->name));
  return name;
}

static void name_left_file(int which, ino_t inode, const char *rest) {
  snprintf(left_files[which], sizeof left_files[which], "/dev/shm/.shareable-unlink-%016lx-%08x%s",
           (unsigned long)inode, (unsigned)which, rest);
}

static void leave_file(int which, const char *rest, bool must_go) {
  static const char made[] = "/dev/shm/.shareable-test";
  int fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  struct stat file;

  need(fd >= 0 && fstat(fd, &file) == 0, "cannot create a file");
  name_left_file(which, must_go ? file.st_ino : OTHER_INODE, rest);
  need(rename(made, left_files[which]) == 0, "cannot rename a file");
  close(fd);
}

static void leave_files(world *w) {
  char rest[60], path[320];

  snprintf(rest, sizeof rest, "-%.40s-r", w->name);
  leave_file(REMOVE, rest, true);
  leave_file(REMOVE_UNLINKED, "", true);
  leave_file(RETURN, rest, false);
  snprintf(rest, sizeof rest, "-%.40s-b", w->name);
  leave_file(HAS_RETURNED, rest, false);
  snprintf(path, sizeof path, "/dev/shm/%s", extended(w, "-b"));
  need(link(left_files[HAS_RETURNED], path) == 0, "cannot link a file");
  leave_file(RETURN_LONG, "", false);
  snprintf(left_files[LINK], sizeof left_files[LINK], "%.300s.name", left_files[RETURN_LONG]);
  name_left_file(LINK_ALONE, OTHER_INODE, ".name");
  need(symlink(long_name(w), left_files[LINK]) == 0 && symlink(long_name(w), left_files[LINK_ALONE]) == 0,
       "cannot create a link");
}

static bool is_recovered(const world *w) {
  struct stat file;

  for (int i = 0; i < LEFT_FILES; i++)
    if (lstat(left_files[i], &file) == 0)
      return false;
  return exists(extended(w, "-r")) && exists(extended(w, "-b")) && exists(long_name(w));
}

/* The function returns nothing, so the result is checked here. */
static shareable_status recover(world *w) {
  shareable__moved_recover();
  return shareable_list_explain(NULL, is_recovered(w) ? SHAREABLE_OK : SHAREABLE_E_SYSTEM, &w->error);
}

/* Whatever fails, a block that must get its name back exists under one of its two names. */
static void check_recovered(world *w, shareable_status status) {
  (void)status;
  need(exists(extended(w, "-r")) || access(left_files[RETURN], F_OK) == 0, "a block was removed");
  need(exists(extended(w, "-b")), "a block that has its name back was removed");
  need(exists(long_name(w)) || access(left_files[RETURN_LONG], F_OK) == 0, "a block with a long name was removed");
  need(exists(long_name(w)) || readlink(left_files[LINK], (char[1]){0}, 1) == 1, "a long name was lost");
}

static void remove_recovered(world *w) {
  must(shareable_unlink(extended(w, "-r"), &w->error), w->error.message);
  must(shareable_unlink(extended(w, "-b"), &w->error), w->error.message);
  must(shareable_unlink(long_name(w), &w->error), w->error.message);
}

static void leave_files_again(world *w) {
  remove_recovered(w);
  leave_files(w);
}

static void remove_left_files(world *w) {
  shareable_unlink(extended(w, "-r"), NULL);
  shareable_unlink(extended(w, "-b"), NULL);
  shareable_unlink(long_name(w), NULL);
  for (int i = 0; i < LEFT_FILES; i++)
    unlink(left_files[i]);
}

ANSWERS(probing, E(SYSTEM));
ANSWERS(collecting, E(NO_MEMORY), E(PERMISSION), E(SYSTEM));

const operation garbage_operations[] = {{"report garbage", prepare_garbage, report_garbage, .undo = free_results,
                                         .finish = end_garbage, .check = check_garbage, .allowed = collecting},
                                        {"remove garbage", prepare_garbage, remove_garbage, .undo = free_results,
                                         .finish = end_garbage, .check = check_garbage, .allowed = collecting},
                                        {"complete the unlinking of killed processes", leave_files, recover,
                                         .undo = leave_files_again, .finish = remove_left_files,
                                         .check = check_recovered, .allowed = probing, .leaves = REMOVES},
                                        {"take a lease while a signal of the thread is pending", prepare_nameless,
                                         probe_with_signal_of_thread, .finish = close_nameless, .allowed = probing},
                                        {"take a lease while a signal of the process is pending", prepare_nameless,
                                         probe_with_signal_of_process, .finish = close_nameless, .allowed = probing},
                                        {0}};
