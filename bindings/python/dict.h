/*
 * dict.h - the raw type Dict, and what its files share.
 */
#ifndef SHAREABLE__PYTHON_DICT_H
#define SHAREABLE__PYTHON_DICT_H

#include <Python.h>
#include <stdbool.h>

#include "shareable.h"

typedef struct dict_object {
  PyObject_HEAD void *dict; /* NULL before __init__(); see handle_exchange_at() */
  size_t next_popped;       /* the place from which popitem() searches */
} dict_object;

/* Returns the handle. The caller must be in the guard, which keeps the handle. */
static inline shareable_dict *dict_of(PyObject *object) {
  return __atomic_load_n(&((dict_object *)object)->dict, __ATOMIC_ACQUIRE);
}

/* Makes the type, and adds it to the module. Returns -1 with an exception on failure. */
int dict_type_init(PyObject *module);

/* Returns -1 with TypeError if the object is not a Dict. */
int dict_check(PyObject *object, const char *parameter);

/*
 * Functions of the raw module. dict_create() and dict_open() return a Dict. dict_list() returns a new
 * reference to the list. The others return None. All return NULL with an exception on failure.
 */
PyObject *dict_create(const char *name, uint64_t places, uint64_t key_size, uint64_t value_size, uint32_t flags,
                      uint32_t mode);
PyObject *dict_open(const char *name, uint32_t flags);
PyObject *dict_close(PyObject *dict);
PyObject *dict_unlink(PyObject *dict);
shareable_list *dict_list(PyObject *dict);

/* Converts a key for a call that writes it. Returns -1 with an exception if it cannot be a key. */
int dict_key_from_any(PyObject *object, shareable_value *key);

/* The same for the most frequent type. */
static inline int dict_key_from(PyObject *object, shareable_value *key) {
  if (!PyUnicode_CheckExact(object) || !PyUnicode_IS_COMPACT_ASCII(object))
    return dict_key_from_any(object, key);
  *key = shareable_strn((const char *)PyUnicode_1BYTE_DATA(object), (size_t)PyUnicode_GET_LENGTH(object));
  return 0;
}

/* Converts a key for a lookup: a str that is not UTF-8 becomes a key that no dict contains. */
int dict_key_for_lookup_from_any(PyObject *object, shareable_value *key);

static inline int dict_key_for_lookup_from(PyObject *object, shareable_value *key) {
  if (!PyUnicode_CheckExact(object) || !PyUnicode_IS_COMPACT_ASCII(object))
    return dict_key_for_lookup_from_any(object, key);
  return dict_key_from(object, key);
}

/* Returns whether a lookup reports an absent key: also for a key that this dict cannot contain. */
static inline bool dict_is_absent(shareable_status status) {
  return status == SHAREABLE_E_NO_KEY || status == SHAREABLE_E_KEY;
}

/*
 * Raise the exception of a failure, in the guard: KeyError with the object of the key if it is
 * absent. The first one is for lookups. Return NULL.
 */
PyObject *dict_raise_lookup(shareable_status status, const shareable_dict *dict, PyObject *object,
                            const shareable_value *key);
PyObject *dict_raise(shareable_status status, const shareable_dict *dict, PyObject *object, const shareable_value *key);

/* The slots and methods that read (dict_read.c). */
Py_ssize_t dict_length(PyObject *self);
int dict_bool(PyObject *self);
PyObject *dict_subscript(PyObject *self, PyObject *key);
int dict_contains(PyObject *self, PyObject *key);
PyObject *dict_get(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *dict_get_stale(PyObject *self, PyObject *key);
PyObject *dict_ttl(PyObject *self, PyObject *key);

/*
 * Reads the value of a key as a new object. If the key is absent, returns NULL without an exception.
 * The caller must be in the guard, which this function may leave for a time.
 */
PyObject *dict_read(shareable_dict *dict, PyObject *object, const shareable_value *key);

/* The slots and methods that change the value of a key (dict_write.c). */
int dict_ass_subscript(PyObject *self, PyObject *key, PyObject *value);
PyObject *dict_set(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_set_if_absent(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_set_if_present(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_setdefault(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_add(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_compare_exchange(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_expire(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* The methods that remove keys (dict_remove.c). */
int dict_delete(PyObject *self, PyObject *key);
PyObject *dict_pop(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_popitem(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* The methods about all keys (dict_all.c). */
PyObject *dict_clear(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_delete_expired(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_reindex(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_copy_to(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* The methods that wait for a change of a key (dict_wait.c). */
PyObject *dict_wait(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dict_differs(PyObject *self, PyObject *const *arguments, Py_ssize_t count);

/*
 * A call of the library that waits for the lock of a dict. Each call uses some of the members.
 */
typedef struct dict_call {
  shareable_dict *dict;
  bool is_held; /* the call has a reference to the dict: see dict_call_waiting() */
  const shareable_value *key;
  shareable_value value;
  void *buffer;
  size_t size; /* of the buffer */
  uint32_t flags;
  int64_t ttl;
  int64_t integer;  /* a parameter, and the result */
  int64_t integer2; /* a second parameter */
  double real, real2;
  size_t count;
  int is_done; /* a result; for a wait, whether there is a value */
} dict_call;

typedef shareable_status dict_call_function(dict_call *call, int64_t timeout);

/*
 * Calls the function without the GIL until it has the lock, for at most `timeout` nanoseconds, or
 * without a limit if that is negative. Handles signals. Returns -1 with an exception if a signal
 * handler raises one; otherwise *status is that of the call. The caller must be in the guard, and
 * keeps what the members point to. It must call dict_call_end() when it no longer uses the dict:
 * another thread may give the object another dict during the wait, so the call takes a reference.
 */
int dict_call_waiting(dict_call *call, dict_call_function *function, int64_t timeout, shareable_status *status);
void dict_call_end(dict_call *call);

/* Does the same, but first tries without releasing the GIL: the lock is free most of the time. */
static inline int dict_call_trying(dict_call *call, dict_call_function *function, int64_t timeout,
                                   shareable_status *status) {
  *status = function(call, 0);
  if (*status != SHAREABLE_E_TIMED_OUT || timeout == 0)
    return 0;
  return dict_call_waiting(call, function, timeout, status);
}

#endif
