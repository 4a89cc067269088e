/*
 * python.i - implements the typemaps of shareable.i for Python's raw module, shareable._raw.
 *
 * The handles are -builtin types, which the Python layer subclasses. Their slots that must be fast
 * are C functions of bindings/python. In a wrapper of a function that can fail, every typemap
 * stores what it knows in the wrapper's one _global_context, for the exception.
 */
%module(package="shareable", threads="1") raw

/* module.c has the function that Python calls, and calls the one of the wrapper. */
%begin %{
#include "wrapper.h"
#define PyInit__raw wrapper_init
#define SWIGEXPORT
%}

%{
#include "array.h"
#include "dict.h"
#include "dict_iterator.h"
#include "garbage.h"
#include "guard.h"
#include "handle.h"
#include "list_create.h"
#include "list_iterator.h"
#include "list_lock.h"
#include "list_search.h"
#include "list_wait.h"
#include "manager.h"
#include "memory_attributes.h"
#include "raw_slots.h"
#include "status.h"
#include "value.h"
#include "view.h"
#include "watch.h"
%}

/*
 * Each copy of this module has its own type table, because handle.c changes SWIG's types, and one
 * interpreter may load copies from several folders. SWIG's runtime would add the types to a table
 * that all modules of an interpreter share.
 */
%{
#undef SWIG_GetModule
#undef SWIG_SetModule
#undef SWIG_TypeQuery
#define SWIG_GetModule(data) NULL
#define SWIG_SetModule(data, module)
#define SWIG_TypeQuery(name) SWIG_TypeQueryModule(&swig_module, &swig_module, name)
%}

/*
 * Only functions that may take long release the GIL. For the others, releasing it takes longer than
 * the call.
 */
%nothread;
%thread shareable_memory_create;
%thread shareable_memory_open;
%thread list_create;
%thread shareable_list_open;
%thread array_create_from;
%thread shareable_array_open;
%thread shareable_unlink;
%thread shareable_manager_start;
%thread shareable_manager_connect;
%thread shareable_manager_track;
%thread shareable_manager_release;
%thread shareable_manager_shutdown;

/* Only C uses these: the views pin the memory. */
%ignore shareable_memory_pin;
%ignore shareable_memory_unpin;
/* Every exception contains this message. */
%ignore shareable_list_explain_item;
%ignore shareable_list_explain;
/* list_create(), list_count() and list_index() call these. */
%ignore shareable_list_create;
%ignore shareable_list_count;
%ignore shareable_list_index;
/* list_lock() and list_wait() call these, and handle signals. */
%ignore shareable_list_lock;
%ignore shareable_list_wait;
%ignore shareable_list_wait_any;
/* The Python layer creates a manager's blocks, tracks them, and knows the key. */
%ignore shareable_manager_authkey;
%ignore shareable_manager_create_memory;
%ignore shareable_manager_create_list;
/* manager_adopt(), manager_names() and manager_wait() call these. */
%ignore shareable_manager_adopt;
%ignore shareable_manager_names;
%ignore shareable_manager_wait;
/* The slots of List read and write items, one at a time and in slices. */
%ignore shareable_list_get;
%ignore shareable_list_get_int;
%ignore shareable_list_get_float;
%ignore shareable_list_get_bool;
%ignore shareable_list_get_str;
%ignore shareable_list_get_bytes;
%ignore shareable_list_get_ints;
%ignore shareable_list_get_floats;
%ignore shareable_list_replace_int;
%ignore shareable_list_set;
%ignore shareable_list_set_none;
%ignore shareable_list_set_int;
%ignore shareable_list_set_float;
%ignore shareable_list_set_bool;
%ignore shareable_list_set_str;
%ignore shareable_list_set_bytes;
%ignore shareable_list_set_ints;
%ignore shareable_list_set_floats;

%feature("python:tp_init") shareable_memory "memory_init";
%feature("python:tp_dealloc") shareable_memory "memory_dealloc";
%feature("python:tp_dictoffset") shareable_memory "0";

