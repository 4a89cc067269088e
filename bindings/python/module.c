/*
 * module.c - the entry point of the raw module, which loads only in the main interpreter.
 *
 * The raw types are static: all interpreters of a process would share them, and the end of a
 * subinterpreter would clear them. So the module refuses a subinterpreter before SWIG's code makes
 * any type. Python calls create() for each import that does not find the module in sys.modules.
 */
#include "module.h"

#include <stdbool.h>

#include "dict.h"
#include "guard.h"
#include "handle.h"
#include "list_iterator.h"
#include "status.h"
#include "view.h"
#include "watch.h"

static PyObject *loaded; /* the module; it is never deallocated */
static bool is_finalized;

static void finalize(void) {
  is_finalized = true;
}

static int check_interpreter(void) {
  if (PyInterpreterState_Get() != PyInterpreterState_Main())
    PyErr_SetString(PyExc_ImportError, "shareable does not support subinterpreters: import it in the main interpreter");
  else if (is_finalized)
    PyErr_SetString(PyExc_ImportError, "shareable cannot be imported again after Py_Finalize()");
  return PyErr_Occurred() ? -1 : 0;
}

static PyObject *wrapper_module(PyObject *spec) {
  PyObject *module = wrapper_init();
  PyModuleDef *wrapper = (PyModuleDef *)module;

  if (module == NULL || !PyObject_TypeCheck(module, &PyModuleDef_Type))
    return module;
  module = PyModule_FromDefAndSpec(wrapper, spec);
  if (module != NULL && PyModule_ExecDef(module, wrapper) < 0)
    Py_CLEAR(module);
  return module;
}

static int init_type(PyObject *module, const char *name, const char *full_name, bool is_generic) {
  PyObject *type = PyObject_GetAttrString(module, name);
  int result = type == NULL ? -1 : handle_type_init((PyTypeObject *)type, full_name);

  if (result == 0 && is_generic)
    result = handle_type_make_generic((PyTypeObject *)type);
  Py_XDECREF(type); /* the module keeps it */
  return result;
}

static PyObject *load(PyObject *spec) {
  PyObject *module = wrapper_module(spec);

  if (module != NULL && (guard_init() < 0 || status_init() < 0 || view_type_init() < 0 ||
                         list_iterator_type_init() < 0 || watch_type_init() < 0 || dict_type_init(module) < 0 ||
                         init_type(module, "Memory", "shareable._raw.Memory", false) < 0 ||
                         init_type(module, "List", "shareable._raw.List", true) < 0 ||
                         init_type(module, "Manager", "shareable._raw.Manager", false) < 0))
    Py_CLEAR(module);
  if (module != NULL)
    Py_AtExit(finalize);
  return module;
}

static PyObject *create(PyObject *spec, PyModuleDef *definition) {
  (void)definition;
  if (check_interpreter() < 0)
    return NULL;
  if (loaded == NULL)
    loaded = load(spec);
  Py_XINCREF(loaded);
  return loaded;
}

static PyModuleDef_Slot slots[] = {
  {Py_mod_create, (void *)create},
#ifdef Py_mod_gil
  {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* see guard.h */
#endif
  {0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "shareable._raw", .m_slots = slots};

PyMODINIT_FUNC PyInit__raw(void) {
  return PyModuleDef_Init(&definition);
}
