/*
 * manager.c - the cost of a manager in C. Runs the commands that it reads from standard input, and
 * prints the nanoseconds of each.
 *
 *   start           starts a manager, and waits until clients can connect
 *   create COUNT    creates and closes blocks of 4096 bytes through the manager; does not remove them
 *   shutdown        shuts the manager down, and waits until the manager and its blocks are gone
 */
#include <inttypes.h>
#include <shareable.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static shareable_manager *manager;
static shareable_error error;

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void must(shareable_status status) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "%s\n", error.message);
  exit(1);
}

static void create(long count) {
  for (long i = 0; i < count; i++) {
    shareable_memory *memory;

    must(shareable_manager_create_memory(manager, &memory, 4096, &error));
    shareable_memory_unref(memory);
  }
}

static void end(void) {
  must(shareable_manager_shutdown(manager, &error));
  shareable_manager_unref(manager);
}

int main(void) {
  char line[100];

  while (fgets(line, sizeof line, stdin) != NULL) {
    int64_t start = now();

    if (strncmp(line, "create ", 7) == 0)
      create(strtol(line + 7, NULL, 10));
    else if (strcmp(line, "start\n") == 0)
      must(shareable_manager_start(&manager, NULL, NULL, 0, &error));
    else
      end();
    printf("%" PRId64 "\n", now() - start);
    fflush(stdout);
  }
}
