/*
 * copies.c - a program that is linked with libshareable.so, and runs a Python program in which the
 * package contains another copy of the library: copies FILE ORDER LIBRARY REAPER NAME [MODE]
 *
 * It has a list of its own while the Python program runs.
 */
#include <Python.h>
#include <shareable.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  shareable_value value = shareable_int(1);
  shareable_error error;
  shareable_list *list;
  int64_t integer = 0;
  char name[64];
  int result;

  snprintf(name, sizeof name, "%s-c-%ld", argv[argc < 6 ? argc - 1 : 5], (long)getpid());
  setenv("SHAREABLE_REAPER", argv[argc < 6 ? argc - 1 : 4], 1);
  if (shareable_list_create(&list, name, &value, 1, SHAREABLE_OWNED, 0, &error) != SHAREABLE_OK)
    return fprintf(stderr, "%s\n", error.message), 1;
  unsetenv("SHAREABLE_REAPER");
  result = Py_BytesMain(argc, argv);
  if (shareable_list_add(list, 0, 1, &integer) != SHAREABLE_OK || integer != 2)
    result = 1;
  shareable_list_unlink(list, NULL);
  shareable_list_unref(list);
  return result;
}
