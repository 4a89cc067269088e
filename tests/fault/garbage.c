/*
 * garbage.c - what the library does with garbage: told of, and removed, and what else may then have changed.
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
#include "shm/unlink.h"

/* Blocks of an owner that has ended, with its reaper: one is left to a process that lives, one is mapped by one that
   does not use this library, and one by nobody; and a block that nobody owns. */

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

static void leave_legacy(const world *w) {
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  _exit(shareable_memory_create(&memory, extended(w, "-h"), 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK ||
        shareable_hand_over(getppid()) != SHAREABLE_OK);
}

/* As stock Python does it: without a lock. */
static pid_t start_stranger(const char *name) {
  int done[2], fd;
  char path[100], byte;
  pid_t child;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = open(path, O_RDWR);
  need(pipe(done) == 0 && fd >= 0, "a stranger cannot be started");
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
  need(read(done[0], &byte, 1) == 0, "a stranger has not begun");
  close(done[0]);
  return child;
}

/* A file of shared memory without a name, which this process has open. */
static int nameless = -1;

static void open_nameless(void) {
  nameless = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  need(nameless >= 0, "a file without a name cannot be made");
}

static void close_nameless(world *w) {
  (void)w;
  close(nameless);
}

static void have_garbage(world *w) {
  open_nameless();
  after_death(w, leave_garbage);
  after_death(w, leave_mapped);
  after_death(w, leave_legacy);
  w->stranger = start_stranger(extended(w, "-s"));
  must(shareable_memory_create(&w->other, extended(w, "-n"), 8, 0, 0, &w->error), w->error.text);
}

static shareable_status tell_garbage(world *w) {
  return shareable_gc_run(&w->gc, 0, &w->error);
}

static shareable_status remove_garbage(world *w) {
  return shareable_gc_run(&w->gc, SHAREABLE_REMOVE, &w->error);
}

static void free_findings(world *w) {
  shareable_gc_free(w->gc);
  if (!exists(extended(w, "-g")))
    after_death(w, leave_garbage);
}

/* Whatever fails, nothing is taken away from anybody; and nothing is said that is not so. */
static void check_garbage(world *w, shareable_status status) {
  static const struct {
    const char *suffix, *reason;
  } blocks[] = {
    {"-g", "its owner"}, {"-s", "its owner"}, {"-h", "its owner"}, {"-n", "nobody has it recorded as owned"}};

  need(exists(extended(w, "-s")), "a block that a process has mapped was removed");
  need(exists(extended(w, "-h")), "a block whose heir lives was removed");
  need(exists(extended(w, "-n")), "a block that nobody owns was removed");
  for (size_t i = 0; status == SHAREABLE_OK && i < sizeof blocks / sizeof *blocks; i++) {
    const char *reason = NULL;

    for (size_t k = 0; k < shareable_gc_count(w->gc); k++)
      if (strcmp(shareable_gc_name(w->gc, k), extended(w, blocks[i].suffix)) == 0)
        reason = shareable_gc_reason(w->gc, k);
    need(reason != NULL, "a block is not told of");
    if (strncmp(reason, blocks[i].reason, strlen(blocks[i].reason)) != 0 &&
        strstr(reason, "cannot be looked at") == NULL && strstr(reason, "no log that can be read") == NULL)
      complain("of block %s it is said: %s", blocks[i].suffix, reason);
  }
}

static void end_garbage(world *w) {
  close_nameless(w);
  end_stranger(w);
  shareable_unlink(extended(w, "-s"), NULL);
  shareable_unlink(extended(w, "-g"), NULL);
  shareable_unlink(extended(w, "-h"), NULL);
  must(shareable_memory_unlink(w->other, &w->error), w->error.text);
  shareable_memory_unref(w->other);
  if (shareable_gc_run(&w->gc, SHAREABLE_REMOVE, NULL) == SHAREABLE_OK)
    shareable_gc_free(w->gc);
}

static void have_nameless(world *w) {
  (void)w;
  open_nameless();
}

static int raise_of_process(int signal) {
  return kill(getpid(), signal);
}

/* A signal of the program's that comes while it is asked whether the file is in use stays the program's. */
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
  return shareable_list_explain_whole(NULL, is_good ? SHAREABLE_OK : SHAREABLE_E_SYSTEM, &w->error);
}

static shareable_status probe_with_signal_of_thread(world *w) {
  return probe(w, raise);
}

static shareable_status probe_with_signal_of_process(world *w) {
  return probe(w, raise_of_process);
}

/*
 * What killed processes left of unlinking: two blocks that are to go, one of them without the link that has its long name; two
 * that are to have their names again; one that has its name, too; and links, of which one has no file.
 */
enum { GOES, GOES_UNLINKED, RETURNS, RETURNS_LONG, HAS_RETURNED, LINK, LINK_ALONE, STRAYS, OTHER_INODE = 1 };

