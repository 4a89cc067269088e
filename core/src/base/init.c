/*
 * init.c - what is done when the library is loaded.
 */
#include "base/fork.h"

/* A fork that another thread has begun before would not be seen. */
__attribute__((constructor)) static void load(void) {
  shareable__fork_init();
}
