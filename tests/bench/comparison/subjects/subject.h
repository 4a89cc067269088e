/*
 * subject.h - the protocol of the contenders: a contender reads a request from a line of its input,
 * and writes the answer to a line of its output.
 *
 *   NANOSECONDS NAME WORD…    do the work NAME for NANOSECONDS, at least once
 *
 * The answer is two numbers, the amount and the nanoseconds that it took; or the word "each" and
 * the nanoseconds of each exchange. A contender exits at the end of its input. The contenders in
 * all languages do the same.
 */
#ifndef BENCH_TURN_H
#define BENCH_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A work that a contender can do. */
typedef struct turn_work {
  const char *name;
  /* Prepares the work for the words. Called if the request differs from the last one. */
  void (*begin)(char **words);
  /* Does the work `times` times. NULL: begin() has already answered. */
  void (*run)(int64_t times);
  /* Undoes begin(); may be NULL. */
  void (*end)(void);
} turn_work;

/* Handles requests until the end of the input. The last of the works has no name. */
void turn_take_all(const turn_work *works);

/* Sets the amount of one repetition in the answer: 1, or the bytes that it copies. */
void turn_worth(double worth);

/* Answers for a work without run(): an amount and a count. */
void turn_answer(double amount, double count);

/* Records the time of one exchange. The answer contains all of them. */
void turn_record(int64_t nanoseconds);

/* Prints that the operation failed and exits, unless the condition is true. */
void turn_must(bool condition, const char *operation);

/* Returns the number of items or bytes in a word. */
size_t turn_number(const char *word);

/* Writes a byte of every page, so that the kernel allocates all of them. */
void turn_touch(void *memory, size_t size);

/* The types of items that are read and written. */
enum turn_type { TURN_NONE, TURN_BOOL, TURN_INT, TURN_FLOAT, TURN_STR, TURN_BYTES };
enum turn_type turn_type_of(const char *word);

/*
 * Each contender has a table of TURN_ITEMS items of one type, and reads and writes the item
 * TURN_ITEM.
 */
#define TURN_ITEMS 1000
#define TURN_ITEM 500
/* Two texts of 16 bytes: the first value, and the value that is written. */
#define TURN_TEXT "sixteen bytes ok"
#define TURN_OTHER "sixteen more, ok"

/* The processor of the contender, and the processor of its partner. */
int turn_here(void);
int turn_there(void);

#ifdef __cplusplus
}
#endif

#endif
