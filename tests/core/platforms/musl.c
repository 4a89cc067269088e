/*
 * musl.c - the function of glibc that Debian's static nettle, which was built for glibc, needs and
 * musl does not have.
 */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *file, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* nettle prints the detected processor with it, if an environment variable requests that. */
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
  va_list arguments;
  int written;

  (void)flag;
  va_start(arguments, format);
  written = vfprintf(file, format, arguments);
  va_end(arguments);
  return written;
}
