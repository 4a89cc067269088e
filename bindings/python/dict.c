/*
 * dict.c - the raw type Dict: its creation, and its slots, methods and attributes.
 */
#include "dict.h"

#include "dict_iterator.h"
#include "handle.h"
#include "status.h"

static PyTypeObject type;

int dict_check(PyObject *object, const char *parameter) {
  if (PyObject_TypeCheck(object, &type))
    return 0;
  PyErr_Format(PyExc_TypeError, "'%s' must be a %s, not %.200s", parameter, type.tp_name, Py_TYPE(object)->tp_name);
  return -1;
}

static PyObject *wrap(shareable_dict *dict) {
  dict_object *object = (dict_object *)type.tp_alloc(&type, 0);

  if (object == NULL)
    shareable_dict_unref(dict);
  else
    object->dict = dict;
  return (PyObject *)object;
}

static PyObject *wrap_or_raise(shareable_status status, shareable_dict *dict, status_context *context,
                               const char *name) {
  if (status == SHAREABLE_OK)
    return wrap(dict);
  context->name = name;
  status_raise(status, context);
  return NULL;
}

/* The library refuses so large a number, and names it. */
static size_t size_of(uint64_t number) {
  return sizeof(size_t) < sizeof number && number > UINT32_MAX ? UINT32_MAX : (size_t)number;
}

PyObject *dict_create(const char *name, uint64_t places, uint64_t key_size, uint64_t value_size, uint32_t flags,
                      uint32_t mode) {
  status_context context = STATUS_CONTEXT_NONE;
  shareable_dict *dict = NULL;
  shareable_status status;

  Py_BEGIN_ALLOW_THREADS;
  status = shareable_dict_create(&dict, name, size_of(places), size_of(key_size), size_of(value_size), flags, mode,
                                 &context.error);
  Py_END_ALLOW_THREADS;
  return wrap_or_raise(status, dict, &context, name);
}

PyObject *dict_open(const char *name, uint32_t flags) {
  status_context context = STATUS_CONTEXT_NONE;
  shareable_dict *dict = NULL;
  shareable_status status;

  Py_BEGIN_ALLOW_THREADS;
  status = shareable_dict_open(&dict, name, flags, &context.error);
  Py_END_ALLOW_THREADS;
  return wrap_or_raise(status, dict, &context, name);
}

/* A handle is closed while no other thread uses it. */
PyObject *dict_close(PyObject *object) {
  shareable_dict *dict;

  if (dict_check(object, "dict") < 0)
    return NULL;
  guard_enter();
  dict = shareable_dict_ref(dict_of(object));
  guard_lock();
  shareable_dict_close(dict);
  guard_unlock();
  shareable_dict_unref(dict);
  guard_leave();
  Py_RETURN_NONE;
}

PyObject *dict_unlink(PyObject *object) {
  status_context context = STATUS_CONTEXT_NONE;
  shareable_status status;

  if (dict_check(object, "dict") < 0)
    return NULL;
  guard_enter();
  status = shareable_dict_unlink(dict_of(object), &context.error);
  if (dict_of(object) == NULL) {
    status_raise_dict(status, NULL, NULL);
  } else if (status != SHAREABLE_OK) {
    context.name = shareable_memory_name(shareable_list_memory(shareable_dict_list(dict_of(object))));
    status_raise(status, &context);
  }
  guard_leave();
  return status == SHAREABLE_OK ? Py_BuildValue("") : NULL;
}

shareable_list *dict_list(PyObject *object) {
  shareable_list *list;

  if (dict_check(object, "dict") < 0)
    return NULL;
  guard_enter();
  list = shareable_list_ref(shareable_dict_list(dict_of(object)));
  if (list == NULL)
    status_raise_dict(SHAREABLE_E_CLOSED, NULL, NULL);
  guard_leave();
  return list;
}

/* __init__() takes another Dict and shares its handle. */
static int init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  static char name[] = "handle", *names[] = {name, NULL};
  PyObject *other;

  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!", names, &type, &other))
    return -1;
  guard_enter();
  shareable_dict_unref(handle_exchange_at(&((dict_object *)self)->dict, shareable_dict_ref(dict_of(other))));
  guard_leave();
  return 0;
}

/* In the guard: another thread may close the block through another object. */
static void dealloc(PyObject *self) {
  guard_enter();
  shareable_dict_unref(dict_of(self));
  guard_leave();
  handle_free(self);
}

static PyObject *size_attribute(PyObject *self, size_t get(const shareable_dict *dict)) {
  size_t size;

  guard_enter();
  size = get(dict_of(self));
  guard_leave();
  return PyLong_FromSize_t(size);
}

static PyObject *get_places(PyObject *self, void *closure) {
  (void)closure;
  return size_attribute(self, shareable_dict_places);
}

static PyObject *get_key_size(PyObject *self, void *closure) {
  (void)closure;
  return size_attribute(self, shareable_dict_key_size);
}