%feature("python:tp_init") shareable_manager "manager_init";
%feature("python:tp_dealloc") shareable_manager "manager_dealloc";
%feature("python:tp_dictoffset") shareable_manager "0";

%feature("python:tp_init") shareable_list "list_init";
%feature("python:tp_dealloc") shareable_list "list_dealloc";
%feature("python:tp_dictoffset") shareable_list "0";
%feature("python:sq_length") shareable_list "list_length";
%feature("python:sq_item") shareable_list "list_item";
%feature("python:sq_contains") shareable_list "list_contains";
%feature("python:tp_iter") shareable_list "list_iter";
%feature("python:mp_length") shareable_list "list_length";
%feature("python:mp_subscript") shareable_list "list_subscript";
%feature("python:mp_ass_subscript") shareable_list "list_ass_subscript";

%typemap(out) shareable_status shareable_transfer_ownership {
  if ($1 != SHAREABLE_OK) {
    status_raise_transfer($1, arg1);
    SWIG_fail;
  }
  $result = SWIG_Py_Void();
}
/* A status becomes None, or an exception. */
%typemap(out) shareable_status (status_context _global_context = STATUS_CONTEXT_NONE) {
  if ($1 != SHAREABLE_OK) {
    status_raise($1, &_global_context);
    SWIG_fail;
  }
  $result = SWIG_Py_Void();
}
%typemap(in, numinputs=0) shareable_error *error (status_context _global_context = STATUS_CONTEXT_NONE) {
  $1 = &_global_context.error;
}

/*
 * The check typemaps take the handles from their objects after all other arguments are converted: a
 * conversion may run any Python code, which may close an object. A wrapper is in the guard from
 * then on until its end.
 */
%typemap(in) shareable_memory * (PyObject *object, bool _global_guarded = false,
                                 status_context _global_context = STATUS_CONTEXT_NONE),
             shareable_list * (PyObject *object, bool _global_guarded = false,
                               status_context _global_context = STATUS_CONTEXT_NONE) {
  object = $input;
}
%typemap(check) shareable_memory * {
  if (!_global_guarded)
    guard_enter();
  _global_guarded = true;
  if (handle_from(object$argnum, $descriptor(shareable_memory *), "$1_name", (void **)&$1) < 0)
    SWIG_fail;
  _global_context.name = shareable_memory_name($1);
}
%typemap(check) shareable_list * {
  if (!_global_guarded)
    guard_enter();
  _global_guarded = true;
  if (handle_from(object$argnum, $descriptor(shareable_list *), "$1_name", (void **)&$1) < 0)
    SWIG_fail;
  _global_context.list = $1;
  _global_context.name = shareable_memory_name(shareable_list_memory($1));
}
%typemap(freearg) shareable_memory *, shareable_list * {
  if (_global_guarded)
    guard_leave();
  _global_guarded = false;
}
%typemap(in) const shareable_memory * = shareable_memory *;
%typemap(in) const shareable_list * = shareable_list *;
%typemap(check) const shareable_memory * = shareable_memory *;
%typemap(check) const shareable_list * = shareable_list *;
%typemap(freearg) const shareable_memory * = shareable_memory *;
%typemap(freearg) const shareable_list * = shareable_list *;

/* The calls of a manager may take long: they hold a reference to it, and run outside the guard. */
%typemap(in) shareable_manager * (PyObject *object, shareable_manager *held = NULL,
                                  status_context _global_context = STATUS_CONTEXT_NONE) {
  object = $input;
}
%typemap(check) shareable_manager * {
  int is_manager;

  guard_enter();
  is_manager = handle_from(object$argnum, $descriptor(shareable_manager *), "$1_name", (void **)&$1) == 0;
  if (is_manager)
    held$argnum = shareable_manager_ref($1);
  guard_leave();
  if (!is_manager)
    SWIG_fail;
}
%typemap(freearg) shareable_manager * {
  shareable_manager_unref(held$argnum);
}
%typemap(in) const shareable_manager * = shareable_manager *;
%typemap(check) const shareable_manager * = shareable_manager *;
%typemap(freearg) const shareable_manager * = shareable_manager *;

