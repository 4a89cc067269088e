/*
 * watches.c - operations on watches: create, add, arm, report and free, also in the child of a fork.
 *
 * Each operation frees its watch, which ends the threads. The calls of these threads do not fail:
 * their number varies.
 */
#include "watch/watch.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/asleep.h"
#include "base/futex.h"
#include "control.h"
#include "operations.h"

/* More entries than the table has room for at first. */
enum { MANY = 20 };

/* Writing does not register the handles in the operation, and changes the same number of mappings. */
static void prepare_watch(world *w) {
  faults_have_wakes();
  prepare_handle(w);
  must(shareable_list_set_int(w->list, 0, 1), "cannot register the reader");
  must(shareable_list_set_int(w->witness, 0, 2), "cannot register the writer");
}

static void prepare_few_words(world *w) {
  shareable__words_max = 1;
  prepare_watch(w);
}

/* Uses a new watch, and makes the error message while the planned calls still fail. */
static shareable_status with_watch(world *w, shareable_status use(const world *)) {
  shareable_status status = shareable_watch_create(&w->watch, &w->error);

  if (status != SHAREABLE_OK)
    return status;
  status = use(w);
  shareable_watch_free(w->watch);
  return status == SHAREABLE_OK ? status : shareable_list_explain(w->list, status, &w->error);
}

static bool is_readable(const world *w) {
  struct pollfd poller = {.fd = shareable_watch_fd(w->watch), .events = POLLIN};

  return poll(&poller, 1, 10000) == 1;
}

static shareable_status take_changes(const world *w, size_t *count) {
  uint64_t ids[MANY];

  return shareable_watch_changed(w->watch, ids, MANY, count);
}

/* A change must be reported, whatever has failed. A failed read(2) leaves the descriptor readable. */
static shareable_status await(const world *w) {
  shareable_status status;
  size_t count = 0;

  do {
    need(is_readable(w), "a change was not reported");
    status = take_changes(w, &count);
  } while (status == SHAREABLE_OK && count == 0);
  return status;
}

static shareable_status change(const world *w, int64_t index) {
  static int64_t next = 100;
  shareable_status status = shareable_list_set_int(w->witness, index, next++);

  return status == SHAREABLE_OK ? await(w) : status;
}

static shareable_status use_item(const world *w) {
  uint64_t id;
  shareable_status status = shareable_watch_add_item(w->watch, w->list, 0, 0, &id);

  if (status == SHAREABLE_OK)
    status = change(w, 0);
  if (status == SHAREABLE_OK)
    status = change(w, 0);
  return status == SHAREABLE_OK ? shareable_watch_remove(w->watch, id) : status;
}

static shareable_status use_many(const world *w) {
  shareable_status status = SHAREABLE_OK;
  uint64_t id;

  for (int i = 0; i < MANY && status == SHAREABLE_OK; i++)
    status = shareable_watch_add_item(w->watch, w->list, 0, 0, &id);
  return status == SHAREABLE_OK ? change(w, 0) : status;
}

/* The second item makes both share the word of any item. */
static shareable_status use_few_words(const world *w) {
  uint64_t id;
  shareable_status status = shareable_watch_add_item(w->watch, w->list, 0, 0, &id);

  if (status == SHAREABLE_OK)
    status = shareable_watch_add_item(w->watch, w->list, 1, 0, &id);
  if (status == SHAREABLE_OK)
    status = await(w);
  return status == SHAREABLE_OK ? change(w, 0) : status;
}

static shareable_status use_list(const world *w) {
  uint64_t id;
  shareable_status status = shareable_watch_add_list(w->watch, w->list, 0, 0, &id);

  return status == SHAREABLE_OK ? change(w, 6) : status;
}

