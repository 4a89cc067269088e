/*
 * guard.h - does for handles what the GIL does, in a CPython without the GIL.
 *
 * Any number of threads may use a handle of the library at the same time. But no thread may close
 * a handle, or drop its last reference, while another thread uses it. With the GIL, a thread that
 * uses a handle is the only thread that runs. Without the GIL, it enters the guard, and a thread
 * that closes or replaces a handle locks the guard. With the GIL, these functions do nothing.
 */
#ifndef SHAREABLE__PYTHON_GUARD_H
#define SHAREABLE__PYTHON_GUARD_H

#include <Python.h>

#ifdef Py_GIL_DISABLED

/* Must be called once, before the other functions. Returns -1 with an exception on failure. */
int guard_init(void);

/*
 * Between guard_enter() and guard_leave(), every handle that an object contains, and its block,
 * remain as they are. The calls do not nest. In between, the thread must not run Python code: it
 * could close an object, which waits until all other threads have left the guard.
 */
void guard_enter(void);
void guard_leave(void);

/*
 * guard_lock() leaves the guard and waits until no other thread is in the guard; guard_unlock()
 * ends that and enters the guard again. In between, the caller must hold a reference to each handle
 * that it uses.
 */
void guard_lock(void);
void guard_unlock(void);

#else

static inline int guard_init(void) {
  return 0;
}
static inline void guard_enter(void) {
}
static inline void guard_leave(void) {
}
static inline void guard_lock(void) {
}
static inline void guard_unlock(void) {
}

#endif

/* CPython before 3.13 always has the GIL. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#endif
