/*
 * manager.c - tests of core/src/manager, with the program of the build tree.
 */
#include "manager/manager_call.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "support.h"

#define SECOND INT64_C(1000000000)

static shareable_manager *new_manager_at(const char *address) {
  shareable_manager *manager = NULL;
  shareable_error error = {0};

  cr_assert_eq(shareable_manager_start(&manager, address, NULL, 0, &error), SHAREABLE_OK, "%s", error.message);
  return manager;
}

static shareable_manager *new_manager(void) {
  return new_manager_at(NULL);
}

static shareable_manager *reconnect(const shareable_manager *manager) {
  shareable_manager *second = NULL;
  shareable_error error = {0};
  size_t size;
  const void *key = shareable_manager_authkey(manager, &size);

  cr_assert_eq(shareable_manager_connect(&second, shareable_manager_address(manager), key, size, &error), SHAREABLE_OK,
               "%s", error.message);
  return second;
}

static shareable_memory *new_block(shareable_manager *manager) {
  shareable_memory *memory = NULL;
  shareable_error error = {0};

  cr_assert_eq(shareable_manager_create_memory(manager, &memory, 4096, &error), SHAREABLE_OK, "%s", error.message);
  return memory;
}

/* Waits up to 5 seconds for a condition that another process establishes. */
#define cr_soon(condition)                                                                                             \
  do {                                                                                                                 \
    int64_t until_ = shareable__now() + 5 * SECOND;                                                                    \
    while (!(condition) && shareable__now() < until_)                                                                  \
      usleep(500);                                                                                                     \
    cr_assert(condition);                                                                                              \
  } while (0)

Test(manager, removes_its_blocks_at_shutdown) {
  shareable_manager *manager = new_manager();
  const shareable_value values[] = {shareable_int(42), shareable_str("howdy")};
  shareable_memory *memory = new_block(manager);
  shareable_list *list;
  char names[40];
  size_t length;

  cr_ok(shareable_manager_create_list(manager, &list, values, 2, 0, NULL));
  cr_assert_eq(shareable_memory_size(memory), 4096);
  cr_ok(shareable_manager_names(manager, names, sizeof names, &length, NULL));
  cr_assert_eq(length, 26);
  cr_assert_str_eq(names, shareable_memory_name(memory));
  cr_assert_str_eq(names + 13, shareable_memory_name(shareable_list_memory(list)));
  cr_ok(shareable_manager_shutdown(manager, NULL));
  cr_assert_not(exists(names));
  cr_assert_not(exists(names + 13));
  memcpy(shareable_memory_address(memory), "howdy", 5);
  shareable_memory_unref(memory);
  shareable_list_unref(list);
  shareable_manager_unref(manager);
}

Test(manager, listens_in_a_new_directory_and_removes_it) {
  shareable_manager *manager = new_manager();
  char folder[SHAREABLE__ADDRESS_TEXT];
  struct stat status;

  strcpy(folder, shareable_manager_address(manager));
  *strrchr(folder, '/') = '\0';
  cr_assert_eq(stat(folder, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0700);
  shareable_manager_unref(manager);
  cr_assert_eq(stat(folder, &status), -1);
}

Test(manager, tracks_and_releases_names) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = new_block(manager);
  shareable_error error;
  char names[300];
  size_t length;

  cr_ok(shareable_manager_track(manager, "/test-nothing", NULL));
  cr_ok(shareable_manager_track(manager, own_name(), NULL));
  cr_status(shareable_manager_names(manager, names, 3, &length, &error), SHAREABLE_E_BUFFER);
  cr_assert_eq(length, 13 + 13 + strlen(own_name()) + 1);
  cr_ok(shareable_manager_release(manager, shareable_memory_name(memory), NULL));
  cr_assert_not(exists(shareable_memory_name(memory)));
  cr_status(shareable_manager_release(manager, shareable_memory_name(memory), &error), SHAREABLE_E_ABSENT);
  cr_assert_not_null(strstr(error.message, "ValueError: list.remove(x): x not in list"));
  cr_status(shareable_manager_release(manager, "test-nothing", &error), SHAREABLE_E_NOT_FOUND);
  cr_status(shareable_manager_release(manager, "test-nothing", &error), SHAREABLE_E_ABSENT);
  cr_ok(shareable_manager_names(manager, names, sizeof names, &length, NULL));
  cr_assert_str_eq(names, own_name());
  cr_status(shareable_manager_track(manager, "a/b", &error), SHAREABLE_E_NAME);
  cr_status(shareable_manager_track(manager, "\xff", &error), SHAREABLE_E_NAME);
  cr_status(shareable_manager_track(manager, NULL, &error), SHAREABLE_E_NAME);
  shareable_memory_unref(memory);
  shareable_manager_unref(manager);
}

