/*
 * writer.c - tests of core/src/sync/writer.c.
 */
#include "sync/writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "support.h"

/* A file of shared memory, and one more open description of it. */
static int new_block(void) {
  shareable_memory *memory = NULL;
  char path[300];
  int fd;

  cr_ok(shareable_memory_create(&memory, own_name(), 100, 0, 0, NULL));
  shareable_memory_unref(memory);
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_RDWR | O_CLOEXEC);
  cr_assert_geq(fd, 0);
  return fd;
}

static int open_block(int access) {
  char path[300];
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, access | O_CLOEXEC);
  cr_assert_geq(fd, 0);
  return fd;
}

static void remove_block(void) {
  char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(unlink(path), 0);
}

static struct shareable__hazard *no_cell(void *area, shareable__writer *writer, bool ask) {
  (void)ask;
  (void)area;
  (void)writer;
  return NULL;
}

/* The cell is whatever was passed as the area: only its address counts here. */
static struct shareable__hazard *that_cell(void *area, shareable__writer *writer, bool ask) {
  (void)ask;
  (void)writer;
  return area;
}

static void join(shareable__writer *writer, int *fd) {
  shareable__writer_start(writer, fd, own_name(), false);
  cr_ok(shareable__writer_register(writer, no_cell, NULL));
  cr_assert_neq(writer->id, 0);
}

/* In a process of the test's, which has no way to say more: a token, or 0 where it got none. */
static void join_and_tell(shareable__writer *writer, int pipe) {
  uint32_t token = shareable__writer_register(writer, no_cell, NULL) == SHAREABLE_OK ? writer->id : 0;

  if (write(pipe, &token, sizeof token) != sizeof token)
    _exit(1);
}

static uint32_t hear(int pipe) {
  uint32_t token = 0;

  cr_assert_eq(read(pipe, &token, sizeof token), sizeof token);
  cr_assert_neq(token, 0);
  return token;
}

Test(writer, a_joined_one_is_alive_for_others_and_for_itself_until_it_leaves) {
  int fd = new_block(), others = open_block(O_RDWR), readers = open_block(O_RDONLY);
  shareable__writer writer, other, reader;
  uint32_t token;

  join(&writer, &fd);
  shareable__writer_start(&other, &others, own_name(), false);
  shareable__writer_start(&reader, &readers, own_name(), true);
  token = writer.id;
  cr_assert(shareable__writer_is_alive(&writer, token));
  cr_assert(shareable__writer_is_alive(&other, token));
  cr_assert(shareable__writer_is_alive(&reader, token), "to ask takes no right to write");
  shareable__writer_unregister(&writer);
  cr_assert_eq(writer.id, 0);
  cr_assert_not(shareable__writer_is_alive(&writer, token));
  cr_assert_not(shareable__writer_is_alive(&other, token));
  cr_assert_not(shareable__writer_is_alive(&reader, token));
  remove_block();
}

Test(writer, nobody_has_token_0_nor_one_that_was_never_given) {
  int fd = new_block();
  shareable__writer writer;

  join(&writer, &fd);
  cr_assert_not(shareable__writer_is_alive(&writer, 0));
  cr_assert_not(shareable__writer_is_alive(&writer, writer.id ^ 1));
  cr_assert_not(shareable__writer_is_alive(&writer, writer.id ^ UINT32_C(0x80000000)));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, two_handles_have_two_tokens_and_each_keeps_its_own) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, same, other;
  uint32_t token;

  join(&writer, &fd);
  join(&same, &fd);
  join(&other, &others);
  cr_assert_neq(writer.id, other.id);
  cr_assert_neq(writer.id, same.id, "also where both have one description of the file");
  token = writer.id;
  cr_ok(shareable__writer_register(&writer, no_cell, NULL));
  cr_assert_eq(writer.id, token, "to join twice is to join");
  shareable__writer_unregister(&same);
  cr_assert(shareable__writer_is_alive(&same, token));
  cr_assert(shareable__writer_is_alive(&same, other.id));
  shareable__writer_unregister(&writer);
  shareable__writer_unregister(&other);
  remove_block();
}

