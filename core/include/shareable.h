/*
 * shareable.h - one list, one block of memory, every language.
 *
 * What CPython's multiprocessing.shared_memory does (SharedMemory, ShareableList), in CPython's own bytes, so that
 * C, Lua, Go, Python through this library and unmodified stock Python share one live list.
 *
 * CAVEATS, read these first
 *
 * - Killed processes. A block or list has its name only once it is complete: a creator that is killed before that
 *   leaves nothing (where the file system of shared memory lacks O_TMPFILE: at most a file named
 *   ".shareable-…", that nobody can take for a block). A writer that is killed while it writes an item leaves the
 *   old value or the new one; whoever comes next completes its write, within some milliseconds. Of a text of more than
 *   472 bytes it may leave neither: reading it answers SHAREABLE_E_CORRUPT until it is written anew. A block outlives
 *   every process until somebody unlinks it, unless it is owned:
 * - Owned blocks. A block made with SHAREABLE_OWNED belongs to the process that made it: its name is unlinked when that
 *   ends, by itself, by exec or by SIGKILL, within a second; who has the block open keeps it. A small process of its own
 *   (shareable-reaper), in a session of its own, waits for that: it is started with a process's first owned block, which
 *   takes some milliseconds. Where it is killed together with the owner, as by the end of a container, the next one of
 *   the same user does its work, or shareable_gc_run(). If the first process of a container does not wait for orphans,
 *   all owners of a user share one reaper, which runs as long as the container and leaves one zombie in all. What a
 *   process owns is listed in /dev/shm/.shareable-UID, which is removed with the last log in it; if another user has
 *   taken that name, in /dev/shm/.shareable-UID.XXXXXXXX. A process that changes its effective user, or comes to see
 *   another /dev/shm (chroot, mount namespaces), has a log for each; where no reaper can be started, creating an owned
 *   block fails. So it does under a RLIMIT_FSIZE of less than 8 KiB, which a log takes, and under a hard RLIMIT_NOFILE
 *   of less than 6. A fork's child owns nothing of its parent's; a worker that is to leave what it made to its parent
 *   calls shareable_hand_over().
 * - Two writers, or a reader beside a writer. Between users of this library no read is ever torn, whatever the type and
 *   however it changes. That takes the sync area past the list, which a list made with SHAREABLE_PLAIN, or by
 *   stock Python, has not: there only an int or a float that keeps its type is never torn, and a change of type
 *   or a text can be seen half done. Stock Python beside a list of ours reads and writes as it always does: it
 *   may see, and leave, a mixture.
 * - A writer that is stopped (SIGSTOP, a debugger) in the midst of writing an item holds that item: reads and writes of
 *   it answer SHAREABLE_E_TIMED_OUT after a second. Other items can be written. A list has four redo records, and a writer of
 *   at most 472 bytes holds one during its write. While four writers are stopped that hold them, other writers write without a
 *   record: if such a writer is killed in a write, its item is E_CORRUPT until it is written again, even if the value is short.
 * - Readers. A process that may only read a list can hold read locks on its file. They do not stop writers. But a writer that
 *   joined beside such locks, and is killed, seems alive as long as they are held. Until then, reads and writes of an item that
 *   it held return SHAREABLE_E_TIMED_OUT after a second; if it held the list's lock, shareable_list_lock() returns
 *   SHAREABLE_E_TIMED_OUT when its timeout is over, and does not return without a timeout. Such a process can also take the
 *   wake-ups of waiters (FUTEX_REQUEUE): a wait then sees a change later, by about a quarter of the time that it has waited and
 *   at most 50 milliseconds, and a lock passes from one process to the next within some milliseconds.
 * - A handle on a list with a sync area keeps one file descriptor open, above 2 and close-on-exec, until it is closed. If the
 *   program closes that descriptor, or opens another file in its place, the library opens the block again when it needs it,
 *   and leaves the program's file alone. If it cannot (the block was unlinked), a writer that died seems to live. While the
 *   program has descriptors 0 to 2 closed, a descriptor that the kernel gives there is moved by the next system call.
 * - Privileges. A list that was opened for writing stays writable after setuid(2), chroot(2) or a chmod of the block. A
 *   child of a later fork() opens the block again for its first write: that fails with SHAREABLE_E_SYSTEM if it may not.
 * - Cancellation. A thread can be cancelled (deferred) in any call: no lock of the library stays held. A call that has begun
 *   is completed first: a wait or a lock that has no timeout cannot be cancelled until the item changes or the lock is free. A
 *   thread that may be cancelled during a wait must wait with a timeout, and call pthread_testcancel() between two calls.
 * - Signal handlers. A handler must not write to a list through a handle through which the thread that it interrupted may be
 *   writing: the interrupted write would no longer be protected from a change of the item's type. Nor must it read or lock what
 *   that thread may hold. A handler may call fork(): its signal waits while the library is in a state that a child must not get.
 * - Up to eight handles of a list write numbers without locking the item; others lock it, until one of the eight is closed.
 * - Memory control groups. Blocks count against the limit of the control group that first touches their pages; past
 *   the limit the kernel kills a process of the group (see memory.max in cgroups(7)) instead of reporting an error.
 * - Truncation. Who may write a block may also shorten its file. Memory that is cut off while it is mapped raises
 *   SIGBUS at its next use, as for every mapped file. Give blocks to processes you trust; the mode bits decide.
 * - Space. A block's memory is reserved when it is made (a full /dev/shm is SHAREABLE_E_NO_SPACE then, with the
 *   figures), unless SHAREABLE_LAZY asks for pages at first use: then a full /dev/shm is SIGBUS at that use.
 * - fork(). A child inherits the mapping and the handles, and may use them: it writes under a token of its own. Parent
 *   and child each close their own handle, and unlink once between them. The child owns nothing of its parent's, holds
 *   no lock of its parent's, and its end does nothing to the parent's blocks. This is so for a child of _Fork() or clone(2),
 *   too, if the kernel has MADV_WIPEONFORK (Linux 4.14); without, such a child must not write, lock or own anything. These calls
 *   do not wait for other threads: in their child, a lock of the C library, a manager's handle or an item that another thread
 *   of the parent held may stay held. The child of vfork(), or of clone(2) with CLONE_VM, must not use the library.
 * - Threads. Any thread may use a handle, several at once; but closing a handle, or dropping its last reference,
 *   while another thread still uses it is the caller's race to prevent, as with free().
 * - Views. A pointer from shareable_memory_address() is good until shareable_memory_close(); between
 *   shareable_memory_pin() and shareable_memory_unpin() it stays good across close.
 * - Unlinking removes the name only. Who has the block open keeps using it; who comes later does not find it.
 *   Unlinking through a handle removes that block and never another one that has taken the name. If another one takes it just
 *   then, that has no name for some microseconds, and is moved back; if the process is killed meanwhile, the next reaper
 *   or shareable_gc_run() of the same user moves it back.
 * - Garbage collection. shareable_gc_run() removes a block only if the kernel confirms, by a lease, that no process has it open
 *   or mapped. A process that opens the block between that check and the unlink gets a block without a name. During the
 *   check, which takes microseconds, opening the block waits; if gc is stopped just then (SIGSTOP), functions of this library
 *   fail with SHAREABLE_E_SYSTEM after 100 milliseconds, and other programs wait for at most /proc/sys/fs/lease-break-time.
 * - Stock Python. CPython registers what it attaches to with its resource tracker, which unlinks it when that Python
 *   process ends. That is CPython's doing (its issue gh-82300): have it attach with track=False, which a block (not a
 *   list) takes from 3.13 on, or unregister.
 *
 * CONVENTIONS
 *
 * Every function that can fail returns a shareable_status: SHAREABLE_OK (0) or a negative code, and then leaves
 * what its out-parameters point to alone unless it says otherwise. There is no errno contract, no "last error" and
 * no global state. Functions that work by name also take a shareable_error, which may be NULL: on failure they put the
 * sentence to show there, with names and figures; it is left alone on success. For a failure about one item,
 * shareable_list_explain() makes that sentence. No argument is trusted: NULL handles and closed ones answer
 * SHAREABLE_E_CLOSED, other NULLs SHAREABLE_E_ARGUMENT.
 *
 * A name is that of shm_open(3): 1 to 255 bytes, no '/' but for one in front, which is not counted and not kept;
 * not "." or "..". Text is UTF-8, checked when it is written and when it is read; bytes are exact; every length is
 * explicit and in bytes. An index counts from 0, or from the end when negative: -1 is the last item.
 *
 * The bytes of a list are specified in layout.md, beside this library's documentation.
 *
 * Since 0.1 unless said otherwise. SPDX-License-Identifier: MIT
 */
