/*
 * blocks.c - operations on blocks: create, open, unlink, own and transfer, and checks of what may
 * have changed.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "operations.h"
#include "shm/owner.h"

static shareable_status create(world *w, const char *name, uint64_t size, uint32_t flags) {
  return shareable_memory_create(&w->memory, name, size, flags, 0, &w->error);
}

static shareable_status create_named(world *w) {
  return create(w, w->name, 5000, 0);
}

static shareable_status create_random(world *w) {
  return create(w, NULL, 5000, 0);
}

static shareable_status create_lazy(world *w) {
  return create(w, w->name, 5000, SHAREABLE_LAZY);
}

static shareable_status create_large(world *w) {
  return create(w, w->name, 3 << 20, 0);
}

static shareable_status create_owned(world *w) {
  return create(w, w->name, 5000, SHAREABLE_OWNED);
}

static shareable_status create_owned_at_random(world *w) {
  return create(w, NULL, 5000, SHAREABLE_OWNED);
}

void without_tmpfile(world *w) {
  (void)w;
  faults_have_tmpfile(false);
}

/* Fills the ownership log, so that the next block needs a larger one. */
static void own_many(world *w) {
  for (int i = 0; i < LOG_ENTRIES; i++)
    must(shareable_memory_create(&w->owned[i], NULL, 8, SHAREABLE_OWNED, 0, &w->error), w->error.message);
}

static void own_one(world *w) {
  must(shareable_memory_create(&w->owned[0], NULL, 8, SHAREABLE_OWNED, 0, &w->error), w->error.message);
}

static void unlink_owned(world *w) {
  for (int i = 0; i < LOG_ENTRIES && w->owned[i] != NULL; i++) {
    must(shareable_memory_unlink(w->owned[i], &w->error), w->error.message);
    shareable_memory_unref(w->owned[i]);
  }
}

static void own_none_any_more(world *w) {
  own_one(w);
  unlink_owned(w);
}

/* It reports no error: the reaper unlinks a log that remains. */
static shareable_status unlink_unused_log(world *w) {
  (void)w;
  shareable__owner_unlink_unused();
  return SHAREABLE_OK;
}

static void drop_block(world *w) {
  char *bytes = shareable_memory_address(w->memory);

  bytes[shareable_memory_size(w->memory) - 1] = 1; /* the last byte exists */
  must(shareable_memory_unlink(w->memory, &w->error), w->error.message);
  shareable_memory_unref(w->memory);
}

void prepare_block(world *w) {
  must(shareable_memory_create(&w->other, w->name, 5000, 0, 0, &w->error), w->error.message);
  strcpy(shareable_memory_address(w->other), "unchanged");
}

void end_block(world *w) {
  if (exists(w->name))
    must(shareable_memory_unlink(w->other, &w->error), w->error.message);
  shareable_memory_unref(w->other);
}

static void check_block(world *w, shareable_status status) {
  (void)status;
  need(strcmp(shareable_memory_address(w->other), "unchanged") == 0, "the block has changed");
}

static shareable_status create_over(world *w) {
  return create(w, w->name, 1 << 20, 0);
}

static shareable_status open_block(world *w) {
  return shareable_memory_open(&w->memory, w->name, 0, &w->error);
}

static shareable_status open_read_only(world *w) {
  return shareable_memory_open(&w->memory, w->name, SHAREABLE_READ_ONLY, &w->error);
}

static shareable_status get_fd(world *w, uint32_t flags) {
  shareable_status status = shareable_memory_open(&w->memory, w->name, flags, &w->error);
  int fd;

  if (status != SHAREABLE_OK)
    return status;
  status = shareable_memory_fd(w->memory, &fd, &w->error);
  if (status != SHAREABLE_OK)
    shareable_memory_unref(w->memory);
  return status;
}

static shareable_status get_kept_fd(world *w) {
  return get_fd(w, SHAREABLE_KEEP_FD);
}

static shareable_status get_fd_by_name(world *w) {
  return get_fd(w, 0);
}

static void close_block(world *w) {
  shareable_memory_unref(w->memory);
}

void recreate_block(world *w) {
  end_block(w);
  prepare_block(w);
}

static shareable_status unlink_block(world *w) {
  return shareable_memory_unlink(w->other, &w->error);
}

static shareable_status unlink_name(world *w) {
  return shareable_unlink(w->name, &w->error);
}

/*
 * The name is too long to be part of the name that the block is moved to: a link must contain it.
 */
static void prepare_long_block(world *w) {
  size_t length = strlen(w->name);

  memset(w->name + length, 'x', sizeof w->name - 1 - length);
  w->name[sizeof w->name - 1] = '\0';
  prepare_block(w);
}

static void check_unlinked(world *w, shareable_status status) {
  need(exists(w->name) == (status != SHAREABLE_OK), "the name must exist if and only if it could not be removed");
}

static shareable_status unlink_of_another(world *w) {
  return shareable_memory_unlink(w->memory, &w->error);
}

/* The handle's name now belongs to another block. */
static void replace_block(world *w) {
  must(create(w, w->name, 100, 0), w->error.message);
  must(shareable_memory_unlink(w->memory, &w->error), w->error.message);
  prepare_block(w);
}

static const char *moved_path(const world *w) {
  static char path[300];

  snprintf(path, sizeof path, "/dev/shm/.shareable-unlink-0000000000000001-00000001-%.200s", w->name);
  return path;
}