static shareable_status use_once(const world *w) {
  uint64_t id;
  shareable_status status = shareable_watch_add_item(w->watch, w->list, 0, SHAREABLE_WATCH_ONCE, &id);

  if (status == SHAREABLE_OK)
    status = change(w, 0);
  if (status == SHAREABLE_OK)
    status = shareable_watch_arm(w->watch, id, 0);
  if (status == SHAREABLE_OK)
    status = shareable_watch_disarm(w->watch, id);
  if (status == SHAREABLE_OK)
    status = shareable_watch_arm(w->watch, id, 0);
  return status == SHAREABLE_OK ? change(w, 0) : status;
}

static shareable_status use_lock(const world *w) {
  shareable_status status = shareable_list_lock(w->witness, 0);
  uint64_t id;

  if (status != SHAREABLE_OK)
    return status;
  status = shareable_watch_add_lock(w->watch, w->list, &id);
  must(shareable_list_unlock(w->witness), "cannot unlock the list");
  if (status == SHAREABLE_OK)
    status = await(w);
  return status == SHAREABLE_OK ? shareable_watch_disarm(w->watch, id) : status;
}

/* The child's watch reports what is armed. Later changes make its own descriptor readable. */
static shareable_status use_in_child(const world *w) {
  size_t count = 0;
  shareable_status status = take_changes(w, &count);

  if (status != SHAREABLE_OK)
    return status;
  need(count == 1, "the child's watch does not report the item");
  return w->watch->is_parents ? SHAREABLE_OK : change(w, 0);
}

/* What fails in the child must not prevent a report in the parent. */
static shareable_status use_fork(const world *w) {
  uint64_t id;
  shareable_status status = shareable_watch_add_item(w->watch, w->list, 0, 0, &id);
  size_t count;
  pid_t child;
  int state;

  if (status != SHAREABLE_OK)
    return status;
  wait_until_others_are_asleep();
  child = fork();
  if (child == 0) {
    status = use_in_child(w);
    shareable_watch_free(w->watch);
    _exit(2 - (int)status);
  }
  need(waitpid(child, &state, 0) == child && WIFEXITED(state) && WEXITSTATUS(state) >= 2, "the child has failed");
  status = (shareable_status)(2 - WEXITSTATUS(state));
  if (status == SHAREABLE_OK)
    status = take_changes(w, &count);
  return status == SHAREABLE_OK ? change(w, 0) : status;
}

#define WATCHES(function, use)                                                                                         \
  static shareable_status function(world *w) {                                                                         \
    return with_watch(w, use);                                                                                         \
  }

WATCHES(watch_item, use_item)
WATCHES(watch_many, use_many)
WATCHES(watch_few_words, use_few_words)
WATCHES(watch_list, use_list)
WATCHES(watch_once, use_once)
WATCHES(watch_lock, use_lock)
WATCHES(watch_in_child, use_fork)

/* The call by which the threads sleep: it returns at once, because the word has another value. */
static shareable_status sleep_on_any(world *w) {
  static const uint32_t word = 1;
  const shareable__futex_word words[] = {shareable__futex_word_of(&word, 0)};

  (void)w;
  (void)shareable__futex_sleep_on_any(words, 1);
  return SHAREABLE_OK;
}

ANSWERS(watching, E(NO_MEMORY), E(SYSTEM));
ANSWERS(watching_lock, E(NO_MEMORY), E(SYSTEM), E(TIMED_OUT));

#define WATCH .finish = end_handle, .allowed = watching

const operation watches_operations[] = {
  {"watch an item", prepare_watch, watch_item, WATCH},
  {"watch many items", prepare_watch, watch_many, WATCH},
  {"watch items that share a word", prepare_few_words, watch_few_words, WATCH},
  {"watch a list", prepare_watch, watch_list, WATCH},
  {"watch an item once", prepare_watch, watch_once, WATCH},
  {"watch a lock", prepare_watch, watch_lock, .finish = end_handle, .allowed = watching_lock},
  {"watch an item in a fork's child", prepare_watch, watch_in_child, WATCH},
  {"sleep on several words", NULL, sleep_on_any, .allowed = watching},
  {0}};