Test(manager, returns_long_lists_of_names_completely) {
  shareable_manager *manager = new_manager();
  static char names[2000 * 13];
  char name[30];
  size_t length;

  for (int i = 0; i < 2000; i++) {
    snprintf(name, sizeof name, "test-x-%05d", i);
    cr_ok(shareable_manager_track(manager, name, NULL));
  }
  cr_ok(shareable_manager_names(manager, names, sizeof names, &length, NULL));
  cr_assert_eq(length, sizeof names);
  for (int i = 0; i < 2000; i++) {
    snprintf(name, sizeof name, "test-x-%05d", i);
    cr_assert_str_eq(names + 13 * i, name);
  }
  shareable_manager_unref(manager);
}

Test(manager, keeps_running_when_a_connected_handle_is_freed) {
  shareable_manager *manager = new_manager(), *second = reconnect(manager);
  shareable_memory *memory = new_block(second);

  shareable_manager_unref(second);
  cr_assert(exists(shareable_memory_name(memory)));
  cr_ok(shareable_manager_release(manager, shareable_memory_name(memory), NULL));
  shareable_memory_unref(memory);
  shareable_manager_unref(manager);
}

Test(manager, a_connected_client_can_shut_it_down) {
  shareable_manager *manager = new_manager(), *second = reconnect(manager);
  shareable_memory *memory = new_block(manager);
  shareable_error error;

  cr_ok(shareable_manager_shutdown(second, NULL));
  cr_assert_not(exists(shareable_memory_name(memory)));
  cr_status(shareable_manager_track(manager, "test-x", &error), SHAREABLE_E_NO_MANAGER);
  cr_status(shareable_manager_track(second, "test-x", &error), SHAREABLE_E_CLOSED);
  cr_ok(shareable_manager_shutdown(second, NULL));
  cr_ok(shareable_manager_shutdown(manager, NULL));
  shareable_memory_unref(memory);
  shareable_manager_unref(second);
  shareable_manager_unref(manager);
}

Test(manager, listens_at_the_given_address) {
  char path[60], name[60];
  const char *const addresses[] = {path, name, "localhost:0"};

  snprintf(path, sizeof path, "/tmp/shareable-test-%ld", (long)getpid());
  snprintf(name, sizeof name, "@shareable-test-%ld", (long)getpid());
  for (size_t i = 0; i < LENGTH(addresses); i++) {
    shareable_manager *manager = new_manager_at(addresses[i]), *second = reconnect(manager);
    shareable_memory *memory = new_block(second);

    cr_assert(i == 2 || strcmp(shareable_manager_address(manager), addresses[i]) == 0);
    shareable_manager_unref(second);
    shareable_manager_unref(manager);
    cr_assert_not(exists(shareable_memory_name(memory)));
    shareable_memory_unref(memory);
  }
  cr_assert_eq(access(path, F_OK), -1);
}

Test(manager, ignores_blocks_that_are_already_unlinked) {
  shareable_manager *manager = new_manager();
  shareable_memory *first = new_block(manager), *second = new_block(manager);

  cr_ok(shareable_memory_unlink(first, NULL));
  cr_ok(shareable_manager_shutdown(manager, NULL));
  cr_assert_not(exists(shareable_memory_name(second)));
  shareable_memory_unref(first);
  shareable_memory_unref(second);
  shareable_manager_unref(manager);
}

Test(manager, refuses_a_wrong_key) {
  shareable_manager *manager = new_manager(), *second = NULL;
  shareable_error error;

  cr_status(shareable_manager_connect(&second, shareable_manager_address(manager), "key", 3, &error), SHAREABLE_E_AUTH);
  cr_assert_not_null(strstr(error.message, "another key"));
  cr_assert_null(second);
  shareable_manager_unref(manager);
}

