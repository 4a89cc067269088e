/*
 * init.c - the constructor of the library.
 */
#include "base/fork.h"
#include "base/program.h"

/*
 * Registers the handlers as early as possible: handlers that are registered while another thread is
 * in fork() do not run for that fork().
 */
__attribute__((constructor)) static void init(void) {
  shareable__program_init();
  shareable__fork_init();
}
