/*
 * garbage.h - what dead owners left, for Python.
 */
#ifndef SHAREABLE__PYTHON_GARBAGE_H
#define SHAREABLE__PYTHON_GARBAGE_H

#include <Python.h>

/* As shareable_gc_run(), with its flags. A list of a tuple a block: name, fate, reason. */
PyObject *garbage(uint32_t flags);

#endif
