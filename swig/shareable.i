/*
 * shareable.i - the library's header as SWIG reads it for every language.
 *
 * python.i, lua.i and go.i each define these typemaps, by the names of the header's parameters, and
 * then include this file:
 *
 *   shareable_status
 *       out: success, or an error of the language
 *   shareable_error *error
 *       in: a local variable, no argument
 *   shareable_memory **memory, shareable_list **list, shareable_manager **manager
 *       in: no argument; argout: the new object, which owns a reference
 *   const char *name
 *       in: a string without NUL, or none
 *   (const shareable_value *values, size_t count)
 *       in: a sequence
 *   const shareable_value *value
 *       in: any value that an item can have
 *   (shareable_value *value, void *buffer, size_t size)
 *       argout: an item's value
 *   int64_t *integer, uint64_t *hash, double *real, int *boolean, size_t *size, size_t *count,
 *   size_t *index, shareable_type *type
 *       argout: a number
 *   (const char *text, size_t length), (const void *data, size_t length)
 *       in: str, bytes
 *   (char *buffer, size_t size, size_t *length), (void *buffer, size_t size, size_t *length)
 *       argout: str, bytes
 *   (size_t count, int64_t *integers, size_t *processed), (size_t count, double *reals, size_t *processed)
 *       argout: an array
 *   (size_t count, const int64_t *integers, size_t *processed),
 *   (size_t count, const double *reals, size_t *processed)
 *       in: an array
 *
 * Functions lose their prefix: shareable_list_get is list_get in the raw module.
 */
%{
#include "shareable.h"
%}

%include <stdint.i>

%rename("%(strip:[shareable_])s", %$isfunction) "";
%rename("%(strip:[SHAREABLE_])s", %$isenumitem) "";
%rename("%(strip:[SHAREABLE_])s", %$isconstant) "";

/* For C only: typemaps convert values, and objects hold references. */
%ignore shareable_value;
%ignore shareable_error;
%ignore shareable_none;
%ignore shareable_int;
%ignore shareable_float;
%ignore shareable_bool;
%ignore shareable_str;
%ignore shareable_strn;
%ignore shareable_bytes;
%ignore shareable_memory_ref;
%ignore shareable_memory_unref;
%ignore shareable_manager_ref;
%ignore shareable_manager_unref;
%ignore shareable_list_ref;
%ignore shareable_list_unref;
%ignore SHAREABLE_H;
%ignore SHAREABLE_API;

%nodefaultctor;
%rename(Memory) shareable_memory;
%rename(List) shareable_list;
%rename(Manager) shareable_manager;

/* For C only: the other languages detect the types of the values when they make a list. */
%ignore shareable_list_create_ints;
%ignore shareable_list_create_floats;
%ignore shareable_list_view;

/* Only Go uses these: its package internal/raw calls them by cgo. */
%ignore shareable_access;
%ignore shareable_list_access;
%ignore shareable_list_join;
%ignore shareable_list_notify;
%ignore shareable_list_close_in_place;
%ignore shareable_memory_close_in_place;
/* The code of each binding calls these. */
%ignore shareable_watch;
%ignore SHAREABLE_WATCH_ONCE;
%ignore shareable_watch_add_item;
%ignore shareable_watch_add_list;
%ignore shareable_watch_add_lock;
%ignore shareable_watch_arm;
%ignore shareable_watch_changed;
%ignore shareable_watch_create;
%ignore shareable_watch_disarm;
%ignore shareable_watch_fd;
%ignore shareable_watch_free;
%ignore shareable_watch_remove;

%ignore shareable_array;
%ignore shareable_dtype;
%ignore SHAREABLE_NDIM_MAX;
%ignore shareable_array_close;
%ignore shareable_array_create;
%ignore shareable_array_data;
%ignore shareable_array_descr;
%ignore shareable_array_dtype;
%ignore shareable_array_item_size;
%ignore shareable_array_memory;
%ignore shareable_array_nbytes;
%ignore shareable_array_ndim;
%ignore shareable_array_ref;
%ignore shareable_array_shape;
%ignore shareable_array_size;
%ignore shareable_array_strides;
%ignore shareable_array_unlink;
%ignore shareable_array_unref;

%ignore shareable_array_create_from;
#ifndef SWIGPYTHON
%ignore shareable_array_open;
#endif

/* The code of each binding calls the functions of dicts. */
%ignore shareable_dict;
%ignore shareable_dict_addresses;
%ignore shareable_dict_item;
%ignore SHAREABLE_DICT_ANY;
%ignore SHAREABLE_DICT_IF_ABSENT;
%ignore SHAREABLE_DICT_IF_PRESENT;
%ignore SHAREABLE_DICT_KEY_MAX;
%ignore SHAREABLE_DICT_NO_EVICT;
%ignore SHAREABLE_DICT_PLACES_MAX;
%ignore shareable_dict_access;
%ignore shareable_dict_add;
%ignore shareable_dict_add_float;
%ignore shareable_dict_clear;
%ignore shareable_dict_close;
%ignore shareable_dict_close_in_place;
%ignore shareable_dict_compare_exchange;
%ignore shareable_dict_copy;
%ignore shareable_dict_create;
%ignore shareable_dict_delete;
%ignore shareable_dict_delete_expired;
%ignore shareable_dict_evicted;
%ignore shareable_dict_evicts;
%ignore shareable_dict_expire;
%ignore shareable_dict_explain;
%ignore shareable_dict_get;
%ignore shareable_dict_get_bool;
%ignore shareable_dict_get_bytes;
%ignore shareable_dict_get_float;
%ignore shareable_dict_get_int;
%ignore shareable_dict_get_stale;
%ignore shareable_dict_get_str;
%ignore shareable_dict_key_size;
%ignore shareable_dict_length;
%ignore shareable_dict_list;
%ignore shareable_dict_next;
%ignore shareable_dict_open;
%ignore shareable_dict_places;
%ignore shareable_dict_pop;
%ignore shareable_dict_ref;
%ignore shareable_dict_reindex;
%ignore shareable_dict_set;
%ignore shareable_dict_ttl;
%ignore shareable_dict_unlink;
%ignore shareable_dict_unref;
%ignore shareable_dict_value_size;
%ignore shareable_dict_wait;
%ignore shareable_watch_add_key;

/* Each language returns the results of the garbage collection in its own form. */
%ignore shareable_gc;
%ignore shareable_gc_count;
%ignore shareable_gc_result_at;
%ignore shareable_gc_free;
%ignore shareable_gc_name;
%ignore shareable_gc_reason;
%ignore shareable_gc_run;
%ignore shareable_gc_result;

/* The types are opaque, so the bodies are empty. Without the destructors, handles would leak. */
struct shareable_memory {};
struct shareable_list {};
struct shareable_manager {};

%extend shareable_memory {
  ~shareable_memory() {
    shareable_memory_unref($self);
  }
}

%extend shareable_list {
  ~shareable_list() {
    shareable_list_unref($self);
  }
}

%extend shareable_manager {
  ~shareable_manager() {
    shareable_manager_unref($self);
  }
}

%include "shareable.h"