static PyObject *get_value_size(PyObject *self, void *closure) {
  (void)closure;
  return size_attribute(self, shareable_dict_value_size);
}

static PyObject *get_evicts(PyObject *self, void *closure) {
  int evicts;

  (void)closure;
  guard_enter();
  evicts = shareable_dict_evicts(dict_of(self));
  guard_leave();
  return PyBool_FromLong(evicts);
}

static PyObject *get_evicted(PyObject *self, void *closure) {
  uint64_t evicted;

  (void)closure;
  guard_enter();
  evicted = shareable_dict_evicted(dict_of(self));
  guard_leave();
  return PyLong_FromUnsignedLongLong(evicted);
}

/* A list of stock Python has no dict area. If the dict is closed, the result does not matter. */
static PyObject *get_has_area(PyObject *self, void *closure) {
  shareable_dict_addresses addresses = {0};

  (void)closure;
  guard_enter();
  shareable_dict_access(dict_of(self), &addresses, sizeof addresses);
  guard_leave();
  return PyBool_FromLong(addresses.area_version != 0);
}

static PyGetSetDef attributes[] = {
  {"places", get_places, NULL, "The most keys that the dict can have.", NULL},
  {"key_size", get_key_size, NULL, "The length of the longest key, in bytes of UTF-8.", NULL},
  {"value_size", get_value_size, NULL, "The length of the longest str or bytes as a value, in bytes of UTF-8.", NULL},
  {"evicts", get_evicts, NULL, "Whether a new key in a full dict evicts a key that was not used recently.", NULL},
  {"evicted", get_evicted, NULL, "The number of unexpired keys that calls through this object have evicted.", NULL},
  {"_has_area", get_has_area, NULL, "Whether the list has a dict area: one of stock Python has none.", NULL},
  {NULL, NULL, NULL, NULL, NULL},
};

/* Python calls each function with the arguments that its flags describe. */
/* Versions of clang-format differ here. */
/* clang-format off */
#define METHOD(name, function, flags, doc)                                                                             \
  { name, (PyCFunction)(void (*)(void))(function), flags, doc }
/* clang-format on */
#define WITH_NAMES (METH_FASTCALL | METH_KEYWORDS)