#ifndef SHAREABLE_H
#define SHAREABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHAREABLE_VERSION_MAJOR 0
#define SHAREABLE_VERSION_MINOR 1
#define SHAREABLE_VERSION_PATCH 0

#if !defined(SHAREABLE_API)
#if defined(__GNUC__)
#define SHAREABLE_API __attribute__((visibility("default")))
#else
#define SHAREABLE_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------------
 * Status
 */

/*
 * Every status: X(name, number, kind, sentence). The one list: the enum below, shareable_status_text(), and the
 * tables of errors in Python, Lua and Go are made of it. The kind is the nearest errno, which says what family of
 * exception a language shows: ENOENT is FileNotFoundError in Python and fs.ErrNotExist in Go, EINVAL is
 * ValueError, ERANGE is IndexError, EPROTOTYPE is TypeError, EOVERFLOW is OverflowError, ENOMEM is MemoryError, EIO
 * stands for whatever errno the system gave (shareable_error's member `system`). Numbers never change their meaning.
 */
#define SHAREABLE_STATUS_MAP(X)                                                                                        \
  X(OK, 0, 0, "success")                                                                                               \
  /* The caller is to change its call. */                                                                              \
  X(E_ARGUMENT, -1, EINVAL, "an argument is not valid")                                                                \
  X(E_NAME, -2, EINVAL, "not a valid name: 1 to 255 bytes, no '/' inside, no NUL, not '.' or '..'")                    \
  X(E_CLOSED, -3, EINVAL, "it is closed")                                                                              \
  X(E_READ_ONLY, -4, EPROTOTYPE, "it is attached read-only")                                                           \
  X(E_INDEX, -5, ERANGE, "index out of range")                                                                         \
  X(E_TYPE, -6, EPROTOTYPE, "the item has another type")                                                               \
  X(E_VALUE_TYPE, -7, EPROTOTYPE, "a value must be an int, float, bool, str, bytes or None")                           \
  X(E_OVERFLOW, -8, EOVERFLOW, "an int must fit in 64 bits, sign included")                                            \
  X(E_UTF8, -9, EINVAL, "a str must be UTF-8")                                                                         \
  X(E_SLOT, -10, EINVAL, "the text is longer than the item's slot")                                                    \
  X(E_LENGTH, -11, EINVAL, "the text is longer than a list can hold")                                                  \
  X(E_ABSENT, -12, EINVAL, "the value is not in the list")                                                             \
  X(E_BUFFER, -13, EINVAL, "the buffer is too small for the text")                                                     \
  X(E_NOT_LOCKED, -14, EINVAL, "the list is not locked through this handle")                                           \
  X(E_NO_SYNC, -15, EINVAL, "the list has no sync area: stock Python made it, or it is plain")                         \
  X(E_APART, -16, EINVAL, "it does not lie beside the items next to it: it has room for a text")                       \
  /* The other side, or an operator, is to act. */                                                                     \
  X(E_NOT_FOUND, -20, ENOENT, "no such block")                                                                         \
  X(E_EXISTS, -21, EEXIST, "a block of that name exists")                                                              \
  X(E_PERMISSION, -22, EACCES, "permission denied")                                                                    \
  X(E_NO_SPACE, -23, ENOSPC, "not enough shared memory")                                                               \
  X(E_NO_MEMORY, -24, ENOMEM, "not enough memory")                                                                     \
  X(E_SYSTEM, -25, EIO, "the system refused")                                                                          \
  X(E_NOT_READY, -26, EINVAL, "the block is not ready: its creator has not finished writing it, try again")            \
  X(E_NOT_LIST, -27, EINVAL, "the block does not hold a list")                                                         \
  X(E_CORRUPT, -28, EINVAL, "the item is damaged: write it anew")                                                      \
  X(E_VERSION, -29, EINVAL, "the list is of another version of this library")                                          \
  X(E_TIMED_OUT, -30, ETIMEDOUT, "somebody else holds it")                                                             \
  X(E_OWNER_DIED, -31, EOWNERDEAD, "whoever had the lock died with it: it is yours, what it guards may be half done")  \
  X(E_UNCHANGED, -32, ETIMEDOUT, "it has not changed in that time")                                                    \
  X(E_AUTH, -33, EACCES, "the manager has another key")                                                                \
  X(E_NO_MANAGER, -34, ECONNREFUSED, "no manager is there, or it has gone")                                            \
  X(E_REMOTE, -35, EREMOTEIO, "the manager answered with an error")                                                    \
  X(E_PROTOCOL, -36, EPROTO, "what is there does not speak as a manager does")

