/*
 * bare.c - the lower limits: memory, futexes, pipes, sockets and system calls without a library.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../futex_word.h"
#include "exchange.h"
#include "subject.h"

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 0x0004U
#endif

/* -- Items of shared memory, without protection from other writers. */

#define ITEM_SIZE ((size_t)16)

static char *items, *item;
static enum turn_type type;

static void *shared(size_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  turn_must(base != MAP_FAILED, "mmap");
  return base;
}

static void begin_items(char **words) {
  if (items == NULL) {
    items = shared(TURN_ITEMS * ITEM_SIZE);
    item = items + TURN_ITEM * ITEM_SIZE;
  }
  type = turn_type_of(words[0]);
}

static void read_items(int64_t times) {
  if (type < TURN_STR) {
    for (int64_t i = 0; i < times; i++)
      (void)__atomic_load_n((int64_t *)(void *)item, __ATOMIC_RELAXED);
    return;
  }
  for (int64_t i = 0; i < times; i++) {
    char text[ITEM_SIZE];

    memcpy(text, item, ITEM_SIZE);
    __asm__ volatile("" : : "r"(text) : "memory");
  }
}

static void write_items(int64_t times) {
  if (type < TURN_STR) {
    for (int64_t i = 0; i < times; i++)
      __atomic_store_n((int64_t *)(void *)item, i, __ATOMIC_RELAXED);
    return;
  }
  for (int64_t i = 0; i < times; i++) {
    memcpy(item, i & 1 ? TURN_TEXT : TURN_OTHER, ITEM_SIZE);
    __asm__ volatile("" : : : "memory");
  }
}

/* -- Hand-over. */

static ball *balls;
static int64_t *spin;
static int there[2], back[2];

static void answer_futex(void) {
  uint32_t value = 0;

  for (;;) {
    value = ball_await(&balls[0], value, *spin);
    ball_hand(&balls[1], value);
  }
}

static void answer_descriptors(void) {
  char message[8];

  while (read(there[0], message, sizeof message) == sizeof message)
    if (write(back[1], message, sizeof message) != sizeof message)
      return;
}

static void begin_futex(char **words) {
  balls = shared(2 * sizeof *balls);
  spin = (int64_t *)(void *)balls[0].fill;
  *spin = exchange_is_together(words[0]) ? 2000 : 10000;
  exchange_begin(words[0], answer_futex);
}

static void end_futex(void) {
  exchange_end();
  munmap(balls, 2 * sizeof *balls);
}

static void begin_pipe(char **words) {
  turn_must(pipe(there) == 0 && pipe(back) == 0, "pipe");
  exchange_begin(words[0], answer_descriptors);
}

static void begin_socket(char **words) {
  int ends[2];

  turn_must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  there[0] = back[1] = ends[0];
  there[1] = back[0] = ends[1];
  exchange_begin(words[0], answer_descriptors);
}

static void once_by_futex(void) {
  uint32_t value = __atomic_load_n(&balls[1].value, __ATOMIC_RELAXED);

  ball_hand(&balls[0], value + 1);
  ball_await(&balls[1], value, *spin);
}

static void once_by_descriptors(void) {
  char message[8] = "";

  turn_must(write(there[1], message, sizeof message) == sizeof message, "write");
  turn_must(read(back[0], message, sizeof message) == sizeof message, "read");
}

static void exchange_by_futex(int64_t times) {
  exchange_take(times, once_by_futex);
}

static void exchange_by_descriptors(int64_t times) {
  exchange_take(times, once_by_descriptors);
}

static void end_pipe(void) {
  exchange_end();
  close(there[0]);
  close(there[1]);
  close(back[0]);
  close(back[1]);
}

static void end_socket(void) {
  exchange_end();
  close(there[0]);
  close(there[1]);
}

/* -- memcpy() in private memory. */

static char *from, *to;
static size_t size;

static void begin_copy(char **words) {
  size = turn_number(words[0]);
  from = malloc(size);
  to = malloc(size);
  turn_must(from != NULL && to != NULL, "malloc");
  memset(from, 1, size);
  memset(to, 2, size);
  turn_worth((double)size);
}

static void copy(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    memcpy(to, from, size);
    __asm__ volatile("" : : "r"(to) : "memory");
  }
}

static void end_copy(void) {
  free(from);
  free(to);
}

/* -- Blocks: make, map, remove. */

static char name[64];
static int (*new_block)(void);
static int map_flags;
static bool is_touched, is_reserved, is_advised;

static int new_file(void) {
  return shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

/* A block of reserved huge pages. */
static int new_huge(void) {
  return (int)syscall(SYS_memfd_create, "bench", MFD_HUGETLB);
}

static void begin_create(char **words) {
  const char *how = words[0];

  snprintf(name, sizeof name, "/bench-bare-%ld", (long)getpid());
  size = turn_number(words[1]);
  new_block = strcmp(how, "hugetlb") == 0 ? new_huge : new_file;
  is_reserved = strcmp(how, "reserved") == 0;
  is_touched = strcmp(how, "touched") == 0 || strcmp(how, "advised") == 0 || strcmp(how, "hugetlb") == 0;
  is_advised = strcmp(how, "advised") == 0;
  map_flags = MAP_SHARED | (strcmp(how, "populated") == 0 ? MAP_POPULATE : 0);
}

static void create(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    int fd = new_block();
    char *base;

    turn_must(fd >= 0, "a new block");
    turn_must((is_reserved ? posix_fallocate(fd, 0, (off_t)size) : ftruncate(fd, (off_t)size)) == 0, "its size");
    base = mmap(NULL, size, PROT_READ | PROT_WRITE, map_flags, fd, 0);
    turn_must(base != MAP_FAILED, "mmap");
    if (is_advised)
      madvise(base, size, MADV_HUGEPAGE);
    if (is_touched)
      turn_touch(base, size);
    munmap(base, size);
    close(fd);
    if (new_block == new_file)
      turn_must(shm_unlink(name) == 0, "shm_unlink");
  }
}

/* -- One counter that several processes add to. */

static int64_t *counter;

static void begin_team(char **words) {
  char path[64];
  int fd;

  snprintf(path, sizeof path, "/%s", words[0]);
  fd = shm_open(path, O_RDWR, 0600);
  turn_must(fd >= 0, "shm_open");
  counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  turn_must(counter != MAP_FAILED, "mmap");
  close(fd);
}

static void begin_host(char **words) {
  int fd;

  snprintf(name, sizeof name, "/%s", words[0]);
  fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  turn_must(fd >= 0 && ftruncate(fd, 4096) == 0, "shm_open");
  close(fd);
}

static void end_host(void) {
  shm_unlink(name);
}

static void team_read(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    (void)__atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void team_write(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    __atomic_store_n(counter, i, __ATOMIC_RELAXED);
}

static void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

int main(void) {
  static const turn_work works[] = {
    {"read", begin_items, read_items, NULL},
    {"write", begin_items, write_items, NULL},
    {"futex", begin_futex, exchange_by_futex, end_futex},
    {"pipe", begin_pipe, exchange_by_descriptors, end_pipe},
    {"socket", begin_socket, exchange_by_descriptors, end_socket},
    {"copy", begin_copy, copy, end_copy},
    {"create", begin_create, create, NULL},
    {"host", begin_host, NULL, end_host},
    {"team-read", begin_team, team_read, NULL},
    {"team-write", begin_team, team_write, NULL},
    {"team-add", begin_team, team_add, NULL},
    {NULL, NULL, NULL, NULL},
  };

  turn_take_all(works);
}