static char strays[STRAYS][600];

static const char *long_name(const world *w) {
  static char name[256];

  memset(name, 'x', sizeof name - 1);
  memcpy(name, w->name, strlen(w->name));
  return name;
}

static void name_stray(int which, ino_t inode, const char *rest) {
  snprintf(strays[which], sizeof strays[which], "/dev/shm/.shareable-unlink-%016lx-%08x%s", (unsigned long)inode,
           (unsigned)which, rest);
}

static void leave_file(int which, const char *rest, bool goes) {
  static const char made[] = "/dev/shm/.shareable-test";
  int fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  struct stat file;

  need(fd >= 0 && fstat(fd, &file) == 0, "a file cannot be made");
  name_stray(which, goes ? file.st_ino : OTHER_INODE, rest);
  need(rename(made, strays[which]) == 0, "a file cannot be renamed");
  close(fd);
}

static void leave_strays(world *w) {
  char rest[60], path[320];

  snprintf(rest, sizeof rest, "-%.40s-r", w->name);
  leave_file(GOES, rest, true);
  leave_file(GOES_UNLINKED, "", true);
  leave_file(RETURNS, rest, false);
  snprintf(rest, sizeof rest, "-%.40s-b", w->name);
  leave_file(HAS_RETURNED, rest, false);
  snprintf(path, sizeof path, "/dev/shm/%s", extended(w, "-b"));
  need(link(strays[HAS_RETURNED], path) == 0, "a file cannot have two names");
  leave_file(RETURNS_LONG, "", false);
  snprintf(strays[LINK], sizeof strays[LINK], "%.300s.name", strays[RETURNS_LONG]);
  name_stray(LINK_ALONE, OTHER_INODE, ".name");
  need(symlink(long_name(w), strays[LINK]) == 0 && symlink(long_name(w), strays[LINK_ALONE]) == 0,
       "a link cannot be made");
}

static bool is_recovered(const world *w) {
  struct stat file;

  for (int i = 0; i < STRAYS; i++)
    if (lstat(strays[i], &file) == 0)
      return false;
  return exists(extended(w, "-r")) && exists(extended(w, "-b")) && exists(long_name(w));
}

/* Which has no answer of its own. */
static shareable_status recover(world *w) {
  shareable__unlink_recover();
  return shareable_list_explain_whole(NULL, is_recovered(w) ? SHAREABLE_OK : SHAREABLE_E_SYSTEM, &w->error);
}

/* Whatever fails, a block that had lost its name is there, by the one or the other. */
static void check_recovered(world *w, shareable_status status) {
  (void)status;
  need(exists(extended(w, "-r")) || access(strays[RETURNS], F_OK) == 0, "a block has gone");
  need(exists(extended(w, "-b")), "a block that had its name has gone");
  need(exists(long_name(w)) || access(strays[RETURNS_LONG], F_OK) == 0, "a block of a long name has gone");
  need(exists(long_name(w)) || readlink(strays[LINK], (char[1]){0}, 1) == 1, "a long name has gone");
}

static void remove_recovered(world *w) {
  must(shareable_unlink(extended(w, "-r"), &w->error), w->error.text);
  must(shareable_unlink(extended(w, "-b"), &w->error), w->error.text);
  must(shareable_unlink(long_name(w), &w->error), w->error.text);
}

static void leave_strays_again(world *w) {
  remove_recovered(w);
  leave_strays(w);
}

static void end_strays(world *w) {
  shareable_unlink(extended(w, "-r"), NULL);
  shareable_unlink(extended(w, "-b"), NULL);
  shareable_unlink(long_name(w), NULL);
  for (int i = 0; i < STRAYS; i++)
    unlink(strays[i]);
}

ANSWERS(probing, E(SYSTEM));
ANSWERS(gathering, E(NO_MEMORY), E(PERMISSION), E(SYSTEM));

const operation garbage_operations[] = {{"tell garbage", have_garbage, tell_garbage, .undo = free_findings,
                                         .finish = end_garbage, .check = check_garbage, .allowed = gathering},
                                        {"remove garbage", have_garbage, remove_garbage, .undo = free_findings,
                                         .finish = end_garbage, .check = check_garbage, .allowed = gathering},
                                        {"recover what killed processes left of unlinking", leave_strays, recover,
                                         .undo = leave_strays_again, .finish = end_strays, .check = check_recovered,
                                         .allowed = probing, .leaves = REMOVES},
                                        {"ask for a lease with a signal of the thread's", have_nameless,
                                         probe_with_signal_of_thread, .finish = close_nameless, .allowed = probing},
                                        {"ask for a lease with a signal of the process's", have_nameless,
                                         probe_with_signal_of_process, .finish = close_nameless, .allowed = probing},
                                        {0}};
