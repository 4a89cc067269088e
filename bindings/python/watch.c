/*
 * watch.c - the raw type Watch: a descriptor for event loops that reports changes of lists.
 *
 * Only the deallocation of a Watch frees the watch of the library, so no other thread uses it then.
 * The calls keep the GIL: they wait for no other process and for no thread that needs the GIL.
 */
#include "watch.h"

#include "dict.h"
#include "guard.h"
#include "status.h"

typedef struct watch_object {
  PyObject_HEAD shareable_watch *watch;
} watch_object;

/* Freeing the last watch waits for the library's threads. */
static void dealloc(PyObject *self) {
  shareable_watch *watch = ((watch_object *)self)->watch;

  Py_BEGIN_ALLOW_THREADS;
  shareable_watch_free(watch);
  Py_END_ALLOW_THREADS;
  PyObject_Free(self);
}

static PyTypeObject type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.Watch",
  .tp_doc = "A descriptor for event loops that reports changes of lists.",
  .tp_basicsize = sizeof(watch_object),
  .tp_dealloc = dealloc,
  .tp_flags = Py_TPFLAGS_DEFAULT,
};

int watch_type_init(void) {
  return PyType_Ready(&type);
}

PyObject *watch_create(void) {
  status_context context = STATUS_CONTEXT_NONE;
  watch_object *created = PyObject_New(watch_object, &type);
  shareable_status status;

  if (created == NULL)
    return NULL;
  created->watch = NULL;
  status = shareable_watch_create(&created->watch, &context.error);
  if (status == SHAREABLE_OK)
    return (PyObject *)created;
  status_raise(status, &context);
  Py_DECREF(created);
  return NULL;
}

/* Returns NULL with TypeError if the object is not a Watch. */
static shareable_watch *watch_from(PyObject *object) {
  if (PyObject_TypeCheck(object, &type))
    return ((watch_object *)object)->watch;
  PyErr_Format(PyExc_TypeError, "'watch' must be a %s, not %.200s", type.tp_name, Py_TYPE(object)->tp_name);
  return NULL;
}

PyObject *watch_fd(PyObject *object) {
  const shareable_watch *watch = watch_from(object);

  return watch == NULL ? NULL : PyLong_FromLong(shareable_watch_fd(watch));
}

static PyObject *id_or_raise(shareable_status status, uint64_t id, const shareable_list *list) {
  return status == SHAREABLE_OK ? PyLong_FromUnsignedLongLong(id) : status_raise_list(status, list);
}

PyObject *watch_add_item(PyObject *object, shareable_list *list, int64_t index) {
  shareable_watch *watch = watch_from(object);
  shareable_status status;
  uint64_t id = 0;

  if (watch == NULL)
    return NULL;
  status = shareable_watch_add_item(watch, list, index, SHAREABLE_WATCH_ONCE, &id);
  if (status == SHAREABLE_E_INDEX || status == SHAREABLE_E_CORRUPT)
    return status_raise_item(status, list, index);
  return id_or_raise(status, id, list);
}

PyObject *watch_add_list(PyObject *object, shareable_list *list, uint64_t hash) {
  shareable_watch *watch = watch_from(object);
  shareable_status status;
  uint64_t id = 0;

  if (watch == NULL)
    return NULL;
  status = shareable_watch_add_list(watch, list, hash, SHAREABLE_WATCH_ONCE, &id);
  return id_or_raise(status, id, list);
}

PyObject *watch_add_lock(PyObject *object, shareable_list *list) {
  shareable_watch *watch = watch_from(object);
  shareable_status status;
  uint64_t id = 0;

  if (watch == NULL)
    return NULL;
  status = shareable_watch_add_lock(watch, list, &id);
  return id_or_raise(status, id, list);
}

PyObject *watch_add_key(PyObject *object, PyObject *dict, PyObject *key_object) {
  shareable_watch *watch = watch_from(object);
  PyObject *result = NULL;
  shareable_status status;
  shareable_value key;
  uint64_t id = 0;

  if (watch == NULL || dict_check(dict, "dict") < 0 || dict_key_from(key_object, &key) < 0)
    return NULL;
  guard_enter();
  status = shareable_watch_add_key(watch, dict_of(dict), &key, &id);
  if (status == SHAREABLE_OK)
    result = PyLong_FromUnsignedLongLong(id);
  else
    dict_raise(status, dict_of(dict), key_object, &key);
  guard_leave();
  return result;
}

PyObject *watch_arm(PyObject *object, shareable_list *list, uint64_t id, uint64_t hash) {
  shareable_watch *watch = watch_from(object);
  shareable_status status = watch == NULL ? SHAREABLE_OK : shareable_watch_arm(watch, id, hash);

  if (watch == NULL)
    return NULL;
  return status == SHAREABLE_OK ? Py_BuildValue("") : status_raise_list(status, list);
}

static PyObject *call_with_id(shareable_status call(shareable_watch *watch, uint64_t id), PyObject *object,
                              uint64_t id) {
  shareable_watch *watch = watch_from(object);

  if (watch == NULL)
    return NULL;
  call(watch, id);
  Py_RETURN_NONE;
}

PyObject *watch_disarm(PyObject *object, uint64_t id) {
  return call_with_id(shareable_watch_disarm, object, id);
}

PyObject *watch_remove(PyObject *object, uint64_t id) {
  return call_with_id(shareable_watch_remove, object, id);
}

static int append_ids(PyObject *list, const uint64_t *ids, size_t count) {
  int result = 0;

  for (size_t i = 0; result == 0 && i < count; i++) {
    PyObject *id = PyLong_FromUnsignedLongLong(ids[i]);

    result = id == NULL ? -1 : PyList_Append(list, id);
    Py_XDECREF(id);
  }
  return result;
}

/* All ids are reported once, so the call does not fail. It stores some, until there is no more. */
PyObject *watch_changed(PyObject *object) {
  enum { SIZE = 64 };
  shareable_watch *watch = watch_from(object);
  PyObject *list = watch == NULL ? NULL : PyList_New(0);
  uint64_t ids[SIZE];
  size_t count = SIZE;

  while (list != NULL && count == SIZE) {
    if (shareable_watch_changed(watch, ids, SIZE, &count) != SHAREABLE_OK)
      count = 0;
    if (append_ids(list, ids, count) < 0)
      Py_CLEAR(list);
  }
  return list;
}