Test(manager, accepts_keys_of_all_valid_lengths) {
  static char key[65536];
  const size_t sizes[] = {1, 64, 65, 4000, sizeof key};

  memset(key, 'k', sizeof key);
  for (size_t i = 0; i < LENGTH(sizes); i++) {
    shareable_manager *manager = NULL, *second;
    size_t size;

    cr_ok(shareable_manager_start(&manager, NULL, key, sizes[i], NULL));
    cr_assert_neq(shareable_manager_authkey(manager, &size), NULL);
    cr_assert_eq(size, sizes[i]);
    second = reconnect(manager);
    shareable_manager_unref(second);
    shareable_manager_unref(manager);
  }
}

Test(manager, refuses_an_empty_key) {
  shareable_manager *manager = NULL;
  shareable_error error;

  cr_status(shareable_manager_start(&manager, NULL, "", 0, &error), SHAREABLE_E_ARGUMENT);
  cr_assert_not_null(strstr(error.message, "the key is empty"));
  cr_status(shareable_manager_connect(&manager, "@x", "", 0, &error), SHAREABLE_E_ARGUMENT);
  cr_assert_not_null(strstr(error.message, "the key is empty"));
  cr_assert_null(manager);
}

Test(manager, reconnects_and_does_not_close_a_file_that_reused_its_descriptor) {
  shareable_manager *manager = new_manager();
  struct stat status;
  int fd, lifeline = manager->spawned.lifeline;

  shareable_memory_unref(new_block(manager));
  fd = manager->connection.fd;
  cr_assert_eq(dup2(open("/dev/zero", O_RDWR), fd), fd, "cannot reuse the descriptor");
  shareable_memory_unref(new_block(manager));
  cr_assert_neq(manager->connection.fd, fd);
  cr_assert_eq(fstat(fd, &status), 0);
  cr_assert(S_ISCHR(status.st_mode));
  cr_assert_eq(dup2(fd, lifeline), lifeline);
  shareable_manager_unref(manager);
  cr_assert_eq(fstat(lifeline, &status), 0);
  cr_assert(S_ISCHR(status.st_mode));
}

Test(manager, never_uses_descriptors_of_standard_streams) {
  shareable_manager *manager, *second;

  close(STDIN_FILENO);
  manager = new_manager();
  second = reconnect(manager);
  cr_assert_gt(second->connection.fd, STDERR_FILENO);
  cr_assert_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
  shareable_manager_unref(second);
  shareable_manager_unref(manager);
}

static void *finish_reset(void *context) {
  shareable_manager *manager = context;

  usleep(300000);
  atomic_store(&manager->connection_pid, getpid());
  return NULL;
}

static int64_t processor_time(void) {
  struct timespec time;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Another thread resets the handle slowly, as if it had a lower priority on the same processor. */
Test(manager, threads_of_a_child_sleep_while_another_resets_the_handle) {
  shareable_manager *manager = new_manager();
  int64_t before = processor_time();
  pthread_t thread;

  atomic_store(&manager->connection_pid, 0);
  cr_assert_eq(pthread_create(&thread, NULL, finish_reset, manager), 0);
  cr_status(shareable_manager_names(manager, NULL, 0, NULL, NULL), SHAREABLE_OK);
  cr_assert_lt(processor_time() - before, 100 * INT64_C(1000000));
  pthread_join(thread, NULL);
  shareable_manager_unref(manager);
}

static void *call_until_cancelled(void *context) {
  for (;;) {
    shareable_manager_names(context, NULL, 0, NULL, NULL);
    pthread_testcancel();
  }
  return NULL;
}

Test(manager, a_cancelled_thread_releases_the_lock) {
  shareable_manager *manager = new_manager();
  pthread_t thread;

  kill(manager->spawned.pid, SIGSTOP);
  cr_assert_eq(pthread_create(&thread, NULL, call_until_cancelled, manager), 0);
  usleep(100000); /* the thread waits for the reply */
  cr_assert_eq(pthread_cancel(thread), 0);
  usleep(50000);
  kill(manager->spawned.pid, SIGCONT);
  cr_assert_eq(pthread_join(thread, NULL), 0);
  cr_status(shareable_manager_names(manager, NULL, 0, NULL, NULL), SHAREABLE_OK);
  shareable_manager_unref(manager);
}

static void *ask(void *context) {
  return (void *)(intptr_t)shareable_manager_names(context, NULL, 0, NULL, NULL);
}

Test(manager, calls_of_several_threads_time_out_together) {
  enum { THREADS = 10 };
  shareable_manager *manager = new_manager();
  pthread_t threads[THREADS];
  int64_t start = shareable__now();

  shareable__manager_timeout_ns = SECOND / 2;
  kill(manager->spawned.pid, SIGSTOP);
  for (int i = 0; i < THREADS; i++)
    cr_assert_eq(pthread_create(&threads[i], NULL, ask, manager), 0);
  for (int i = 0; i < THREADS; i++) {
    void *status;

    pthread_join(threads[i], &status);
    cr_assert_eq((intptr_t)status, SHAREABLE_E_TIMED_OUT);
  }
  cr_assert_lt(shareable__now() - start, 2 * SECOND);
  kill(manager->spawned.pid, SIGCONT);
  cr_status(shareable_manager_names(manager, NULL, 0, NULL, NULL), SHAREABLE_OK);
  shareable_manager_unref(manager);
}

Test(manager, lives_until_its_last_reference_is_dropped) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = new_block(manager);

  cr_assert_eq(shareable_manager_ref(manager), manager);
  shareable_manager_unref(manager);
  cr_status(shareable_manager_names(manager, NULL, 0, NULL, NULL), SHAREABLE_E_BUFFER);
  cr_assert(exists(shareable_memory_name(memory)));
  shareable_manager_unref(manager);
  cr_assert_not(exists(shareable_memory_name(memory)));
  shareable_memory_unref(memory);
}

