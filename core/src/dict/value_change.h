/*
 * value_change.h - changing the value of a key, or inserting the key with a value.
 */
#ifndef SHAREABLE__VALUE_CHANGE_H
#define SHAREABLE__VALUE_CHANGE_H

#include "dict/dict.h"

typedef struct shareable__value_change shareable__value_change;

struct shareable__value_change {
  /*
   * Changes the value of a place, whose item is locked, and whose version word without the lock is
   * `before`. *after is the version word to unlock it with; it is `before` at first.
   */
  shareable_status (*apply)(shareable__value_change *change, shareable_dict *dict, uint64_t place, uint64_t before,
                            uint64_t *after);
  const shareable_value *value; /* of a set, or of a key that is inserted */
  int64_t ttl;                  /* of a set, or of a key that is inserted; 0: none */
  bool inserts, replaces;       /* whether the key may be absent, and present */
  bool may_evict;               /* whether to insert the key into a full dict */
  bool is_long;                 /* the value is too long for a redo record */
  uint64_t operand, expected;   /* of operations on numbers: their bits */
  uint64_t found, put;          /* the bits before and after the operation */
};

/*
 * Finds the key, and applies the change to its value or inserts it. Returns E_NO_KEY or E_KEY_EXISTS
 * if the change does not do that, E_TIMED_OUT, or the errors of a write.
 */
shareable_status shareable__dict_change_value(shareable_dict *dict, const shareable_value *key,
                                              shareable__value_change *change, int64_t timeout);

/*
 * Waits until no writer has the value of a place locked. The caller does not hold the lock of the
 * dict. Returns E_TIMED_OUT, or E_BUSY if a living writer holds it for a second.
 */
shareable_status shareable__dict_await_value(shareable_dict *dict, uint64_t place, shareable__dict_deadline *deadline);

#endif