#define SHAREABLE__ENUM(name, number, kind, text) SHAREABLE_##name = number,
typedef enum shareable_status { SHAREABLE_STATUS_MAP(SHAREABLE__ENUM) } shareable_status;
#undef SHAREABLE__ENUM

/*
 * What went wrong, in full. The caller owns it; nothing in it needs to be freed.
 */
typedef struct shareable_error {
  int32_t status; /* the shareable_status that the function returned */
  int32_t system; /* the errno of the system call that failed, or 0 where it was none */
  char text[504]; /* one sentence in UTF-8 without a full stop, NUL-terminated. A long name is shortened in it, and ends
                     in "…"; bytes that are not UTF-8, control characters, and those that reorder text are shown as \xNN */
} shareable_error;

/*
 * The sentence of a status, for example "no such block". Never NULL: an unknown number gets a sentence too.
 * The string is static.
 */
SHAREABLE_API const char *shareable_status_text(int status);

/*
 * The name of a status as in this header, for example "E_NOT_FOUND"; "E_UNKNOWN" for an unknown number. Static.
 */
SHAREABLE_API const char *shareable_status_name(int status);

/*
 * The kind of a status, an errno as SHAREABLE_STATUS_MAP explains; 0 for SHAREABLE_OK and for an unknown number.
 */
SHAREABLE_API int shareable_status_kind(int status);

/*
 * The version of the library in use, "major.minor.patch". It may be newer than this header. Static.
 */
SHAREABLE_API const char *shareable_version(void);

/* ------------------------------------------------------------------------------------------------------------
 * Flags
 */

/* What create and open may be told, or-ed together; any other bit is SHAREABLE_E_ARGUMENT. 0 is the ordinary case. */
enum {
  SHAREABLE_LAZY = 1 << 0,      /* create: take pages at first use, do not reserve them now (see "Space" above) */
  SHAREABLE_READ_ONLY = 1 << 1, /* open: map without the right to write; needs only the right to read */
  SHAREABLE_PLAIN = 1 << 2,     /* create a list: without a sync area, of exactly CPython's size */
  SHAREABLE_OWNED = 1 << 3,     /* create: the name goes when this process ends (see "Owned blocks" above) */
  SHAREABLE_REMOVE = 1 << 4     /* gc: remove what is garbage; without, it is only told */
};

/* ------------------------------------------------------------------------------------------------------------
 * Values
 */

/* The type of an item. */
typedef enum shareable_type {
  SHAREABLE_TYPE_NONE = 0,
  SHAREABLE_TYPE_INT = 1,   /* a signed 64-bit integer */
  SHAREABLE_TYPE_FLOAT = 2, /* an IEEE 754 double */
  SHAREABLE_TYPE_BOOL = 3,
  SHAREABLE_TYPE_STR = 4,  /* UTF-8, at most 9,999,991 bytes when the list is made */
  SHAREABLE_TYPE_BYTES = 5 /* likewise, any bytes */
} shareable_type;

/* The longest str or bytes, in bytes, that a list can be made with (layout.md, "Text"). */
#define SHAREABLE_TEXT_MAX 9999991
/* The longest str or bytes, in bytes, that ends in a NUL byte (layout.md, "Trailing NULs"). */
#define SHAREABLE_TEXT_NUL_MAX 999999

/*
 * One value of any type, for passing in and out. 24 bytes on every platform. It owns nothing: `text` points to
 * memory of the caller's, both ways. The functions below make one.
 */
typedef struct shareable_value {
  uint32_t type;     /* a shareable_type, says which member of the union counts */
  uint32_t capacity; /* shareable_list_create(): the slot is to have room for this many bytes of text, whatever it
                        holds at first; 0: as much as CPython gives. At most 9,999,992. Elsewhere not looked at. */
  uint64_t length;   /* of `text`, in bytes */
  union {
    int64_t integer;
    double real;
    uint8_t boolean;  /* 0 or 1 (when passed in: not 0) */
    const char *text; /* str and bytes; may be NULL where length is 0 */
    uint64_t bits;    /* fixes the union's size at 8 */
  };
} shareable_value;

static inline shareable_value shareable_none(void) {
  shareable_value value;
  memset(&value, 0, sizeof value);
  return value;
}

static inline shareable_value shareable_int(int64_t integer) {
  shareable_value value = shareable_none();
  value.type = SHAREABLE_TYPE_INT;
  value.integer = integer;
  return value;
}

static inline shareable_value shareable_float(double real) {
  shareable_value value = shareable_none();
  value.type = SHAREABLE_TYPE_FLOAT;
  value.real = real;
  return value;
}

static inline shareable_value shareable_bool(int boolean) {
  shareable_value value = shareable_none();
  value.type = SHAREABLE_TYPE_BOOL;
  value.boolean = boolean != 0;
  return value;
}

/* `length` bytes of UTF-8, which may hold NULs. */
static inline shareable_value shareable_strn(const char *text, size_t length) {
  shareable_value value = shareable_none();
  value.type = SHAREABLE_TYPE_STR;
  value.length = length;
  value.text = text;
  return value;
}

