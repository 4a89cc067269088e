/*
 * subject.c - the main loop of a contender in C.
 */
#include "subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../clock.h"

#define WORDS 8
#define EXCHANGES 4000

static double worth_of_one = 1;
static bool is_answered;
static int64_t exchanges[EXCHANGES];
static int recorded;

void turn_worth(double worth) {
  worth_of_one = worth;
}

void turn_answer(double amount, double count) {
  printf("%.17g %.17g\n", amount, count);
  is_answered = true;
}

void turn_record(int64_t nanoseconds) {
  if (recorded < EXCHANGES)
    exchanges[recorded++] = nanoseconds;
}

void turn_must(bool condition, const char *operation) {
  if (condition)
    return;
  fprintf(stderr, "%s failed\n", operation);
  exit(2);
}

size_t turn_number(const char *word) {
  turn_must(word != NULL, "a number");
  return (size_t)strtoull(word, NULL, 10);
}

void turn_touch(void *memory, size_t size) {
  volatile char *bytes = memory;

  for (size_t at = 0; at < size; at += 4096)
    bytes[at] = 1;
}

enum turn_type turn_type_of(const char *word) {
  static const char *const names[] = {"none", "bool", "int", "float", "str", "bytes"};

  for (int type = TURN_NONE; type <= TURN_BYTES; type++)
    if (strcmp(word, names[type]) == 0)
      return (enum turn_type)type;
  turn_must(false, "a type");
  return TURN_NONE;
}

static int processor(const char *variable) {
  const char *value = getenv(variable);

  return value == NULL ? 0 : atoi(value);
}

int turn_here(void) {
  return processor("BENCH_HERE");
}

int turn_there(void) {
  return processor("BENCH_THERE");
}

/* Runs the work in batches that grow until the cost of reading the clock does not matter. */
static void work_for(const turn_work *work, int64_t nanoseconds) {
  int64_t start = clock_now(), last = start, times = 1, done = 0;

  recorded = 0;
  do {
    int64_t now;

    work->run(times);
    done += times;
    now = clock_now();
    if (now - last < nanoseconds / 64)
      times *= 2;
    last = now;
  } while (last - start < nanoseconds && recorded < EXCHANGES);
  if (recorded == 0) {
    turn_answer((double)done * worth_of_one, (double)(last - start));
    return;
  }
  printf("each");
  for (int i = 0; i < recorded; i++)
    printf(" %" PRId64, exchanges[i]);
  printf("\n");
}

static const turn_work *find(const turn_work *works, const char *name) {
  while (works->name != NULL && strcmp(works->name, name) != 0)
    works++;
  turn_must(works->name != NULL, name);
  return works;
}

static void split(char *line, char **words) {
  char *rest = line;

  memset(words, 0, (WORDS + 1) * sizeof *words);
  for (int i = 0; i < WORDS && (words[i] = strtok_r(rest, " \n", &rest)) != NULL;)
    i++;
}

void turn_take_all(const turn_work *works) {
  char line[500], before[500] = "", *words[WORDS + 1], *request;
  const turn_work *work = NULL;

  while (fgets(line, sizeof line, stdin) != NULL) {
    int64_t nanoseconds = strtoll(line, &request, 10);
    bool is_new = work == NULL || strcmp(request, before) != 0;

    snprintf(before, sizeof before, "%s", request);
    split(request, words);
    turn_must(words[0] != NULL, "a line");
    if (is_new) {
      if (work != NULL && work->end != NULL)
        work->end();
      work = find(works, words[0]);
      worth_of_one = 1;
    }
    is_answered = false;
    if (is_new || work->run == NULL)
      work->begin(words + 1);
    if (work->run != NULL)
      work_for(work, nanoseconds);
    else if (!is_answered)
      turn_answer(0, 1);
    fflush(stdout);
  }
  if (work != NULL && work->end != NULL)
    work->end();
}
