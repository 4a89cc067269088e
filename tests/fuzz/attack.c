/*
 * attack.c - a list in a block of any bytes, of which a second thread flips some all the time.
 */
#include "attack.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic(unsigned char *) target; /* what is under attack; NULL: nothing */
static atomic_bool is_at_work;
static unsigned char *base;
static size_t size_of_base;

static _Noreturn void *attack(void *nothing) {
  uint32_t random = 1;

  (void)nothing;
  for (;;) {
    unsigned char *at;

    atomic_store(&is_at_work, true);
    at = atomic_load(&target);
    if (at != NULL) {
      random = random * 1664525 + 1013904223;
      at[random / 256 % size_of_base] ^= (unsigned char)(1 << (random >> 29));
    }
    atomic_store(&is_at_work, false);
    sched_yield();
  }
}

static void begin_thread(void) {
  static bool is_begun;
  pthread_t thread;

  if (!is_begun && pthread_create(&thread, NULL, attack, NULL) == 0)
    is_begun = true;
}

shareable_list *attack_begin(const void *bytes, size_t size, bool with_thread) {
  char name[40], path[60];
  shareable_list *list = NULL;
  int fd;

  snprintf(name, sizeof name, "fuzz-test-%ld", (long)getpid());
  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || size == 0 || write(fd, bytes, size) != (ssize_t)size ||
      shareable_list_open(&list, name, 0, NULL) != SHAREABLE_OK)
    list = NULL;
  base = list == NULL ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  size_of_base = size;
  if (fd >= 0)
    close(fd);
  unlink(path);
  if (base != MAP_FAILED && with_thread) {
    begin_thread();
    atomic_store(&target, base);
  }
  return list;
}

void attack_end(shareable_list *list) {
  atomic_store(&target, NULL);
  while (atomic_load(&is_at_work))
    sched_yield();
  if (base != MAP_FAILED)
    munmap(base, size_of_base);
  shareable_list_unref(list);
}
