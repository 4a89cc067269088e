/*
 * program.h - where the programs of this project are that the library starts.
 */
#ifndef SHAREABLE__PROGRAM_H
#define SHAREABLE__PROGRAM_H

typedef enum shareable__program { SHAREABLE__REAPER, SHAREABLE__MANAGER } shareable__program;

/*
 * Finds the programs of a library that is not installed in a fixed place (program.c). It is called
 * when the library is loaded, because the program may change its working directory later. Another
 * constructor that needs the paths calls it first.
 */
void shareable__program_init(void);

/*
 * Returns an absolute path: the value of SHAREABLE_REAPER or SHAREABLE_MANAGER, as in the build tree,
 * or the path of the build. A program with more rights than its user ignores the variables.
 */
const char *shareable__program_path(shareable__program program);

/*
 * Returns what the user must do if the program cannot be started with this errno, in parentheses
 * after a space, or "".
 */
const char *shareable__program_advice(shareable__program program, int errnum);

#endif