/* A NUL-terminated string of UTF-8. */
static inline shareable_value shareable_str(const char *text) {
  return shareable_strn(text, text == NULL ? 0 : strlen(text));
}

static inline shareable_value shareable_bytes(const void *data, size_t length) {
  shareable_value value = shareable_strn((const char *)data, length);
  value.type = SHAREABLE_TYPE_BYTES;
  return value;
}

/* ------------------------------------------------------------------------------------------------------------
 * Blocks: CPython's SharedMemory
 */

/* A block of shared memory, as this process has it open. */
typedef struct shareable_memory shareable_memory;

/*
 * Makes a new block of `size` bytes, all zero, and opens it.
 *
 *   memory  receives the handle, with one reference: drop it with shareable_memory_unref()
 *   name    the new name, or NULL for a random one as CPython makes them: "psm_" and eight hexadecimal digits
 *   size    1 to SIZE_MAX / 2 bytes; the block is exactly that long (its mapping is rounded up to whole pages)
 *   flags   0, or SHAREABLE_LAZY and SHAREABLE_OWNED, or-ed together
 *   mode    permission bits as for open(2), 0001 to 0777, less the process's umask; 0 for 0600, as CPython
 *   error   receives the sentence on failure; may be NULL
 *
 * Returns E_EXISTS, E_NAME, E_ARGUMENT (size, flags, mode), E_NO_SPACE, E_NO_MEMORY, E_PERMISSION or E_SYSTEM. A
 * failure leaves nothing behind and touches nothing of anybody else's. Nobody sees the name before the block is complete.
 */
SHAREABLE_API shareable_status shareable_memory_create(shareable_memory **memory, const char *name, uint64_t size,
                                                       uint32_t flags, uint32_t mode, shareable_error *error);

/*
 * Opens the block called `name`, whoever made it. Never creates, never changes and never removes anything.
 *
 *   memory  receives the handle, with one reference: drop it with shareable_memory_unref()
 *   flags   0 or SHAREABLE_READ_ONLY
 *
 * Returns E_NOT_FOUND, E_NAME, E_ARGUMENT (flags), E_PERMISSION, E_NOT_READY (its creator has not given it a size yet:
 * try again), E_NO_MEMORY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_memory_open(shareable_memory **memory, const char *name, uint32_t flags,
                                                     shareable_error *error);

/*
 * Takes a further reference to a handle and returns it; to be dropped with shareable_memory_unref(). NULL stays NULL.
 */
SHAREABLE_API shareable_memory *shareable_memory_ref(shareable_memory *memory);

/*
 * Drops a reference. The last one closes the block and frees the handle. NULL does nothing.
 */
SHAREABLE_API void shareable_memory_unref(shareable_memory *memory);

/*
 * Ends this handle's access to the block: unmaps it, or has the last shareable_memory_unpin() unmap it. The block
 * itself stays. The handle stays too, for its name, its size, unlinking and dropping its references. Closing twice,
 * or closing NULL, does nothing.
 */
SHAREABLE_API void shareable_memory_close(shareable_memory *memory);

/*
 * Removes the block's name, whether or not the handle is closed. Who has it open keeps it. Another block that has taken the
 * name stays, whenever it did. If it cannot get its name back, because that was taken once more, *error says where it is.
 *
 * Returns E_NOT_FOUND where it is already gone, also where its name belongs to another block by now, which stays;
 * E_PERMISSION; or E_SYSTEM, also if this process does not see the /dev/shm that the block is in, after chroot(2) or in another
 * mount namespace: then an owned block stays owned.
 */
SHAREABLE_API shareable_status shareable_memory_unlink(shareable_memory *memory, shareable_error *error);

/*
 * Removes the name `name`, of a block or a list, without opening it. Returns as shareable_memory_unlink(), or E_NAME.
 */
SHAREABLE_API shareable_status shareable_unlink(const char *name, shareable_error *error);

/*
 * Leaves what this process owns to process `pid`, for a worker that is about to end: it is then unlinked once both have
 * ended, not when this one does. Where this process is killed before, nothing has changed. What it makes later is left
 * too, also where it owns nothing yet. `pid` is seen from this process's pid namespace; 1 or more.
 *
 * Returns E_ARGUMENT where there is no such process, E_SYSTEM without memory. Without /proc, a process that has ended and was
 * not waited for counts as one that lives; and a pid of another pid namespace is taken to live.
 */
SHAREABLE_API shareable_status shareable_hand_over(int64_t pid);

/*
 * The block's name without the leading '/'. It lives as long as the handle. NULL for NULL.
 */
SHAREABLE_API const char *shareable_memory_name(const shareable_memory *memory);

/*
 * The block's size in bytes, as it was when it was opened; also once closed. 0 for NULL.
 */
SHAREABLE_API size_t shareable_memory_size(const shareable_memory *memory);

/*
 * The first byte of the block, aligned to a page; NULL once closed. Good until shareable_memory_close(). Of a handle that
 * is read-only, writing there is SIGSEGV.
 */
SHAREABLE_API void *shareable_memory_address(const shareable_memory *memory);

/*
 * 1 where the handle was opened with SHAREABLE_READ_ONLY, else 0.
 */
SHAREABLE_API int shareable_memory_is_read_only(const shareable_memory *memory);

/*
 * 1 where both handles are of one block: not just of one name, which may have come to stand for another. Also once
 * closed. 0 otherwise, and for NULL.
 */
SHAREABLE_API int shareable_memory_is_same(const shareable_memory *one, const shareable_memory *other);

/*
 * Keeps the block mapped, at its address, until shareable_memory_unpin(), whoever closes or drops the handle
 * meanwhile: for views that a language hands out. Holds a reference too. Pins count.
 *
 * Returns E_CLOSED where it is closed: no new view.
 */
SHAREABLE_API shareable_status shareable_memory_pin(shareable_memory *memory);

/*
 * Ends one pin. The last one unmaps a block that was closed meanwhile. NULL does nothing.
 */
SHAREABLE_API void shareable_memory_unpin(shareable_memory *memory);

/* ------------------------------------------------------------------------------------------------------------
 * Garbage
 */