Test(writer, one_that_comes_back_is_another) {
  int fd = new_block();
  shareable__writer writer;
  uint32_t before;

  join(&writer, &fd);
  before = writer.id;
  shareable__writer_unregister(&writer);
  cr_ok(shareable__writer_register(&writer, no_cell, NULL));
  cr_assert_neq(writer.id, before);
  cr_assert(shareable__writer_is_alive(&writer, writer.id));
  cr_assert_not(shareable__writer_is_alive(&writer, before));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, is_dead_once_its_process_was_killed) {
  int fd = new_block(), pipes[2];
  shareable__writer writer;
  uint32_t token;
  pid_t child;

  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_assert_eq(pipe(pipes), 0);
  child = fork();
  if (child == 0) {
    join_and_tell(&writer, pipes[1]);
    for (;;)
      pause();
  }
  token = hear(pipes[0]);
  cr_assert(shareable__writer_is_alive(&writer, token));
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_assert_not(shareable__writer_is_alive(&writer, token));
  remove_block();
}

/* Lives until the other end of the pipe is closed. */
static void live_until(int pipe) {
  char byte;

  while (read(pipe, &byte, 1) > 0)
    ;
  _exit(0);
}

Test(writer, is_dead_once_it_was_killed_though_a_child_of_its_lives_on_with_a_token_of_its_own) {
  int fd = new_block(), pipes[2], end[2];
  shareable__writer writer;
  uint32_t parents, childs;
  pid_t parent;

  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_assert_eq(pipe(pipes), 0);
  cr_assert_eq(pipe(end), 0);
  cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* to wait for the child's child */
  parent = fork();
  if (parent == 0) {
    close(end[1]);
    join_and_tell(&writer, pipes[1]);
    if (fork() == 0) {
      join_and_tell(&writer, pipes[1]);
      live_until(end[0]);
    }
    for (;;)
      pause();
  }
  parents = hear(pipes[0]);
  childs = hear(pipes[0]);
  cr_assert_neq(parents, childs);
  cr_assert(shareable__writer_is_alive(&writer, parents));
  kill(parent, SIGKILL);
  cr_assert_eq(waitpid(parent, NULL, 0), parent);
  cr_assert_not(shareable__writer_is_alive(&writer, parents), "the child does not stand in for it");
  cr_assert(shareable__writer_is_alive(&writer, childs));
  close(end[1]);
  cr_assert_gt(waitpid(-1, NULL, 0), 0);
  cr_assert_not(shareable__writer_is_alive(&writer, childs));
  remove_block();
}

/* Joins and leaves time and again; tells whether it was ever alive after it left. */
static void *come_and_go(void *data) {
  int fd = *(const int *)data;

  for (int i = 0; i < 1000; i++) {
    shareable__writer writer;
    uint32_t token;

    shareable__writer_start(&writer, &fd, own_name(), false);
    if (shareable__writer_register(&writer, no_cell, NULL) != SHAREABLE_OK)
      return data;
    token = writer.id;
    shareable__writer_unregister(&writer);
    if (shareable__writer_is_alive(&writer, token))
      return data;
  }
  return NULL;
}

Test(writer, a_child_that_another_thread_forked_while_it_joined_does_not_keep_it_alive) {
  int fd = new_block(), end[2];
  pthread_t thread;
  void *failed;

  cr_assert_eq(pipe(end), 0);
  cr_assert_eq(pthread_create(&thread, NULL, come_and_go, &fd), 0);
  for (int i = 0; i < 100; i++)
    if (fork() == 0) {
      close(end[1]);
      live_until(end[0]);
    }
  cr_assert_eq(pthread_join(thread, &failed), 0);
  close(end[1]);
  while (waitpid(-1, NULL, 0) > 0)
    ;
  cr_assert_null(failed);
  remove_block();
}

