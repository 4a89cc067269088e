/*
 * mutate.c - runs a driver, a program in any language, on randomly corrupted lists and dicts, and
 * checks its answers.
 *
 * usage: mutate SEED COUNT SECONDS DIRECTORY DRIVER [ARGUMENT...]
 *
 * mutate runs the driver first on the lists of tests/vectors and tests/fuzz/regressions/bindings, and
 * then on mutants of them, until COUNT lists are done or SECONDS seconds have passed. The same seed
 * gives the same mutants.
 *
 * For each list, the driver reads a line from its standard input: the name of a block, and "still" or
 * "changing". If the list is changing, mutate flips bytes of it until the driver answers. The driver
 * prints a line: "." if every operation had a documented result, or a description of the fault. The
 * driver must exit at the end of its input.
 *
 * mutate stores a list that causes a fault in DIRECTORY.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIZE = 8192, VECTORS = 400, TIMEOUT_S = 60, GROWTH_KIB = 16384 };

typedef struct bytes {
  unsigned char all[MAX_SIZE];
  size_t size;
} bytes;

/* The resources that a process uses. */
typedef struct resources {
  long descriptors, mappings, memory_kib;
} resources;

static bytes vectors[VECTORS];
static size_t vector_count;
static uint64_t state;
static char block[64];
static pid_t driver;
static int to_driver, from_driver;

static _Noreturn void die(const char *action) {
  perror(action);
  exit(2);
}

/* splitmix64 */
static uint64_t random_bits(void) {
  uint64_t bits = state += UINT64_C(0x9e3779b97f4a7c15);

  bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
  return bits ^ bits >> 31;
}

static size_t random_below(size_t limit) {
  return (size_t)(random_bits() % limit);
}

static double seconds_now(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Adds the files that match a pattern under tests/. */
static void add_vectors(const char *pattern) {
  char path[4096];
  glob_t found;

  snprintf(path, sizeof path, "%s/tests/%s", getenv("top_srcdir"), pattern);
  if (glob(path, 0, NULL, &found) != 0)
    return;
  for (size_t i = 0; i < found.gl_pathc && vector_count < VECTORS; i++) {
    FILE *file = fopen(found.gl_pathv[i], "rb");

    if (file == NULL)
      die(found.gl_pathv[i]);
    vectors[vector_count].size = fread(vectors[vector_count].all, 1, MAX_SIZE, file);
    vector_count++;
    fclose(file);
  }
  globfree(&found);
}

/* Returns a value that is at or near a limit. */
static uint64_t boundary_value(const bytes *list) {
  static const uint64_t limits[] = {0, 1, 7, 8, 9, 1 << 16, INT32_MAX, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1};

  switch (random_below(4)) {
  case 0:
    return UINT64_MAX - random_below(17);
  case 1:
    return list->size + random_below(17) - 8;
  default:
    return limits[random_below(sizeof limits / sizeof *limits)];
  }
}

static void resize(bytes *list, size_t size) {
  if (size > list->size)
    memset(list->all + list->size, 0, size - list->size);
  list->size = size;
}

/* Makes one random change. */
static void change(bytes *list) {
  static const char *const formats[] = {"q", "d", "8s", "xxxxxxx?", "xxxxxx?x", "5s ", "9999999s", "999999s "};
  size_t word = list->size < 8 ? 0 : 8 * random_below(list->size / 8),
         byte = list->size == 0 ? 0 : random_below(list->size);
  uint64_t number = boundary_value(list);

  switch (list->size < 8 ? 6 : random_below(9)) {
  case 0:
    list->all[byte] ^= (unsigned char)(1 << random_below(8));
    break;
  case 1:
    list->all[byte] = (unsigned char)random_bits();
    break;
  case 2:
    memcpy(list->all + word, &number, 8);
    break;
  case 3: /* one of the first eight words, which contain the length and the first offsets */
    memcpy(list->all + word % 64, &number, 8);
    break;
  case 4:
    strncpy((char *)list->all + word, formats[random_below(sizeof formats / sizeof *formats)], 8);
    break;
  case 5:
    memmove(list->all + word, list->all + 8 * random_below(list->size / 8), 8);
    break;
  case 6:
    resize(list, random_below(2) == 0 ? list->size + random_below(64) : random_below(list->size + 1));
    break;
  case 7: /* a slightly larger or smaller number */
    list->all[word] = (unsigned char)(list->all[word] + random_below(33) - 16);
    break;
  default: /* a part of another list */
    memcpy(list->all + word, vectors[random_below(vector_count)].all, list->size - word < 40 ? list->size - word : 40);
  }
}

/* The first mutants are the vectors, unchanged. */
static void mutate(bytes *mutant, uint64_t seed, uint64_t number) {
  state = seed * UINT64_C(1000003) + number;
  *mutant = vectors[number < vector_count ? number : random_below(vector_count)];
  if (number < vector_count)
    return;
  for (size_t changes = 1 + random_below(5); changes > 0 && mutant->size < MAX_SIZE - 64; changes--)
    change(mutant);
  if (random_below(50) == 0)
    resize(mutant, random_below(24));
}

static void start_driver(char **arguments) {
  int in[2], out[2];

  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || (driver = fork()) < 0)
    die("pipe or fork");
  if (driver == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execvp(arguments[0], arguments);
    die(arguments[0]);
  }
  close(in[0]);
  close(out[1]);
  to_driver = in[1];
  from_driver = out[0];
}

