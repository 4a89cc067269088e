/*
 * garbage.c - what the library does with garbage: told of, and removed, and what else may then have changed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/src/mapped.h"
#include "operations.h"

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

static void have_garbage(world *w) {
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
  end_stranger(w);
  shareable_unlink(extended(w, "-s"), NULL);
  shareable_unlink(extended(w, "-g"), NULL);
  shareable_unlink(extended(w, "-h"), NULL);
  must(shareable_memory_unlink(w->other, &w->error), w->error.text);
  shareable_memory_unref(w->other);
  if (shareable_gc_run(&w->gc, SHAREABLE_REMOVE, NULL) == SHAREABLE_OK)
    shareable_gc_free(w->gc);
}

ANSWERS(gathering, E(NO_MEMORY), E(PERMISSION), E(SYSTEM));

const operation garbage_operations[] = {{"tell garbage", have_garbage, tell_garbage, .undo = free_findings,
                                         .finish = end_garbage, .check = check_garbage, .allowed = gathering},
                                        {"remove garbage", have_garbage, remove_garbage, .undo = free_findings,
                                         .finish = end_garbage, .check = check_garbage, .allowed = gathering},
                                        {0}};