Test(writer, a_child_that_ends_or_leaves_takes_nothing_from_its_parent) {
  int fd = new_block(), result;
  shareable__writer writer;
  pid_t child;

  join(&writer, &fd);
  child = fork();
  if (child == 0) {
    shareable__writer_unregister(&writer);
    _exit(0);
  }
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  cr_assert(shareable__writer_is_alive(&writer, writer.id));
  child = fork();
  if (child == 0)
    _exit(shareable__writer_register(&writer, no_cell, NULL) == SHAREABLE_OK ? 0 : 1);
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  cr_assert(shareable__writer_is_alive(&writer, writer.id));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, a_read_only_one_cannot_join) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer reader;

  shareable__writer_start(&reader, &readers, own_name(), true);
  cr_status(shareable__writer_register(&reader, no_cell, NULL), SHAREABLE_E_READ_ONLY);
  cr_assert_eq(reader.id, 0);
  shareable__writer_unregister(&reader);
  close(fd);
  remove_block();
}

Test(writer, one_whose_file_is_gone_gets_no_proof_and_no_token) {
  shareable__writer writer;
  int fd = -1;

  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_status(shareable__writer_register(&writer, no_cell, NULL), SHAREABLE_E_SYSTEM);
  cr_assert_eq(writer.id, 0);
  shareable__writer_unregister(&writer);
}

Test(writer, joins_and_is_asked_for_after_its_block_was_unlinked) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, other;
  uint32_t token;

  remove_block();
  join(&writer, &fd);
  shareable__writer_start(&other, &others, own_name(), false);
  token = writer.id;
  cr_assert(shareable__writer_is_alive(&other, token));
  shareable__writer_unregister(&writer);
  cr_assert_not(shareable__writer_is_alive(&other, token));
}

Test(writer, keeps_no_descriptor_open) {
  int fd = new_block();
  size_t before = descriptors();
  shareable__writer writer;

  for (int i = 0; i < 100; i++) {
    join(&writer, &fd);
    cr_assert_eq(descriptors(), before, "while it is joined");
    shareable__writer_unregister(&writer);
    cr_assert_eq(descriptors(), before);
  }
  remove_block();
}

typedef struct question {
  const shareable__writer *writer;
  uint32_t token;
  atomic_bool is_answered;
} question;

static void *ask_with_a_cancel_pending(void *of) {
  question *this = of;

  pthread_cancel(pthread_self());
  shareable__writer_is_alive(this->writer, this->token);
  this->is_answered = true;
  pthread_testcancel();
  return NULL;
}

/* The caller may hold an item, which a cancelled thread would keep. */
Test(writer, asking_whether_one_lives_is_no_cancellation_point) {
  int fd = new_block();
  shareable__writer writer;
  question asked = {.writer = &writer};
  pthread_t thread;
  void *result;

  join(&writer, &fd);
  asked.token = writer.id;
  close(fd); /* so that the block is opened again */
  cr_assert_eq(pthread_create(&thread, NULL, ask_with_a_cancel_pending, &asked), 0);
  cr_assert_eq(pthread_join(thread, &result), 0);
  cr_assert(asked.is_answered);
  cr_assert_eq(result, PTHREAD_CANCELED);
  shareable__writer_unregister(&writer);
  remove_block();
}

static void *ask_whether_fast(void *writer) {
  return shareable__writer_fast_hazard(writer) != NULL ? writer : NULL;
}

Test(writer, only_the_thread_that_joined_may_use_the_cell_and_no_child_of_it) {
  int fd = new_block(), result;
  char cell[64] __attribute__((aligned(64)));
  shareable__writer writer;
  pthread_t thread;
  void *answer;
  pid_t child;

  need_barriers();
  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_assert_null(shareable__writer_fast_hazard(&writer));
  cr_ok(shareable__writer_register(&writer, that_cell, cell));
  cr_assert_not_null(shareable__writer_fast_hazard(&writer));
  cr_assert_eq(pthread_create(&thread, NULL, ask_whether_fast, &writer), 0);
  cr_assert_eq(pthread_join(thread, &answer), 0);
  cr_assert_null(answer);
  child = fork();
  if (child == 0)
    _exit(shareable__writer_fast_hazard(&writer) != NULL);
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  shareable__writer_unregister(&writer);
  cr_assert_null(shareable__writer_fast_hazard(&writer));
  remove_block();
}

