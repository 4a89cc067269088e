/* plain.i - wraps plain.h for Python with SWIG, as the library is wrapped. */
%module plain
%{
#include "plain.h"
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
%include "plain.h"
