/*
 * measure.h - compares the times of two functions that do the same work.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Prints the message of the status and exits, unless the status is 0. */
void must(int status);

/* Prints the version and the number of rounds. */
void print_head(void);

/*
 * Measures both functions in each round, in alternating order, so that they run under the same
 * conditions. Each function repeats its work `times` times. A round gives one ratio of subject to
 * baseline, and the result is the median of the rounds. Prints a row. Returns 1 if the result
 * exceeds the limit.
 */
int compare(const char *name, void (*subject)(int), const char *baseline_name, void (*baseline)(int), int times,
            double limit);

#endif