/* A handle is closed while no other thread uses it. */
%exception shareable_memory_close {
  shareable_memory_ref(arg1);
  guard_lock();
  $action
  guard_unlock();
  shareable_memory_unref(arg1);
}
%exception shareable_list_close {
  shareable_list_ref(arg1);
  guard_lock();
  $action
  guard_unlock();
  shareable_list_unref(arg1);
}

%typemap(in, numinputs=0) shareable_memory **memory (shareable_memory *handle = NULL),
                          shareable_list **list (shareable_list *handle = NULL),
                          shareable_manager **manager (shareable_manager *handle = NULL) {
  $1 = &handle;
}
%typemap(argout) shareable_memory **memory, shareable_list **list, shareable_manager **manager {
  Py_DECREF($result);
  $result = handle_init(SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN));
}
%typemap(out) shareable_memory *shareable_list_memory {
  $result = handle_init(SWIG_NewPointerObj(shareable_memory_ref($1), $1_descriptor, SWIG_POINTER_OWN));
}

/* An array becomes the tuple of its block and its description: no object holds its handle. */
%typemap(in, numinputs=0) shareable_array **array (shareable_array *handle = NULL) {
  $1 = &handle;
}
%typemap(argout) shareable_array **array {
  shareable_memory *memory = shareable_memory_ref(shareable_array_memory(*$1));

  Py_DECREF($result);
  $result = handle_init(SWIG_NewPointerObj(memory, $descriptor(shareable_memory *), SWIG_POINTER_OWN));
  $result = array_description(*$1, $result);
  shareable_array_unref(*$1);
}
%typemap(in) const array_shape *shape (array_shape converted) {
  if (array_shape_from($input, &converted) < 0)
    SWIG_fail;
  $1 = &converted;
}
%typemap(in) (const void *items, size_t size) (Py_buffer items = {.obj = NULL}) {
  if (array_items_from($input, &items) < 0)
    SWIG_fail;
  $1 = items.buf;
  $2 = (size_t)items.len;
}
%typemap(freearg) (const void *items, size_t size) {
  PyBuffer_Release(&items$argnum);
}

/* A name: a str, encoded as UTF-8 with surrogateescape, or None. */
%typemap(in) const char *name (PyObject *bytes = NULL, status_context _global_context = STATUS_CONTEXT_NONE) {
  if (value_name($input, "$1_name", shareable_status_message(SHAREABLE_E_NAME), &bytes) < 0)
    SWIG_fail;
  $1 = bytes == NULL ? NULL : PyBytes_AS_STRING(bytes);
  _global_context.name = $1;
}
%typemap(freearg) const char *name {
  Py_XDECREF(bytes$argnum);
}

/* A manager's address, and its key. */
%typemap(in) const char *address (PyObject *bytes = NULL, status_context _global_context = STATUS_CONTEXT_NONE) {
  if (value_name($input, "$1_name", "an address must not contain a NUL, except as its first character", &bytes) < 0)
    SWIG_fail;
  $1 = bytes == NULL ? NULL : PyBytes_AS_STRING(bytes);
  _global_context.name = $1;
}
%typemap(freearg) const char *address = const char *name;
%typemap(in) (const void *authkey, size_t authkey_size) {
  if (!PyBytes_Check($input)) {
    PyErr_Format(PyExc_TypeError, "'authkey' must be bytes, not %.200s", Py_TYPE($input)->tp_name);
    SWIG_fail;
  }
  $1 = PyBytes_AS_STRING($input);
  $2 = (size_t)PyBytes_GET_SIZE($input);
}