/* What shareable_gc_run() makes of a block. */
typedef enum shareable_fate {
  SHAREABLE_FATE_KEPT = 0,    /* it stays, and the reason says why */
  SHAREABLE_FATE_GARBAGE = 1, /* it would be removed */
  SHAREABLE_FATE_REMOVED = 2
} shareable_fate;

typedef struct shareable_gc shareable_gc;

/*
 * Looks at every block there is, stock Python's too, and tells which are garbage: recorded as owned (SHAREABLE_OWNED) by a
 * process that has ended, as the lock that it held proves, by this user (root: by any); and in use by no process: neither
 * open nor mapped, as the kernel confirms by a write lease (fcntl(2), F_SETLEASE), also for processes that /proc does
 * not show; a descriptor opened with O_PATH does not count. Whatever cannot be proven to be all that stays, however old it
 * is: also if this process may take no lease, for which it must be the block's user or have CAP_LEASE. It is for what is
 * left where a reaper was killed together with the owner.
 *
 *   gc      receives the findings: free them with shareable_gc_free()
 *   flags   0 only tells; SHAREABLE_REMOVE unlinks the garbage as well
 *
 * What cannot be read (a log, a process, a block) is unknown: it removes nothing, and does not stop the rest of the run.
 * With SHAREABLE_REMOVE, it also completes what killed processes began to unlink.
 *
 * Returns E_ARGUMENT, E_NO_MEMORY, E_PERMISSION or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_gc_run(shareable_gc **gc, uint32_t flags, shareable_error *error);

/* Frees the findings; NULL is fine. */
SHAREABLE_API void shareable_gc_free(shareable_gc *gc);

/* How many blocks there are; and of each, by an index from 0, in the order of their names: the name, what it is, and why. */
SHAREABLE_API size_t shareable_gc_count(const shareable_gc *gc);
SHAREABLE_API const char *shareable_gc_name(const shareable_gc *gc, size_t index);
SHAREABLE_API shareable_fate shareable_gc_fate(const shareable_gc *gc, size_t index);
SHAREABLE_API const char *shareable_gc_reason(const shareable_gc *gc, size_t index);

/* ------------------------------------------------------------------------------------------------------------
 * Lists: CPython's ShareableList
 */

/* A list in a block of its own, as this process has it open. Its length never changes. */
typedef struct shareable_list shareable_list;

/*
 * Makes a new list of the values, and opens it.
 *
 *   list    receives the handle, with one reference: drop it with shareable_list_unref()
 *   name    as for shareable_memory_create()
 *   values  `count` values, copied; may be NULL where count is 0
 *   flags   as for shareable_memory_create(), or SHAREABLE_PLAIN: without a sync area, of exactly the size that
 *           CPython gives it. Otherwise 2.8 KiB and 8 bytes an item are added past the list
 *   mode, error  as for shareable_memory_create()
 *
 * Returns as shareable_memory_create(), or E_VALUE_TYPE, E_UTF8, E_LENGTH (a str or bytes, or a capacity, past
 * SHAREABLE_TEXT_MAX, or past SHAREABLE_TEXT_NUL_MAX and ending in NUL): the sentence says which item. All or nothing.
 */
SHAREABLE_API shareable_status shareable_list_create(shareable_list **list, const char *name,
                                                     const shareable_value *values, size_t count, uint32_t flags,
                                                     uint32_t mode, shareable_error *error);

/*
 * Make a new list of ints, or of floats: as shareable_list_create(), with the numbers side by side in memory as C has them.
 */
SHAREABLE_API shareable_status shareable_list_create_ints(shareable_list **list, const char *name,
                                                          const int64_t *integers, size_t count, uint32_t flags,
                                                          uint32_t mode, shareable_error *error);
SHAREABLE_API shareable_status shareable_list_create_floats(shareable_list **list, const char *name,
                                                            const double *reals, size_t count, uint32_t flags,
                                                            uint32_t mode, shareable_error *error);

/*
 * Opens the list called `name`, whoever made it, stock Python included. Takes the same time whatever the length:
 * items are checked when they are used.
 *
 * Returns as shareable_memory_open(); E_NOT_READY also if the list's creator has not written its offsets yet (stock
 * Python makes the block first and fills it then: try again; reading, searching and writing items that it has not written
 * yet returns E_NOT_READY too, in every function below); or E_NOT_LIST where the block cannot hold the list that it says it does, or its sync
 * area is damaged; E_VERSION if the sync area is one of another version of this library.
 */
SHAREABLE_API shareable_status shareable_list_open(shareable_list **list, const char *name, uint32_t flags,
                                                   shareable_error *error);

/* As shareable_memory_ref(). */
SHAREABLE_API shareable_list *shareable_list_ref(shareable_list *list);

/* As shareable_memory_unref(). */
SHAREABLE_API void shareable_list_unref(shareable_list *list);

/* As shareable_memory_close(), of the list's block. */
SHAREABLE_API void shareable_list_close(shareable_list *list);

/* As shareable_memory_unlink(), of the list's block. */
SHAREABLE_API shareable_status shareable_list_unlink(shareable_list *list, shareable_error *error);

/*
 * The list's block. It belongs to the list: take a reference to keep it longer. Closing it closes the list. NULL for NULL.
 */
SHAREABLE_API shareable_memory *shareable_list_memory(const shareable_list *list);

/*
 * The number of items; also once closed. 0 for NULL.
 */
SHAREABLE_API size_t shareable_list_length(const shareable_list *list);

/*
 * The number of bytes that an item has room for: the longest text that can be written to it. It never changes.
 * Every item has room for 8 at least, so a value that is not text fits anywhere.
 *
 * Returns E_CLOSED, E_INDEX, or E_CORRUPT where the list's offsets are damaged there: that item is lost.
 */
SHAREABLE_API shareable_status shareable_list_capacity(const shareable_list *list, int64_t index, size_t *size);

/*
 * The type that an item has now. Returns E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT or
 * E_TIMED_OUT.
 */
SHAREABLE_API shareable_status shareable_list_type(const shareable_list *list, int64_t index, shareable_type *type);

