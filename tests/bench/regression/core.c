/*
 * core.c - compares operations of the core with similar work of other code. Exits with 1 if a ratio
 * exceeds its limit.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"
#include "plain.h"
#include "shareable.h"

#define ITEMS 1024

static shareable_list *list, *unsynced;
static plain *array;
static pthread_mutex_t *mutex;
static char name[40], bare_name[40], small_name[48], large_name[48];

static void get_plain(int times) {
  int64_t sum = 0, integer;

  for (int i = 0; i < times; i++) {
    must(plain_get(array, i & (ITEMS - 1), &integer));
    sum += integer;
  }
  *(volatile int64_t *)&sum = sum;
}

static void get_from(const shareable_list *source, int times) {
  int64_t sum = 0, integer;

  for (int i = 0; i < times; i++) {
    must(shareable_list_get_int(source, i & (ITEMS - 1), &integer));
    sum += integer;
  }
  *(volatile int64_t *)&sum = sum;
}

static void get_shared(int times) {
  get_from(list, times);
}

static void get_unsynced(int times) {
  get_from(unsynced, times);
}

static void get_text_from(const shareable_list *source, int times) {
  char buffer[32];
  size_t length;

  for (int i = 0; i < times; i++)
    must(shareable_list_get_str(source, ITEMS, buffer, sizeof buffer, &length));
}

static void get_text(int times) {
  get_text_from(list, times);
}

static void get_text_unsynced(int times) {
  get_text_from(unsynced, times);
}

static void set_text(int times) {
  for (int i = 0; i < times; i++)
    must(shareable_list_set_str(list, ITEMS, i & 1 ? "sixteen bytes ok" : "SIXTEEN BYTES OK", 16));
}

static void set_text_unsynced(int times) {
  for (int i = 0; i < times; i++)
    must(shareable_list_set_str(unsynced, ITEMS, i & 1 ? "sixteen bytes ok" : "SIXTEEN BYTES OK", 16));
}

static void set_plain(int times) {
  for (int i = 0; i < times; i++)
    must(plain_set(array, i & (ITEMS - 1), i));
}

static void set_shared(int times) {
  for (int i = 0; i < times; i++)
    must(shareable_list_set_int(list, i & (ITEMS - 1), i));
}

static void add_plain(int times) {
  int64_t integer;

  for (int i = 0; i < times; i++)
    must(plain_add(array, i & (ITEMS - 1), 1, &integer));
}

static void add_shared(int times) {
  int64_t integer;

  for (int i = 0; i < times; i++)
    must(shareable_list_add(list, i & (ITEMS - 1), 1, &integer));
}

static void lock_robust(int times) {
  for (int i = 0; i < times; i++)
    must(pthread_mutex_lock(mutex) | pthread_mutex_unlock(mutex));
}

static void lock_shared(int times) {
  for (int i = 0; i < times; i++)
    must(shareable_list_lock(list, -1) | shareable_list_unlock(list));
}

/* Returns a robust mutex for several processes. It is in shared memory, like the list. */
static pthread_mutex_t *new_mutex(void) {
  pthread_mutex_t *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;

  must(made == MAP_FAILED || pthread_mutexattr_init(&attributes) != 0);
  must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) |
       pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) | pthread_mutex_init(made, &attributes));
  return made;
}

/* Creates blocks without accessing or reserving their memory. */
static void block_bare(int times) {
  for (int i = 0; i < times; i++) {
    int fd = shm_open(bare_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    void *base;

    must(fd < 0 || ftruncate(fd, 4096) != 0);
    base = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(base == MAP_FAILED || munmap(base, 4096) != 0 || close(fd) != 0 || shm_unlink(bare_name) != 0);
  }
}

static void block_shared_with(int times, uint32_t flags) {
  for (int i = 0; i < times; i++) {
    shareable_memory *memory;

    must(shareable_memory_create(&memory, name, 4096, flags, 0, NULL));
    shareable_memory_close(memory);
    must(shareable_memory_unlink(memory, NULL));
    shareable_memory_unref(memory);
  }
}

static void block_shared(int times) {
  block_shared_with(times, 0);
}

static void block_lazy(int times) {
  block_shared_with(times, SHAREABLE_LAZY);
}

static void attach(const char *list_name, int times) {
  for (int i = 0; i < times; i++) {
    shareable_list *again;

    must(shareable_list_open(&again, list_name, 0, NULL));
    shareable_list_unref(again);
  }
}

static void attach_small(int times) {
  attach(small_name, times);
}

static void attach_large(int times) {
  attach(large_name, times);
}

/* Returns a new list of `count` ints and a text. */
static shareable_list *list_of(const char *list_name, size_t count, uint32_t flags) {
  shareable_value *values = calloc(count + 1, sizeof *values);
  shareable_list *made;

  must(values == NULL);
  for (size_t i = 0; i < count; i++)
    values[i] = shareable_int((int64_t)i);
  values[count] = shareable_str("sixteen bytes ok");
  must(shareable_list_create(&made, list_name, values, count + 1, flags, 0, NULL));
  free(values);
  return made;
}

int main(void) {
  shareable_list *small, *large;
  int over = 0;

  snprintf(name, sizeof name, "bench-%ld", (long)getpid());
  snprintf(bare_name, sizeof bare_name, "/bench-bare-%ld", (long)getpid());
  snprintf(small_name, sizeof small_name, "%s-small", name);
  snprintf(large_name, sizeof large_name, "%s-large", name);
  list = list_of(NULL, ITEMS, 0);
  unsynced = list_of(NULL, ITEMS, SHAREABLE_NO_SYNC);
  small = list_of(small_name, 10, 0);
  large = list_of(large_name, 1000000, 0);
  array = plain_new(ITEMS);
  mutex = new_mutex();
  must(array == NULL);

  print_head();
  over |= compare("get an int", get_shared, "plain array, shared library", get_plain, 200000, 3);
  over |= compare("set an int", set_shared, "plain array, shared library", set_plain, 200000, 3);
  over |= compare("get an int", get_shared, "without a sync area", get_unsynced, 200000, 1.5);
  over |= compare("get a str of 16", get_text, "without a sync area", get_text_unsynced, 100000, 1.5);
  over |= compare("set a str of 16", set_text, "without a sync area", set_text_unsynced, 50000, 3);
  over |= compare("add to an int", add_shared, "bare atomic add, shared library", add_plain, 100000, 1.5);
  over |= compare("lock and unlock", lock_shared, "robust mutex for processes", lock_robust, 100000, 1.5);
  over |= compare("create, close, unlink 4 KiB", block_shared, "shm_open … shm_unlink", block_bare, 500, 2);
  over |= compare("the same, lazy", block_lazy, "shm_open … shm_unlink", block_bare, 500, 2);
  over |= compare("attach to 1,000,000 items", attach_large, "attach to 10 items", attach_small, 500, 1.2);

  must(shareable_list_unlink(list, NULL) | shareable_list_unlink(small, NULL) | shareable_list_unlink(unsynced, NULL) |
       shareable_list_unlink(large, NULL));
  shareable_list_unref(list);
  shareable_list_unref(unsynced);
  shareable_list_unref(small);
  shareable_list_unref(large);
  plain_free(array);
  return over;
}
