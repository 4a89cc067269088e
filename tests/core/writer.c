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

/* Creates a block, and returns a descriptor of it. */
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

static struct shareable__hazard *no_hazard(void *area, shareable__writer *writer, bool check_owners) {
  (void)check_owners;
  (void)area;
  (void)writer;
  return NULL;
}

/* Returns the address that was passed as the area. */
static struct shareable__hazard *hazard_at(void *area, shareable__writer *writer, bool check_owners) {
  (void)check_owners;
  (void)writer;
  return area;
}

static void start_and_register(shareable__writer *writer, int *fd) {
  shareable__writer_start(writer, fd, own_name(), false);
  cr_ok(shareable__writer_register(writer, no_hazard, NULL));
  cr_assert_neq(writer->id, 0);
}

/* Registers a writer in a child, and sends its id, or 0 if that failed, through the pipe. */
static void register_and_send(shareable__writer *writer, int pipe) {
  uint32_t id = shareable__writer_register(writer, no_hazard, NULL) == SHAREABLE_OK ? writer->id : 0;

  if (write(pipe, &id, sizeof id) != sizeof id)
    _exit(1);
}

static uint32_t receive(int pipe) {
  uint32_t id = 0;

  cr_assert_eq(read(pipe, &id, sizeof id), sizeof id);
  cr_assert_neq(id, 0);
  return id;
}

Test(writer, a_registered_writer_is_alive_for_every_handle_until_it_unregisters) {
  int fd = new_block(), others = open_block(O_RDWR), readers = open_block(O_RDONLY);
  shareable__writer writer, other, reader;
  uint32_t id;

  start_and_register(&writer, &fd);
  shareable__writer_start(&other, &others, own_name(), false);
  shareable__writer_start(&reader, &readers, own_name(), true);
  id = writer.id;
  cr_assert(shareable__writer_is_alive(&writer, id));
  cr_assert(shareable__writer_is_alive(&other, id));
  cr_assert(shareable__writer_is_alive(&reader, id), "checking needs no write permission");
  shareable__writer_unregister(&writer);
  cr_assert_eq(writer.id, 0);
  cr_assert_not(shareable__writer_is_alive(&writer, id));
  cr_assert_not(shareable__writer_is_alive(&other, id));
  cr_assert_not(shareable__writer_is_alive(&reader, id));
  remove_block();
}

Test(writer, ids_that_no_writer_has_taken_are_dead) {
  int fd = new_block();
  shareable__writer writer;

  start_and_register(&writer, &fd);
  cr_assert_not(shareable__writer_is_alive(&writer, 0));
  cr_assert_not(shareable__writer_is_alive(&writer, writer.id ^ 1));
  cr_assert_not(shareable__writer_is_alive(&writer, writer.id ^ UINT32_C(0x80000000)));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, each_handle_has_and_keeps_an_id_of_its_own) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, same, other;
  uint32_t id;

  start_and_register(&writer, &fd);
  start_and_register(&same, &fd);
  start_and_register(&other, &others);
  cr_assert_neq(writer.id, other.id);
  cr_assert_neq(writer.id, same.id, "handles of one open file description must have different ids");
  id = writer.id;
  cr_ok(shareable__writer_register(&writer, no_hazard, NULL));
  cr_assert_eq(writer.id, id, "registering again keeps the id");
  shareable__writer_unregister(&same);
  cr_assert(shareable__writer_is_alive(&same, id));
  cr_assert(shareable__writer_is_alive(&same, other.id));
  shareable__writer_unregister(&writer);
  shareable__writer_unregister(&other);
  remove_block();
}

Test(writer, a_writer_that_registers_again_gets_another_id) {
  int fd = new_block();
  shareable__writer writer;
  uint32_t before;

  start_and_register(&writer, &fd);
  before = writer.id;
  shareable__writer_unregister(&writer);
  cr_ok(shareable__writer_register(&writer, no_hazard, NULL));
  cr_assert_neq(writer.id, before);
  cr_assert(shareable__writer_is_alive(&writer, writer.id));
  cr_assert_not(shareable__writer_is_alive(&writer, before));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, is_dead_after_its_process_was_killed) {
  int fd = new_block(), pipes[2];
  shareable__writer writer;
  uint32_t id;
  pid_t child;

  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_assert_eq(pipe(pipes), 0);
  child = fork();
  if (child == 0) {
    register_and_send(&writer, pipes[1]);
    for (;;)
      pause();
  }
  id = receive(pipes[0]);
  cr_assert(shareable__writer_is_alive(&writer, id));
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_assert_not(shareable__writer_is_alive(&writer, id));
  remove_block();
}

/* Exits when the other end of the pipe is closed. */
static void exit_at_pipe_end(int pipe) {
  char byte;

  while (read(pipe, &byte, 1) > 0)
    ;
  _exit(0);
}

