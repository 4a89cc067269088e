/*
 * concurrent_writer.h - opens a block of arbitrary bytes as a list or a dict, while a second thread
 * flips bytes of it.
 */
#ifndef TESTS_FUZZ_CONCURRENT_WRITER_H
#define TESTS_FUZZ_CONCURRENT_WRITER_H

#include <stdbool.h>

#include "shareable.h"

/*
 * Opens the bytes as a dict, or as a list if `dict` is NULL, and stores the handles, which the caller
 * has set to NULL. They remain NULL if the bytes are not a dict or a list. The caller must call
 * close_with_writer() in either case.
 */
void open_with_writer(const void *bytes, size_t size, bool with_thread, uint32_t flags, shareable_list **list,
                      shareable_dict **dict);
void close_with_writer(shareable_list *list, shareable_dict *dict);

#endif
