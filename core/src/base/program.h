/*
 * program.h - the paths of the programs that the library starts.
 */
#ifndef SHAREABLE__PROGRAM_H
#define SHAREABLE__PROGRAM_H

#include <stdbool.h>

typedef enum shareable__program { SHAREABLE__REAPER, SHAREABLE__MANAGER } shareable__program;

/*
 * Finds the programs if the build does not define their absolute paths (program.c). It is called
 * when the library is loaded, because the program may change its working directory later. Another
 * constructor that needs the paths must call it first.
 */
void shareable__program_init(void);

/*
 * Returns whether the file of the running program contains this code. Otherwise, a shared library
 * contains it.
 */
bool shareable__program_contains_library(void);

/*
 * Returns the value of SHAREABLE_REAPER or SHAREABLE_MANAGER if it is set and not empty. Otherwise,
 * returns the absolute path that the build or shareable__program_init() defines. A program with
 * more rights than its user ignores the variables.
 */
const char *shareable__program_path(shareable__program program);

/*
 * Returns the part of an error message that describes what the user must do if starting the program
 * fails with this errno: " (...)" or "".
 */
const char *shareable__program_advice(shareable__program program, int errnum);

#endif
