/*
 * arrays.c - operations on arrays: create and open.
 */
#include "control.h"
#include "operations.h"

static const uint64_t shape[] = {100, 200};

static shareable_status create(world *w, const char *name, uint32_t flags) {
  return shareable_array_create(&w->array, name, SHAREABLE_DTYPE_I32, 2, shape, flags, 0, &w->error);
}

static shareable_status create_named(world *w) {
  return create(w, w->name, 0);
}

static shareable_status create_random(world *w) {
  return create(w, NULL, 0);
}

static shareable_status create_lazy(world *w) {
  return create(w, w->name, SHAREABLE_LAZY);
}

static shareable_status create_owned(world *w) {
  return create(w, w->name, SHAREABLE_OWNED);
}

static shareable_status create_from(world *w) {
  static const char items[100 * 200 * 5];

  return shareable_array_create_from(&w->array, w->name, "[('a', '|S5')]", 2, shape, items, sizeof items, 0, 0,
                                     &w->error);
}

static void drop_array(world *w) {
  int32_t *items = shareable_array_data(w->array);

  items[100 * 200 - 1] = 1; /* the last item exists */
  must(shareable_array_unlink(w->array, &w->error), w->error.message);
  shareable_array_unref(w->array);
}

static void prepare_array(world *w) {
  must(shareable_array_create(&w->other_array, w->name, SHAREABLE_DTYPE_I32, 2, shape, 0, 0, &w->error),
       w->error.message);
}

static void end_array(world *w) {
  must(shareable_array_unlink(w->other_array, &w->error), w->error.message);
  shareable_array_unref(w->other_array);
}

static shareable_status open_array(world *w) {
  return shareable_array_open(&w->array, w->name, 0, &w->error);
}

static void close_array(world *w) {
  shareable_array_unref(w->array);
}

static void check_opened(world *w, shareable_status status) {
  need(status != SHAREABLE_OK || shareable_array_nbytes(w->array) == sizeof(int32_t) * 100 * 200,
       "the array has another size");
}

ANSWERS(creation, E(EXISTS), E(NO_SPACE), E(NO_MEMORY), E(PERMISSION), E(SYSTEM));
ANSWERS(opening, E(NOT_FOUND), E(PERMISSION), E(NO_MEMORY), E(SYSTEM));

#define ARRAY .undo = drop_array, .allowed = creation

const operation arrays_operations[] = {{"create an array", NULL, create_named, ARRAY},
                                       {"create an array with a random name", NULL, create_random, ARRAY},
                                       {"create a lazy array", NULL, create_lazy, ARRAY},
                                       {"create an owned array", NULL, create_owned, ARRAY, .leaves = OWNS},
                                       {"create an array from items", NULL, create_from, ARRAY},
                                       {"create an array without O_TMPFILE", without_tmpfile, create_named, ARRAY},
                                       {"open an array", prepare_array, open_array, .undo = close_array,
                                        .finish = end_array, .check = check_opened, .allowed = opening},
                                       {0}};
