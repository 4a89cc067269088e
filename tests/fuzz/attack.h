/*
 * attack.h - a list in a block of any bytes, of which a second thread flips some all the time.
 */
#ifndef TESTS_FUZZ_ATTACK_H
#define TESTS_FUZZ_ATTACK_H

#include <stdbool.h>

#include "shareable.h"

/* NULL where the bytes are no list. attack_end() is due in any case. */
shareable_list *attack_begin(const void *bytes, size_t size, bool with_thread, uint32_t flags);
void attack_end(shareable_list *list);

#endif