/*
 * Reads an item of any type.
 *
 *   value   receives it; where it is a str or bytes, `text` is `buffer`
 *   buffer  receives a text; no NUL is added; may be NULL where size is 0
 *   size    of the buffer, in bytes; shareable_list_capacity() is always enough
 *
 * Returns E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT, E_UTF8 (a str that is not: stock Python cuts some), E_TIMED_OUT (one
 * writer has held the item for a second, or many in turn for ten; or the handle is read-only, and writers that write a long
 * text without a pause have overtaken the read for ten seconds), or E_BUFFER: then type and length are set, and say how much is
 * needed.
 */
SHAREABLE_API shareable_status shareable_list_get(const shareable_list *list, int64_t index, shareable_value *value,
                                                  void *buffer, size_t size);

/*
 * Read an item of a known type. None of them allocates; an int or a float is one atomic load. A read locks the item only if
 * writers have overtaken it 16 times and the handle may write. E_TYPE where the item has another type; else they return as
 * shareable_list_get().
 */
SHAREABLE_API shareable_status shareable_list_get_int(const shareable_list *list, int64_t index, int64_t *integer);
SHAREABLE_API shareable_status shareable_list_get_float(const shareable_list *list, int64_t index, double *real);
SHAREABLE_API shareable_status shareable_list_get_bool(const shareable_list *list, int64_t index, int *boolean);

/*
 * Read a str or bytes into the buffer of `size` bytes, without a NUL at the end; *length receives its bytes, also on
 * E_BUFFER. E_TYPE where the item has another type; else they return as shareable_list_get().
 */
SHAREABLE_API shareable_status shareable_list_get_str(const shareable_list *list, int64_t index, char *buffer,
                                                      size_t size, size_t *length);
SHAREABLE_API shareable_status shareable_list_get_bytes(const shareable_list *list, int64_t index, void *buffer,
                                                        size_t size, size_t *length);

/*
 * Writes an item of any type, whatever type it had.
 *
 * Returns E_CLOSED, E_READ_ONLY, E_INDEX, E_VALUE_TYPE, E_UTF8, E_SLOT, E_LENGTH (it ends in NUL and is longer than
 * SHAREABLE_TEXT_NUL_MAX), E_NOT_READY, E_CORRUPT (its slot is lost), E_TIMED_OUT (another writer has held the item for a
 * second, or many in turn for ten) or E_SYSTEM (the kernel gives this process no proof of life, which others go by: no descriptor is left, or /proc is not
 * mounted and the list unlinked). Then the item is as it was.
 */
SHAREABLE_API shareable_status shareable_list_set(shareable_list *list, int64_t index, const shareable_value *value);

/*
 * Write an item of one type, whatever type it had. None of them allocates. An int over an int, a float over a float and a
 * bool over a bool are one atomic store, for the thread that wrote through the handle first, until the item first changes
 * from one of these types to another; otherwise, as all other writes, they lock the item for that moment. They return as
 * shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_set_none(shareable_list *list, int64_t index);
SHAREABLE_API shareable_status shareable_list_set_int(shareable_list *list, int64_t index, int64_t integer);
SHAREABLE_API shareable_status shareable_list_set_float(shareable_list *list, int64_t index, double real);
SHAREABLE_API shareable_status shareable_list_set_bool(shareable_list *list, int64_t index, int boolean);
SHAREABLE_API shareable_status shareable_list_set_str(shareable_list *list, int64_t index, const char *text,
                                                      size_t length);
SHAREABLE_API shareable_status shareable_list_set_bytes(shareable_list *list, int64_t index, const void *data,
                                                        size_t length);

/*
 * Read or write `count` items from `first` on (which may be negative), all of one type. Each item is one atomic load
 * or store; the range as a whole is not. Reading stops at the first item that has another type (E_TYPE) or is damaged
 * (E_CORRUPT); writing gives each item the type. *done, which may be NULL, always receives the number of items that were
 * read or written. E_INDEX where the range does not lie in the list: then none is. Else as
 * shareable_list_get() or as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_get_ints(const shareable_list *list, int64_t first, size_t count,
                                                       int64_t *integers, size_t *done);
SHAREABLE_API shareable_status shareable_list_get_floats(const shareable_list *list, int64_t first, size_t count,
                                                         double *reals, size_t *done);
SHAREABLE_API shareable_status shareable_list_set_ints(shareable_list *list, int64_t first, size_t count,
                                                       const int64_t *integers, size_t *done);
SHAREABLE_API shareable_status shareable_list_set_floats(shareable_list *list, int64_t first, size_t count,
                                                         const double *reals, size_t *done);

/*
 * Gives the items as C has numbers: side by side in the list's memory, 8 bytes each, from the first on, `length` of them. All
 * have to be of the type, SHAREABLE_TYPE_INT or SHAREABLE_TYPE_FLOAT, and in slots of 8 bytes, as they are made.
 *
 *   numbers  receives where they are: good until shareable_list_close(), or between shareable_memory_pin() and unpin(). Of a
 *            list that is read-only, writing there is SIGSEGV
 *   at       receives which item is in the way, where one is; may be NULL
 *
 * Each number is read and written whole by a load or a store of 8 bytes. Nobody who waits is woken by that, and if somebody
 * gives an item another type, what lies there is no longer a number: agree on types, or use the functions above.
 *
 * Returns E_CLOSED, E_ARGUMENT (another type, or NULL), E_TYPE, E_APART, E_NOT_READY, E_CORRUPT or E_TIMED_OUT.
 */
SHAREABLE_API shareable_status shareable_list_view(const shareable_list *list, shareable_type type, void **numbers,
                                                   size_t *at);

/*
 * Change an int by one atomic operation, among all languages, processes and threads: none is lost, and a killed one has
 * happened or has not. They work on lists of stock Python's too, where only its own writes, which know no atomics, can be
 * lost or torn.
 *
 * add   adds `delta` and gives the new value; E_OVERFLOW where that does not fit 64 bits: then nothing is changed
 * exchange   writes `desired` and gives the value that was there
 * compare_exchange   writes `desired` if the value is *expected; *exchanged, which may be NULL, receives 1 if it was, else
 *                    0, and then *expected the value that is there
 *
 * E_TYPE where the item is no int; else they return as shareable_list_set(). The out-parameters of add and exchange may be
 * NULL.
 */