static PyMethodDef methods[] = {
  METHOD("get", dict_get, METH_FASTCALL,
         "get($self, key, default=None, /)\n--\n\n"
         "Return the value of a key, or the default if the key is absent."),
  METHOD("get_stale", dict_get_stale, METH_O,
         "get_stale($self, key, /)\n--\n\n"
         "Return the tuple of the value of a key and whether the key has expired.\n\n"
         "An expired key keeps its value until its place is needed, or delete_expired() deletes it. So a\n"
         "program can use an old value while it makes a new one. Raises KeyError if the key is absent."),
  METHOD("set", dict_set, WITH_NAMES,
         "set($self, /, key, value, *, ttl=None, timeout=10.0, evict=True)\n--\n\n"
         "Write the value of a key, and insert the key if it is absent.\n\n"
         "The key expires in `ttl` seconds, or never if it is None: ``d[key] = value`` does the same\n"
         "without a TTL. Raises TimeoutError if another process has the lock of the dict for longer than\n"
         "`timeout` seconds; None is no limit, and 0 tries once. Raises OSError with errno.ENOSPC if the dict\n"
         "is full, and it evicts no keys or `evict` is false."),
  METHOD("set_if_absent", dict_set_if_absent, WITH_NAMES,
         "set_if_absent($self, /, key, value, *, ttl=None, timeout=10.0, evict=True)\n--\n\n"
         "Insert a key with a value if it is absent, in one atomic operation. Return whether it was.\n\n"
         "`evict` is as for set()."),
  METHOD("set_if_present", dict_set_if_present, WITH_NAMES,
         "set_if_present($self, /, key, value, *, ttl=None, timeout=10.0)\n--\n\n"
         "Write the value of a key if it is in the dict, in one atomic operation. Return whether it was.\n\n"
         "The TTL is replaced, as by set()."),
  METHOD("setdefault", dict_setdefault, WITH_NAMES,
         "setdefault($self, /, key, default=None, *, ttl=None, timeout=10.0, evict=True)\n--\n\n"
         "Insert a key with the default if it is absent. Return its value.\n\n"
         "Of several processes that do this at once, one inserts its default, and all get that value. `evict`\n"
         "is as for set()."),
  METHOD("add", dict_add, WITH_NAMES,
         "add($self, /, key, amount=1, *, initial=0, ttl=None, timeout=10.0)\n--\n\n"
         "Add to the number of a key in one atomic operation. Return the new value.\n\n"
         "If the key is absent, insert it with the value `initial` + `amount`, and with a TTL in seconds. A\n"
         "key that is in the dict keeps its TTL. The value must be an int, or a float if `amount` or\n"
         "`initial` is a float: otherwise TypeError. OverflowError if the sum does not fit in 64 bits. Then\n"
         "the value is unchanged."),
  METHOD("compare_exchange", dict_compare_exchange, WITH_NAMES,
         "compare_exchange($self, /, key, expected, desired, *, timeout=10.0)\n--\n\n"
         "Replace an int by `desired` if it equals `expected`, in one atomic operation.\n\n"
         "Return whether it was replaced. The key keeps its TTL. Raises KeyError if the key is absent, and\n"
         "TypeError if the value is not an int."),
  METHOD("pop", dict_pop, WITH_NAMES,
         "pop(key[, default], *, timeout=10.0)\n\n"
         "Delete a key and return its value, in one atomic operation.\n\n"
         "If the key is absent, return the default, or raise KeyError if none is passed."),
  METHOD("popitem", dict_popitem, WITH_NAMES,
         "popitem($self, /, *, timeout=10.0)\n--\n\n"
         "Delete any key, and return the tuple of it and its value. Raises KeyError if all keys are deleted or\n"
         "have expired: then bool() of the dict is False."),
  METHOD("clear", dict_clear, WITH_NAMES,
         "clear($self, /, *, timeout=10.0)\n--\n\n"
         "Delete all keys that are in the dict, one after the other."),
  METHOD("ttl", dict_ttl, METH_O,
         "ttl($self, key, /)\n--\n\n"
         "Return the seconds until a key expires, or None if it does not expire. Raises KeyError."),
  METHOD("expire", dict_expire, WITH_NAMES,
         "expire($self, /, key, ttl, *, timeout=10.0)\n--\n\n"
         "Make a key expire in `ttl` seconds, or never if that is None. Raises KeyError."),
  METHOD("delete_expired", dict_delete_expired, WITH_NAMES,
         "delete_expired($self, /, max=None, *, timeout=10.0)\n--\n\n"
         "Delete the keys that have expired, but at most `max`. Return their number.\n\n"
         "This is not necessary: an expired key is absent, and its place is used when it is needed."),
  METHOD("reindex", dict_reindex, WITH_NAMES,
         "reindex($self, /, *, timeout=10.0)\n--\n\n"
         "Make the index and the number of keys again from the keys.\n\n"
         "That changes nothing, unless another program has damaged them."),
  METHOD("copy_to", dict_copy_to, WITH_NAMES,
         "copy_to($self, /, target, *, timeout=10.0)\n--\n\n"
         "Copy all keys with their values and TTLs to another ShareableDict, for example a larger one.\n\n"
         "Keys that are in both get the value of this one. Raises OSError if the target is full, and\n"
         "ValueError if a key or a value does not fit: then some keys have been copied."),
  METHOD("wait", dict_wait, WITH_NAMES,
         "wait($self, /, key, old=..., timeout=None)\n--\n\n"
         "Wait until the value of a key differs from `old`, as compared by ==. Return the new value.\n\n"
         "Without `old`, wait until the key is in the dict. Raises KeyError if the key is absent at the end:\n"
         "it was deleted, or has expired. Raises TimeoutError if nothing happens within `timeout` seconds;\n"
         "0 only checks, and None is no limit. Other threads run during the wait, and signals are handled.\n\n"
         "A write through this library, in any language, ends the wait at once. An expiry and a write by\n"
         "stock Python end it within 50 milliseconds. See ShareableList.wait() for threads of executors."),
  METHOD("_differs", dict_differs, METH_FASTCALL, "Return whether wait() would return at once."),
  {NULL, NULL, 0, NULL},
};

static PyNumberMethods as_number = {.nb_bool = dict_bool};

static PySequenceMethods as_sequence = {.sq_contains = dict_contains};

static PyMappingMethods as_mapping = {
  .mp_length = dict_length, .mp_subscript = dict_subscript, .mp_ass_subscript = dict_ass_subscript};

/* Python's own errors about arguments name the type: users know its only subclass, ShareableDict. */
static PyTypeObject type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable.ShareableDict",
  .tp_doc = "A dict in a block of shared memory.",
  .tp_basicsize = sizeof(dict_object),
  .tp_new = PyType_GenericNew,
  .tp_init = init,
  .tp_dealloc = dealloc,
  .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
  .tp_as_number = &as_number,
  .tp_as_sequence = &as_sequence,
  .tp_as_mapping = &as_mapping,
  .tp_hash = PyObject_HashNotImplemented,
  .tp_iter = dict_keys,
  .tp_methods = methods,
  .tp_getset = attributes,
};

int dict_type_init(PyObject *module) {
  if (PyType_Ready(&type) < 0 || dict_iterator_type_init() < 0 || handle_type_make_generic(&type) < 0)
    return -1;
  Py_INCREF(&type);
  if (PyModule_AddObject(module, "Dict", (PyObject *)&type) == 0)
    return 0;
  Py_DECREF(&type);
  return -1;
}
