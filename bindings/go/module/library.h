/*
 * library.h - the header of the library that this package uses: the copy in this folder, or the
 * installed library (build tag shareable_pkgconfig).
 */
#ifndef RAW_LIBRARY_H
#define RAW_LIBRARY_H

#ifdef SHAREABLE_CONTAINED
#include "core_shareable.h"
#else
#include <shareable.h>
#endif

#endif
