/*
 * bare.c - the lower limits: memory, futex(2), pipes, sockets and system calls without a library.
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

/* -- Items in shared memory, without protection from concurrent writes. */

#define ITEM_SIZE ((size_t)16)

static char *items, *item;
static enum subject_type type;

static void *map_shared(size_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  subject_must(base != MAP_FAILED, "mmap");
  return base;
}

static void begin_items(char **arguments) {
  if (items == NULL) {
    items = map_shared(SUBJECT_ITEMS * ITEM_SIZE);
    item = items + SUBJECT_ITEM * ITEM_SIZE;
  }
  type = subject_type_of(arguments[0]);
}

static void read_items(int64_t times) {
  if (type < SUBJECT_STR) {
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
  if (type < SUBJECT_STR) {
    for (int64_t i = 0; i < times; i++)
      __atomic_store_n((int64_t *)(void *)item, i, __ATOMIC_RELAXED);
    return;
  }
  for (int64_t i = 0; i < times; i++) {
    memcpy(item, i & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, ITEM_SIZE);
    __asm__ volatile("" : : : "memory");
  }
}

/* -- Hand-over. */

static futex_word *words;
static int64_t *spin;
static int there[2], back[2];

static void answer_futex(void) {
  futex_word_echo(words, spin);
}

static void answer_descriptors(void) {
  char message[8];

  while (read(there[0], message, sizeof message) == sizeof message)
    if (write(back[1], message, sizeof message) != sizeof message)
      return;
}

static void begin_futex(char **arguments) {
  words = map_shared(2 * sizeof *words);
  spin = (int64_t *)(void *)words[0].fill;
  *spin = exchange_shares_processor(arguments[0]) ? 2000 : 10000;
  exchange_begin(arguments[0], answer_futex);
}

static void end_futex(void) {
  exchange_end();
  munmap(words, 2 * sizeof *words);
}

static void begin_pipe(char **arguments) {
  subject_must(pipe(there) == 0 && pipe(back) == 0, "pipe");
  exchange_begin(arguments[0], answer_descriptors);
}

static void begin_socket(char **arguments) {
  int ends[2];

  subject_must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  there[0] = back[1] = ends[0];
  there[1] = back[0] = ends[1];
  exchange_begin(arguments[0], answer_descriptors);
}

static void exchange_futex(void) {
  uint32_t value = __atomic_load_n(&words[1].value, __ATOMIC_RELAXED);

  futex_word_store(&words[0], value + 1);
  futex_word_wait(&words[1], value, *spin);
}

static void exchange_descriptors(void) {
  char message[8] = "";

  subject_must(write(there[1], message, sizeof message) == sizeof message, "write");
  subject_must(read(back[0], message, sizeof message) == sizeof message, "read");
}

static void run_futex(int64_t times) {
  exchange_run(times, exchange_futex);
}

static void run_descriptors(int64_t times) {
  exchange_run(times, exchange_descriptors);
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

static char *source, *copied;
static size_t size;

static void begin_copy(char **arguments) {
  size = subject_number(arguments[0]);
  source = malloc(size);
  copied = malloc(size);
  subject_must(source != NULL && copied != NULL, "malloc");
  memset(source, 1, size);
  memset(copied, 2, size);
  subject_set_amount((double)size);
}

static void copy(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    memcpy(copied, source, size);
    __asm__ volatile("" : : "r"(copied) : "memory");
  }
}

static void end_copy(void) {
  free(source);
  free(copied);
}

/* -- Blocks: create, map, unlink. */

static char name[64];
static int (*new_block)(void);
static int map_flags;
static bool is_touched, is_reserved, is_advised;

static int new_file(void) {
  return shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

/* Returns a block of reserved huge pages. */
static int new_huge(void) {
  return (int)syscall(SYS_memfd_create, "bench", MFD_HUGETLB);
}

static void begin_create(char **arguments) {
  const char *method = arguments[0];

  snprintf(name, sizeof name, "/bench-bare-%ld", (long)getpid());
  size = subject_number(arguments[1]);
  new_block = strcmp(method, "hugetlb") == 0 ? new_huge : new_file;
  is_reserved = strcmp(method, "reserved") == 0;
  is_touched = strcmp(method, "touched") == 0 || strcmp(method, "advised") == 0 || strcmp(method, "hugetlb") == 0;
  is_advised = strcmp(method, "advised") == 0;
  map_flags = MAP_SHARED | (strcmp(method, "populated") == 0 ? MAP_POPULATE : 0);
}

static void create(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    int fd = new_block();
    char *base;

    subject_must(fd >= 0, "creating a block");
    subject_must((is_reserved ? posix_fallocate(fd, 0, (off_t)size) : ftruncate(fd, (off_t)size)) == 0,
                 "setting the size of a block");
    base = mmap(NULL, size, PROT_READ | PROT_WRITE, map_flags, fd, 0);
    subject_must(base != MAP_FAILED, "mmap");
    if (is_advised)
      madvise(base, size, MADV_HUGEPAGE);
    if (is_touched)
      subject_touch_pages(base, size);
    munmap(base, size);
    close(fd);
    if (new_block == new_file)
      subject_must(shm_unlink(name) == 0, "shm_unlink");
  }
}

/* -- A counter to which several processes add. */

static int64_t *counter;

static void begin_team(char **arguments) {
  char path[64];
  int fd;

  snprintf(path, sizeof path, "/%s", arguments[0]);
  fd = shm_open(path, O_RDWR, 0600);
  subject_must(fd >= 0, "shm_open");
  counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  subject_must(counter != MAP_FAILED, "mmap");
  close(fd);
}

static void begin_host(char **arguments) {
  int fd;

  snprintf(name, sizeof name, "/%s", arguments[0]);
  fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  subject_must(fd >= 0 && ftruncate(fd, 4096) == 0, "shm_open");
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

const subject_task subject_tasks[] = {
  {"read", begin_items, read_items, NULL},
  {"write", begin_items, write_items, NULL},
  {"futex", begin_futex, run_futex, end_futex},
  {"pipe", begin_pipe, run_descriptors, end_pipe},
  {"socket", begin_socket, run_descriptors, end_socket},
  {"copy", begin_copy, copy, end_copy},
  {"create", begin_create, create, NULL},
  {"host", begin_host, NULL, end_host},
  {"team-read", begin_team, team_read, NULL},
  {"team-write", begin_team, team_write, NULL},
  {"team-add", begin_team, team_add, NULL},
  {NULL, NULL, NULL, NULL},
};
