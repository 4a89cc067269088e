/*
 * dict_call.c - calls of the library that wait for the lock of a dict.
 */
#include "dict.h"
#include "gil.h"

typedef struct waiting_call {
  dict_call *call;
  dict_call_function *function;
} waiting_call;

static shareable_status call_once(shareable_list *list, void *context, int64_t timeout) {
  waiting_call *waiting = context;

  (void)list;
  return waiting->function(waiting->call, timeout);
}

int dict_call_waiting(dict_call *call, dict_call_function *function, int64_t timeout, shareable_status *status) {
  waiting_call waiting = {call, function};

  *status = SHAREABLE_E_TIMED_OUT;
  if (call->dict == NULL) {
    *status = SHAREABLE_E_CLOSED;
    return 0;
  }
  if (!call->is_held)
    shareable_dict_ref(call->dict);
  call->is_held = true;
  return gil_wait(shareable_dict_list(call->dict), call_once, &waiting, timeout, status);
}

void dict_call_end(dict_call *call) {
  if (call->is_held)
    shareable_dict_unref(call->dict);
}
