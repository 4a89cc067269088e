/*
 * contained.h - how the C sources in this folder are compiled. Each of them includes this file first.
 *
 * A Go program is one program with the C code of all of its packages. So names.h, which `make
 * go-module` generates, renames the functions and variables whose names do not begin with
 * "shareable".
 */
#ifndef RAW_CONTAINED_H
#define RAW_CONTAINED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

/* The Go program itself is started again as these programs (start.c). */
#define SHAREABLE_REAPER_PROGRAM "."
#define SHAREABLE_MANAGER_PROGRAM "."

#include "names.h"

#endif
