/*
 * concurrent_writer.c - opens a block of arbitrary bytes as a list or a dict, while a second thread
 * flips bytes of it.
 */
#include "concurrent_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

static atomic_bool is_running;
static sem_t start, end;
static unsigned char *base;
static size_t base_size;
static unsigned char *guarded;
static size_t guarded_size;

static _Noreturn void *flip_bytes(void *unused) {
  uint32_t random = 1;

  (void)unused;
  for (;;) {
    while (sem_wait(&start) != 0)
      ;
    for (; atomic_load(&is_running); sched_yield()) {
      random = random * 1664525 + 1013904223;
      base[random / 256 % base_size] ^= (unsigned char)(1 << (random >> 29));
    }
    sem_post(&end);
  }
}

static void start_thread(void) {
  static bool is_started;
  pthread_t thread;

  if (!is_started && sem_init(&start, 0, 0) == 0 && sem_init(&end, 0, 0) == 0 &&
      pthread_create(&thread, NULL, flip_bytes, NULL) == 0)
    is_started = true;
}

/*
 * Until the list is closed, the address sanitizer reports accesses to the unused rest of the last
 * page.
 */
static void guard(const shareable_list *list) {
  size_t size = shareable_memory_size(shareable_list_memory(list)), page = (size_t)sysconf(_SC_PAGESIZE);

  guarded = (unsigned char *)shareable_memory_address(shareable_list_memory(list)) + size;
  guarded_size = size % page == 0 ? 0 : page - size % page;
  ASAN_POISON_MEMORY_REGION(guarded, guarded_size);
}

/* Writes the bytes to a new block. Returns a descriptor, or a negative number. */
static int write_block(const char *path, const void *bytes, size_t size) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  if (fd >= 0 && (size == 0 || write(fd, bytes, size) != (ssize_t)size)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static void start_writer(int fd, const shareable_list *list, size_t size, bool with_thread) {
  base = list == NULL ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  base_size = size;
  if (list != NULL)
    guard(list);
  if (base != MAP_FAILED && with_thread) {
    start_thread();
    atomic_store(&is_running, true);
    sem_post(&start);
  }
}

void open_with_writer(const void *bytes, size_t size, bool with_thread, uint32_t flags, shareable_list **list,
                      shareable_dict **dict) {
  char name[40], path[60];
  int fd;

  snprintf(name, sizeof name, "fuzz-test-%ld", (long)getpid());
  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = write_block(path, bytes, size);
  if (fd >= 0 && dict != NULL && shareable_dict_open(dict, name, flags, NULL) == SHAREABLE_OK)
    *list = shareable_list_ref(shareable_dict_list(*dict));
  else if (fd >= 0 && dict == NULL)
    shareable_list_open(list, name, flags, NULL);
  start_writer(fd, *list, size, with_thread);
  if (fd >= 0)
    close(fd);
  unlink(path);
}

void close_with_writer(shareable_list *list, shareable_dict *dict) {
  if (atomic_exchange(&is_running, false))
    while (sem_wait(&end) != 0)
      ;
  if (base != MAP_FAILED)
    munmap(base, base_size);
  ASAN_UNPOISON_MEMORY_REGION(guarded, guarded_size);
  guarded_size = 0;
  shareable_dict_unref(dict);
  shareable_list_unref(list);
}