SHAREABLE_API shareable_status shareable_list_add(shareable_list *list, int64_t index, int64_t delta, int64_t *integer);
SHAREABLE_API shareable_status shareable_list_exchange(shareable_list *list, int64_t index, int64_t desired,
                                                       int64_t *integer);
SHAREABLE_API shareable_status shareable_list_compare_exchange(shareable_list *list, int64_t index, int64_t *expected,
                                                               int64_t desired, int *exchanged);

/*
 * Locks the list for whatever its users agree that the lock guards; reads and writes of items do not ask for it. It
 * works among processes, threads and handles of any language. It belongs to the handle, whichever thread took it, and is not
 * recursive: to take it twice through one handle is to wait for oneself.
 *
 *   timeout   in nanoseconds: how long to wait; 0 only tries, less than 0 waits for as long as it takes
 *
 * Returns E_OWNER_DIED where the one before died, or closed its handle, without unlocking: the lock is taken all the same,
 * and what it guards may be half done. Else E_TIMED_OUT, E_CLOSED, E_READ_ONLY (who may only read cannot hold up those who
 * write), E_NO_SYNC, or E_SYSTEM as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_lock(shareable_list *list, int64_t timeout);

/*
 * Unlocks the list. Returns E_NOT_LOCKED where this handle does not have the lock; else E_CLOSED or E_NO_SYNC.
 */
SHAREABLE_API shareable_status shareable_list_unlock(shareable_list *list);

/*
 * Waits until an item is something else than the value, compared as by shareable_list_count(): a NaN is something else than
 * itself. Where it is already, that is no waiting. Between users of this library no processor is kept busy meanwhile: the
 * wait looks for some microseconds, then sleeps until somebody writes.
 *
 *   timeout   in nanoseconds: how long to wait; 0 only looks, less than 0 waits for as long as it takes
 *
 * Whoever writes past this library (stock Python, a view of the memory), and a writer that is killed after its last store,
 * wakes nobody: what they wrote is found within 50 milliseconds. Through a handle that is read-only, and on a
 * list without sync area, nobody can be told at all: there the wait looks again after 0.1 milliseconds, then less and
 * less often, down to every 10.
 *
 * Another thread may close the handle, but not drop its last reference: that ends the wait with E_CLOSED, within 50
 * milliseconds.
 *
 * Returns E_UNCHANGED where the time is over first; else E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT, E_TIMED_OUT (as
 * shareable_list_get()) or E_VALUE_TYPE.
 */
SHAREABLE_API shareable_status shareable_list_wait(const shareable_list *list, int64_t index,
                                                   const shareable_value *value, int64_t timeout);

/*
 * Gives a number for all that the list holds: another one as soon as any item is another, in type or worth (for any one
 * change for certain, else but for one in 2^64). It is never 0, and the same through every handle and in every language.
 * It is not fit to protect from forgery. Takes time as the list has bytes: about a millisecond for 2 MiB.
 *
 * Returns E_CLOSED or E_NOT_READY.
 */
SHAREABLE_API shareable_status shareable_list_digest(const shareable_list *list, uint64_t *digest);

/*
 * Waits, as shareable_list_wait(), until the list's digest is something else than *digest, which then receives the new
 * one. So nothing is missed between two calls, and a loop that begins with 0 begins with what there is:
 *
 *   uint64_t digest = 0;
 *   while (shareable_list_wait_any(list, &digest, -1) == SHAREABLE_OK)
 *     show(list);
 *
 * What changes and changes back between two looks is no change. Returns E_UNCHANGED, E_CLOSED or E_NOT_READY.
 */
SHAREABLE_API shareable_status shareable_list_wait_any(const shareable_list *list, uint64_t *digest, int64_t timeout);

/*
 * Counts the items that equal the value, by Python's ==: numbers compare by their exact worth across int, float and
 * bool (1 == 1.0 == True, 2**53 + 1 != 2.0**53), a NaN equals nothing, a str never equals bytes.
 *
 * Returns E_CLOSED, E_VALUE_TYPE; or E_NOT_READY, E_CORRUPT where an item is damaged, E_TIMED_OUT as shareable_list_get():
 * then *count is its index.
 */
SHAREABLE_API shareable_status shareable_list_count(const shareable_list *list, const shareable_value *value,
                                                    size_t *count);

/*
 * Finds the first item that equals the value, compared as by shareable_list_count().
 *
 * Returns as shareable_list_count(), or E_ABSENT where there is none.
 */
SHAREABLE_API shareable_status shareable_list_index(const shareable_list *list, const shareable_value *value,
                                                    size_t *index);

/*
 * The struct formats of all items, one after the other, as CPython's ShareableList.format gives them: for example
 * "8sqd". No NUL is added. At most 8 bytes an item.
 *
 *   buffer, size  where to; may be NULL and 0 to ask for the length
 *   length        receives the bytes needed, also on E_BUFFER; may be NULL
 *
 * Returns E_CLOSED, E_BUFFER; or E_NOT_READY, E_CORRUPT where an item is damaged, E_TIMED_OUT as shareable_list_get():
 * then *length is its index.
 */
SHAREABLE_API shareable_status shareable_list_format(const shareable_list *list, char *buffer, size_t size,
                                                     size_t *length);

/*
 * Makes the sentence for a status that another function returned about an item: which list, which item, what to do.
 * `index` is the one that was passed there. Returns `status`, so that it can stand at the end of a function.
 */
SHAREABLE_API shareable_status shareable_list_explain(const shareable_list *list, int64_t index,
                                                      shareable_status status, shareable_error *error);

/*
 * The same for a function that is about no one item: the lock, the digest and shareable_list_wait_any().
 */
SHAREABLE_API shareable_status shareable_list_explain_whole(const shareable_list *list, shareable_status status,
                                                            shareable_error *error);

/* ------------------------------------------------------------------------------------------------------------
 * Managers: CPython's SharedMemoryManager
 */

