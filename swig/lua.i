/*
 * lua.i - implements the typemaps of shareable.i for Lua. The functions called here are in
 * bindings/lua.
 *
 * A failing wrapper ends with status_fail(): it returns nil, a message and a code, or raises an
 * error. Wrappers allocate only Lua userdata, because an error may end them at any point.
 */
%module raw

%{
#include "memory.h"
#include "number.h"
#include "object.h"
#include "status.h"
#include "value.h"
%}

/*
 * bindings/lua implements these: item.c and range.c the items of every type, lock.c the lock,
 * wait.c the waits, and memory.c the bytes of a block.
 */
%ignore shareable_memory_address;
%ignore shareable_memory_fd;
%ignore shareable_memory_has_fd;
%ignore shareable_memory_pin;
%ignore shareable_memory_unpin;
%ignore shareable_list_get;
%ignore shareable_list_get_int;
%ignore shareable_list_get_float;
%ignore shareable_list_get_bool;
%ignore shareable_list_get_str;
%ignore shareable_list_get_bytes;
%ignore shareable_list_replace_int;
%ignore shareable_list_set;
%ignore shareable_list_set_none;
%ignore shareable_list_set_int;
%ignore shareable_list_set_float;
%ignore shareable_list_set_bool;
%ignore shareable_list_set_str;
%ignore shareable_list_set_bytes;
%ignore shareable_list_get_ints;
%ignore shareable_list_get_floats;
%ignore shareable_list_set_ints;
%ignore shareable_list_set_floats;
%ignore shareable_list_lock;
%ignore shareable_list_unlock;
%ignore shareable_list_wait;
%ignore shareable_list_hash;
%ignore shareable_list_wait_any;
%ignore shareable_transfer_ownership;
%ignore shareable_list_explain_item;
%ignore shareable_list_explain;
%ignore shareable_status_message;
%ignore shareable_status_name;
%ignore shareable_status_errno;

/* A function that returns only a status returns true on success. */
%typemap(out) shareable_status ""
%typemap(ret) shareable_status %{
  if (SWIG_arg == 0) {
    lua_pushboolean(L, 1);
    SWIG_arg = 1;
  }
%}

%typemap(in, numinputs=0) shareable_error *error (shareable_error failure) "$1 = &failure;"
%typemap(argout) shareable_error *error %{
  if (result != SHAREABLE_OK)
    return status_fail(L, $1);
%}

/* Blocks and lists. */
%typemap(in) shareable_memory *memory "$1 = object_check_memory(L, $input);"
%typemap(in) shareable_list *list "$1 = object_check_list(L, $input);"

/*
 * A wrapper makes the new object only after all arguments are checked, because that changes the
 * height of the stack.
 */
%typemap(in, numinputs=0) shareable_memory **memory (int position), shareable_list **list (int position) "$1 = NULL;"
%typemap(check) shareable_memory **memory %{
  $1 = &object_push(L, &object_memory)->memory;
  position$argnum = lua_gettop(L);
%}
%typemap(check) shareable_list **list %{
  $1 = &object_push(L, &object_list)->list;
  position$argnum = lua_gettop(L);
%}
%typemap(argout) shareable_memory **memory, shareable_list **list %{
  if (result == SHAREABLE_OK) {
    lua_pushvalue(L, position$argnum);
    SWIG_arg++;
  }
%}
%typemap(out) shareable_memory * %{
  memory_push(L, $1);
  SWIG_arg++;
%}

/* Values. */
%typemap(in) const char *name "$1 = (char *)value_check_name(L, $input);"
%typemap(in) uint64_t size "$1 = value_check_uint(L, $input, INT64_MAX);"
%typemap(in) uint32_t flags, uint32_t mode "$1 = (uint32_t)value_check_uint(L, $input, UINT32_MAX);"
%typemap(in) (const shareable_value *values, size_t count)
  "$1 = (shareable_value *)value_check_all(L, $input, &$2);"
%typemap(in) const shareable_value *value (shareable_value item) %{
  item = value_check(L, $input);
  $1 = &item;
%}

%typemap(out) size_t %{
  number_push_integer(L, (int64_t)$1);
  SWIG_arg++;
%}
%typemap(out) int %{
  lua_pushboolean(L, $1);
  SWIG_arg++;
%}
%typemap(out) const char * %{
  lua_pushstring(L, $1);
  SWIG_arg++;
%}

/* A function of one item, or of all items. */
%typemap(in) int64_t index "$1 = number_index_from_lua(number_check_integer(L, $input));"
%typemap(argout) int64_t index %{
  if (result != SHAREABLE_OK)
    return status_fail_item(L, arg1, $1, result);
%}

%typemap(in, numinputs=0) size_t *size (size_t number), size_t *count (size_t number), size_t *index (size_t number) %{
  number = 0;
  $1 = &number;
%}
%typemap(argout) size_t *size %{
  number_push_integer(L, (int64_t)*$1);
  SWIG_arg++;
%}
%typemap(argout) size_t *count %{
  if (result != SHAREABLE_OK)
    return status_fail_item(L, arg1, (int64_t)*$1, result);
  number_push_integer(L, (int64_t)*$1);
  SWIG_arg++;
%}
%typemap(argout) size_t *index %{
  if (result == SHAREABLE_E_ABSENT)
    lua_pushnil(L);
  else if (result != SHAREABLE_OK)
    return status_fail_item(L, arg1, (int64_t)*$1, result);
  else
    number_push_integer(L, number_index_to_lua((int64_t)*$1));
  SWIG_arg++;
%}

%typemap(in, numinputs=0) shareable_type *type (shareable_type number) "$1 = &number;"
%typemap(argout) shareable_type *type %{
  lua_pushstring(L, value_type_name(*$1));
  SWIG_arg++;
%}

/*
 * Atomic operations on an int. compare_exchange returns whether it exchanged, and the value that it
 * found.
 */
%typemap(in) int64_t delta, int64_t desired "$1 = number_check_integer(L, $input);"
%typemap(in, numinputs=0) int64_t *integer (int64_t number) "$1 = &number;"
%typemap(argout) int64_t *integer %{
  number_push_integer(L, *$1);
  SWIG_arg++;
%}
%typemap(in) int64_t *expected (int64_t found) %{
  found = number_check_integer(L, $input);
  $1 = &found;
%}
%typemap(in, numinputs=0) int *exchanged (int flag) "$1 = &flag;"
%typemap(argout) int *exchanged %{
  lua_pushboolean(L, *$1);
  number_push_integer(L, *arg3);
  SWIG_arg += 2;
%}

/*
 * The format. The buffer has the size that the header guarantees to be enough; it needs the list,
 * so it is allocated in the check typemap.
 */
%typemap(in, numinputs=0) (char *buffer, size_t size, size_t *length) (size_t filled) %{
  filled = 0;
  $3 = &filled;
%}
%typemap(check) (char *buffer, size_t size, size_t *length) %{
  $2 = 8 * shareable_list_length(arg1);
  $1 = lua_newuserdata(L, $2);
%}
%typemap(argout) (char *buffer, size_t size, size_t *length) %{
  if (result != SHAREABLE_OK)
    return status_fail_item(L, arg1, (int64_t)*$3, result);
  lua_pushlstring(L, $1, *$3);
  SWIG_arg++;
%}

/* bindings/lua/manager.c wraps the manager functions. */
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