static bool exits_successfully(void) {
  int result = 0;

  close(to_driver);
  for (int tenths = 0; tenths < 10 * TIMEOUT_S; tenths++) {
    if (waitpid(driver, &result, WNOHANG) == driver)
      return WIFEXITED(result) && WEXITSTATUS(result) == 0;
    usleep(100000);
  }
  kill(driver, SIGKILL);
  waitpid(driver, &result, 0);
  return false;
}

static long count_lines(const char *path, const char *text) {
  FILE *file = fopen(path, "r");
  char line[4096];
  long count = 0;

  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    count += strstr(line, text) != NULL;
  if (file != NULL)
    fclose(file);
  return count;
}

static resources count_resources(void) {
  char path[64];
  resources now = {0};
  glob_t found;
  FILE *file;

  snprintf(path, sizeof path, "/proc/%ld/fd/*", (long)driver);
  if (glob(path, 0, NULL, &found) == 0) {
    now.descriptors = (long)found.gl_pathc;
    globfree(&found);
  }
  snprintf(path, sizeof path, "/proc/%ld/maps", (long)driver);
  now.mappings = count_lines(path, "/dev/shm/");
  snprintf(path, sizeof path, "/proc/%ld/statm", (long)driver);
  file = fopen(path, "r");
  if (file == NULL || fscanf(file, "%*d %ld", &now.memory_kib) != 1)
    now.memory_kib = 0;
  if (file != NULL)
    fclose(file);
  now.memory_kib *= sysconf(_SC_PAGESIZE) / 1024;
  return now;
}

/*
 * Waits for the answer, and flips bytes of the block if it is mapped. Returns false if the driver has
 * exited or does not answer in time.
 */
static bool wait_for_answer(char *answer, size_t size, unsigned char *mapping, size_t mapping_size) {
  double end = seconds_now() + TIMEOUT_S;
  struct pollfd poller = {.fd = from_driver, .events = POLLIN};
  size_t length = 0;

  while (seconds_now() < end) {
    if (poll(&poller, 1, mapping == NULL ? 1000 : 0) > 0) {
      ssize_t count = read(from_driver, answer + length, size - 1 - length);

      if (count <= 0)
        return false;
      length += (size_t)count;
      answer[length] = '\0';
      if (answer[length - 1] == '\n' || length == size - 1)
        return true;
    } else if (mapping != NULL) {
      mapping[random_below(mapping_size)] ^= (unsigned char)(1 << random_below(8));
      sched_yield();
    }
  }
  strcpy(answer, "the driver did not answer in time\n");
  return false;
}

