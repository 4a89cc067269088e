/*
 * measure.c - compares the times of two functions that do the same work.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#include "../clock.h"
#include "shareable.h"

#define ROUNDS 41

void must(int status) {
  if (status == 0)
    return;
  fprintf(stderr, "bench: %s\n", shareable_status_message(status));
  exit(2);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, by_value);
  return values[ROUNDS / 2];
}

static double time_of(void (*work)(int), int times) {
  int64_t start = clock_now();

  work(times);
  return (double)(clock_now() - start) / times;
}

int compare(const char *name, void (*subject)(int), const char *baseline_name, void (*baseline)(int), int times,
            double limit) {
  double a[ROUNDS], b[ROUNDS], ratio[ROUNDS], middle;

  subject(times / 10);
  baseline(times / 10);
  for (int round = 0; round < ROUNDS; round++) {
    if (round % 2 == 0) {
      a[round] = time_of(subject, times);
      b[round] = time_of(baseline, times);
    } else {
      b[round] = time_of(baseline, times);
      a[round] = time_of(subject, times);
    }
    ratio[round] = a[round] / b[round];
  }
  middle = median(ratio);
  printf("%-30s %9.1f ns   %-32s %9.1f ns   %5.2f x  (%.2f to %.2f)   limit %.1f   %s\n", name, median(a),
         baseline_name, median(b), middle, ratio[ROUNDS / 10], ratio[ROUNDS - 1 - ROUNDS / 10], limit,
         middle <= limit ? "ok" : "MISSED");
  return middle > limit;
}

void print_head(void) {
  printf("shareable %s, %d rounds, medians (and the 10th to 90th percentile of the ratios)\n", shareable_version(),
         ROUNDS);
}
