/*
 * garbage.c - returns the results of the garbage collection to Python.
 */
#include "garbage.h"

#include "status.h"

static PyObject *gc_entry(const shareable_gc *gc, size_t i) {
  PyObject *name = PyUnicode_DecodeFSDefault(shareable_gc_name(gc, i));

  return name == NULL ? NULL
                      : Py_BuildValue("(Nis)", name, (int)shareable_gc_result_at(gc, i), shareable_gc_reason(gc, i));
}

PyObject *garbage(uint32_t flags) {
  status_context context = STATUS_CONTEXT_NONE;
  shareable_gc *gc = NULL;
  shareable_status status;
  PyObject *list;

  Py_BEGIN_ALLOW_THREADS;
  status = shareable_gc_run(&gc, flags, &context.error);
  Py_END_ALLOW_THREADS;
  if (status != SHAREABLE_OK) {
    status_raise(status, &context);
    return NULL;
  }
  list = PyList_New((Py_ssize_t)shareable_gc_count(gc));
  for (size_t i = 0; list != NULL && i < shareable_gc_count(gc); i++) {
    PyObject *item = gc_entry(gc, i);
    if (item == NULL)
      Py_CLEAR(list);
    else
      PyList_SET_ITEM(list, (Py_ssize_t)i, item);
  }
  shareable_gc_free(gc);
  return list;
}
