/*
 * measure.h - two things that do the same, timed side by side in one run.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Ends the program where a status is not 0. */
void must(int status);

void print_head(void);

/*
 * Has each of the two do its work so many times a round. They take turns, so that both see the same machine; each round
 * gives one ratio, and the median of the rounds is the figure. Prints a row, and returns 1 where that is over the limit.
 */
int compare(const char *what, void (*ours)(int), const char *against, void (*theirs)(int), int times, double limit);

#endif