/*
 * A process that owns blocks: it removes them when it is shut down, and when the process that started it has died, however
 * that died. CPython's managers and clients and this library's are each other's (protocol.md); the handle keeps one
 * connection to a manager of this library's, and makes one for each call to one of CPython's.
 *
 * Any thread may use a handle; calls wait for each other. A call waits for the manager for ten seconds at most: then it is
 * E_TIMED_OUT. In the child of a fork() a handle connects anew, and dropping it shuts nothing down.
 *
 * An address is text: a path with a '/', of a local socket's file (107 bytes at most); "@name", a name of the kernel's that is
 * no file, and that any user can connect to; or "host:port" with an IPv4 address, or "localhost". Nothing is encrypted: over a
 * network, whoever can read it can read names, and take a connection over once it is made. On local sockets, both sides see
 * that the other one is of the same user, or root.
 */
typedef struct shareable_manager shareable_manager;

/*
 * Starts a manager: the program shareable-manager where it was installed, or what the environment variable SHAREABLE_MANAGER
 * names. It is spawned, without a copy of this process, in a session of its own.
 *
 *   manager  receives the handle, with one reference: drop it with shareable_manager_unref()
 *   address  where it is to listen; NULL: at a socket in a new directory that only this user can enter, under TMPDIR or /tmp
 *   authkey  `authkey_size` bytes, 1 to 65,536, copied, that clients have to have; NULL: 32 random ones
 *   error    receives the sentence on failure; may be NULL
 *
 * Returns E_ARGUMENT (address, authkey_size), E_NOT_FOUND or E_PERMISSION (the program), E_NO_MANAGER (it did not begin to
 * listen: it says why on standard error), E_NO_MEMORY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_manager_start(shareable_manager **manager, const char *address,
                                                       const void *authkey, size_t authkey_size,
                                                       shareable_error *error);

/*
 * Connects to a manager that runs, this library's or CPython's. As shareable_manager_start(), but that address and authkey
 * are needed. If a connection over TCP is closed before its handshake is complete, as by a manager with too many peers, another
 * one is tried, for ten seconds at most.
 *
 * Returns E_ARGUMENT; E_NO_MANAGER; E_AUTH where its key is another one; E_PERMISSION where it is another user's; E_PROTOCOL
 * where it is no manager; E_TIMED_OUT, E_NO_MEMORY or E_SYSTEM. Every call below that asks the manager returns these too.
 */
SHAREABLE_API shareable_status shareable_manager_connect(shareable_manager **manager, const char *address,
                                                         const void *authkey, size_t authkey_size,
                                                         shareable_error *error);

/* As shareable_memory_ref(). */
SHAREABLE_API shareable_manager *shareable_manager_ref(shareable_manager *manager);

/*
 * Drops a reference. The last one frees the handle; and, in the process that started the manager, shuts it down first. NULL
 * does nothing.
 */
SHAREABLE_API void shareable_manager_unref(shareable_manager *manager);

/*
 * Where the manager listens, as text that shareable_manager_connect() takes. It lives as long as the handle. NULL for NULL.
 */
SHAREABLE_API const char *shareable_manager_address(const shareable_manager *manager);

/*
 * The key, *size bytes (`size` may be NULL), which lives as long as the handle. Whoever has it can have the manager remove any
 * block of its user's: hand it on by what others cannot read. NULL for NULL.
 */
SHAREABLE_API const void *shareable_manager_authkey(const shareable_manager *manager, size_t *size);

/*
 * Makes a block, as shareable_memory_create() with a random name, and gives it to the manager.
 *
 *   memory  receives the handle, which is the caller's: to drop it does not remove the block
 *
 * Returns as shareable_memory_create() and shareable_manager_track(); then there is no block.
 */
SHAREABLE_API shareable_status shareable_manager_create_memory(shareable_manager *manager, shareable_memory **memory,
                                                               uint64_t size, shareable_error *error);

/*
 * Makes a list of the values, as shareable_list_create() with a random name, and gives it to the manager. Returns as that, or
 * as shareable_manager_track(): then there is no list.
 */
SHAREABLE_API shareable_status shareable_manager_create_list(shareable_manager *manager, shareable_list **list,
                                                             const shareable_value *values, size_t count,
                                                             uint32_t flags, shareable_error *error);

/*
 * Gives a block to the manager, which removes it in the end. Any process may have made it. A name may be given before the block is there,
 * and twice. If the block is there, this library's manager removes that block only: another block that has taken the name by
 * then stays. CPython's manager removes whatever block has the name. A manager's names are UTF-8.
 *
 * Returns E_NAME, E_CLOSED (the manager was shut down), E_REMOTE (the sentence has its words), or as
 * shareable_manager_connect().
 */
SHAREABLE_API shareable_status shareable_manager_track(shareable_manager *manager, const char *name,
                                                       shareable_error *error);

/*
 * Has the manager remove a block that it was given, now. Returns as shareable_manager_track(), or E_ABSENT where it was not
 * given that name, E_NOT_FOUND where the block is gone already, also if another block has its name: then the manager has
 * forgotten the name, too.
 */
SHAREABLE_API shareable_status shareable_manager_release(shareable_manager *manager, const char *name,
                                                         shareable_error *error);

/*
 * The names of all blocks that the manager has, in the order in which it was given them, each with a NUL at its end.
 *
 *   buffer, size  where to; may be NULL and 0 to ask for the length, which may have grown by the next call
 *   length        receives the bytes needed, also on E_BUFFER; may be NULL
 *
 * Returns E_BUFFER, or as shareable_manager_track().
 */
SHAREABLE_API shareable_status shareable_manager_names(shareable_manager *manager, char *buffer, size_t size,
                                                       size_t *length, shareable_error *error);

/*
 * Ends the manager: it removes its blocks, then its socket, then itself. Waits for that up to a second. One that this process
 * started and that does not end is then ended by SIGTERM and, after another second, by SIGKILL: E_TIMED_OUT. Whoever uses a
 * block keeps it. A second call does nothing.
 *
 * Returns E_CLOSED (no handle) or as shareable_manager_track(): one that was connected to may refuse (CPython's does where
 * one of its blocks is gone), and goes on then.
 */
SHAREABLE_API shareable_status shareable_manager_shutdown(shareable_manager *manager, shareable_error *error);

#ifdef __cplusplus
}
#endif

#endif
