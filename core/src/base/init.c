/*
 * init.c - the constructor of the library.
 */
#include "base/fork.h"

/* Registered later, the handlers would miss a fork() that another thread has started before. */
__attribute__((constructor)) static void init(void) {
  shareable__fork_init();
}
