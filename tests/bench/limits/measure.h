/*
 * measure.h - compares the times of two functions that do the same work.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Exits if a status is not 0. */
void must(int status);

void print_head(void);

/*
 * Calls each function in turn with `times` in each round, so that both run under the same
 * conditions. Each round gives one ratio; the result is the median of the rounds. Prints a row.
 * Returns 1 if the result is greater than the limit.
 */
int compare(const char *what, void (*ours)(int), const char *against, void (*theirs)(int), int times, double limit);

#endif
