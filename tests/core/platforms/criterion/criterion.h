/*
 * criterion.h - the part of Criterion that the unit tests use, for platforms without Criterion:
 * another C library, another processor.
 *
 * runner.c runs each test in a process of its own, as Criterion does.
 */
#ifndef TESTS_PLATFORMS_CRITERION_H
#define TESTS_PLATFORMS_CRITERION_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A test, or the settings of a suite if name is NULL. */
typedef struct criterion_test {
  const char *suite, *name;
  void (*run)(void);
  const struct criterion_test *next;
  /* Criterion's options, by their names. */
  void (*init)(void), (*fini)(void);
  int signal;
  double timeout; /* in seconds */
} criterion_test;

void criterion_add(criterion_test *test);
_Noreturn void criterion_fail(const char *file, int line, const char *condition, const char *format, ...)
  __attribute__((format(printf, 4, 5)));
/* The same, but the test continues, and fails at its end. */
void criterion_miss(const char *file, int line, const char *condition, const char *format, ...)
  __attribute__((format(printf, 4, 5)));
_Noreturn void criterion_skip(void);

#define CRITERION_ADD(id, ...)                                                                                         \
  __attribute__((constructor)) static void id##_add(void) {                                                            \
    static criterion_test id##_test = {__VA_ARGS__};                                                                   \
    criterion_add(&id##_test);                                                                                         \
  }

#define Test(group, test, ...)                                                                                         \
  static void group##_##test##_run(void);                                                                              \
  CRITERION_ADD(group##_##test, .suite = #group, .name = #test, .run = group##_##test##_run, ##__VA_ARGS__)            \
  static void group##_##test##_run(void)

#define TestSuite(group, ...) CRITERION_ADD(group##_suite, .suite = #group, __VA_ARGS__)

/* A message is a format, which must be a literal, and its arguments. */
#define cr_assert(condition, ...)                                                                                      \
  ((condition) ? (void)0 : criterion_fail(__FILE__, __LINE__, #condition, "" __VA_ARGS__))
#define cr_assert_not(condition, ...) cr_assert(!(condition), ##__VA_ARGS__)
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b), ##__VA_ARGS__)
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b), ##__VA_ARGS__)
#define cr_assert_lt(a, b, ...) cr_assert((a) < (b), ##__VA_ARGS__)
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b), ##__VA_ARGS__)
#define cr_assert_gt(a, b, ...) cr_assert((a) > (b), ##__VA_ARGS__)
#define cr_assert_geq(a, b, ...) cr_assert((a) >= (b), ##__VA_ARGS__)
#define cr_assert_null(a, ...) cr_assert((a) == NULL, ##__VA_ARGS__)
#define cr_assert_not_null(a, ...) cr_assert((a) != NULL, ##__VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) cr_assert(strcmp((a), (b)) == 0, ##__VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...) cr_assert(memcmp((a), (b), (size)) == 0, ##__VA_ARGS__)
#define cr_expect(condition, ...)                                                                                      \
  ((condition) ? (void)0 : criterion_miss(__FILE__, __LINE__, #condition, "" __VA_ARGS__))
#define cr_expect_not(condition, ...) cr_expect(!(condition), ##__VA_ARGS__)
#define cr_expect_eq(a, b, ...) cr_expect((a) == (b), ##__VA_ARGS__)
#define cr_expect_neq(a, b, ...) cr_expect((a) != (b), ##__VA_ARGS__)
#define cr_expect_lt(a, b, ...) cr_expect((a) < (b), ##__VA_ARGS__)
#define cr_expect_gt(a, b, ...) cr_expect((a) > (b), ##__VA_ARGS__)
#define cr_expect_not_null(a, ...) cr_expect((a) != NULL, ##__VA_ARGS__)
#define cr_skip_test(reason) criterion_skip()

#endif
