/*
 * list.c - opens arbitrary bytes as the block of a list, and runs operations on it, while a second
 * thread flips bytes.
 *
 * The first byte contains flags: the second thread runs (1), the list is opened read-only (2), the
 * list is closed before the last operation (4). The second byte is the number of operations. Each
 * operation has two bytes: its number, and its item and value. The block follows.
 */
#include "concurrent_writer.h"
#include "fuzz.h"
#include "operations.h"

enum { HEADER = 2, OPERATIONS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const shareable_value values[] = {shareable_int(10), shareable_float(0.5), shareable_str("howdy"), shareable_none()};
  size_t count = size < HEADER ? 0 : bytes[1] % (OPERATIONS + 1), header = HEADER + 2 * count;
  shareable_list *list = NULL;

  if (size <= header)
    return 0;
  open_with_writer(bytes + header, size - header, bytes[0] & 1, bytes[0] & 2 ? SHAREABLE_READ_ONLY : 0, &list, NULL);
  for (size_t k = 0; list != NULL && k < count; k++) {
    const uint8_t *operation = bytes + HEADER + 2 * k;

    if ((bytes[0] & 4) != 0 && k == count - 1)
      shareable_list_close(list);
    operate(list, operation[0], operation[1] / 4 - 20, &values[operation[1] % 4]);
  }
  close_with_writer(list, NULL);
  return 0;
}
