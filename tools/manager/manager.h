/*
 * manager.h - the program shareable-manager.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

/* Runs the program. Returns its exit status, or exits. */
int manager_main(int argc, char **argv);

#endif
