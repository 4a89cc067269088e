/*
 * turn.h - how a contender in C works: a line on its input asks for a piece of work, a line on its output answers.
 *
 *   NANOSECONDS NAME WORD…    do the work of that name for so long, at least once
 *
 * It answers with two numbers, "how much" and "in how many nanoseconds", or with the nanoseconds of each of many exchanges
 * after the word "each". End of input is its end. Every contender, in any language, does the same.
 */
#ifndef BENCH_TURN_H
#define BENCH_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of work. */
typedef struct turn_work {
  const char *name;
  /* Makes ready for what the words say, where it is asked for something else than the last time. */
  void (*begin)(char **words);
  /* Does it so many times. NULL: making ready was all, and it has answered already. */
  void (*run)(int64_t times);
  /* Undoes begin; may be NULL. */
  void (*end)(void);
} turn_work;

/* Works, the last of them without a name, until there is no more input. */
void turn_take_all(const turn_work *works);

/* What each of `times` is worth in the answer: 1, or the bytes that it copies. */
void turn_worth(double worth);

/* Answers for a work that is not run: so much, of so many. */
void turn_answer(double amount, double count);

/* Remembers how long one exchange took: the answer is these. */
void turn_record(int64_t nanoseconds);

/* Ends the program where that is not so. */
void turn_must(bool is_so, const char *what);

/* A number, of items or bytes, that a word says. */
size_t turn_number(const char *word);

/* Writes a byte of every page, so that all of them are there. */
void turn_touch(void *memory, size_t size);

/* The types of items that are read and written. */
enum turn_type { TURN_NONE, TURN_BOOL, TURN_INT, TURN_FLOAT, TURN_STR, TURN_BYTES };
enum turn_type turn_type_of(const char *word);

/* All keep a table of so many items of one type, and read and write that one of them. */
#define TURN_ITEMS 1000
#define TURN_ITEM 500
/* The text of 16 bytes, what a float is at first and what is written then. */
#define TURN_TEXT "sixteen bytes ok"
#define TURN_OTHER "sixteen more, ok"

/* The processor that the contender is on, and the one for whoever answers it. */
int turn_here(void);
int turn_there(void);

#ifdef __cplusplus
}
#endif

#endif
