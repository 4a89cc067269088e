/*
 * go.i - implements the typemaps of shareable.i for Go.
 *
 * The raw package is private to the package shareable. A function returns its status as an int and
 * raises no SWIG exception, because that would be a panic in Go. A handle is a uintptr; 0 means no
 * handle. A slice or a string is passed to C as a pointer and a length, without a copy. Output
 * parameters are passed as pointers. SWIG cannot return several results without allocating, so
 * internal/raw/item.go and wait.go implement reading an item, the atomic operations and waiting.
 *
 * SWIG runs without -intgosize. Go's int is then a ptrdiff_t in C, which is correct on every
 * machine.
 */
%module raw

%{
#include <string.h>
%}

/* "type" is a keyword in Go. SWIG reads the member although the structure is ignored. */
%rename(kind) shareable_value::type;

%ignore shareable_type;
%ignore shareable_memory_fd;
%ignore shareable_memory_has_fd;
%ignore shareable_list_get;
%ignore shareable_list_get_int;
%ignore shareable_list_get_float;
%ignore shareable_list_get_bool;
%ignore shareable_list_get_str;
%ignore shareable_list_get_bytes;
%ignore shareable_list_replace_int;
%ignore shareable_list_set;
%ignore shareable_list_add;
%ignore shareable_list_exchange;
%ignore shareable_list_compare_exchange;
%ignore shareable_list_wait;
%ignore shareable_list_hash;
%ignore shareable_list_wait_any;

%typemap(gotype) shareable_status "int"
%typemap(gotype) size_t "int"
%typemap(gotype) uint32_t "uint32"
%typemap(gotype) int64_t index, int64_t first "int"

%typemap(gotype) shareable_memory *, const shareable_memory *, shareable_list *, const shareable_list * "uintptr"
%typemap(gotype) shareable_memory **memory, shareable_list **list "*uintptr"
%typemap(gotype) shareable_error *error "*Error"
%typemap(gotype) shareable_type *type "*uint32"
%typemap(gotype) size_t *size, size_t *count, size_t *index, size_t *length, size_t *processed "*int"
%typemap(in) shareable_memory **memory, shareable_list **list, shareable_error *error, shareable_type *type,
             size_t *size, size_t *count, size_t *index, size_t *length, size_t *processed
%{ $1 = ($1_ltype)$input; %}

/* A NUL-terminated name in Go memory. Without the freearg typemap, SWIG would free it. */
%typemap(gotype) const char *name "*byte"
%typemap(in) const char *name %{ $1 = ($1_ltype)$input; %}
%typemap(freearg) const char *name ""

/* A string in C memory. The caller must copy it if C may free it. */
%typemap(out) const char * %{
  $result.p = (char *)$1;
  $result.n = $1 == NULL ? 0 : (intgo)strlen($1);
%}
%typemap(goout) const char * ""

/* The address of a block becomes a slice of the whole block, or nil if the block is closed. */
%typemap(gotype) void *shareable_memory_address "[]byte"
%typemap(out) void *shareable_memory_address %{
  $result.array = $1;
  $result.len = $result.cap = $1 == NULL ? 0 : (intgo)shareable_memory_size(arg1);
%}
%typemap(goout) void *shareable_memory_address ""

/*
 * Values are in C memory (NewValues in internal/raw/value.go), because they point to texts. A
 * single value is a slice of length 1.
 */
%typemap(gotype) (const shareable_value *values, size_t count), const shareable_value *value "[]Value"
%typemap(in) const shareable_value *value %{ $1 = ($1_ltype)$input.array; %}

%typemap(gotype) (char *buffer, size_t size) "[]byte"
%typemap(in) (const shareable_value *values, size_t count), (char *buffer, size_t size)
%{
  $1 = ($1_ltype)$input.array;
  $2 = (size_t)$input.len;
%}

/* Bytes are passed as a string, because the Go layer keeps every text as a string. */
%apply (char *STRING, size_t LENGTH) { (const char *text, size_t length), (const void *data, size_t length) }

%typemap(gotype) (size_t count, int64_t *integers), (size_t count, const int64_t *integers) "[]int64"
%typemap(gotype) (size_t count, double *reals), (size_t count, const double *reals) "[]float64"
%typemap(in) (size_t count, int64_t *integers), (size_t count, const int64_t *integers),
             (size_t count, double *reals), (size_t count, const double *reals)
%{
  $1 = (size_t)$input.len;
  $2 = ($2_ltype)$input.array;
%}

/* internal/raw/manager.go wraps the manager functions. */
%ignore shareable_manager;
%ignore shareable_manager_address;
%ignore shareable_manager_adopt;
%ignore shareable_manager_authkey;
%ignore shareable_manager_connect;
%ignore shareable_manager_create_list;
%ignore shareable_manager_create_memory;
%ignore shareable_manager_names;
%ignore shareable_manager_pid;
%ignore shareable_manager_release;
%ignore shareable_manager_shutdown;
%ignore shareable_manager_start;
%ignore shareable_manager_track;
%ignore shareable_manager_wait;

%include "shareable.i"
