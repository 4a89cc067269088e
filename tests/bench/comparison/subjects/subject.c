/*
 * subject.c - the main loop of the subjects in C and C++.
 */
#include "subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../clock.h"

#define ARGUMENTS 8
#define EXCHANGES 4000

static double amount_of_one = 1;
static bool is_answered;
static int64_t exchanges[EXCHANGES];
static int recorded;

void subject_set_amount(double amount) {
  amount_of_one = amount;
}

void subject_answer(double amount, double count) {
  printf("%.17g %.17g\n", amount, count);
  is_answered = true;
}

void subject_record(int64_t nanoseconds) {
  if (recorded < EXCHANGES)
    exchanges[recorded++] = nanoseconds;
}

void subject_must(bool condition, const char *operation) {
  if (condition)
    return;
  fprintf(stderr, "%s failed\n", operation);
  exit(2);
}

size_t subject_number(const char *argument) {
  subject_must(argument != NULL, "a number");
  return (size_t)strtoull(argument, NULL, 10);
}

void subject_touch_pages(void *memory, size_t size) {
  volatile char *bytes = memory;

  for (size_t offset = 0; offset < size; offset += 4096)
    bytes[offset] = 1;
}

enum subject_type subject_type_of(const char *argument) {
  static const char *const names[] = {"none", "bool", "int", "float", "str", "bytes"};

  for (int type = SUBJECT_NONE; type <= SUBJECT_BYTES; type++)
    if (strcmp(argument, names[type]) == 0)
      return (enum subject_type)type;
  subject_must(false, "a type");
  return SUBJECT_NONE;
}

static int processor(const char *variable) {
  const char *value = getenv(variable);

  return value == NULL ? 0 : atoi(value);
}

int subject_processor(void) {
  return processor("BENCH_PROCESSOR");
}

int subject_partner_processor(void) {
  return processor("BENCH_PARTNER_PROCESSOR");
}

/* Runs the task in batches, which grow until the cost of reading the clock is negligible. */
static void run_for(const subject_task *task, int64_t nanoseconds) {
  int64_t start = clock_now(), last = start, times = 1, done = 0;

  recorded = 0;
  do {
    int64_t now;

    task->run(times);
    done += times;
    now = clock_now();
    if (now - last < nanoseconds / 64)
      times *= 2;
    last = now;
  } while (last - start < nanoseconds && recorded < EXCHANGES);
  if (recorded == 0) {
    subject_answer((double)done * amount_of_one, (double)(last - start));
    return;
  }
  printf("each");
  for (int i = 0; i < recorded; i++)
    printf(" %" PRId64, exchanges[i]);
  printf("\n");
}

static const subject_task *find(const char *name) {
  const subject_task *task = subject_tasks;

  while (task->name != NULL && strcmp(task->name, name) != 0)
    task++;
  subject_must(task->name != NULL, name);
  return task;
}

static void split(char *line, char **arguments) {
  char *rest = line;

  memset(arguments, 0, (ARGUMENTS + 1) * sizeof *arguments);
  for (int i = 0; i < ARGUMENTS && (arguments[i] = strtok_r(rest, " \n", &rest)) != NULL;)
    i++;
}

int main(void) {
  char line[500], before[500] = "", *arguments[ARGUMENTS + 1], *request;
  const subject_task *task = NULL;

  while (fgets(line, sizeof line, stdin) != NULL) {
    int64_t nanoseconds = strtoll(line, &request, 10);
    bool is_new = task == NULL || strcmp(request, before) != 0;

    snprintf(before, sizeof before, "%s", request);
    split(request, arguments);
    subject_must(arguments[0] != NULL, "a request");
    if (is_new) {
      if (task != NULL && task->end != NULL)
        task->end();
      task = find(arguments[0]);
      amount_of_one = 1;
    }
    is_answered = false;
    if (is_new || task->run == NULL)
      task->begin(arguments + 1);
    if (task->run != NULL)
      run_for(task, nanoseconds);
    else if (!is_answered)
      subject_answer(0, 1);
    fflush(stdout);
  }
  if (task != NULL && task->end != NULL)
    task->end();
}
