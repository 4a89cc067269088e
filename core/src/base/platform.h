/*
 * platform.h - the system's features that the library needs, and those that only Linux has.
 *
 * If SHAREABLE_PORTABLE is defined, the library does without the latter on Linux too, so that
 * tests/core/platforms can test that. Such a build must not write to a list together with normal
 * builds, because it does not use their barriers.
 */
#ifndef SHAREABLE__PLATFORM_H
#define SHAREABLE__PLATFORM_H

#include <fcntl.h>
#include <sys/mman.h>

/* O_TMPFILE, futex(2), membarrier(2). */
#if defined(__linux__) && !defined(SHAREABLE_PORTABLE)
#define SHAREABLE__LINUX 1
#else
#define SHAREABLE__LINUX 0
#endif

/* posix_spawn_file_actions_addclosefrom_np(3): since glibc 2.34. */
#if SHAREABLE__LINUX && defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
#define SHAREABLE__CLOSEFROM 1
#else
#define SHAREABLE__CLOSEFROM 0
#endif

/* The library cannot do without these: they show which processes are alive. */
#ifndef F_OFD_SETLK
#error "no open file description locks (fcntl, F_OFD_SETLK) on this system: see core/doc/platforms.md"
#endif
#ifndef MADV_DONTFORK
#error "no mappings that a fork's child does not get (madvise, MADV_DONTFORK) on this system: see core/doc/platforms.md"
#endif

#endif
