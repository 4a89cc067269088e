/*
 * runner.c - runs the unit tests that criterion/criterion.h registers, one after another.
 *
 *   unit [SUITE | SUITE/TEST]…      runs all tests, or the named ones; -SUITE/TEST leaves one out
 *
 * A test that runs longer than two minutes, or than its own timeout, is killed, and fails.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define SKIPPED 77
#define LIMIT_S 120

static const criterion_test *tests;

void criterion_add(criterion_test *test) {
  test->next = tests;
  tests = test;
}

__attribute__((format(printf, 4, 0))) static void report(const char *file, int line, const char *condition,
                                                         const char *format, va_list arguments) {
  fprintf(stderr, "%s:%d: failed: %s: ", file, line, condition);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
}

void criterion_fail(const char *file, int line, const char *condition, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  report(file, line, condition, format, arguments);
  va_end(arguments);
  _exit(1);
}

static bool has_failed;

void criterion_miss(const char *file, int line, const char *condition, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  report(file, line, condition, format, arguments);
  va_end(arguments);
  has_failed = true;
}

void criterion_skip(void) {
  fflush(stdout);
  _exit(SKIPPED);
}

static const criterion_test *suite_of(const criterion_test *test) {
  for (const criterion_test *suite = tests; suite != NULL; suite = suite->next)
    if (suite->name == NULL && strcmp(suite->suite, test->suite) == 0)
      return suite;
  return NULL;
}

static bool is_named(const criterion_test *test, const char *pattern) {
  size_t length = strlen(test->suite);

  return strncmp(pattern, test->suite, length) == 0 &&
         (pattern[length] == '\0' || (pattern[length] == '/' && strcmp(pattern + length + 1, test->name) == 0));
}

/*
 * The last argument that names the test decides. If none does, the test runs if no argument selects
 * tests.
 */
static bool is_selected(const criterion_test *test, char **patterns) {
  bool selected = true;

  for (char **pattern = patterns; *pattern != NULL; pattern++)
    selected &= **pattern == '-';
  for (; *patterns != NULL; patterns++)
    if (is_named(test, *patterns + (**patterns == '-')))
      selected = **patterns != '-';
  return selected;
}

/* Returns whether each pattern names a test. A test that is left out may have got another name. */
static bool check_patterns(char **patterns) {
  for (; *patterns != NULL; patterns++) {
    const criterion_test *test = tests;

    while (test != NULL && (test->name == NULL || !is_named(test, *patterns + (**patterns == '-'))))
      test = test->next;
    if (test == NULL) {
      fprintf(stderr, "no test is named %s\n", *patterns);
      return false;
    }
  }
  return true;
}

_Noreturn static void run_in_child(const criterion_test *test) {
  const criterion_test *suite = suite_of(test);

  alarm(test->timeout > 0 ? (unsigned)(test->timeout + 1) : LIMIT_S);
  if (suite != NULL && suite->init != NULL)
    suite->init();
  test->run();
  if (suite != NULL && suite->fini != NULL)
    suite->fini();
  exit(has_failed); /* not _exit(): a sanitizer checks for leaks in exit() */
}

/* Runs the test in a child process. Returns false if it fails. */
static bool run(const criterion_test *test, int *skipped) {
  int state = 0, killed_by;
  pid_t child;

  fflush(stdout);
  child = fork();
  if (child == 0)
    run_in_child(test);
  if (child < 0 || waitpid(child, &state, 0) != child)
    return false;
  killed_by = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
  *skipped += WIFEXITED(state) && WEXITSTATUS(state) == SKIPPED;
  if (killed_by != 0 && killed_by != test->signal)
    fprintf(stderr, "%s: signal %d%s\n", test->name, killed_by, killed_by == SIGALRM ? " (timeout)" : "");
  return killed_by == test->signal && (killed_by != 0 || WEXITSTATUS(state) == 0 || WEXITSTATUS(state) == SKIPPED);
}

int main(int argc, char **argv) {
  int passed = 0, failed = 0, skipped = 0;

  (void)argc;
  if (!check_patterns(argv + 1))
    return 2;
  for (const criterion_test *test = tests; test != NULL; test = test->next) {
    if (test->name == NULL || !is_selected(test, argv + 1))
      continue;
    if (run(test, &skipped)) {
      passed++;
      continue;
    }
    failed++;
    fprintf(stderr, "FAIL %s/%s\n", test->suite, test->name);
  }
  printf("unit tests: %d passed, %d failed, %d skipped\n", passed - skipped, failed, skipped);
  return failed > 0 || passed == 0;
}
