/* plain.i - pyvalue.h through the same SWIG as the library, for comparisons in Python. */
%module plain
%{
#include "pyvalue.h"
%}
%include <stdint.i>

%typemap(in, numinputs=0) int64_t *integer (int64_t number) {
  $1 = &number;
}
%typemap(argout) int64_t *integer {
  Py_DECREF($result);
  $result = PyLong_FromLongLong(*$1);
}

#define PLAIN_API
%include "pyvalue.h"
