/*
 * attack.h - opens a block of arbitrary bytes as a list, while a second thread flips bytes of it.
 */
#ifndef TESTS_FUZZ_ATTACK_H
#define TESTS_FUZZ_ATTACK_H

#include <stdbool.h>

#include "shareable.h"

/* Returns NULL if the bytes are not a list. The caller must call attack_end() in either case. */
shareable_list *attack_begin(const void *bytes, size_t size, bool with_thread, uint32_t flags);
void attack_end(shareable_list *list);

#endif
