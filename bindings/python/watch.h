/*
 * watch.h - the raw type Watch: a descriptor for event loops that reports changes of lists.
 */
#ifndef SHAREABLE__PYTHON_WATCH_H
#define SHAREABLE__PYTHON_WATCH_H

#include <Python.h>

#include "shareable.h"

/* Must be called once, before the other functions. Returns -1 with an exception on failure. */
int watch_type_init(void);

/* Returns a new Watch that contains nothing. Its descriptor is closed when it is deallocated. */
PyObject *watch_create(void);

/*
 * The functions below raise TypeError if `watch` is not a Watch. Those that add something return its
 * id, and report it once until it is armed again. Those with a list are called in the guard.
 */
PyObject *watch_fd(PyObject *watch);
PyObject *watch_add_item(PyObject *watch, shareable_list *list, int64_t index);
PyObject *watch_add_list(PyObject *watch, shareable_list *list, uint64_t hash);
PyObject *watch_add_lock(PyObject *watch, shareable_list *list);

/* Adds a key of a Dict, outside the guard. It must be removed and added again when it is reported. */
PyObject *watch_add_key(PyObject *watch, PyObject *dict, PyObject *key);

/* Arms an id of that list. */
PyObject *watch_arm(PyObject *watch, shareable_list *list, uint64_t id, uint64_t hash);

/* Do nothing if the watch does not contain the id. */
PyObject *watch_disarm(PyObject *watch, uint64_t id);
PyObject *watch_remove(PyObject *watch, uint64_t id);

/* Returns the list of the ids that were reported. */
PyObject *watch_changed(PyObject *watch);

#endif