Test(writer, a_child_with_an_id_of_its_own_does_not_keep_a_killed_parent_alive) {
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
    register_and_send(&writer, pipes[1]);
    if (fork() == 0) {
      register_and_send(&writer, pipes[1]);
      exit_at_pipe_end(end[0]);
    }
    for (;;)
      pause();
  }
  parents = receive(pipes[0]);
  childs = receive(pipes[0]);
  cr_assert_neq(parents, childs);
  cr_assert(shareable__writer_is_alive(&writer, parents));
  kill(parent, SIGKILL);
  cr_assert_eq(waitpid(parent, NULL, 0), parent);
  cr_assert_not(shareable__writer_is_alive(&writer, parents), "the child does not hold its lock");
  cr_assert(shareable__writer_is_alive(&writer, childs));
  close(end[1]);
  cr_assert_gt(waitpid(-1, NULL, 0), 0);
  cr_assert_not(shareable__writer_is_alive(&writer, childs));
  remove_block();
}

/* Registers and unregisters repeatedly. Returns NULL if the writer was always dead afterwards. */
static void *register_repeatedly(void *data) {
  int fd = *(const int *)data;

  for (int i = 0; i < 1000; i++) {
    shareable__writer writer;
    uint32_t id;

    shareable__writer_start(&writer, &fd, own_name(), false);
    if (shareable__writer_register(&writer, no_hazard, NULL) != SHAREABLE_OK)
      return data;
    id = writer.id;
    shareable__writer_unregister(&writer);
    if (shareable__writer_is_alive(&writer, id))
      return data;
  }
  return NULL;
}

Test(writer, a_child_forked_by_another_thread_during_the_registration_does_not_keep_the_writer_alive) {
  int fd = new_block(), end[2];
  pthread_t thread;
  void *failed;

  cr_assert_eq(pipe(end), 0);
  cr_assert_eq(pthread_create(&thread, NULL, register_repeatedly, &fd), 0);
  for (int i = 0; i < 100; i++)
    if (fork() == 0) {
      close(end[1]);
      exit_at_pipe_end(end[0]);
    }
  cr_assert_eq(pthread_join(thread, &failed), 0);
  close(end[1]);
  while (waitpid(-1, NULL, 0) > 0)
    ;
  cr_assert_null(failed);
  remove_block();
}

Test(writer, a_child_that_exits_or_unregisters_does_not_end_its_parent_s_lock) {
  int fd = new_block(), result;
  shareable__writer writer;
  pid_t child;

  start_and_register(&writer, &fd);
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
    _exit(shareable__writer_register(&writer, no_hazard, NULL) == SHAREABLE_OK ? 0 : 1);
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  cr_assert(shareable__writer_is_alive(&writer, writer.id));
  shareable__writer_unregister(&writer);
  remove_block();
}

Test(writer, a_read_only_handle_cannot_register) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer reader;

  shareable__writer_start(&reader, &readers, own_name(), true);
  cr_status(shareable__writer_register(&reader, no_hazard, NULL), SHAREABLE_E_READ_ONLY);
  cr_assert_eq(reader.id, 0);
  shareable__writer_unregister(&reader);
  close(fd);
  remove_block();
}

Test(writer, registering_fails_if_the_file_cannot_be_opened) {
  shareable__writer writer;
  int fd = -1;

  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_status(shareable__writer_register(&writer, no_hazard, NULL), SHAREABLE_E_SYSTEM);
  cr_assert_eq(writer.id, 0);
  shareable__writer_unregister(&writer);
}

Test(writer, registers_and_is_found_alive_after_its_block_was_unlinked) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, other;
  uint32_t id;

  remove_block();
  start_and_register(&writer, &fd);
  shareable__writer_start(&other, &others, own_name(), false);
  id = writer.id;
  cr_assert(shareable__writer_is_alive(&other, id));
  shareable__writer_unregister(&writer);
  cr_assert_not(shareable__writer_is_alive(&other, id));
}

Test(writer, keeps_no_descriptor_open) {
  int fd = new_block();
  size_t before = descriptors();
  shareable__writer writer;

  for (int i = 0; i < 100; i++) {
    start_and_register(&writer, &fd);
    cr_assert_eq(descriptors(), before, "a registered writer keeps a descriptor open");
    shareable__writer_unregister(&writer);
    cr_assert_eq(descriptors(), before);
  }
  remove_block();
}

typedef struct liveness_check {
  const shareable__writer *writer;
  uint32_t id;
  atomic_bool is_done;
} liveness_check;

static void *check_with_a_cancel_pending(void *context) {
  liveness_check *check = context;

  pthread_cancel(pthread_self());
  shareable__writer_is_alive(check->writer, check->id);
  check->is_done = true;
  pthread_testcancel();
  return NULL;
}

