/*
 * init.c - the constructor of the library.
 */
#include "base/fork.h"

/*
 * Registers the handlers before other threads exist: handlers that are registered while a thread is
 * in fork() do not run for that fork().
 */
__attribute__((constructor)) static void init(void) {
  shareable__fork_init();
}