Test(manager, errors_name_the_bad_argument) {
  shareable_manager *manager = NULL;
  shareable_memory *memory;
  shareable_error error;
  size_t size = 1;

  cr_status(shareable_manager_start(NULL, NULL, NULL, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_start(&manager, "nowhere", NULL, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_assert_not_null(strstr(error.message, "'nowhere'"));
  cr_status(shareable_manager_start(&manager, NULL, "k", 65537, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_connect(NULL, "@x", "k", 1, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_connect(&manager, NULL, "k", 1, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_connect(&manager, "@x", NULL, 1, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_connect(&manager, "1.2.3:4", "k", 1, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_create_memory(NULL, &memory, 8, &error), SHAREABLE_E_CLOSED);
  cr_status(shareable_manager_track(NULL, "x", &error), SHAREABLE_E_CLOSED);
  cr_status(shareable_manager_shutdown(NULL, &error), SHAREABLE_E_CLOSED);
  cr_status(shareable_manager_names(NULL, NULL, 8, NULL, &error), SHAREABLE_E_ARGUMENT);
  cr_assert_null(shareable_manager_address(NULL));
  cr_assert_null(shareable_manager_authkey(NULL, &size));
  cr_assert_eq(size, 0);
  cr_assert_null(shareable_manager_ref(NULL));
  shareable_manager_unref(NULL);
  cr_assert_null(manager);
}

Test(manager, distinguishes_no_listener_from_a_foreign_listener) {
  shareable_manager *manager = NULL;
  shareable_error error;
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int server = socket(AF_UNIX, SOCK_STREAM, 0), peer;
  char text[60];

  cr_status(shareable_manager_connect(&manager, "/tmp/shareable-test-none", "k", 1, &error), SHAREABLE_E_NO_MANAGER);
  cr_assert_eq(error.sys_errno, ENOENT);
  snprintf(text, sizeof text, "@shareable-test-%ld", (long)getpid());
  cr_status(shareable_manager_connect(&manager, text, "k", 1, &error), SHAREABLE_E_NO_MANAGER);
  cr_assert_eq(error.sys_errno, ECONNREFUSED);

  strcpy(name.sun_path + 1, text + 1);
  cr_assert_eq(bind(server, (struct sockaddr *)&name, (socklen_t)(sizeof name.sun_family + strlen(text))), 0);
  cr_assert_eq(listen(server, 5), 0);
  shareable__manager_timeout_ns = SECOND / 10;
  cr_status(shareable_manager_connect(&manager, text, "k", 1, &error), SHAREABLE_E_TIMED_OUT);
  cr_assert_not_null(strstr(error.message, "did not answer within 100 ms"));

  close(accept(server, NULL, NULL));
  if (fork() == 0) {
    peer = accept(server, NULL, NULL);
    _exit(write(peer, "HTTP/1.1 400 Bad Request\r\n", 26) != 26);
  }
  shareable__manager_timeout_ns = 10 * SECOND;
  cr_status(shareable_manager_connect(&manager, text, "k", 1, &error), SHAREABLE_E_PROTOCOL);
  wait(NULL);
  close(server);
}

Test(manager, reports_a_program_that_is_missing_or_does_not_listen) {
  shareable_manager *manager = NULL;
  shareable_error error;
  size_t before = descriptors();

  setenv("SHAREABLE_MANAGER", "/nowhere/at-all", 1);
  cr_status(shareable_manager_start(&manager, NULL, NULL, 0, &error), SHAREABLE_E_NOT_FOUND);
  cr_assert_not_null(strstr(error.message, "/nowhere/at-all"));
  setenv("SHAREABLE_MANAGER", "/bin/true", 1);
  cr_status(shareable_manager_start(&manager, NULL, NULL, 0, &error), SHAREABLE_E_NO_MANAGER);
  cr_assert_null(manager);
  cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
  cr_assert_eq(descriptors(), before);
}

Test(manager, leaks_no_descriptor_and_no_process) {
  size_t before = descriptors();

  for (int i = 0; i < 10; i++) {
    shareable_manager *manager = new_manager(), *second = reconnect(manager);

    shareable_memory_unref(new_block(second));
    shareable_manager_unref(second);
    shareable_manager_unref(manager);
  }
  cr_assert_eq(descriptors(), before);
  cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
}

/*
 * In a child: starts a manager with a block, writes their names to `output`, and waits to be
 * killed.
 */
static void own_a_block(int output, bool forks) {
  shareable_manager *manager = NULL;
  shareable_memory *memory = NULL;
  char names[200] = "";

  if (shareable_manager_start(&manager, NULL, NULL, 0, NULL) != SHAREABLE_OK ||
      shareable_manager_create_memory(manager, &memory, 8, NULL) != SHAREABLE_OK)
    _exit(1);
  snprintf(names, sizeof names, "%s %s", shareable_memory_name(memory), shareable_manager_address(manager));
  if (forks && fork() == 0) {
    sleep(3);
    _exit(0);
  }
  if (write(output, names, sizeof names) != sizeof names)
    _exit(1);
  for (;;)
    pause();
}

static void manager_exits_with_owner(bool forks, int signal) {
  char names[200], block[40], address[120];
  int ends[2];
  pid_t child;

  cr_assert_eq(pipe(ends), 0);
  child = fork();
  if (child == 0)
    own_a_block(ends[1], forks);
  cr_assert_eq(read(ends[0], names, sizeof names), sizeof names);
  cr_assert_eq(sscanf(names, "%39s %119s", block, address), 2);
  cr_assert(exists(block));
  kill(child, signal);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_soon(!exists(block));
  cr_soon(access(address, F_OK) != 0);
  *strrchr(address, '/') = '\0';
  cr_soon(access(address, F_OK) != 0);
}

Test(manager, exits_when_its_owner_is_killed) {
  manager_exits_with_owner(false, SIGKILL);
  manager_exits_with_owner(false, SIGTERM);
}

Test(manager, exits_when_its_owner_is_killed_but_a_fork_lives) {
  manager_exits_with_owner(true, SIGKILL);
}

Test(manager, stops_on_sigterm_but_not_on_sigint_or_sighup) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = new_block(manager);

  kill(manager->spawned.pid, SIGINT);
  kill(manager->spawned.pid, SIGHUP);
  usleep(50000);
  cr_ok(shareable_manager_names(manager, NULL, 0, NULL, NULL) == SHAREABLE_E_BUFFER ? SHAREABLE_OK
                                                                                    : SHAREABLE_E_SYSTEM);
  kill(manager->spawned.pid, SIGTERM);
  cr_soon(!exists(shareable_memory_name(memory)));
  cr_soon(access(shareable_manager_address(manager), F_OK) != 0);
  shareable_memory_unref(memory);
  shareable_manager_unref(manager);
}

Test(manager, shutdown_kills_a_process_that_hangs) {
  shareable_manager *manager = new_manager();
  shareable_error error;
  int64_t start = shareable__now();
  char folder[SHAREABLE__ADDRESS_TEXT];

  strcpy(folder, shareable_manager_address(manager));
  kill(manager->spawned.pid, SIGSTOP);
  cr_status(shareable_manager_shutdown(manager, &error), SHAREABLE_E_TIMED_OUT);
  cr_assert_not_null(strstr(error.message, "killed"));
  cr_assert_lt(shareable__now() - start, time_limit(6 * SECOND));
  cr_ok(shareable_manager_shutdown(manager, NULL));
  shareable_manager_unref(manager);
  cr_assert_neq(access(folder, F_OK), 0);
  *strrchr(folder, '/') = '\0';
  cr_assert_neq(access(folder, F_OK), 0);
}

Test(manager, a_killed_process_counts_as_shut_down) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = NULL;
  shareable_error error;
  char folder[SHAREABLE__ADDRESS_TEXT];

  strcpy(folder, shareable_manager_address(manager));
  kill(manager->spawned.pid, SIGKILL);
  cr_status(shareable_manager_create_memory(manager, &memory, 8, &error), SHAREABLE_E_NO_MANAGER);
  cr_ok(shareable_manager_shutdown(manager, NULL));
  shareable_manager_unref(manager);
  *strrchr(folder, '/') = '\0';
  cr_assert_neq(access(folder, F_OK), 0);
}

Test(manager, adopts_a_block_that_this_process_owned) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = NULL;
  shareable_error error;
  pid_t child = fork();

  if (child == 0) {
    if (shareable_memory_create(&memory, "shareable-test-adopted", 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK)
      _exit(1);
    _exit(shareable_manager_adopt(manager, memory, NULL) != SHAREABLE_OK);
  }
  cr_assert_eq(waitpid(child, NULL, 0), child);
  usleep(1500000);
  cr_assert(exists("shareable-test-adopted"), "it outlives its creator");
  cr_status(shareable_manager_adopt(manager, NULL, &error), SHAREABLE_E_CLOSED);
  cr_ok(shareable_manager_shutdown(manager, NULL));
  cr_assert(!exists("shareable-test-adopted"));
  cr_ok(shareable_memory_create(&memory, "shareable-test-adopted", 8, SHAREABLE_OWNED, 0, NULL));
  cr_status(shareable_manager_adopt(manager, memory, &error), SHAREABLE_E_CLOSED);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
  shareable_manager_unref(manager);
}

Test(manager, reports_its_process_and_its_exit_code) {
  shareable_manager *manager = new_manager(), *second = reconnect(manager);
  int64_t start = shareable__now(), pid = shareable_manager_pid(manager);
  shareable_error error;
  int exit_code = 5;

  cr_assert_eq(kill((pid_t)pid, 0), 0);
  cr_status(shareable_manager_wait(manager, 0, &exit_code, &error), SHAREABLE_E_TIMED_OUT);
  cr_assert_not_null(strstr(error.message, "has not ended"));
  cr_status(shareable_manager_wait(manager, SECOND / 10, NULL, NULL), SHAREABLE_E_TIMED_OUT);
  cr_assert_geq(shareable__now() - start, SECOND / 10);
  cr_assert_eq(exit_code, 5);
  cr_assert_eq(shareable_manager_pid(second), 0);
  cr_assert_eq(shareable_manager_pid(NULL), 0);
  cr_status(shareable_manager_wait(second, 0, NULL, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_manager_wait(NULL, 0, NULL, &error), SHAREABLE_E_CLOSED);

  cr_ok(shareable_manager_shutdown(manager, NULL));
  cr_ok(shareable_manager_wait(manager, -1, &exit_code, NULL));
  cr_assert_eq(exit_code, 0);
  cr_assert_eq(shareable_manager_pid(manager), pid);
  shareable_manager_unref(second);
  shareable_manager_unref(manager);
}

Test(manager, reports_the_signal_that_killed_its_process) {
  shareable_manager *manager = new_manager();
  char folder[SHAREABLE__ADDRESS_TEXT];
  int exit_code = 0;

  strcpy(folder, shareable_manager_address(manager));
  kill((pid_t)shareable_manager_pid(manager), SIGKILL);
  cr_ok(shareable_manager_wait(manager, 5 * SECOND, &exit_code, NULL));
  cr_assert_eq(exit_code, -SIGKILL);
  cr_ok(shareable_manager_shutdown(manager, NULL));
  shareable_manager_unref(manager);
  *strrchr(folder, '/') = '\0';
  cr_assert_neq(access(folder, F_OK), 0);
}

static void *shut_down_soon(void *manager) {
  usleep(100000);
  shareable_manager_shutdown(manager, NULL);
  return NULL;
}

Test(manager, another_thread_can_shut_down_during_a_wait) {
  shareable_manager *manager = new_manager();
  pthread_t thread;

  cr_assert_eq(pthread_create(&thread, NULL, shut_down_soon, manager), 0);
  cr_ok(shareable_manager_wait(manager, -1, NULL, NULL));
  pthread_join(thread, NULL);
  shareable_manager_unref(manager);
}

Test(manager, unlinks_a_new_block_that_cannot_be_tracked) {
  shareable_manager *manager = new_manager();
  shareable_memory *memory = NULL;
  shareable_list *list = NULL;
  const shareable_value value = shareable_int(1);
  size_t before = descriptors();

  cr_ok(shareable_manager_shutdown(manager, NULL));
  cr_status(shareable_manager_create_memory(manager, &memory, 8, NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_manager_create_list(manager, &list, &value, 1, 0, NULL), SHAREABLE_E_CLOSED);
  cr_assert(memory == NULL && list == NULL);
  cr_assert_leq(descriptors(), before);
  shareable_manager_unref(manager);
}

#define THREADS 8
#define TURNS 50

static void *make_and_release(void *context) {
  for (int i = 0; i < TURNS; i++) {
    shareable_memory *memory = NULL;

    if (shareable_manager_create_memory(context, &memory, 8, NULL) != SHAREABLE_OK ||
        (i % 2 == 0 && shareable_manager_release(context, shareable_memory_name(memory), NULL) != SHAREABLE_OK))
      return context;
    shareable_memory_unref(memory);
  }
  return NULL;
}

Test(manager, threads_share_one_handle) {
  shareable_manager *manager = new_manager();
  pthread_t threads[THREADS];
  size_t length;
  void *failed;

  for (int i = 0; i < THREADS; i++)
    cr_assert_eq(pthread_create(&threads[i], NULL, make_and_release, manager), 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &failed);
    cr_assert_null(failed);
  }
  cr_status(shareable_manager_names(manager, NULL, 0, &length, NULL), SHAREABLE_E_BUFFER);
  cr_assert_eq(length, THREADS * TURNS / 2 * 13);
  shareable_manager_unref(manager);
}

Test(manager, a_fork_can_use_the_handle_and_does_not_stop_the_manager) {
  shareable_manager *manager = new_manager();
  pid_t child;
  int result;

  shareable_memory_unref(new_block(manager));
  child = fork();
  if (child == 0) {
    void *failed = make_and_release(manager);

    shareable_manager_unref(manager);
    _exit(failed != NULL);
  }
  cr_assert_null(make_and_release(manager));
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  cr_assert_null(make_and_release(manager), "the manager no longer answers");
  shareable_manager_unref(manager);
}

Test(manager, client_and_manager_refuse_other_users) {
  shareable_manager *manager, *second = NULL;
  shareable_error error;
  char name[60];
  pid_t child;
  int result, ends[2];

  if (getuid() != 0)
    skip_because("needs root to become another user");
  snprintf(name, sizeof name, "@shareable-test-%ld", (long)getpid());
  manager = new_manager_at(name);
  child = fork();
  if (child == 0) {
    size_t size;
    const void *key = shareable_manager_authkey(manager, &size);

    _exit(setuid(65534) != 0 || shareable_manager_connect(&second, name, key, size, NULL) != SHAREABLE_E_NO_MANAGER);
  }
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  shareable_manager_unref(manager);

  cr_assert_eq(pipe(ends), 0);
  child = fork();
  if (child == 0) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int server = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path + 1, name + 1);
    if (setuid(65534) != 0 ||
        bind(server, (struct sockaddr *)&address, (socklen_t)(sizeof address.sun_family + strlen(name))) != 0 ||
        listen(server, 5) != 0 || write(ends[1], "x", 1) != 1)
      _exit(1);
    pause();
  }
  cr_assert_eq(read(ends[0], name + 59, 1), 1);
  cr_status(shareable_manager_connect(&second, name, "k", 1, &error), SHAREABLE_E_PERMISSION);
  cr_assert_not_null(strstr(error.message, "belongs to user 65534"));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}
