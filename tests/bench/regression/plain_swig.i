/* plain_swig.i - wraps the array of plain.h for Lua as a SWIG class with a method get(). */
%module plain_swig
%{
#include "plain.h"

typedef struct plain array;
%}

typedef struct {} array;

%extend array {
  array(size_t count) {
    return plain_new(count);
  }
  ~array() {
    plain_free($self);
  }
  long long get(long long index) {
    int64_t integer = 0;

    plain_get($self, index, &integer);
    return integer;
  }
}