Test(writer, one_without_a_cell_has_no_fast_thread) {
  int fd = new_block();
  shareable__writer writer;

  join(&writer, &fd);
  cr_assert_null(shareable__writer_fast_hazard(&writer));
  shareable__writer_unregister(&writer);
  remove_block();
}

/* A read lock from another description, as a process that may only read the block can take. */
static void read_lock(int fd, int64_t start, int64_t length) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

  cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

#define IDS (INT64_C(1) << 62)

Test(writer, a_read_lock_on_its_byte_does_not_make_a_dead_one_look_alive) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer writer;
  uint32_t token;

  join(&writer, &fd);
  token = writer.id;
  cr_assert_eq(token & SHAREABLE__SHARED_WRITER_ID, 0);
  shareable__writer_unregister(&writer);
  read_lock(readers, IDS + token, 1);
  cr_assert_not(shareable__writer_is_alive(&writer, token));
  remove_block();
}

Test(writer, joins_beside_a_process_that_holds_read_locks_on_all_bytes) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer writer;
  uint32_t token;

  read_lock(readers, IDS, INT64_C(1) << 32);
  join(&writer, &fd);
  token = writer.id;
  cr_assert_neq(token & SHAREABLE__SHARED_WRITER_ID, 0);
  cr_assert(shareable__writer_is_alive(&writer, token));
  shareable__writer_unregister(&writer);
  close(readers);
  cr_assert_not(shareable__writer_is_alive(&writer, token), "once nobody holds a read lock");
  remove_block();
}

Test(writer, opens_its_file_again_if_the_program_has_closed_the_descriptor_or_reused_it) {
  int fd = new_block(), others = open_block(O_RDWR), null;
  shareable__writer writer, other;

  join(&writer, &fd);
  shareable__writer_start(&other, &others, own_name(), false);
  close(others);
  cr_assert(shareable__writer_is_alive(&other, writer.id));
  null = open("/dev/null", O_RDWR);
  cr_assert_eq(dup2(null, others), others);
  cr_assert(shareable__writer_is_alive(&other, writer.id));
  shareable__writer_unregister(&writer);
  cr_assert_not(shareable__writer_is_alive(&other, writer.id));
  remove_block();
}

Test(writer, seems_alive_to_whoever_cannot_open_its_file_again) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, other;
  uint32_t token;

  join(&writer, &fd);
  token = writer.id;
  shareable__writer_start(&other, &others, own_name(), false);
  shareable__writer_unregister(&writer);
  close(others);
  remove_block();
  cr_assert(shareable__writer_is_alive(&other, token));
}

typedef struct writing {
  shareable_list *list;
  atomic_bool has_begun;
} writing;

/* As Python writes a long list without its interpreter's lock. */
static void *write_until_closed(void *with) {
  writing *on = with;
  shareable_memory *memory = shareable_list_memory(on->list);
  shareable_status status = shareable_memory_pin(memory);

  on->has_begun = true;
  while (status == SHAREABLE_OK)
    status = shareable_list_set_int(on->list, 0, 1);
  shareable_memory_unpin(memory);
  return NULL;
}

static void close_while_a_thread_writes(void) {
  writing on = {0};
  pthread_t thread;

  cr_ok(shareable_list_open(&on.list, own_name(), 0, NULL));
  cr_assert_eq(pthread_create(&thread, NULL, write_until_closed, &on), 0);
  while (!on.has_begun)
    sched_yield();
  usleep(50);
  shareable_list_close(on.list);
  pthread_join(thread, NULL);
  shareable_list_unref(on.list);
}

/* On one processor, so that the closing thread interrupts the other one between any two instructions. */
Test(writer, may_be_closed_while_a_thread_that_has_the_block_pinned_writes) {
  shareable_value value = shareable_int(0);
  shareable_list *list;
  cpu_set_t one;

  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
  cr_ok(shareable_list_create(&list, own_name(), &value, 1, 0, 0, NULL));
  for (int i = 0; i < 2000; i++)
    close_while_a_thread_writes();
  cr_ok(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}