static bool try_mutant(const bytes *mutant, bool is_changing) {
  char answer[4096] = "the driver has exited\n", line[128];
  unsigned char *mapping = NULL;
  int fd = open(block, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), length;
  bool is_good;

  if (fd < 0 || write(fd, mutant->all, mutant->size) != (ssize_t)mutant->size)
    die(block);
  if (is_changing && mutant->size > 0)
    mapping = mmap(NULL, mutant->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapping == MAP_FAILED)
    die("mmap");
  length = snprintf(line, sizeof line, "%s %s\n", strrchr(block, '/') + 1, is_changing ? "changing" : "still");
  is_good = write(to_driver, line, (size_t)length) == length &&
            wait_for_answer(answer, sizeof answer, mapping, mutant->size) && strcmp(answer, ".\n") == 0;
  if (mapping != NULL)
    munmap(mapping, mutant->size);
  unlink(block);
  if (!is_good)
    printf("fault: %s", answer);
  return is_good;
}

static void store(const bytes *mutant, const char *directory, uint64_t seed, uint64_t number) {
  char path[4096];
  FILE *file;

  snprintf(path, sizeof path, "%s/mutant-%" PRIu64 "-%" PRIu64 ".bin", directory, seed, number);
  file = fopen(path, "wb");
  if (file == NULL || fwrite(mutant->all, 1, mutant->size, file) != mutant->size || fclose(file) != 0)
    die(path);
  printf("the list is mutant %" PRIu64 " of seed %" PRIu64 ", stored in %s\n", number, seed, path);
}

/* The driver must not use more resources at the end of a run than after its first third. */
static bool has_grown(const resources *before, const resources *after) {
  const char *any_memory = getenv("FUZZ_ANY_MEMORY");
  bool is_large = any_memory == NULL && after->memory_kib > before->memory_kib + GROWTH_KIB;

  if (after->descriptors <= before->descriptors + 1 && after->mappings <= before->mappings + 2 && !is_large)
    return false;
  printf(
    "the driver uses %ld descriptors, %ld mappings and %ld KiB; after a third of the run, it used %ld, %ld and %ld\n",
    after->descriptors, after->mappings, after->memory_kib, before->descriptors, before->mappings, before->memory_kib);
  return true;
}

int main(int argc, char **argv) {
  uint64_t seed, limit, number;
  double start = seconds_now(), seconds;
  static bytes mutant;
  resources before = {0}, after;
  bool is_good = true;

  if (argc < 6)
    return fprintf(stderr, "usage: mutate SEED COUNT SECONDS DIRECTORY DRIVER [ARGUMENT...]\n"), 2;
  seed = strtoull(argv[1], NULL, 0);
  limit = strtoull(argv[2], NULL, 0);
  seconds = strtod(argv[3], NULL);
  signal(SIGPIPE, SIG_IGN);
  snprintf(block, sizeof block, "/dev/shm/fuzz-test-%ld", (long)getpid());
  add_vectors("vectors/valid/*.bin");
  add_vectors("vectors/invalid/*.bin");
  add_vectors("vectors/synced/*.bin");
  add_vectors("vectors/dicts/*.bin");
  add_vectors("fuzz/regressions/bindings/*");
  if (vector_count == 0)
    return fprintf(stderr, "mutate: no lists in $top_srcdir/tests/vectors\n"), 2;
  start_driver(argv + 5);
  for (number = 0; is_good && number < limit && seconds_now() - start < seconds; number++) {
    mutate(&mutant, seed, number);
    is_good = try_mutant(&mutant, number % 2 == 1 && number >= vector_count);
    if (!is_good)
      store(&mutant, argv[4], seed, number);
    if (before.descriptors == 0 && (number > limit / 3 || seconds_now() - start > seconds / 3))
      before = count_resources();
  }
  after = count_resources();
  is_good = is_good && !has_grown(&before, &after);
  is_good = exits_successfully() && is_good;
  printf("%" PRIu64 " mutants of seed %" PRIu64 " in %.1f s: %s\n", number, seed, seconds_now() - start,
         is_good ? "passed" : "failed");
  return !is_good;
}
