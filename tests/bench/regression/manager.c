/*
 * manager.c - the cost of a manager in C. Reads commands from standard input, runs them, and prints
 * the nanoseconds that each command takes.
 *
 *   start           starts a manager, and waits until clients can connect
 *   create COUNT    creates blocks of 4096 bytes through the manager, and closes them
 *   shutdown        shuts the manager down, and waits until the manager and its blocks are gone
 */
#include <inttypes.h>
#include <shareable.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"

static shareable_manager *manager;
static shareable_error error;

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
    int64_t start = clock_now();

    if (strncmp(line, "create ", 7) == 0)
      create(strtol(line + 7, NULL, 10));
    else if (strcmp(line, "start\n") == 0)
      must(shareable_manager_start(&manager, NULL, NULL, 0, &error));
    else
      end();
    printf("%" PRId64 "\n", clock_now() - start);
    fflush(stdout);
  }
}
