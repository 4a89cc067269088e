/*
 * measure.h - compares the times of two functions that do the same work.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Prints the status and exits, unless the status is 0. */
void must(int status);

void print_head(void);

/*
 * Calls each function in turn with `times` in each round, so that both run under the same
 * conditions. Each round gives one ratio; the result is the median of the rounds. Prints a row.
 * Returns 1 if the result is greater than the limit.
 */
int compare(const char *name, void (*subject)(int), const char *baseline_name, void (*baseline)(int), int times,
            double limit);

#endif