/* The caller may have locked an item, which a cancelled thread would never unlock. */
Test(writer, checking_a_writer_is_not_a_cancellation_point) {
  int fd = new_block();
  shareable__writer writer;
  liveness_check check = {.writer = &writer};
  pthread_t thread;
  void *result;

  start_and_register(&writer, &fd);
  check.id = writer.id;
  close(fd); /* so that the block is opened again */
  cr_assert_eq(pthread_create(&thread, NULL, check_with_a_cancel_pending, &check), 0);
  cr_assert_eq(pthread_join(thread, &result), 0);
  cr_assert(check.is_done);
  cr_assert_eq(result, PTHREAD_CANCELED);
  shareable__writer_unregister(&writer);
  remove_block();
}

static void *has_fast_path(void *writer) {
  return shareable__writer_fast_hazard(writer) != NULL ? writer : NULL;
}

Test(writer, only_the_thread_that_registered_may_use_the_hazard) {
  int fd = new_block(), result;
  char hazard[64] __attribute__((aligned(64)));
  shareable__writer writer;
  pthread_t thread;
  void *answer;
  pid_t child;

  need_barriers();
  shareable__writer_start(&writer, &fd, own_name(), false);
  cr_assert_null(shareable__writer_fast_hazard(&writer));
  cr_ok(shareable__writer_register(&writer, hazard_at, hazard));
  cr_assert_not_null(shareable__writer_fast_hazard(&writer));
  cr_assert_eq(pthread_create(&thread, NULL, has_fast_path, &writer), 0);
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

Test(writer, a_writer_without_a_hazard_has_no_fast_path) {
  int fd = new_block();
  shareable__writer writer;

  start_and_register(&writer, &fd);
  cr_assert_null(shareable__writer_fast_hazard(&writer));
  shareable__writer_unregister(&writer);
  remove_block();
}

/*
 * Takes a read lock through another open file description, as a process that may only read the
 * block can.
 */
static void read_lock(int fd, int64_t start, int64_t length) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

  cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

#define IDS (INT64_C(1) << 62)

Test(writer, a_read_lock_on_a_dead_writer_s_byte_does_not_make_it_seem_alive) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer writer;
  uint32_t id;

  start_and_register(&writer, &fd);
  id = writer.id;
  cr_assert_eq(id & SHAREABLE__SHARED_WRITER_ID, 0);
  shareable__writer_unregister(&writer);
  read_lock(readers, IDS + id, 1);
  cr_assert_not(shareable__writer_is_alive(&writer, id));
  remove_block();
}

Test(writer, registers_while_another_process_holds_read_locks_on_all_bytes) {
  int fd = new_block(), readers = open_block(O_RDONLY);
  shareable__writer writer;
  uint32_t id;

  read_lock(readers, IDS, INT64_C(1) << 32);
  start_and_register(&writer, &fd);
  id = writer.id;
  cr_assert_neq(id & SHAREABLE__SHARED_WRITER_ID, 0);
  cr_assert(shareable__writer_is_alive(&writer, id));
  shareable__writer_unregister(&writer);
  close(readers);
  cr_assert_not(shareable__writer_is_alive(&writer, id), "after the read locks are released");
  remove_block();
}

Test(writer, opens_its_file_again_if_the_program_closed_or_reused_the_descriptor) {
  int fd = new_block(), others = open_block(O_RDWR), null;
  shareable__writer writer, other;

  start_and_register(&writer, &fd);
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

Test(writer, seems_alive_to_a_handle_that_cannot_open_the_file_again) {
  int fd = new_block(), others = open_block(O_RDWR);
  shareable__writer writer, other;
  uint32_t id;

  start_and_register(&writer, &fd);
  id = writer.id;
  shareable__writer_start(&other, &others, own_name(), false);
  shareable__writer_unregister(&writer);
  close(others);
  remove_block();
  cr_assert(shareable__writer_is_alive(&other, id));
}

typedef struct write_run {
  shareable_list *list;
  atomic_bool has_begun;
} write_run;

/* Writes a pinned list, as Python writes a long list without the GIL. */
static void *write_until_closed(void *context) {
  write_run *run = context;
  shareable_memory *memory = shareable_list_memory(run->list);
  shareable_status status = shareable_memory_pin(memory);

  run->has_begun = true;
  while (status == SHAREABLE_OK)
    status = shareable_list_set_int(run->list, 0, 1);
  shareable_memory_unpin(memory);
  return NULL;
}

static void close_while_a_thread_writes(void) {
  write_run run = {0};
  pthread_t thread;

  cr_ok(shareable_list_open(&run.list, own_name(), 0, NULL));
  cr_assert_eq(pthread_create(&thread, NULL, write_until_closed, &run), 0);
  while (!run.has_begun)
    sched_yield();
  usleep(50);
  shareable_list_close(run.list);
  pthread_join(thread, NULL);
  shareable_list_unref(run.list);
}

/*
 * Both threads run on one processor, so that the closing thread interrupts the other one at any
 * instruction.
 */
Test(writer, a_list_may_be_closed_while_a_thread_that_has_pinned_it_writes) {
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
