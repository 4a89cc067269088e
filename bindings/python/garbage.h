/*
 * garbage.h - returns the results of the garbage collection to Python.
 */
#ifndef SHAREABLE__PYTHON_GARBAGE_H
#define SHAREABLE__PYTHON_GARBAGE_H

#include <Python.h>

/*
 * Calls shareable_gc_run() with the flags. Returns a list with a tuple (name, result, reason) for
 * each block, or NULL with an exception.
 */
PyObject *garbage(uint32_t flags);

#endif
