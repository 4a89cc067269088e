/*
 * musl.c - what Debian's static nettle, which was built for glibc, asks of that and musl has not.
 */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *file, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* It says which processor it found, if it is told to. */
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
  va_list arguments;
  int written;

  (void)flag;
  va_start(arguments, format);
  written = vfprintf(file, format, arguments);
  va_end(arguments);
  return written;
}
