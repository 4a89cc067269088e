/*
 * concurrent_writer.h - opens a block of arbitrary bytes as a list, while a second thread flips
 * bytes of it.
 */
#ifndef TESTS_FUZZ_CONCURRENT_WRITER_H
#define TESTS_FUZZ_CONCURRENT_WRITER_H

#include <stdbool.h>

#include "shareable.h"

/*
 * Returns NULL if the bytes are not a list. The caller must call close_with_writer() in either
 * case.
 */
shareable_list *open_with_writer(const void *bytes, size_t size, bool with_thread, uint32_t flags);
void close_with_writer(shareable_list *list);

#endif