/* Moves the block, as another process does that unlinks an older block of that name. */
static void prepare_moved_block(world *w) {
  char path[300];

  prepare_block(w);
  snprintf(path, sizeof path, "/dev/shm/%.255s", w->name);
  need(rename(path, moved_path(w)) == 0, "cannot move a block");
}

static void end_moved_block(world *w) {
  unlink(moved_path(w));
  end_block(w);
}

static void recreate_moved_block(world *w) {
  end_moved_block(w);
  prepare_moved_block(w);
}

static void check_moved_unlinked(world *w, shareable_status status) {
  need((access(moved_path(w), F_OK) == 0) == (status != SHAREABLE_OK),
       "the moved block must exist if and only if it could not be removed");
}

static void check_other_stays(world *w, shareable_status status) {
  (void)status;
  need(exists(w->name), "another block was unlinked");
}

static void end_both(world *w) {
  shareable_memory_unref(w->memory);
  end_block(w);
}

static pid_t start_sleeper(void) {
  pid_t child = fork();

  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause();
  }
  return child;
}

void end_child(world *w) {
  if (w->child > 0) {
    kill(w->child, SIGKILL);
    waitpid(w->child, NULL, 0);
  }
}

static void prepare_successor(world *w) {
  w->child = start_sleeper();
}

static void own_one_with_successor(world *w) {
  own_one(w);
  prepare_successor(w);
}

static void unlink_owned_and_end_successor(world *w) {
  unlink_owned(w);
  end_child(w);
}

static shareable__ownership adopted;

static shareable_status adopt(world *w) {
  return shareable__owner_adopt(&adopted, w->name, &w->error);
}

static void release_adopted(world *w) {
  (void)w;
  shareable__owner_release(&adopted);
}

static shareable_status transfer_ownership(world *w) {
  return shareable_list_explain(NULL, shareable_transfer_ownership(w->child), &w->error);
}

ANSWERS(creation, E(EXISTS), E(NO_SPACE), E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(opening, E(NOT_FOUND), E(PERMISSION), E(NO_SPACE), E(NO_MEMORY), E(SYSTEM));
ANSWERS(unlinking, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));
ANSWERS(transferring, E(ARGUMENT), E(SYSTEM), E(NO_MEMORY));

#define MEMORY .undo = drop_block, .allowed = creation

const operation blocks_operations[] = {
  {"create a block", NULL, create_named, MEMORY},
  {"create a block with a random name", NULL, create_random, MEMORY},
  {"create a lazy block", NULL, create_lazy, MEMORY},
  {"create a large block", NULL, create_large, MEMORY},
  {"create a block without O_TMPFILE", without_tmpfile, create_named, MEMORY},
  {"create a block whose name exists", prepare_block, create_over, .finish = end_block, .check = check_block,
   .allowed = creation},
  {"create an owned block", NULL, create_owned, MEMORY, .leaves = OWNS},
  {"create an owned block without O_TMPFILE", without_tmpfile, create_owned, MEMORY, .leaves = OWNS},
  {"create an owned block with a random name", NULL, create_owned_at_random, MEMORY, .leaves = OWNS},
  {"create a second owned block", own_one, create_owned, MEMORY, .finish = unlink_owned, .leaves = OWNS},
  {"create more owned blocks than fit into the ownership log", own_many, create_owned, MEMORY, .finish = unlink_owned,
   .leaves = OWNS},
  {"unlink an unused ownership log", own_none_any_more, unlink_unused_log, .leaves = DISOWNS},
  {"open a block", prepare_block, open_block, .undo = close_block, .finish = end_block, .check = check_block,
   .allowed = opening},
  {"open a block read-only", prepare_block, open_read_only, .undo = close_block, .finish = end_block,
   .check = check_block, .allowed = opening},
  {"get a descriptor that was kept", prepare_block, get_kept_fd, .undo = close_block, .finish = end_block,
   .check = check_block, .allowed = opening},
  {"get a descriptor by name", prepare_block, get_fd_by_name, .undo = close_block, .finish = end_block,
   .check = check_block, .allowed = opening},
  {"unlink a block", prepare_block, unlink_block, .undo = recreate_block, .finish = end_block, .check = check_unlinked,
   .allowed = unlinking},
  {"unlink a name", prepare_block, unlink_name, .undo = recreate_block, .finish = end_block, .check = check_unlinked,
   .allowed = unlinking},
  {"unlink a block of a long name", prepare_long_block, unlink_block, .undo = recreate_block, .finish = end_block,
   .check = check_unlinked, .allowed = unlinking},
  {"unlink a block that another process has moved", prepare_moved_block, unlink_block, .undo = recreate_moved_block,
   .finish = end_moved_block, .check = check_moved_unlinked, .allowed = unlinking},
  {"unlink a block whose name belongs to another block", replace_block, unlink_of_another, .finish = end_both,
   .check = check_other_stays, .allowed = unlinking},
  {"adopt a block", prepare_block, adopt, .undo = release_adopted, .finish = end_block, .check = check_block,
   .allowed = opening, .leaves = OWNS},
  {"transfer ownership", prepare_successor, transfer_ownership, .finish = end_child, .allowed = transferring},
  {"transfer ownership of a block", own_one_with_successor, transfer_ownership,
   .finish = unlink_owned_and_end_successor, .allowed = transferring},
  {0}};
