/*
 * list_iterator.c - the iterator over a list.
 */
#include "list_iterator.h"

#include "guard.h"
#include "list_item.h"
#include "status.h"

typedef struct list_iterator {
  PyObject_HEAD shareable_list *list;
  size_t next, length;
} list_iterator;

static void dealloc(PyObject *self) {
  guard_enter();
  shareable_list_unref(((list_iterator *)self)->list);
  guard_leave();
  PyObject_Free(self);
}

/*
 * Returns the number of the next item, and counts it as read. Each item is read once, also if
 * several threads use the iterator.
 */
static size_t advance(list_iterator *iterator) {
  size_t i;

  Py_BEGIN_CRITICAL_SECTION(iterator);
  i = iterator->next;
  iterator->next += i < iterator->length;
  Py_END_CRITICAL_SECTION();
  return i;
}

static void exhaust(list_iterator *iterator) {
  Py_BEGIN_CRITICAL_SECTION(iterator);
  iterator->next = iterator->length;
  Py_END_CRITICAL_SECTION();
}

/* After the last item or an error, the iterator is exhausted. */
static PyObject *next(PyObject *self) {
  list_iterator *iterator = (list_iterator *)self;
  size_t i = advance(iterator);
  PyObject *item;

  if (i >= iterator->length)
    return NULL;
  guard_enter();
  item = list_get(iterator->list, (int64_t)i);
  guard_leave();
  if (item == NULL)
    exhaust(iterator);
  return item;
}

static PyObject *length_hint(PyObject *self, PyObject *nothing) {
  const list_iterator *iterator = (const list_iterator *)self;
  size_t left;

  (void)nothing;
  Py_BEGIN_CRITICAL_SECTION(iterator);
  left = iterator->length - iterator->next;
  Py_END_CRITICAL_SECTION();
  return PyLong_FromSize_t(left);
}

static PyMethodDef methods[] = {
  {"__length_hint__", length_hint, METH_NOARGS, "Return the number of items that are left."}, {NULL, NULL, 0, NULL}};

static PyTypeObject type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.ListIterator",
  .tp_doc = "The iterator over a list.",
  .tp_basicsize = sizeof(list_iterator),
  .tp_dealloc = dealloc,
  .tp_flags = Py_TPFLAGS_DEFAULT,
  .tp_iter = PyObject_SelfIter,
  .tp_iternext = next,
  .tp_methods = methods,
};

int list_iterator_type_init(void) {
  return PyType_Ready(&type);
}

PyObject *list_iterator_new(shareable_list *list) {
  list_iterator *iterator;

  if (shareable_memory_address(shareable_list_memory(list)) == NULL)
    return status_raise_item(SHAREABLE_E_CLOSED, list, 0);
  iterator = PyObject_New(list_iterator, &type);
  if (iterator == NULL)
    return NULL;
  iterator->list = shareable_list_ref(list);
  iterator->next = 0;
  iterator->length = shareable_list_length(list);
  return (PyObject *)iterator;
}
