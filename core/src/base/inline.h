/*
 * inline.h - functions that the compiler must expand in their callers, or must not.
 */
#ifndef SHAREABLE__INLINE_H
#define SHAREABLE__INLINE_H

/* The fast path of a call: its local variables are in registers. */
#define SHAREABLE__INLINE static inline __attribute__((always_inline))

/* A slow path: it does not make the fast path save registers. */
#define SHAREABLE__NOINLINE static __attribute__((noinline))

#endif
