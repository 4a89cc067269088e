/*
 * subject.h - the protocol of the subjects, and what the subjects in C and C++ share.
 *
 * A subject reads each request from a line of its standard input, and prints the answer as a line:
 *
 *   NANOSECONDS TASK ARGUMENT…    run TASK for NANOSECONDS, and at least once
 *
 * The answer is two numbers, the amount and the nanoseconds that it took. If the subject recorded
 * exchanges, the answer is the word "each" and the nanoseconds of each exchange. A subject exits at
 * the end of its input. The subjects in all languages use this protocol.
 *
 * subject.c has the main loop. Each program only defines its tasks.
 */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task that a subject can run. */
typedef struct subject_task {
  const char *name;
  /* Prepares the task for the arguments. Called if the request differs from the previous one. */
  void (*begin)(char **arguments);
  /* Runs the task `times` times. NULL: begin() has already answered. */
  void (*run)(int64_t times);
  /* Undoes begin(). May be NULL. */
  void (*end)(void);
} subject_task;

/* The tasks of this program. The last element has no name. */
extern const subject_task subject_tasks[];

/* Sets the amount that one repetition adds: 1, or the number of bytes that it copies. */
void subject_set_amount(double amount);

/* Answers for a task without run(). */
void subject_answer(double amount, double count);

/* Records the time of one exchange. The answer contains the time of each exchange. */
void subject_record(int64_t nanoseconds);

/* Prints that the operation failed, and exits, unless the condition is true. */
void subject_must(bool condition, const char *operation);

/* Returns the number of items or bytes in an argument. */
size_t subject_number(const char *argument);

/* Writes a byte of every page, so that the kernel allocates all pages. */
void subject_touch_pages(void *memory, size_t size);

/* The types of items. */
enum subject_type { SUBJECT_NONE, SUBJECT_BOOL, SUBJECT_INT, SUBJECT_FLOAT, SUBJECT_STR, SUBJECT_BYTES };
enum subject_type subject_type_of(const char *argument);

/*
 * Each subject has a table of SUBJECT_ITEMS items of one type, and reads and writes the item
 * SUBJECT_ITEM.
 */
#define SUBJECT_ITEMS 1000
#define SUBJECT_ITEM 500
/* Two texts of 16 bytes: the first value of an item, and a value that is written to it. */
#define SUBJECT_TEXT "sixteen bytes ok"
#define SUBJECT_OTHER "sixteen more, ok"

/* The processors of the subject and of its partner. */
int subject_processor(void);
int subject_partner_processor(void);

#ifdef __cplusplus
}
#endif

#endif