/* Numbers. */
%typemap(in) uint64_t (uint64_t number), uint32_t (uint64_t number) {
  if (value_unsigned($input, "$1_name", ($1_type)-1, &number) < 0)
    SWIG_fail;
  $1 = ($1_type)number;
}
%typemap(in) int64_t (int64_t number) {
  if (value_signed($input, "$1_name", &number) < 0)
    SWIG_fail;
  $1 = number;
}
%typemap(in) Py_ssize_t {
  $1 = PyNumber_AsSsize_t($input, PyExc_OverflowError);
  if ($1 == -1 && PyErr_Occurred())
    SWIG_fail;
}
/* In messages, a parameter has the name that it has in Python. */
%typemap(in) int64_t delta (int64_t number) {
  if (value_signed($input, "amount", &number) < 0)
    SWIG_fail;
  $1 = number;
}
%typemap(in) int64_t index (int64_t number, status_context _global_context = STATUS_CONTEXT_NONE),
             int64_t first (int64_t number, status_context _global_context = STATUS_CONTEXT_NONE) {
  if (value_signed($input, "position", &number) < 0)
    SWIG_fail;
  $1 = number;
  _global_context.index = number;
}
%typemap(out) int shareable_memory_is_read_only, int shareable_memory_same_block, int shareable_memory_has_fd {
  $result = PyBool_FromLong($1);
}
/* The object of a block, for functions that need more than its handle. */
%typemap(check) PyObject *memory {
  void *handle;

  if (handle_from($1, $descriptor(shareable_memory *), "$1_name", &handle) < 0)
    SWIG_fail;
}
%typemap(in, numinputs=0) PyTypeObject *memory_type {
  $1 = ((SwigPyClientData *)$descriptor(shareable_memory *)->clientdata)->pytype;
}
/* An address with its size becomes a memoryview. */
%typemap(out) void *shareable_memory_address {
  (void)$1;
  $result = memory_view(arg1);
}

%typemap(in, numinputs=0) size_t *size (size_t number = 0), shareable_type *type (shareable_type number = 0) {
  $1 = &number;
}
%typemap(argout) size_t *size, shareable_type *type {
  Py_DECREF($result);
  $result = PyLong_FromLongLong((long long)*$1);
}

%typemap(in, numinputs=0) int64_t *integer (int64_t number = 0), int *exchanged (int number = 0) {
  $1 = &number;
}
%typemap(in, numinputs=0) uint64_t *hash (uint64_t number = 0) {
  $1 = &number;
}
%typemap(argout) uint64_t *hash {
  Py_DECREF($result);
  $result = PyLong_FromUnsignedLongLong(*$1);
}
%typemap(in, numinputs=0) int *fd (int number = -1) {
  $1 = &number;
}
%typemap(argout) int *fd {
  Py_DECREF($result);
  $result = PyLong_FromLong(*$1);
}
%typemap(argout) int64_t *integer {
  Py_DECREF($result);
  $result = PyLong_FromLongLong((long long)*$1);
}
%typemap(argout) int *exchanged {
  Py_DECREF($result);
  $result = PyBool_FromLong(*$1);
}
/* The value that was found is not returned: Python code that compares reads the item again. */
%typemap(in) int64_t *expected (int64_t number) {
  if (value_signed($input, "$1_name", &number) < 0)
    SWIG_fail;
  $1 = &number;
}

/*
 * Values: a single one, or those of a new list, as a pair of an iterable and a capacity
 * (values_from_with_capacity()).
 */
%typemap(in) const shareable_value *value (shareable_value converted, PyObject *owner = NULL,
                                           status_context _global_context = STATUS_CONTEXT_NONE) {
  if (value_from($input, _global_context.index, &converted, &owner) < 0)
    SWIG_fail;
  $1 = &converted;
}
%typemap(freearg) const shareable_value *value {
  Py_XDECREF(owner$argnum);
}
%typemap(in) const value_array *values (PyObject *iterable, PyObject *capacity, value_array array = VALUES_NONE) {
  if (!PyArg_Parse($input, "(OO)", &iterable, &capacity) || values_from_with_capacity(iterable, capacity, &array) < 0)
    SWIG_fail;
  $1 = &array;
}
%typemap(freearg) const value_array *values {
  values_free(&array$argnum);
}

