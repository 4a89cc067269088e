/*
 * program.c - a program in C and in C++, for each way to link the library. It creates a list, one
 * of its threads waits for another, an owned block of a killed process disappears, and a manager
 * starts, for which the library needs nettle.
 *
 *   program            makes these checks
 *   program own NAME   creates an owned block called NAME, and waits to be killed
 */
#include <shareable.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST, ANSWER, ITEMS };

/* The limit of a wait. It expires only if something is wrong. */
static const int64_t limit = INT64_C(20) * 1000000000;

static void fail(const char *what, const char *message) {
  fprintf(stderr, "%s: %s\n", what, message);
  exit(1);
}

static void must(const char *what, shareable_status status) {
  if (status != SHAREABLE_OK)
    fail(what, shareable_status_message(status));
}

#ifdef COUNT_ATFORK
/* With the linker's option --wrap=pthread_atfork, the library calls this function. */
#ifdef __cplusplus
extern "C" {
#endif
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
#ifdef __cplusplus
}
#endif
static int registered;

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  registered++;
  return __real_pthread_atfork(prepare, parent, child);
}

static void check_registered(const char *when) {
  if (registered != 1) {
    fprintf(stderr, "%s: the library has registered its fork handlers %d times\n", when, registered);
    exit(1);
  }
}
#else
static void check_registered(const char *when) {
  (void)when;
}
#endif

/* Waits until the item is no longer 0, and returns its value. */
static int64_t wait_for(const shareable_list *list, int64_t index) {
  const shareable_value zero = shareable_int(0);
  int64_t integer = 0;

  must("wait", shareable_list_wait(list, index, &zero, limit));
  must("get", shareable_list_get_int(list, index, &integer));
  return integer;
}

static void *answer(void *context) {
  shareable_list *list = (shareable_list *)context;

  must("answer", shareable_list_set_int(list, ANSWER, wait_for(list, REQUEST) * 2));
  return NULL;
}

static void check_list(const char *name) {
  const int64_t start[ITEMS] = {0, 0};
  shareable_list *list;
  shareable_error error;
  pthread_t thread;

  if (shareable_list_create_ints(&list, name, start, ITEMS, 0, 0, &error) != SHAREABLE_OK)
    fail("create a list", error.message);
  if (pthread_create(&thread, NULL, answer, list) != 0)
    fail("pthread_create", name);
  must("set", shareable_list_set_int(list, REQUEST, 21));
  if (wait_for(list, ANSWER) != 42)
    fail("the answer is wrong", name);
  pthread_join(thread, NULL);
  if (shareable_list_unlink(list, &error) != SHAREABLE_OK)
    fail("unlink", error.message);
  shareable_list_close(list);
}

static int own(const char *name) {
  shareable_memory *memory;
  shareable_error error;

  if (shareable_memory_create(&memory, name, 100, SHAREABLE_OWNED, 0, &error) != SHAREABLE_OK)
    fail("create an owned block", error.message);
  if (puts("owned") < 0 || fflush(stdout) != 0)
    return 1;
  for (;;)
    pause();
}

static int exists(const char *name) {
  shareable_memory *memory;
  shareable_error error;
  shareable_status status = shareable_memory_open(&memory, name, 0, &error);

  if (status == SHAREABLE_E_NOT_FOUND)
    return 0;
  if (status != SHAREABLE_OK)
    fail("open", error.message);
  shareable_memory_close(memory);
  return 1;
}

/* The owner executes this program again: it registers its own fork handlers, and starts a reaper. */
static void check_owner(const char *program, const char *name) {
  const struct timespec pause_time = {0, 10000000};
  int output[2], turns = 2000;
  char letter;
  pid_t owner;

  if (pipe(output) != 0 || (owner = fork()) < 0)
    fail("fork", name);
  if (owner == 0) {
    dup2(output[1], 1);
    close(output[0]);
    close(output[1]);
    execl(program, program, "own", name, (char *)NULL);
    _exit(127);
  }
  close(output[1]);
  if (read(output[0], &letter, 1) != 1)
    fail("the owner has ended", name);
  if (!exists(name))
    fail("the owner's block does not exist", name);
  kill(owner, SIGKILL);
  waitpid(owner, NULL, 0);
  close(output[0]);
  while (exists(name) && --turns > 0)
    nanosleep(&pause_time, NULL);
  if (turns == 0)
    fail("no reaper has removed the block of a killed owner", name);
}

static void check_manager(void) {
  shareable_manager *manager;
  shareable_error error;

  if (shareable_manager_start(&manager, NULL, NULL, 0, &error) != SHAREABLE_OK)
    fail("start a manager", error.message);
  if (shareable_manager_shutdown(manager, &error) != SHAREABLE_OK)
    fail("shut down the manager", error.message);
  shareable_manager_unref(manager);
}

int main(int argc, char **argv) {
  char name[64];

  check_registered("at the start of main()");
  if (argc == 3 && strcmp(argv[1], "own") == 0)
    return own(argv[2]);
  snprintf(name, sizeof name, "linking-test-%ld", (long)getpid());
  check_list(name);
  check_owner(argv[0], name);
  check_manager();
  check_registered("at the end");
  printf("%s\n", shareable_version());
  return 0;
}
