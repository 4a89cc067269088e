/*
 * status.c - raises a status as a Python exception.
 */
#include "status.h"

#include <errno.h>
#include <limits.h>

#include "guard.h"

/*
 * Returns the class for the errno of a status (SHAREABLE_STATUS_MAP). For OSError, the constructor
 * selects the subclass.
 */
static PyObject *exception_class(int number) {
  switch (number) {
  case EINVAL:
    return PyExc_ValueError;
  case ERANGE:
    return PyExc_IndexError;
  case EPROTOTYPE:
    return PyExc_TypeError;
  case EOVERFLOW:
    return PyExc_OverflowError;
  case ENOMEM:
    return PyExc_MemoryError;
  default:
    return PyExc_OSError;
  }
}

static PyObject *text_object(const char *text, const char *errors) {
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), errors);
}

/* Returns the name as it is passed to shm_open(), like the filename of CPython's exceptions. */
static PyObject *file_name(const char *name) {
  char path[300];

  if (name == NULL)
    Py_RETURN_NONE;
  snprintf(path, sizeof path, name[0] == '/' ? "%s" : "/%s", name);
  return text_object(path, "surrogateescape");
}

/*
 * Replaces what is before the quoted name, and the name, where they occur first. Takes the reference
 * to the text.
 */
static PyObject *replace_name(PyObject *text, const char *before, const char *quoted, const char *after) {
  PyObject *old = PyUnicode_FromFormat("%s%s", before, quoted), *new = PyUnicode_FromString(after);
  PyObject *replaced = text == NULL || old == NULL || new == NULL ? NULL : PyUnicode_Replace(text, old, new, 1);

  Py_XDECREF(old);
  Py_XDECREF(new);
  Py_XDECREF(text);
  return replaced;
}

/*
 * Returns the message without the name, because the text of an OSError ends with its filename. A
 * name that the message shows shortened or escaped remains.
 */
static PyObject *text_without_name(const char *message, const char *name) {
  static const char *const forms[][2] = {
    {" called ", ""}, {"block ", "the block"}, {"list ", "the list"}, {"dict ", "the dict"}, {"", "the block"}};
  PyObject *text = text_object(message, "replace");
  char quoted[300];

  if (name == NULL)
    return text;
  snprintf(quoted, sizeof quoted, "'%s'", name + strspn(name, "/"));
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    text = replace_name(text, forms[i][0], quoted, forms[i][1]);
  return text;
}

static PyObject *os_error(PyObject *type, int number, const char *message, const char *name) {
  return PyObject_CallFunction(type, "iNN", number, text_without_name(message, name), file_name(name));
}

/* CPython raises an OSError for a name that the system refuses; our own checks raise a ValueError. */
static PyObject *invalid_name;

int status_init(void) {
  PyObject *bases = PyTuple_Pack(2, PyExc_OSError, PyExc_ValueError);

  if (bases != NULL)
    invalid_name = PyErr_NewExceptionWithDoc(
      "shareable._raw.InvalidNameError", "The name of a block is not valid: an OSError and a ValueError.", bases, NULL);
  Py_XDECREF(bases);
  return invalid_name == NULL ? -1 : 0;
}

static PyObject *name_error(const char *message, const char *name) {
  return os_error(invalid_name, name != NULL && strlen(name) > NAME_MAX ? ENAMETOOLONG : EINVAL, message, name);
}

static PyObject *other_error(PyObject *type, const char *text) {
  return PyObject_CallFunction(type, "N", text_object(text, "replace"));
}

/* Creates the exception before it is raised: the constructor of OSError selects the subclass. */
static void raise(shareable_status status, const shareable_error *error, const char *name) {
  int nearest = shareable_status_errno(status);
  PyObject *type = exception_class(nearest);
  PyObject *exception;

  if (status == SHAREABLE_E_NAME)
    exception = name_error(error->message, name);
  else if (type == PyExc_OSError)
    exception = os_error(type, error->sys_errno != 0 ? error->sys_errno : nearest, error->message, name);
  else
    exception = other_error(type, error->message);

  if (exception != NULL)
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
  Py_XDECREF(exception);
}

/* The message begins with CPython's. `label` is "index" or "assignment index". */
static void raise_index(const char *label, const shareable_list *list, int64_t index) {
  PyErr_Format(exception_class(ERANGE), "%s out of range: list '%s' has %zu items, but the index is %lld", label,
               shareable_memory_name(shareable_list_memory(list)), shareable_list_length(list), (long long)index);
}

static void raise_item(const char *label, shareable_status status, const shareable_list *list, int64_t index) {
  shareable_error error;

  if (list == NULL) {
    PyErr_SetString(PyExc_ValueError, "list is closed: __init__() was not called");
  } else if (status == SHAREABLE_E_INDEX) {
    raise_index(label, list, index);
  } else {
    shareable_list_explain_item(list, index, status, &error);
    raise(status, &error, shareable_memory_name(shareable_list_memory(list)));
  }
}

/* Copies the name first: %R may run any Python code, which may free the list, outside the guard. */
static void raise_absent(PyObject *value, const char *name) {
  PyObject *list = text_object(name, "replace");

  guard_leave();
  if (list != NULL)
    PyErr_Format(PyExc_ValueError, "%R not in this container: list '%U'", value, list);
  guard_enter();
  Py_XDECREF(list);
}

void status_raise(shareable_status status, const status_context *context) {
  if (context->error.message[0] != '\0')
    raise(status, &context->error, context->name);
  else if (status == SHAREABLE_E_ABSENT && context->value != NULL)
    raise_absent(context->value, context->name);
  else
    raise_item("index", status, context->list,
               (status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_NOT_READY) && context->bad_index != NULL
                 ? (int64_t)*context->bad_index
                 : context->index);
}

PyObject *status_raise_list(shareable_status status, const shareable_list *list) {
  shareable_error error;

  if (list == NULL)
    return status_raise_item(status, list, 0);
  shareable_list_explain(list, status, &error);
  raise(status, &error, shareable_memory_name(shareable_list_memory(list)));
  return NULL;
}

PyObject *status_raise_dict(shareable_status status, const shareable_dict *dict, const shareable_value *key) {
  shareable_error error;

  if (dict == NULL) {
    PyErr_SetString(PyExc_ValueError, "dict is closed: __init__() was not called");
    return NULL;
  }
  shareable_dict_explain(dict, key, status, &error);
  raise(status, &error, shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))));
  return NULL;
}

PyObject *status_raise_item(shareable_status status, const shareable_list *list, int64_t index) {
  raise_item("index", status, list, index);
  return NULL;
}

int status_raise_assignment(shareable_status status, const shareable_list *list, int64_t index) {
  raise_item("assignment index", status, list, index);
  return -1;
}

void status_raise_transfer(shareable_status status, int64_t pid) {
  const char *reason = status == SHAREABLE_E_ARGUMENT ? "there is no such process" : shareable_status_message(status);
  shareable_error error = {.status = status};

  snprintf(error.message, sizeof error.message, "cannot transfer the blocks to process %lld: %s", (long long)pid,
           reason);
  raise(status, &error, NULL);
}