/* The format of a list: 8 bytes per item are enough. */
%typemap(in, numinputs=0) (char *buffer, size_t size, size_t *length) (
  char *buffer = NULL, size_t number = 0, status_context _global_context = STATUS_CONTEXT_NONE) {
  $3 = &number;
  _global_context.bad_index = $3;
}
%typemap(check) (char *buffer, size_t size, size_t *length) {
  $2 = 8 * shareable_list_length(_global_context.list);
  $1 = buffer$argnum = PyMem_Malloc($2);
  if ($1 == NULL) {
    PyErr_NoMemory();
    SWIG_fail;
  }
}
%typemap(argout) (char *buffer, size_t size, size_t *length) {
  Py_DECREF($result);
  $result = PyUnicode_DecodeASCII($1, (Py_ssize_t)*$3, NULL);
}
%typemap(freearg) (char *buffer, size_t size, size_t *length) {
  PyMem_Free(buffer$argnum);
}

%init %{
  handle_base_init(SwigPyObject_TypeOnce());
%}

/* The list of a dict. The function has raised an exception if it returns NULL. */
%typemap(out) shareable_list *dict_list {
  if ($1 == NULL)
    SWIG_fail;
  $result = handle_init(SWIG_NewPointerObj($1, $1_descriptor, SWIG_POINTER_OWN));
}

%include "shareable.i"

shareable_status list_create(shareable_list **list, const char *name, const value_array *values, uint32_t flags,
                             uint32_t mode, shareable_error *error);
shareable_status array_create_from(shareable_array **array, const char *name, const char *descr,
                                   const array_shape *shape, const void *items, size_t size, uint32_t flags,
                                   uint32_t mode, shareable_error *error);
PyObject *dict_create(const char *name, uint64_t places, uint64_t key_size, uint64_t value_size, uint32_t flags,
                      uint32_t mode);
PyObject *dict_open(const char *name, uint32_t flags);
PyObject *dict_close(PyObject *dict);
PyObject *dict_unlink(PyObject *dict);
shareable_list *dict_list(PyObject *dict);
PyObject *dict_values(PyObject *dict);
PyObject *dict_items(PyObject *dict);
PyObject *garbage(uint32_t flags);
PyObject *memory_attributes(PyTypeObject *memory_type);
shareable_status memory_duplicate_fd(shareable_memory *memory, int *fd, shareable_error *error);
PyObject *memory_items(shareable_memory *memory, Py_ssize_t offset, PyObject *shape, bool is_fortran_order,
                       const char *format, Py_ssize_t item_size);
PyObject *memory_kept_view(PyObject *memory);
PyObject *memory_keep_view(PyObject *memory, PyObject *view);
PyObject *list_lock(shareable_list *list, int64_t timeout);
PyObject *list_count(shareable_list *list, PyObject *object);
PyObject *list_index(shareable_list *list, PyObject *object);
PyObject *list_view(shareable_list *list);
PyObject *list_differs(shareable_list *list, int64_t index, const shareable_value *value);
PyObject *list_wait(shareable_list *list, int64_t index, const shareable_value *value, int64_t timeout);
PyObject *list_wait_any(shareable_list *list, uint64_t last_hash, int64_t timeout);
PyObject *manager_adopt(shareable_manager *manager, shareable_memory *memory);
PyObject *manager_names(shareable_manager *manager);
PyObject *manager_wait(shareable_manager *manager, int64_t timeout);
PyObject *watch_create(void);
PyObject *watch_fd(PyObject *watch);
PyObject *watch_add_item(PyObject *watch, shareable_list *list, int64_t index);
PyObject *watch_add_list(PyObject *watch, shareable_list *list, uint64_t hash);
PyObject *watch_add_lock(PyObject *watch, shareable_list *list);
PyObject *watch_add_key(PyObject *watch, PyObject *dict, PyObject *key);
PyObject *watch_arm(PyObject *watch, shareable_list *list, uint64_t id, uint64_t hash);
PyObject *watch_disarm(PyObject *watch, uint64_t id);
PyObject *watch_remove(PyObject *watch, uint64_t id);
PyObject *watch_changed(PyObject *watch);
