/*
 * shareable.h - lists and blocks of shared memory for C, Python, Lua and Go.
 *
 * The library does what CPython's multiprocessing.shared_memory does (SharedMemory, ShareableList),
 * in CPython's own format. Programs in C, Lua, Go and Python that use this library, and programs in
 * CPython without it ("stock Python"), can share one live list.
 *
 * CAVEATS
 *
 * - Killed processes. A block or list gets its name only when it is complete. A creator that is
 *   killed before that leaves nothing. The exception is a file system of shared memory without
 *   O_TMPFILE: there, a killed creator may leave a file whose name begins with ".shareable-". That
 *   file is not a block. If a writer is killed while it writes an item, the item has the old value
 *   or the new one: the next process that uses the item completes the write, within a few
 *   milliseconds. A text longer than 472 bytes may be lost: reading it returns SHAREABLE_E_CORRUPT
 *   until it is written again. A block that is not owned exists until a process unlinks it, even if
 *   no process uses it.
 * - Owned blocks. A block that is created with SHAREABLE_OWNED belongs to the process that creates
 *   it. Its name is unlinked within a second after that process exits, calls exec, or is killed.
 *   Processes that have the block open keep it. A helper process, shareable-reaper, unlinks it. The
 *   reaper runs in its own session. The library starts it when a process creates its first owned
 *   block, which takes a few milliseconds. If the reaper is killed together with the owner, for
 *   example at the end of a container, the next reaper of the same user or shareable_gc_run()
 *   removes the blocks. If the first process of a container does not wait for orphans, all owners
 *   of a user share one reaper, which runs as long as the container and leaves a single zombie.
 * - Ownership logs. The blocks that a process owns are listed in a log in /dev/shm/.shareable-UID.
 *   If another user has taken that name, the directory is /dev/shm/.shareable-UID.XXXXXXXX. The
 *   directory is removed with the last log in it. If a process changes its effective user, or sees
 *   another /dev/shm later (chroot, mount namespaces), it has one log for each user and each
 *   /dev/shm. Creating an owned block fails if no reaper can be started, if RLIMIT_FSIZE is less
 *   than 8 KiB (the size of a log), or if the hard limit RLIMIT_NOFILE is less than 6. The child of
 *   a fork does not own its parent's blocks, but they are kept until the child ends too or executes
 *   another program: a program that daemonizes keeps its blocks. A worker that must leave its
 *   blocks to its parent calls shareable_transfer_ownership().
 * - Dicts. If a writer is killed while it changes a dict, the next process that acquires the dict's
 *   lock completes the change; until then, reads find every key that was reported as inserted, with
 *   the old value or the new one, of any length. A writer that is stopped while it has that lock
 *   makes inserts, deletes, and writes of texts of more than 472 bytes return SHAREABLE_E_TIMED_OUT
 *   when their timeouts are over; reads do not wait for it, but each read of an absent key then
 *   takes a millisecond and the time to read all keys. Stock Python must not write keys: a get does
 *   not find them until shareable_dict_reindex(). If it writes a value while another process
 *   deletes the key or inserts another one in its place, that key may get the value. An expired key
 *   has its place, and its memory, until its key is set again, shareable_dict_delete_expired()
 *   deletes it, or an insert needs the place; stock Python reads it as any other. A deleted value
 *   remains in memory until its place is used again. The memory of all places is reserved when the
 *   dict is created. The clock of TTLs differs between time namespaces (time_namespaces(7)), so
 *   only processes of one namespace see the same TTLs.
 * - Torn reads. If all processes use this library, no read of an item is torn, even while the item
 *   changes its type. This requires the sync area, which follows the list. A list that was created
 *   with SHAREABLE_NO_SYNC, or by stock Python, has no sync area. There, only an int or a float
 *   that keeps its type is never torn; a reader can see a half-written text or change of type.
 *   Stock Python ignores the sync area of any list: it may read a mixture of two values, and its
 *   writes may leave one.
 * - Stopped writers. A writer that is stopped (SIGSTOP, a debugger) while it writes an item holds
 *   the item: reads and writes of it return SHAREABLE_E_BUSY after a second. Other items can be
 *   written. A list has four redo records. A write of at most 472 bytes holds one of them, unless
 *   one store is sufficient. While four stopped writers hold all of them, other writers write
 *   without a redo record. If such a writer is killed during a write, its item is
 *   SHAREABLE_E_CORRUPT until it is written again, even if the value is short.
 * - Read locks. A process that may only read a list can hold read locks on its file. They do not
 *   stop writers. But a writer that registers while such locks are held, and is killed, seems alive
 *   until the locks are released. Until then, reads and writes of an item that the dead writer held
 *   return SHAREABLE_E_BUSY after a second. If it held the list's lock, shareable_list_lock()
 *   returns SHAREABLE_E_TIMED_OUT when its timeout expires; without a timeout, it waits until the
 *   read locks are released.
 * - Stolen wake-ups. A process that may only read a list can also steal the wake-ups of waiters
 *   (FUTEX_REQUEUE). A wait then detects a change later: by about a quarter of the time that it has
 *   waited, and by at most 50 milliseconds. Each transfer of the list's lock to the next process
 *   then takes up to a few milliseconds.
 * - File descriptors. The handle of a list with a sync area, or of a block that was created or
 *   opened with SHAREABLE_KEEP_FD, keeps one file descriptor open until the handle is closed. The
 *   descriptor is greater than 2 and close-on-exec. If the program closes the descriptor, or opens
 *   another file in its place, the library opens the block again when necessary, and does not touch
 *   the program's file. If the library cannot open the block (it was unlinked), a writer that died
 *   seems alive. If the program has closed one of the descriptors 0 to 2 and the kernel gives it to
 *   the library, the library's next system call moves it. A watch has one descriptor, until it is
 *   freed.
 * - Privileges. A list that was opened for writing remains writable after setuid(2), chroot(2), or
 *   a chmod of the block. The child of a later fork() opens the block again for its first write. If
 *   it has no permission to do so, the write returns SHAREABLE_E_SYSTEM.
 * - Cancellation. A thread can be cancelled (deferred) in any call: no lock of the library remains
 *   held. A call that has begun is completed first. A wait or a lock without a timeout can
 *   therefore not be cancelled until the item changes or the lock is free. A thread that may be
 *   cancelled during a wait must wait with a timeout, and call pthread_testcancel() between calls.
 * - Signal handlers. A signal handler must not write to a list through a handle if the interrupted
 *   thread may be writing through the same handle. Otherwise the interrupted write is not protected
 *   from a change of the item's type. It must not use an item, or the list's lock, if that thread
 *   may hold it. It may call fork(): signals are blocked while the library is in a state that a
 *   child must not inherit. If the handler interrupted a call of the library, the child must not
 *   return from the handler: it does not have the locks of the interrupted call.
 * - Fast writes. Up to eight handles of a list can write numbers without locking the item. Other
 *   handles lock it, until one of the eight is closed.
 * - Memory control groups. The pages of a block count against the memory limit of the control group
 *   whose process first touches them. If the limit is exceeded, the kernel kills a process of the
 *   group instead of reporting an error (see memory.max in cgroups(7)).
 * - Truncation. A process that may write a block can also truncate its file. The next access to a
 *   mapped part that was cut off raises SIGBUS, as for any mapped file. The threads of the watches
 *   access the watched lists at any time. Share blocks only with processes that you trust; the mode
 *   bits decide which processes may open a block.
 * - Space. A block's memory is reserved when the block is created. If /dev/shm is full, creating
 *   the block fails with SHAREABLE_E_NO_SPACE, and the error message contains the sizes. With
 *   SHAREABLE_LAZY, pages are allocated at their first use. If /dev/shm is full then, that use
 *   raises SIGBUS.
 * - fork(). A child inherits the mappings and the handles, and may use them: it writes with a
 *   writer id of its own. Parent and child each close their own handle, and one of them unlinks.
 *   The child does not own the parent's blocks, does not hold the parent's locks, and its end does
 *   not affect the parent's blocks. This also holds for a child of _Fork() or clone(2) if the
 *   kernel has MADV_WIPEONFORK (Linux 4.14); without it, such a child must not write, lock or own
 *   anything. _Fork() and clone(2) do not wait for other threads: in their child, a lock of the C
 *   library, a manager's handle, or an item that another thread of the parent held may remain held.
 *   The child of vfork(), or of clone(2) with CLONE_VM, must not use the library.
 * - Threads. Any number of threads may use a handle at the same time. While another thread uses the
 *   handle, the caller must not close it or drop its last reference, as with free(3), unless the
 *   function's comment allows it. The library itself starts threads only for watches
 *   (shareable_watch_create()).
 * - Views. A pointer from shareable_memory_address() is valid until shareable_memory_close().
 *   Between shareable_memory_pin() and shareable_memory_unpin() it remains valid even if the handle
 *   is closed.
 * - Unlinking removes only the name. Processes that have the block open keep using it; later
 *   processes do not find it. Unlinking through a handle removes that block, and never another
 *   block that has taken its name. A block that takes the name during the unlinking has no name for
 *   a few microseconds, and is then renamed back. If the unlinking process is killed in between,
 *   the next reaper or shareable_gc_run() of the same user renames it back.
 * - Garbage collection. shareable_gc_run() removes a block only if the kernel confirms by a lease
 *   that no process has it open or mapped. A process that opens the block between that check and
 *   the unlink gets a block without a name. During the check, which takes microseconds, a process
 *   that opens the block waits. If the collecting process is stopped during the check (SIGSTOP),
 *   functions of this library that open the block return SHAREABLE_E_SYSTEM after 100 milliseconds.
 *   Other programs wait for at most /proc/sys/fs/lease-break-time seconds.
 * - Stock Python's resource tracker. CPython registers the blocks that it attaches to with its
 *   resource tracker, which unlinks them when that Python process ends (CPython's issue gh-82300).
 *   To prevent that, unregister the block, or attach it with track=False, which needs Python 3.13
 *   and is not available for a list.
 *
 * CONVENTIONS
 *
 * Every function that can fail returns a shareable_status: SHAREABLE_OK (0) or a negative code. On
 * failure it leaves its output parameters unchanged, unless its comment says otherwise. The library
 * does not report errors in errno, and has no "last error". Functions that work by name also take a
 * shareable_error, which may be NULL: on failure it receives the error message, with names and
 * numbers; on success it is unchanged. For a failure about an item, shareable_list_explain_item()
 * creates the message. All arguments are checked. A NULL or closed handle of a block, a list or a
 * manager causes SHAREABLE_E_CLOSED. Any other NULL causes SHAREABLE_E_ARGUMENT, unless the comment
 * allows it. The comments below write the codes without the prefix SHAREABLE_.
 *
 * A name follows the rules of shm_open(3): 1 to 255 bytes, not "." or "..". A '/' is allowed only
 * at the beginning, and is dropped. Text is UTF-8, which is checked when the text is written and
 * when it is read. Bytes are stored exactly. Every length is explicit and in bytes. An index counts
 * from 0, or from the end if it is negative: -1 is the last item.
 *
 * layout.md, in this library's documentation, specifies the bytes of a list.
 *
 * Everything exists since 0.1, unless its comment says otherwise. SPDX-License-Identifier: MIT
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

/* -------------------------------------------------------------------------------------------------
 * Status
 */

/*
 * Every status: X(name, number, nearest errno, message). This is the only list of them: the enum
 * below, shareable_status_message(), and the tables of errors in Python and Lua are generated from
 * it, and a test checks Go's table. A number never changes its meaning.
 *
 * The nearest errno determines the type of the exception or error in a language:
 * ENOENT is FileNotFoundError in Python and fs.ErrNotExist in Go, EINVAL is ValueError, ERANGE is
 * IndexError, EPROTOTYPE is TypeError, EOVERFLOW is OverflowError, ENOMEM is MemoryError. EIO means
 * any errno that a system call returned: the member `sys_errno` of shareable_error contains it.
 */
#define SHAREABLE_STATUS_MAP(X)                                                                                        \
  X(OK, 0, 0, "success")                                                                                               \
  /* The caller must change its call. */                                                                               \
  X(E_ARGUMENT, -1, EINVAL, "an argument is not valid")                                                                \
  X(E_NAME, -2, EINVAL, "not a valid name: 1 to 255 bytes, no '/' inside, no NUL, not '.' or '..'")                    \
  X(E_CLOSED, -3, EINVAL, "the handle is closed")                                                                      \
  X(E_READ_ONLY, -4, EPROTOTYPE, "the handle is read-only")                                                            \
  X(E_INDEX, -5, ERANGE, "index out of range")                                                                         \
  X(E_TYPE, -6, EPROTOTYPE, "the item has another type")                                                               \
  X(E_VALUE_TYPE, -7, EPROTOTYPE, "a value must be an int, float, bool, str, bytes or None")                           \
  X(E_OVERFLOW, -8, EOVERFLOW, "an int must fit in 64 bits, sign included")                                            \
  X(E_UTF8, -9, EINVAL, "a str must be UTF-8")                                                                         \
  X(E_CAPACITY, -10, EINVAL, "the text is longer than the item's capacity")                                            \
  X(E_TOO_LONG, -11, EINVAL, "the text is longer than a list can hold")                                                \
  X(E_ABSENT, -12, EINVAL, "the value is not in the list")                                                             \
  X(E_BUFFER, -13, EINVAL, "the buffer is too small for the text")                                                     \
  X(E_NOT_LOCKED, -14, EINVAL, "the list is not locked through this handle")                                           \
  X(E_NO_SYNC, -15, EINVAL, "the list has no sync area: stock Python created it, or it was created without one")       \
  X(E_NOT_CONTIGUOUS, -16, EINVAL, "the item has room for a text, so the items are not contiguous")                    \
  /* Another process, or an operator, must act. */                                                                     \
  X(E_NOT_FOUND, -20, ENOENT, "no such block")                                                                         \
  X(E_EXISTS, -21, EEXIST, "a block of that name exists")                                                              \
  X(E_PERMISSION, -22, EACCES, "permission denied")                                                                    \
  X(E_NO_SPACE, -23, ENOSPC, "not enough shared memory")                                                               \
  X(E_NO_MEMORY, -24, ENOMEM, "not enough memory")                                                                     \
  X(E_SYSTEM, -25, EIO, "a system call failed")                                                                        \
  X(E_NOT_READY, -26, EINVAL, "the block is not ready: its creator has not finished writing it, try again")            \
  X(E_NOT_LIST, -27, EINVAL, "the block does not contain a list")                                                      \
  X(E_CORRUPT, -28, EINVAL, "the item is corrupt: write it again")                                                     \
  X(E_VERSION, -29, EINVAL, "the list was created by another version of this library")                                 \
  X(E_BUSY, -30, ETIMEDOUT, "another writer has held the item for too long")                                           \
  X(E_OWNER_DIED, -31, EOWNERDEAD, "the lock's owner died: you have the lock now, what it guards may be half done")    \
  X(E_TIMED_OUT, -32, ETIMEDOUT, "timed out")                                                                          \
  X(E_AUTH, -33, EACCES, "the manager has another key")                                                                \
  X(E_NO_MANAGER, -34, ECONNREFUSED, "there is no manager, or it has ended")                                           \
  X(E_REMOTE, -35, EREMOTEIO, "the manager answered with an error")                                                    \
  X(E_PROTOCOL, -36, EPROTO, "the peer does not speak the manager protocol")                                           \
  X(E_NOT_ARRAY, -37, EINVAL, "the block does not contain an array")                                                   \
  X(E_NOT_DICT, -38, EINVAL, "the block does not contain a dict")                                                      \
  X(E_KEY, -39, EINVAL, "a key is a str or bytes of 1 to key_size bytes whose last byte is not NUL")                   \
  X(E_NO_KEY, -40, ENOENT, "the key is not in the dict")                                                               \
  X(E_KEY_EXISTS, -41, EEXIST, "the key is in the dict already")                                                       \
  X(E_FULL, -42, ENOSPC, "the dict is full: delete keys, or copy it to a larger one")                                  \
  X(E_KEY_ITEM, -43, EPERM, "the item is a key of a dict: only the functions of dicts change keys")

#define SHAREABLE__ENUM(name, number, nearest_errno, message) SHAREABLE_##name = number,
typedef enum shareable_status { SHAREABLE_STATUS_MAP(SHAREABLE__ENUM) } shareable_status;
#undef SHAREABLE__ENUM

/*
 * The details of a failure. The caller owns it; nothing in it needs to be freed.
 *
 * The message is one sentence in UTF-8 without a full stop. In it, a long name is truncated and
 * ends in "…". Bytes that are not UTF-8, control characters, and characters that reorder text are
 * written as \xNN.
 */
typedef struct shareable_error {
  int32_t status;    /* the shareable_status that the function returned */
  int32_t sys_errno; /* the errno of the system call that failed, or 0 if no system call failed */
  char message[504]; /* the error message, NUL-terminated */
} shareable_error;

/*
 * Returns the message of a status, for example "no such block", or "unknown status" for an unknown
 * number. Never NULL. The string is static.
 */
SHAREABLE_API const char *shareable_status_message(int status);

/*
 * Returns the name of a status as in this header, for example "E_NOT_FOUND", or "E_UNKNOWN" for an
 * unknown number. Never NULL. The string is static.
 */
SHAREABLE_API const char *shareable_status_name(int status);

/*
 * Returns the errno nearest to a status (see SHAREABLE_STATUS_MAP), or 0 for SHAREABLE_OK
 * and for an unknown number.
 */
SHAREABLE_API int shareable_status_errno(int status);

/*
 * Returns the version of the library in use, "major.minor.patch". It may be newer than this header.
 * The string is static.
 */
SHAREABLE_API const char *shareable_version(void);

/* -------------------------------------------------------------------------------------------------
 * Flags
 */

/* Flags, or-ed together. A function that does not accept a flag returns E_ARGUMENT. */
enum {
  SHAREABLE_LAZY = 1 << 0,      /* create: allocate pages at first use (see "Space" above) */
  SHAREABLE_READ_ONLY = 1 << 1, /* open: map without the right to write */
  SHAREABLE_NO_SYNC = 1 << 2,   /* create a list: no sync area, exactly CPython's size */
  SHAREABLE_OWNED = 1 << 3,     /* create: unlink when this process ends (see "Owned blocks") */
  SHAREABLE_GC_REMOVE = 1 << 4, /* gc: unlink garbage; without it, garbage is only reported */
  SHAREABLE_KEEP_FD = 1 << 5,   /* create, open: keep a descriptor for shareable_memory_fd() */
  SHAREABLE_EVICT = 1 << 6      /* create a dict: make room in a full dict by evicting a key */
};

/* -------------------------------------------------------------------------------------------------
 * Values
 */

/* The type of an item. */
typedef enum shareable_type {
  SHAREABLE_TYPE_NONE = 0,
  SHAREABLE_TYPE_INT = 1,   /* a signed 64-bit integer */
  SHAREABLE_TYPE_FLOAT = 2, /* an IEEE 754 double */
  SHAREABLE_TYPE_BOOL = 3,
  SHAREABLE_TYPE_STR = 4,  /* UTF-8 */
  SHAREABLE_TYPE_BYTES = 5 /* any bytes */
} shareable_type;

/* The longest str or bytes, in bytes, that a list can be created with (layout.md, "Text"). */
#define SHAREABLE_TEXT_MAX 9999991
/* The longest str or bytes, in bytes, that ends in a NUL byte (layout.md, "Trailing NULs"). */
#define SHAREABLE_TEXT_NUL_MAX 999999

/*
 * One value of any type, as a parameter or a result. It has 24 bytes on every platform and owns
 * nothing: `text` always points to the caller's memory. The functions below return one.
 *
 * Only shareable_list_create() uses `capacity`: the item gets room for a text of this number of
 * bytes, rounded up to a multiple of 8, whatever its first value is. If it is 0, or too small for
 * the first value, the first value decides, as in CPython.
 */
typedef struct shareable_value {
  uint32_t type;     /* a shareable_type, which selects the member of the union */
  uint32_t capacity; /* in bytes, at most 9,999,992 */
  uint64_t length;   /* of `text`, in bytes */
  union {
    int64_t integer;
    double real;
    uint8_t boolean;  /* 0 or 1; as input: 0 or not 0 */
    const char *text; /* str and bytes; may be NULL if length is 0 */
    uint64_t bits;    /* internal: makes the union 8 bytes long */
  };
} shareable_value;

/*
 * Return a value with a capacity of 0. The text is not copied, and nothing is checked: a value is
 * checked when it is written.
 */
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

/* `length` bytes of UTF-8, which may contain NULs. */
static inline shareable_value shareable_strn(const char *text, size_t length) {
  shareable_value value = shareable_none();
  value.type = SHAREABLE_TYPE_STR;
  value.length = length;
  value.text = text;
  return value;
}

/* A NUL-terminated string of UTF-8, or NULL for an empty str. */
static inline shareable_value shareable_str(const char *text) {
  return shareable_strn(text, text == NULL ? 0 : strlen(text));
}

/* `length` bytes of any content. */
static inline shareable_value shareable_bytes(const void *data, size_t length) {
  shareable_value value = shareable_strn((const char *)data, length);
  value.type = SHAREABLE_TYPE_BYTES;
  return value;
}

/* -------------------------------------------------------------------------------------------------
 * Blocks: CPython's SharedMemory
 */

/* A handle on a block of shared memory that this process has open. */
typedef struct shareable_memory shareable_memory;

/*
 * Creates a new block of `size` bytes, all zero, and opens it. The name becomes visible only when
 * the block is complete. A failure leaves nothing behind and does not change other blocks.
 *
 *   memory  receives the handle, with one reference: drop it with shareable_memory_unref()
 *   name    the new name, or NULL for a random one like CPython's: "psm_" and eight hex digits
 *   size    1 to SIZE_MAX / 2 bytes; the block has exactly that size, and its mapping is rounded up
 *           to whole pages
 *   flags   0, or SHAREABLE_LAZY, SHAREABLE_OWNED and SHAREABLE_KEEP_FD, or-ed together
 *   mode    permission bits as for open(2), 0001 to 0777, minus the process's umask; 0 means 0600,
 *           as in CPython
 *   error   receives the error message on failure; may be NULL
 *
 * Returns E_EXISTS, E_NAME, E_ARGUMENT (size, flags, mode), E_NO_SPACE, E_NO_MEMORY, E_PERMISSION
 * or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_memory_create(shareable_memory **memory, const char *name, uint64_t size,
                                                       uint32_t flags, uint32_t mode, shareable_error *error);

/*
 * Opens the block called `name`. Any process may have created it. The function never creates,
 * changes or removes anything.
 *
 *   memory  receives the handle, with one reference: drop it with shareable_memory_unref()
 *   flags   0, or SHAREABLE_READ_ONLY and SHAREABLE_KEEP_FD, or-ed together
 *   error   receives the error message on failure; may be NULL
 *
 * Returns E_NOT_FOUND, E_NAME, E_ARGUMENT (flags), E_PERMISSION, E_NOT_READY (the block has no size
 * yet, because its creator has not finished creating it: try again), E_NO_MEMORY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_memory_open(shareable_memory **memory, const char *name, uint32_t flags,
                                                     shareable_error *error);

/*
 * Takes another reference to a handle and returns the handle. Drop the reference with
 * shareable_memory_unref(). Returns NULL for NULL.
 */
SHAREABLE_API shareable_memory *shareable_memory_ref(shareable_memory *memory);

/*
 * Drops a reference. Dropping the last one closes the block and frees the handle. NULL is ignored.
 */
SHAREABLE_API void shareable_memory_unref(shareable_memory *memory);

/*
 * Ends this handle's access to the block and unmaps it. If the block is pinned, the last
 * shareable_memory_unpin() unmaps it. The block itself remains. The handle remains valid for its
 * name, its size, unlinking, and dropping its references. Closing twice, or closing NULL, does
 * nothing.
 */
SHAREABLE_API void shareable_memory_close(shareable_memory *memory);

/*
 * Closes the block as shareable_memory_close() does, but keeps the range of addresses that the
 * block was mapped at, until the last reference is dropped. The range then contains zeros, which
 * can only be read. So a thread that has a reference may read the memory while another thread
 * closes the handle: it reads the block or zeros. It must check afterwards that the handle was not
 * closed. The block, its descriptor and its locks are released at the same time as by
 * shareable_memory_close(), so if the block is pinned, by the last shareable_memory_unpin().
 *
 * If the kernel has no memory to change the mapping, the block stays mapped until the last
 * reference is dropped.
 */
SHAREABLE_API void shareable_memory_close_in_place(shareable_memory *memory);

/*
 * Removes the block's name, whether or not the handle is closed. Processes that have the block open
 * keep it. Another block that has taken the name is not removed. If such a block was renamed during
 * the call and cannot be renamed back, because the name was taken again, *error contains its path.
 *
 *   error   receives the error message on failure; may be NULL
 *
 * Returns E_NOT_FOUND if the name is already gone, or belongs to another block now; E_PERMISSION;
 * or E_SYSTEM. E_SYSTEM is also returned if this process does not see the /dev/shm that contains
 * the block, after chroot(2) or in another mount namespace. In that case, a block that the process
 * owns remains owned.
 */
SHAREABLE_API shareable_status shareable_memory_unlink(shareable_memory *memory, shareable_error *error);

/*
 * Removes the name `name` of a block or a list, without opening it. Returns E_NAME, or the same
 * codes as shareable_memory_unlink().
 */
SHAREABLE_API shareable_status shareable_unlink(const char *name, shareable_error *error);

/*
 * Makes the process `pid` a successor of this process: the blocks that this process owns are
 * unlinked when both processes have ended, not when this process ends. This includes blocks that
 * this process creates later. A worker calls this function when it starts, so that its parent can
 * go on using what the worker created, even if the worker is killed. Further calls add successors:
 * the blocks are unlinked when this process and all successors have ended.
 *
 *   pid  1 or more, as seen from this process's pid namespace
 *
 * Without /proc, a process that has ended counts as alive until its parent has waited for it. A
 * process in another pid namespace counts as alive.
 *
 * Returns E_ARGUMENT if there is no such process, E_NO_SPACE if there are 24 successors that have
 * not ended, or E_SYSTEM if there is not enough memory.
 */
SHAREABLE_API shareable_status shareable_transfer_ownership(int64_t pid);

/*
 * Returns the block's name without the leading '/'. The string is valid until the handle is freed.
 * Returns NULL for NULL.
 */
SHAREABLE_API const char *shareable_memory_name(const shareable_memory *memory);

/*
 * Returns the size in bytes that the block had when it was opened, also after the handle is closed.
 * Returns 0 for NULL.
 */
SHAREABLE_API size_t shareable_memory_size(const shareable_memory *memory);

/*
 * Returns the address of the first byte of the block, aligned to a page. It is valid until
 * shareable_memory_close(). Returns NULL if the handle is closed or NULL. If the handle is
 * read-only, a write to the memory raises SIGSEGV.
 */
SHAREABLE_API void *shareable_memory_address(const shareable_memory *memory);

/*
 * Returns 1 if the handle was opened with SHAREABLE_READ_ONLY, otherwise 0.
 */
SHAREABLE_API int shareable_memory_is_read_only(const shareable_memory *memory);

/*
 * Returns 1 if both handles refer to the same block, also after they are closed. Two handles with
 * one name can refer to different blocks, if the name was removed and used again. Returns 0
 * otherwise, and for NULL.
 */
SHAREABLE_API int shareable_memory_same_block(const shareable_memory *a, const shareable_memory *b);

/*
 * Stores a descriptor of the block's file in *fd, for fstat(2), mmap(2), flock(2) and other calls.
 * It remains this block's descriptor after the block is unlinked, and if another block takes the
 * name. It is greater than 2 and close-on-exec. If the handle is read-only, so is the descriptor.
 * The handle owns it: shareable_memory_close() closes it, and the caller must not.
 *
 *   error   receives the error message on failure; may be NULL
 *
 * No system call makes a descriptor from a mapping. So the descriptor must be kept from the time
 * the block was created or opened, which SHAREABLE_KEEP_FD does, unless the process has more than
 * half as many descriptors open as RLIMIT_NOFILE permits. (A list with a sync area always keeps
 * it.) If no descriptor was kept, or the program has closed it or opened another file in its place,
 * this function opens the block by its name, and returns the descriptor only if it is of this
 * block.
 *
 * The program may lock the file by flock(2) or fcntl(2). But handles without SHAREABLE_KEEP_FD, and
 * writers of a list, lock bytes from 2^62 - 1 on themselves (see layout.md): if there are any, a
 * lock of fcntl(2) must end before that byte.
 *
 * Returns E_CLOSED; E_NOT_FOUND if the block must be opened by its name, but has lost it;
 * E_PERMISSION or E_SYSTEM if it cannot be opened; or E_ARGUMENT (`fd` is NULL).
 */
SHAREABLE_API shareable_status shareable_memory_fd(shareable_memory *memory, int *fd, shareable_error *error);

/*
 * Returns 1 if a descriptor was kept, or opened by shareable_memory_fd(), and 0 if it was not or if
 * the handle is closed or NULL.
 */
SHAREABLE_API int shareable_memory_has_fd(const shareable_memory *memory);

/*
 * Keeps the block mapped, at its address, until shareable_memory_unpin(), even if the handle is
 * closed or dropped. It is for views that a language binding returns. A pin also holds a reference.
 * Pins are counted.
 *
 * Returns E_CLOSED if the handle is closed.
 */
SHAREABLE_API shareable_status shareable_memory_pin(shareable_memory *memory);

/*
 * Ends one pin. Ending the last one unmaps the block if its handle is closed. NULL is ignored.
 */
SHAREABLE_API void shareable_memory_unpin(shareable_memory *memory);

/* -------------------------------------------------------------------------------------------------
 * Garbage
 */

/* What shareable_gc_run() found out about a block, or did to it. */
typedef enum shareable_gc_result {
  SHAREABLE_GC_KEPT = 0,    /* it is kept; the reason says why */
  SHAREABLE_GC_GARBAGE = 1, /* it is garbage and was not removed */
  SHAREABLE_GC_REMOVED = 2  /* it was garbage and was removed */
} shareable_gc_result;

/* The results of shareable_gc_run(). */
typedef struct shareable_gc shareable_gc;

/*
 * Examines every block, also those of stock Python, and finds those that are garbage. A block is
 * garbage if all of this is proven:
 *
 * - An ownership log records that it was owned (SHAREABLE_OWNED) by a process that ran as this
 *   user; for root: as any user. The lock on the log is free, which proves that the process has
 *   ended.
 * - No process has the block open or mapped. The kernel confirms that by a write lease (fcntl(2),
 *   F_SETLEASE), also for processes that /proc does not show. A descriptor that was opened with
 *   O_PATH does not count.
 * - It has only one name.
 *
 * Every other block is kept, however old it is. To take a lease, the process must own the block or
 * have CAP_LEASE; without that, the block is kept. If a log, a process or a block cannot be read,
 * its state is unknown: no block is removed because of it, and the run continues.
 *
 * The reaper removes the blocks of a process that has ended. This function is for the blocks that
 * remain if the reaper was killed together with the owner.
 *
 *   gc      receives the results: free them with shareable_gc_free()
 *   flags   0 only reports garbage; SHAREABLE_GC_REMOVE also unlinks it, and completes
 *           the unlinking that killed processes began
 *   error   receives the error message on failure; may be NULL
 *
 * Returns E_ARGUMENT, E_NO_MEMORY, E_PERMISSION or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_gc_run(shareable_gc **gc, uint32_t flags, shareable_error *error);

/* Frees the results. NULL is ignored. */
SHAREABLE_API void shareable_gc_free(shareable_gc *gc);

/*
 * The first function returns the number of blocks, or 0 for NULL. The others return the name of a
 * block, its result, and a sentence that gives the reason, by an index from 0. The blocks are
 * sorted by name. The strings are valid until the results are freed. For an index past the end, the
 * strings are NULL and the result is SHAREABLE_GC_KEPT.
 */
SHAREABLE_API size_t shareable_gc_count(const shareable_gc *gc);
SHAREABLE_API const char *shareable_gc_name(const shareable_gc *gc, size_t index);
SHAREABLE_API shareable_gc_result shareable_gc_result_at(const shareable_gc *gc, size_t index);
SHAREABLE_API const char *shareable_gc_reason(const shareable_gc *gc, size_t index);

/* -------------------------------------------------------------------------------------------------
 * Lists: CPython's ShareableList
 */

/* A handle on a list that this process has open. A list has its own block and a fixed length. */
typedef struct shareable_list shareable_list;

/*
 * Creates a new list of the values, and opens it. The name becomes visible only when the list is
 * complete. A failure leaves nothing behind.
 *
 *   list    receives the handle, with one reference: drop it with shareable_list_unref()
 *   name    as for shareable_memory_create()
 *   values  `count` values, which are copied; may be NULL if count is 0
 *   flags   as for shareable_memory_create(), and SHAREABLE_NO_SYNC: without a sync area, with
 *           exactly the size that CPython gives the list. Without this flag, a sync area of 2.8 KiB
 *           and 8 bytes for each item follows the list
 *   mode    as for shareable_memory_create()
 *   error   receives the error message on failure; may be NULL
 *
 * Returns the same codes as shareable_memory_create(), or E_VALUE_TYPE, E_UTF8 or E_TOO_LONG: then
 * the error message contains the item's index. E_TOO_LONG means a text longer than
 * SHAREABLE_TEXT_MAX, a text longer than SHAREABLE_TEXT_NUL_MAX that ends in a NUL, or a capacity
 * greater than 9,999,992.
 */
SHAREABLE_API shareable_status shareable_list_create(shareable_list **list, const char *name,
                                                     const shareable_value *values, size_t count, uint32_t flags,
                                                     uint32_t mode, shareable_error *error);

/*
 * Create a new list of ints, or of floats. The numbers are contiguous in memory, in C's format (see
 * shareable_list_view()). Both functions take the same parameters, and return the same codes, as
 * shareable_list_create().
 */
SHAREABLE_API shareable_status shareable_list_create_ints(shareable_list **list, const char *name,
                                                          const int64_t *integers, size_t count, uint32_t flags,
                                                          uint32_t mode, shareable_error *error);
SHAREABLE_API shareable_status shareable_list_create_floats(shareable_list **list, const char *name,
                                                            const double *reals, size_t count, uint32_t flags,
                                                            uint32_t mode, shareable_error *error);

/*
 * Opens the list called `name`. Any process may have created it, also stock Python. The time it
 * takes does not depend on the length of the list: items are checked when they are used.
 *
 *   list    receives the handle, with one reference: drop it with shareable_list_unref()
 *   flags   0, or SHAREABLE_READ_ONLY and SHAREABLE_KEEP_FD, or-ed together
 *   error   receives the error message on failure; may be NULL
 *
 * Returns the same codes as shareable_memory_open(), and E_NOT_READY also if the list's creator has
 * not written its offsets yet: try again. (Stock Python creates the block first and then fills it.
 * The functions below also return E_NOT_READY for an item that it has not written yet.) Returns
 * E_NOT_LIST if the block is too small for the list that it declares, or if its sync area is
 * corrupt. Returns E_VERSION if another version of this library created the sync area.
 */
SHAREABLE_API shareable_status shareable_list_open(shareable_list **list, const char *name, uint32_t flags,
                                                   shareable_error *error);

/* The same as shareable_memory_ref(). */
SHAREABLE_API shareable_list *shareable_list_ref(shareable_list *list);

/* The same as shareable_memory_unref(). */
SHAREABLE_API void shareable_list_unref(shareable_list *list);

/* The same as shareable_memory_close(), for the list's block. */
SHAREABLE_API void shareable_list_close(shareable_list *list);

/* The same as shareable_memory_close_in_place(), for the list's block. */
SHAREABLE_API void shareable_list_close_in_place(shareable_list *list);

/* The same as shareable_memory_unlink(), for the list's block. */
SHAREABLE_API shareable_status shareable_list_unlink(shareable_list *list, shareable_error *error);

/*
 * Returns the list's block. The block belongs to the list: take a reference to keep it longer.
 * Closing the block closes the list. Returns NULL for NULL.
 */
SHAREABLE_API shareable_memory *shareable_list_memory(const shareable_list *list);

/*
 * Returns the number of items, also after the list is closed. Returns 0 for NULL.
 */
SHAREABLE_API size_t shareable_list_length(const shareable_list *list);

/*
 * Stores in *size the capacity of an item: the length in bytes of the longest text that can be
 * written to it. The capacity never changes. It is at least 8, so every value that is not a text
 * fits.
 *
 * Returns E_CLOSED, E_INDEX, or E_CORRUPT if the item's offsets are corrupt: the item is lost.
 */
SHAREABLE_API shareable_status shareable_list_capacity(const shareable_list *list, int64_t index, size_t *size);

/*
 * Stores in *type the current type of an item. Another writer may change it before the next call.
 *
 * Returns E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT or E_BUSY.
 */
SHAREABLE_API shareable_status shareable_list_type(const shareable_list *list, int64_t index, shareable_type *type);

/*
 * Reads an item of any type.
 *
 *   value   receives the value; for a str or bytes, its `text` is `buffer`
 *   buffer  receives the text, without a NUL at its end; may be NULL if size is 0
 *   size    of the buffer, in bytes; shareable_list_capacity() is always enough
 *
 * Returns E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT, E_UTF8 (a str that is not UTF-8: stock Python
 * truncates some texts inside a character), E_BUSY, or E_BUFFER: then the type and the length
 * of *value are set, and the length is the buffer size that is needed.
 *
 * E_BUSY means that one writer has held the item for a second, or many writers in turn for ten
 * seconds; or that the handle is read-only, and writers that write a long text without a pause have
 * overtaken the read for ten seconds.
 */
SHAREABLE_API shareable_status shareable_list_get(const shareable_list *list, int64_t index, shareable_value *value,
                                                  void *buffer, size_t size);

/*
 * Read an item of a known type, without allocating memory. Reading an int or a float is one atomic
 * load. A read locks the item only if writers have overtaken it 16 times and the handle may write.
 *
 * Return E_TYPE if the item has another type, or the same codes as shareable_list_get().
 */
SHAREABLE_API shareable_status shareable_list_get_int(const shareable_list *list, int64_t index, int64_t *integer);
SHAREABLE_API shareable_status shareable_list_get_float(const shareable_list *list, int64_t index, double *real);
SHAREABLE_API shareable_status shareable_list_get_bool(const shareable_list *list, int64_t index, int *boolean);

/*
 * Read a str or bytes into the buffer, without a NUL at its end, and without allocating memory.
 *
 *   buffer  receives the text; may be NULL if size is 0
 *   size    of the buffer, in bytes
 *   length  receives the length of the item in bytes, also on E_BUFFER
 *
 * Return E_TYPE if the item has another type, or the same codes as shareable_list_get().
 */
SHAREABLE_API shareable_status shareable_list_get_str(const shareable_list *list, int64_t index, char *buffer,
                                                      size_t size, size_t *length);
SHAREABLE_API shareable_status shareable_list_get_bytes(const shareable_list *list, int64_t index, void *buffer,
                                                        size_t size, size_t *length);

/*
 * Writes a value of any type to an item, whatever type the item had. The write wakes the waiters of
 * the item and of the list, unless the item is None already and remains None. On failure the item
 * is unchanged.
 *
 * Returns E_CLOSED, E_READ_ONLY, E_INDEX, E_VALUE_TYPE, E_UTF8, E_CAPACITY (the text is longer than
 * the item's capacity), E_TOO_LONG (the text ends in a NUL and is longer than
 * SHAREABLE_TEXT_NUL_MAX), E_KEY_ITEM (the item is a key of a dict), E_NOT_READY, E_CORRUPT (the
 * item's offsets are corrupt), E_BUSY (another writer has held the item for a second, or many
 * writers in turn for ten seconds) or E_SYSTEM (this process cannot take the liveness lock, which
 * shows other processes that it is alive: no descriptor is left, or /proc is not mounted and the
 * list is unlinked).
 */
SHAREABLE_API shareable_status shareable_list_set(shareable_list *list, int64_t index, const shareable_value *value);

/*
 * Write a value of one type to an item, whatever type the item had, without allocating memory.
 * `length` is in bytes.
 *
 * Writing an int over an int, a float over a float, or a bool over a bool is one atomic store. This
 * holds for the thread that first wrote through the handle, until the item first changes from one
 * of these types to another. In a list with a sync area, writing None over None only reads the
 * item. All other writes lock the item while they write it.
 *
 * Return the same codes as shareable_list_set().
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
 * Writes an int over an int, as shareable_list_set_int() does. An item of another type is not
 * changed, even if another process changes the type during the call. In a language in which the
 * number 3 may be an int or a float, the type of the item decides, without a read before the write.
 *
 * Returns E_TYPE (the item is not an int), or the same codes as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_replace_int(shareable_list *list, int64_t index, int64_t integer);

/*
 * Read or write `count` items from the item `first` on, all of one type. Each item is one atomic
 * load or store; the range as a whole is not. A read stops at the first item that has another type
 * (E_TYPE) or is corrupt (E_CORRUPT). A write gives each item the type.
 *
 *   first            the first item; may be negative
 *   integers, reals  an array of `count` numbers
 *   processed        always receives the number of items that were read or written; may be NULL
 *
 * Return E_INDEX if the range is not inside the list: then no item is read or written. Otherwise
 * return the same codes as shareable_list_get() or as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_get_ints(const shareable_list *list, int64_t first, size_t count,
                                                       int64_t *integers, size_t *processed);
SHAREABLE_API shareable_status shareable_list_get_floats(const shareable_list *list, int64_t first, size_t count,
                                                         double *reals, size_t *processed);
SHAREABLE_API shareable_status shareable_list_set_ints(shareable_list *list, int64_t first, size_t count,
                                                       const int64_t *integers, size_t *processed);
SHAREABLE_API shareable_status shareable_list_set_floats(shareable_list *list, int64_t first, size_t count,
                                                         const double *reals, size_t *processed);

/*
 * Returns the items as an array in place: they are contiguous in the list's memory, in C's format,
 * 8 bytes each. The array starts with the first item and has shareable_list_length() elements.
 *
 *   type       SHAREABLE_TYPE_INT or SHAREABLE_TYPE_FLOAT: all items must have it. All slots must
 *              have 8 bytes, which is the default for numbers
 *   numbers    receives the address of the array, of int64_t or double. It is valid until
 *              shareable_list_close(); while the block is pinned, also after that
 *   bad_index  receives the index of the item that prevents the view, if an item does; may be NULL
 *
 * Read and write each number by one load or store of 8 bytes, which is atomic. A store does not
 * wake waiters. If another process gives an item another type, its 8 bytes are no longer a number:
 * the users must agree on the types, or use the functions above. If the list is read-only, a store
 * raises SIGSEGV.
 *
 * Returns E_CLOSED, E_ARGUMENT (another type, or NULL), E_TYPE, E_NOT_CONTIGUOUS (an item has room
 * for a text), E_NOT_READY, E_CORRUPT or E_BUSY.
 */
SHAREABLE_API shareable_status shareable_list_view(const shareable_list *list, shareable_type type, void **numbers,
                                                   size_t *bad_index);

/*
 * Change an int by one operation that is atomic among all languages, processes and threads. No
 * operation is lost. If a process is killed during an operation, the operation has happened
 * completely or not at all. The functions also work on lists of stock Python. Only stock Python's
 * own writes, which are not atomic, can be lost or torn there.
 *
 * add               adds `delta`, and stores the new value in *integer. Returns E_OVERFLOW, and
 *                   changes nothing, if the sum does not fit in 64 bits
 * exchange          writes `desired`, and stores the previous value in *integer
 * compare_exchange  writes `desired` if the value is *expected, and stores 1 in *exchanged.
 *                   Otherwise stores 0 in *exchanged and the item's value in *expected
 *
 * `integer` and `exchanged` may be NULL. If the item is not an int, they return E_TYPE. Their other
 * codes are the same codes as shareable_list_set() returns.
 */
SHAREABLE_API shareable_status shareable_list_add(shareable_list *list, int64_t index, int64_t delta, int64_t *integer);
SHAREABLE_API shareable_status shareable_list_exchange(shareable_list *list, int64_t index, int64_t desired,
                                                       int64_t *integer);
SHAREABLE_API shareable_status shareable_list_compare_exchange(shareable_list *list, int64_t index, int64_t *expected,
                                                               int64_t desired, int *exchanged);

/*
 * Locks the list. The users of the list agree on what the lock guards; reads and writes of items do
 * not check it. It works among processes, threads and handles of all languages. It belongs to the
 * handle, not to the thread that took it. It is not recursive: locking a list twice through one
 * handle waits until the lock is released.
 *
 *   timeout  the longest time to wait, in nanoseconds: 0 tries once, a negative value waits without
 *            a limit
 *
 * Returns E_OWNER_DIED if the previous owner died, or closed its handle, without unlocking: *the
 * caller has the lock*, but the data that it guards may be half changed. Otherwise returns
 * E_TIMED_OUT, E_CLOSED, E_READ_ONLY (a process that may only read must not block writers),
 * E_NO_SYNC, or E_SYSTEM for the same reason as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_lock(shareable_list *list, int64_t timeout);

/*
 * Unlocks the list. Any thread may call it, through the handle that holds the lock.
 *
 * Returns E_NOT_LOCKED if this handle does not hold the lock, E_CLOSED or E_NO_SYNC.
 */
SHAREABLE_API shareable_status shareable_list_unlock(shareable_list *list);

/*
 * Waits until an item no longer equals the value, compared as by shareable_list_count(): a NaN
 * never equals itself. If the item differs already, the function returns at once.
 *
 *   timeout  the longest time to wait, in nanoseconds: 0 checks once, a negative value waits
 *            without a limit
 *
 * If all processes use this library, a wait does not poll: it checks for a few microseconds, and
 * then sleeps until a process writes. Stock Python, a store through a view of the memory, and a
 * writer that is killed after its last store do not wake waiters: a wait detects such writes within
 * 50 milliseconds. A wait through a read-only handle, or on a list without a sync area, cannot be
 * woken at all. It checks again after 0.1 milliseconds, and then at growing intervals of at most 10
 * milliseconds.
 *
 * Items whose indexes differ by a multiple of 32 share their wake-ups: a write to one of them also
 * wakes the waiters of the others, which check their items and sleep again. So two processes that
 * answer each other are fastest with items that do not share them.
 *
 * Another thread may close the handle, but must not drop its last reference. Closing it ends the
 * wait with E_CLOSED within 50 milliseconds.
 *
 * Returns E_TIMED_OUT if the timeout expires; otherwise E_CLOSED, E_INDEX, E_NOT_READY, E_CORRUPT,
 * E_BUSY (as for shareable_list_get(), whatever the timeout is) or E_VALUE_TYPE.
 */
SHAREABLE_API shareable_status shareable_list_wait(const shareable_list *list, int64_t index,
                                                   const shareable_value *value, int64_t timeout);

/*
 * Stores in *hash a hash of all items. If one item changes its type or value, the hash always
 * changes. If several items change, the hash remains the same with a probability of 1 in 2^64. It
 * is never 0, and it is the same through every handle and in every language. It does not protect
 * against forgery. The time it takes is proportional to the size of the list: about a millisecond
 * for 2 MiB.
 *
 * Returns E_CLOSED or E_NOT_READY.
 */
SHAREABLE_API shareable_status shareable_list_hash(const shareable_list *list, uint64_t *hash);

/*
 * Waits, as shareable_list_wait() does, until the list's hash differs from *hash, and then stores
 * the new hash there. No change is missed between two calls. A loop that starts with 0 returns at
 * once from its first wait:
 *
 *   uint64_t hash = 0;
 *   while (shareable_list_wait_any(list, &hash, -1) == SHAREABLE_OK)
 *     show(list);
 *
 * If an item changes and changes back between two checks, that is not detected.
 *
 * Returns E_TIMED_OUT if the timeout expires, E_CLOSED or E_NOT_READY.
 */
SHAREABLE_API shareable_status shareable_list_wait_any(const shareable_list *list, uint64_t *hash, int64_t timeout);

/*
 * Counts the items that equal the value, compared as by Python's ==. Numbers are compared by their
 * exact value across int, float and bool (1 == 1.0 == True, 2**53 + 1 != 2.0**53). A NaN equals
 * nothing. A str never equals bytes.
 *
 * Returns E_CLOSED or E_VALUE_TYPE; or E_NOT_READY, E_CORRUPT or E_BUSY, for the same reasons as
 * shareable_list_get(): then *count is the index of the item that could not be read.
 */
SHAREABLE_API shareable_status shareable_list_count(const shareable_list *list, const shareable_value *value,
                                                    size_t *count);

/*
 * Stores in *index the index of the first item that equals the value, compared as by
 * shareable_list_count().
 *
 * Returns E_ABSENT if there is no such item, or the same codes as shareable_list_count(): then
 * *index is the index of the item that could not be read.
 */
SHAREABLE_API shareable_status shareable_list_index(const shareable_list *list, const shareable_value *value,
                                                    size_t *index);

/*
 * Stores the formats of all items, one after the other, as CPython's ShareableList.format does: for
 * example "8sqd". They are formats of Python's struct module, at most 8 bytes an item. No NUL is
 * added.
 *
 *   buffer  receives the formats; may be NULL if size is 0, to ask for the length
 *   size    of the buffer, in bytes
 *   length  receives the number of bytes needed, also on E_BUFFER; may be NULL
 *
 * Returns E_CLOSED or E_BUFFER; or E_NOT_READY, E_CORRUPT or E_BUSY, for the same reasons as
 * shareable_list_get(): then *length is the index of the item that could not be read.
 */
SHAREABLE_API shareable_status shareable_list_format(const shareable_list *list, char *buffer, size_t size,
                                                     size_t *length);

/*
 * Stores in *error the error message for a status that another function returned about an item. The
 * message names the list and the item, and says what to do. `index` is the index that was passed to
 * the other function.
 *
 * Returns `status`, so that the caller can return the result of the call.
 */
SHAREABLE_API shareable_status shareable_list_explain_item(const shareable_list *list, int64_t index,
                                                           shareable_status status, shareable_error *error);

/*
 * Does the same for a function that is not about a single item: shareable_list_lock(),
 * shareable_list_unlock(), shareable_list_hash() and shareable_list_wait_any().
 */
SHAREABLE_API shareable_status shareable_list_explain(const shareable_list *list, shareable_status status,
                                                      shareable_error *error);

/* -------------------------------------------------------------------------------------------------
 * Access in place: for another implementation of layout.md in this process
 */

/*
 * The addresses of a list's parts in this process. A language in which a call of C is slow can read
 * and write items at these addresses, by the rules of layout.md, and call the functions above for
 * everything else.
 *
 * The addresses do not change, and are valid until the handle is closed. After
 * shareable_list_close_in_place(), the memory at the addresses can be read until the last reference
 * is dropped. The parts are shared memory: each load must be an atomic load of 1, 4 or 8 aligned
 * bytes, and each number must be checked after it was loaded. `count` and `data_size` were checked
 * when the list was opened.
 *
 * New members are added at the end only.
 */
typedef struct shareable_access {
  uint32_t size;           /* of the structure that the library knows, in bytes */
  uint32_t area_version;   /* the version of the sync area, 2; or 0 if the list has no sync area */
  uint32_t read_only;      /* 1 if the memory can only be read, otherwise 0 */
  uint32_t writer_id;      /* see shareable_list_join(); 0 if the handle has no writer id */
  void *base;              /* the first byte of the block */
  uint64_t block_size;     /* in bytes; the mapping is rounded up to whole pages */
  uint64_t count;          /* the number of items, N */
  uint64_t data_size;      /* of the data area in bytes, offset[N] */
  void *offsets;           /* offset[0], aligned to 8; there are N + 1 */
  void *data;              /* the first slot, aligned to 8 */
  void *formats;           /* the format of item 0, aligned to 8 */
  void *codes;             /* the recreation code of item 0, aligned to 8 */
  void *area;              /* the sync area, or NULL */
  void *version_words;     /* the version word of item 0, or NULL */
  void *eventcounts_state; /* the word with the waiters flags (layout.md, "Waiting"), or NULL */
} shareable_access;

/*
 * Stores the addresses and the numbers of the list's parts in *access.
 *
 *   size  sizeof *access; the function stores the members that fit in this size. If the library
 *         knows fewer members than the caller, the caller's other members become 0
 *
 * Returns E_CLOSED, or E_ARGUMENT if `access` is NULL or `size` is less than 4.
 */
SHAREABLE_API shareable_status shareable_list_access(const shareable_list *list, shareable_access *access, size_t size);

/*
 * Registers the handle as a writer, unless it is registered, and stores its writer id in
 * *writer_id. The library holds the liveness lock of the id. The caller may lock items by the id
 * (layout.md, "Writing"), from any thread. All users of the handle have the same id. They exclude
 * each other by the *locked* flag of an item.
 *
 * The id is valid in this process, until the handle is closed. Before it closes the handle, or
 * drops the last reference, the caller must unlock every item that it has locked. The child of a
 * fork must call this function again: it gets another id.
 *
 * Returns E_CLOSED, E_READ_ONLY, E_NO_SYNC, E_ARGUMENT (`writer_id` is NULL), or E_SYSTEM for the
 * same reason as shareable_list_set().
 */
SHAREABLE_API shareable_status shareable_list_join(shareable_list *list, uint32_t *writer_id);

/*
 * Wakes the processes that wait for a change of an item, or of any item of the list. A writer in
 * place must call this function after it has stored to the item and unlocked it, if one of the two
 * waiters flags is set: the flag of eventcount index mod 32, or that of eventcount 32. Between its
 * last store and its load of the flags, it must execute a full memory barrier. The function itself
 * executes that barrier, and then checks the flags: a caller may also call it after each store.
 *
 *   index  counts from the end if it is negative
 *
 * Returns E_CLOSED, E_READ_ONLY, E_NO_SYNC or E_INDEX.
 */
SHAREABLE_API shareable_status shareable_list_notify(shareable_list *list, int64_t index);

/* -------------------------------------------------------------------------------------------------
 * Watches: a descriptor for event loops
 *
 * A watch has a descriptor that becomes readable when something that it watches has changed. An
 * event loop waits for it with poll(2), epoll(7) or the like, together with its other descriptors:
 *
 *   shareable_watch *watch;
 *   uint64_t speed, changed[16];
 *   size_t count;
 *
 *   shareable_watch_create(&watch, NULL);
 *   shareable_watch_add_item(watch, list, 0, 0, &speed);
 *   ... when shareable_watch_fd(watch) is readable:
 *   shareable_watch_changed(watch, changed, 16, &count);
 *   ... for each id in changed: read the item
 *
 * A watch may contain items, whole lists and locks of any number of lists, each under an id.
 * Several watches may contain the same item. An id is armed or not: an armed id is reported at the
 * next change, and is then not armed. A list need not outlive its watch: when its handle is closed,
 * the watch reports the ids of the list once more, and then never again.
 *
 * A report means that the item may have changed: the program reads it again. An item is also
 * reported when an equal value is written to it, when an item of the list whose index differs by a
 * multiple of 32 is written, or when another process ends a wait for such an item. If the program watches many lists (see below), it may be reported
 * when any item of its list is written. If an item changes several times before the program calls
 * shareable_watch_changed(), it is reported once. The last change is never missed: if the program
 * reads an item after it has added or armed the id, each later change is reported.
 *
 * The descriptor is readable while a report was not returned. If the event loop is edge-triggered
 * (EPOLLET), the program must call shareable_watch_changed() until it stores fewer than `size` ids,
 * and must call it again later if it fails: until then, no further event comes. Otherwise one call
 * for each event is sufficient.
 *
 * A change by this library is reported at once. A change that wakes no waiter (see
 * shareable_list_wait()) is reported within 50 milliseconds, and within 10 milliseconds if the
 * handle is read-only or the list has no sync area. Such a change of any item of a large list, or
 * of an item of 16 KiB or more, is reported later, because the library uses at most 0.5 % of a
 * processor to hash these: after 0.2 seconds if they have 2 MiB together. If such a change is
 * undone between two checks, it is not reported.
 *
 * The library starts threads when a watch is first used, and ends them when the last watch is freed
 * and when the process exits or unloads the library: one thread that detects changes that wake no
 * waiter, and one for each 127 words on which writers wake it. These words are a list's lock and
 * the counters of its eventcounts (layout.md, "Waiting"): a watched list uses at most 34, which all
 * handles of the process on the list share. While the lists that a process watches use 1,270 or
 * more, a list of which another item is added uses one word for all its items. The threads block
 * all signals, except those that report an error of the thread itself, such as SIGBUS if another
 * process truncates the block of a watched list. While nothing changes, they check each armed item
 * below 16 KiB 20 times a second, and while no id is armed, they use no processor time. If the
 * system has no futex_waitv(2) (Linux before 5.16, or a filter of system calls refuses it), they do
 * not sleep until the words change, but check the words every 1 to 10 milliseconds, even while no
 * id is armed.
 *
 * In a child of fork(), the descriptor has the same number, but is the child's own: it is readable,
 * and all armed ids are reported. A duplicate of the descriptor, or an epoll(7) instance that
 * contains it, still refers to the one of the parent: the child must add the descriptor again. In a child of _Fork() or clone(2), that is the case after the
 * first call for any watch. If the system has no descriptor for the child, the number remains that
 * of the parent's descriptor, which the child does not change, until a call of
 * shareable_watch_changed() or a report gets one. Any number of threads may use a watch at the same
 * time.
 */
typedef struct shareable_watch shareable_watch;

enum {
  SHAREABLE_WATCH_ONCE = 1 << 0 /* shareable_watch_changed() does not arm the id again */
};

/*
 * Creates a watch that contains nothing.
 *
 *   watch  receives the watch, which the caller must free with shareable_watch_free()
 *
 * Returns E_ARGUMENT if `watch` is NULL, E_NO_MEMORY, or E_SYSTEM if there is no descriptor.
 */
SHAREABLE_API shareable_status shareable_watch_create(shareable_watch **watch, shareable_error *error);

/*
 * Frees a watch and closes its descriptor. Frees no list. Another thread must not use the watch at
 * the same time. Does nothing if it is NULL.
 */
SHAREABLE_API void shareable_watch_free(shareable_watch *watch);

/*
 * Returns the descriptor, an eventfd(2), or -1 for NULL. It belongs to the watch: the caller must
 * not read it or close it, and may poll or duplicate it. It is greater than 2 and close-on-exec.
 *
 * If the program closes it nevertheless, for example by closefrom(3), and opens another file with
 * its number, the watch reports nothing any more, and must be freed. The library recognizes its
 * descriptor by the file and by the signal that it has set (F_SETSIG in fcntl(2)): it does not
 * write to, read or close the other file, even if that is an eventfd too. The caller must not
 * change the signal. There is one exception: if the file is the descriptor of a watch again, the
 * library cannot distinguish the two in one of 30 cases, and in all cases if another copy of the
 * library has given it the same signal or the system has no F_SETSIG.
 */
SHAREABLE_API int shareable_watch_fd(const shareable_watch *watch);

/*
 * Adds an item of a list to a watch, and arms it.
 *
 *   index  counts from the end if it is negative
 *   flags  0, or SHAREABLE_WATCH_ONCE
 *   id     receives the id by which the functions below name the item. No two ids of a process are
 *          equal
 *
 * Returns E_ARGUMENT if `watch` or `id` is NULL or a flag is unknown, E_CLOSED, E_INDEX, E_CORRUPT
 * (the item's offsets are corrupt), E_NO_MEMORY, or E_SYSTEM if no thread can be started.
 */
SHAREABLE_API shareable_status shareable_watch_add_item(shareable_watch *watch, shareable_list *list, int64_t index,
                                                        uint32_t flags, uint64_t *id);

/*
 * Adds a whole list, and arms it. It is reported when any of its items changes.
 *
 *   hash   the hash of the list (shareable_list_hash()) that the caller has seen: if the list has
 *          another hash, it is reported. If `hash` is 0, the function hashes the list, and changes
 *          during the call may not be reported
 *   flags  as for shareable_watch_add_item(), and likewise `id`
 *
 * Returns the same codes as shareable_watch_add_item(), without E_INDEX and E_CORRUPT.
 */
SHAREABLE_API shareable_status shareable_watch_add_list(shareable_watch *watch, shareable_list *list, uint64_t hash,
                                                        uint32_t flags, uint64_t *id);

/*
 * Adds the lock of a list, with SHAREABLE_WATCH_ONCE, and arms it. It is reported when the lock may
 * be free or its owner has died: the program then calls shareable_list_lock() with the timeout 0.
 * If several ids of the process are armed for the lock of a list, one of them at a time is
 * reported, in the order in which they were armed: the next one when this one is armed, disarmed or
 * removed, or after at most 0.1 seconds if the program does none of these. When the program has the
 * lock, or no longer wants it, it must call shareable_watch_disarm() or shareable_watch_remove(): a
 * report may have consumed the wake-up of another process that waits for the lock, which these
 * functions then wake.
 *
 * Returns the same codes as shareable_watch_add_list(), E_NO_SYNC or E_READ_ONLY.
 */
SHAREABLE_API shareable_status shareable_watch_add_lock(shareable_watch *watch, shareable_list *list, uint64_t *id);

/*
 * Arms an id that was disarmed, or that was added with SHAREABLE_WATCH_ONCE and reported. The
 * program must read the item, or try to take the lock, after the call, because a change before the
 * call is not reported. The id may be armed already: if its item has changed, the call reports it.
 *
 *   hash  for a list, as for shareable_watch_add_list(); otherwise ignored
 *
 * Returns E_ARGUMENT if the watch does not contain the id, E_CLOSED if the list's handle is closed,
 * E_NO_MEMORY, or E_SYSTEM if no thread can be started.
 */
SHAREABLE_API shareable_status shareable_watch_arm(shareable_watch *watch, uint64_t id, uint64_t hash);

/*
 * Disarms an id: no change is reported until shareable_watch_arm() is called. A report that
 * shareable_watch_changed() has not returned yet remains.
 *
 * Returns E_ARGUMENT if the watch does not contain the id.
 */
SHAREABLE_API shareable_status shareable_watch_disarm(shareable_watch *watch, uint64_t id);

/*
 * Removes an item, a list or a lock from a watch, with a report that was not returned yet.
 *
 * Returns E_ARGUMENT if the watch does not contain the id.
 */
SHAREABLE_API shareable_status shareable_watch_remove(shareable_watch *watch, uint64_t id);

/*
 * Stores the ids that were reported, and arms those again that have no SHAREABLE_WATCH_ONCE. When
 * all ids have been returned, the descriptor is not readable any more. It may become readable again
 * without a further id, if the program did not wait until it was readable. The function does not wait.
 *
 *   ids    receives at most `size` ids; further ones remain, and the descriptor stays readable. It
 *          may be NULL if `size` is 0
 *   size   the number of ids for which `ids` has room
 *   count  receives the number of ids stored, which may be 0
 *
 * Returns E_ARGUMENT if `watch`, `ids` or `count` is NULL. Returns E_NO_MEMORY, or E_SYSTEM if no
 * thread can be started, if the first id cannot be armed again, which may happen in the child of a
 * fork: then it stores no id, the ids remain, and the descriptor stays readable.
 */
SHAREABLE_API shareable_status shareable_watch_changed(shareable_watch *watch, uint64_t *ids, size_t size,
                                                       size_t *count);

/* -------------------------------------------------------------------------------------------------
 * Arrays: NumPy's .npy files
 */

/*
 * A handle on an array of shared memory. The block is a .npy file: a header with the type of the
 * items, their order and the shape, and then the items. Programs with NumPy alone open it by
 * np.load("/dev/shm/NAME", mmap_mode="r+"), and a file that np.save() wrote in /dev/shm is opened
 * here.
 *
 * An array is memory: reads and writes of its items are not atomic and wake no waiters. Programs
 * that need this use a list beside it, for example with a sequence number. The header is read once,
 * when the array is opened.
 */
typedef struct shareable_array shareable_array;

/* The largest number of dimensions, which is NumPy's. */
#define SHAREABLE_NDIM_MAX 64

/* The type of the items. Numbers have the byte order of this machine. */
typedef enum shareable_dtype {
  SHAREABLE_DTYPE_BYTES = 0, /* any other type: shareable_array_descr() describes it */
  SHAREABLE_DTYPE_BOOL = 1,  /* a uint8_t, 0 for false; another process may store any number */
  SHAREABLE_DTYPE_I8 = 2,
  SHAREABLE_DTYPE_I16 = 3,
  SHAREABLE_DTYPE_I32 = 4,
  SHAREABLE_DTYPE_I64 = 5,
  SHAREABLE_DTYPE_U8 = 6,
  SHAREABLE_DTYPE_U16 = 7,
  SHAREABLE_DTYPE_U32 = 8,
  SHAREABLE_DTYPE_U64 = 9,
  SHAREABLE_DTYPE_F16 = 10, /* IEEE 754 binary16, for which C has no portable type */
  SHAREABLE_DTYPE_F32 = 11,
  SHAREABLE_DTYPE_F64 = 12,
  SHAREABLE_DTYPE_C64 = 13, /* two floats: the real and the imaginary part */
  SHAREABLE_DTYPE_C128 = 14 /* two doubles */
} shareable_dtype;

/*
 * Creates an array of numbers, all zero, in C order (the last index varies fastest), and opens it.
 * The name becomes visible only when the header is complete.
 *
 *   array  receives the handle, with one reference: drop it with shareable_array_unref()
 *   name   the new name, or NULL for a random one
 *   dtype  SHAREABLE_DTYPE_BOOL to SHAREABLE_DTYPE_C128
 *   ndim   the number of dimensions, 0 to 64; an array without dimensions has one item
 *   shape  the length of each dimension, which may be 0; may be NULL if ndim is 0
 *   flags  as for shareable_memory_create(), and likewise `mode` and `error`
 *
 * The address of the first item is a multiple of 64. Returns E_ARGUMENT, or the same codes as
 * shareable_memory_create().
 */
SHAREABLE_API shareable_status shareable_array_create(shareable_array **array, const char *name, shareable_dtype dtype,
                                                      size_t ndim, const uint64_t *shape, uint32_t flags, uint32_t mode,
                                                      shareable_error *error);

/*
 * Creates an array of any type, as shareable_array_create() does, with the items at `items`: the
 * name becomes visible only when they have been copied.
 *
 *   descr  describes the type as in the header of a .npy file: the Python literal of a string, such
 *          as "'<f8'", or of a list of fields, such as "[('x', '<f4'), ('y', '<f4')]"; UTF-8. Python
 *          objects ('|O') are refused, and so is a text that makes the header longer than 1 MiB
 *   items  the items in C order without gaps; NULL for zeros
 *   size   of the items in bytes, which must be the size of the array; 0 if `items` is NULL
 *
 * Returns the same codes as shareable_array_create().
 */
SHAREABLE_API shareable_status shareable_array_create_from(shareable_array **array, const char *name, const char *descr,
                                                           size_t ndim, const uint64_t *shape, const void *items,
                                                           size_t size, uint32_t flags, uint32_t mode,
                                                           shareable_error *error);

/*
 * Opens the array called `name`. The parameters are the same as for shareable_memory_open(). Any
 * program may have created it, in C order or in Fortran order (the first index varies fastest).
 *
 * Returns E_NOT_ARRAY if the block is not a .npy file, contains Python objects or is too large;
 * E_NOT_READY if the block is smaller than its header describes: its creator has not finished
 * writing it, or it was truncated; or the same codes as shareable_memory_open().
 */
SHAREABLE_API shareable_status shareable_array_open(shareable_array **array, const char *name, uint32_t flags,
                                                    shareable_error *error);

/* The same as shareable_memory_ref(). */
SHAREABLE_API shareable_array *shareable_array_ref(shareable_array *array);

/* The same as shareable_memory_unref(). */
SHAREABLE_API void shareable_array_unref(shareable_array *array);

/* The same as shareable_memory_close(). */
SHAREABLE_API void shareable_array_close(shareable_array *array);

/* The same as shareable_memory_unlink(). */
SHAREABLE_API shareable_status shareable_array_unlink(shareable_array *array, shareable_error *error);

/*
 * Returns the array's block, which is a whole .npy file: for its name, its size, its descriptor, a
 * pin, or a manager. It belongs to the array: take a reference to keep it longer. Returns NULL for
 * NULL.
 */
SHAREABLE_API shareable_memory *shareable_array_memory(const shareable_array *array);

/*
 * Returns the address of the first item. It is valid until the array is closed. Returns NULL if the
 * array is closed or NULL.
 */
SHAREABLE_API void *shareable_array_data(const shareable_array *array);

/*
 * The functions below also work after the array is closed.
 *
 * Returns the type of the items: SHAREABLE_DTYPE_BYTES for numbers in the other byte order, for
 * numbers that are not aligned in the block, for types that C does not have, and for NULL.
 */
SHAREABLE_API shareable_dtype shareable_array_dtype(const shareable_array *array);

/*
 * Returns the type of the items as it is in the header, in UTF-8: see shareable_array_create_from().
 * The string is valid until the handle is freed. Returns NULL for NULL.
 */
SHAREABLE_API const char *shareable_array_descr(const shareable_array *array);

/* Returns the size of one item in bytes, or 0 for NULL. */
SHAREABLE_API size_t shareable_array_item_size(const shareable_array *array);

/* Returns the number of dimensions, 0 to 64, or 0 for NULL. */
SHAREABLE_API size_t shareable_array_ndim(const shareable_array *array);

/*
 * Returns the length of each dimension. The lengths are valid until the handle is freed. Returns
 * NULL for NULL.
 */
SHAREABLE_API const uint64_t *shareable_array_shape(const shareable_array *array);

/*
 * Returns, for each dimension, the distance in bytes from an item to the next one. The distances are
 * valid until the handle is freed. Returns NULL for NULL.
 */
SHAREABLE_API const int64_t *shareable_array_strides(const shareable_array *array);

/* Returns the number of items: the product of the shape. Returns 0 for NULL. */
SHAREABLE_API size_t shareable_array_size(const shareable_array *array);

/* Returns the size of all items in bytes, or 0 for NULL. */
SHAREABLE_API size_t shareable_array_nbytes(const shareable_array *array);

/* -------------------------------------------------------------------------------------------------
 * Dicts
 *
 * A dict is a list whose items are keys and values in turn: item 2p is the key of place p, or None
 * if the place is free, and item 2p + 1 is its value. So everything that works on lists works on the
 * list of a dict too (shareable_dict_list()), and stock Python reads it:
 *
 *   it = iter(ShareableList(name="settings"))
 *   settings = {k: v for k, v in zip(it, it) if k is not None}
 *
 * What follows the list (layout.md, "The dict area") is derived from it: an index, and what is
 * necessary to complete a change of a process that was killed. The number of places, and the longest
 * key and value, are fixed when the dict is created. Functions of lists do not write keys
 * (E_KEY_ITEM). Stock Python may write values of keys that no process deletes meanwhile; it must not
 * write keys.
 *
 * A key is a str or bytes of at least 1 byte whose last byte is not NUL: stock Python would strip it.
 * A str and bytes with equal bytes are two keys. A value is one value of any type; as in a list, a
 * text that ends in a NUL has at most SHAREABLE_TEXT_NUL_MAX bytes.
 *
 * Reads do not lock and do not write, except that they note the use of a key in a dict with
 * SHAREABLE_EVICT. They work through a read-only handle, and wait for no process, also if a process
 * was stopped or killed while it changed the dict: then, a read may take the time of reading all
 * keys. Only if a process is stopped in the middle of writing an item of the list, a read of that
 * key or its value returns E_BUSY after a second, as for a list.
 *
 * Keys are inserted and deleted under the lock of the dict, which is held for microseconds, and for
 * the time of reading all keys by shareable_dict_reindex(), and by an insert into a full dict if the
 * time of an expiry is over. A process that waits for it longer than its timeout gets E_TIMED_OUT. If
 * a process is killed while it holds the lock, the next one completes its change. So after a kill, a key that a call has reported as inserted is in the dict
 * once, with an old or a new value, of any length; a change that no call has reported has happened
 * completely or not at all, except that a set with a TTL may have changed the value but not the TTL.
 *
 * A TTL is in nanoseconds: after it, the key is no longer in the dict. The time is that of
 * CLOCK_BOOTTIME, which includes the time in which the machine is suspended. An expired key has its
 * place until its key is set again, shareable_dict_delete_expired() deletes it, or an insert into a
 * full dict needs the place: no key is evicted as long as there is an expired one.
 *
 * A list of stock Python whose items are keys and values can be opened as a read-only dict. If it has
 * a key twice, the last one counts; an item that no dict can have as a key is passed over.
 *
 * The parameter `timeout` of the functions below is the longest time to wait for the lock of the dict
 * and for another writer of the value, in nanoseconds: 0 tries once, a negative value waits without a
 * limit, except that a writer that has the value locked for a second causes E_BUSY.
 */

/* A handle on a dict. */
typedef struct shareable_dict shareable_dict;

/* The longest key of a dict, in bytes. */
#define SHAREABLE_DICT_KEY_MAX 472
/* The most places of a dict. */
#define SHAREABLE_DICT_PLACES_MAX (UINT64_C(1) << 31)

/*
 * Creates a new dict without keys, and opens it. The name becomes visible only when the dict is
 * complete. A failure leaves nothing behind.
 *
 *   dict        receives the handle, with one reference: drop it with shareable_dict_unref()
 *   name        as for shareable_memory_create()
 *   places      the most keys that the dict can have, 1 to SHAREABLE_DICT_PLACES_MAX
 *   key_size    the longest key in bytes, 1 to SHAREABLE_DICT_KEY_MAX; rounded up to a multiple of 8
 *   value_size  the longest str or bytes as a value, in bytes, 1 to SHAREABLE_TEXT_MAX (or the size of
 *               another dict, which may be one more); rounded up to a multiple of 8. Every other
 *               value fits in 8 bytes
 *   flags       as for shareable_memory_create(), and SHAREABLE_EVICT: an insert into a full dict
 *               evicts a key that was not used recently, instead of failing
 *   mode        as for shareable_memory_create()
 *   error       receives the error message on failure; may be NULL
 *
 * The dict uses 74 bytes, key_size and value_size for each place, and about 3 KiB and value_size
 * once.
 *
 * Returns the same codes as shareable_memory_create(); E_ARGUMENT also for places and sizes.
 */
SHAREABLE_API shareable_status shareable_dict_create(shareable_dict **dict, const char *name, size_t places,
                                                     size_t key_size, size_t value_size, uint32_t flags, uint32_t mode,
                                                     shareable_error *error);

/*
 * Opens the dict called `name`. The time it takes does not depend on the number of keys.
 *
 *   dict   receives the handle, with one reference: drop it with shareable_dict_unref()
 *   flags  0, or SHAREABLE_READ_ONLY and SHAREABLE_KEEP_FD, or-ed together
 *   error  receives the error message on failure; may be NULL
 *
 * With SHAREABLE_READ_ONLY, it also opens a list that is not a dict but has its form, for example
 * one of stock Python: an even number of items, and each even item is a key or None. Then the handle
 * makes an index of its own, which takes the time of reading the list, and a get of a key that is
 * not in that index reads all keys.
 *
 * Returns the same codes as shareable_list_open(); E_NOT_DICT if the list is not a dict or its dict
 * area is corrupt; E_VERSION also if another version of this library created the dict area.
 */
SHAREABLE_API shareable_status shareable_dict_open(shareable_dict **dict, const char *name, uint32_t flags,
                                                   shareable_error *error);

/* The same as shareable_memory_ref(). */
SHAREABLE_API shareable_dict *shareable_dict_ref(shareable_dict *dict);

/* The same as shareable_memory_unref(). */
SHAREABLE_API void shareable_dict_unref(shareable_dict *dict);

/* The same as shareable_memory_close(), for the dict's block. */
SHAREABLE_API void shareable_dict_close(shareable_dict *dict);

/* The same as shareable_memory_close_in_place(), for the dict's block. */
SHAREABLE_API void shareable_dict_close_in_place(shareable_dict *dict);

/* The same as shareable_memory_unlink(), for the dict's block. */
SHAREABLE_API shareable_status shareable_dict_unlink(shareable_dict *dict, shareable_error *error);

/*
 * Returns the list of the dict. The list belongs to the dict: take a reference to keep it longer.
 * Closing the list closes the dict. Returns NULL for NULL.
 */
SHAREABLE_API shareable_list *shareable_dict_list(const shareable_dict *dict);

/*
 * Return the number of places, and the longest key and value in bytes, also after the dict is closed.
 * Return 0 for NULL.
 */
SHAREABLE_API size_t shareable_dict_places(const shareable_dict *dict);
SHAREABLE_API size_t shareable_dict_key_size(const shareable_dict *dict);
SHAREABLE_API size_t shareable_dict_value_size(const shareable_dict *dict);

/*
 * Returns whether the dict evicts keys (SHAREABLE_EVICT), and how many unexpired keys calls through
 * this handle have evicted. Return 0 for NULL.
 */
SHAREABLE_API int shareable_dict_evicts(const shareable_dict *dict);
SHAREABLE_API uint64_t shareable_dict_evicted(const shareable_dict *dict);

/*
 * Stores in *length the number of keys that have not expired. If keys may have expired, reads all
 * expiries.
 *
 * Returns E_CLOSED.
 */
SHAREABLE_API shareable_status shareable_dict_length(const shareable_dict *dict, size_t *length);

/*
 * Reads the value of a key.
 *
 *   key     a str or bytes
 *   value   receives the value; for a str or bytes, its `text` is `buffer`
 *   buffer  receives the text, without a NUL at its end; may be NULL if size is 0
 *   size    of the buffer, in bytes; shareable_dict_value_size() is always enough
 *
 * Returns E_NO_KEY if the key is not in the dict, or has expired; E_KEY if it is not a valid key of
 * this dict; E_CLOSED, E_CORRUPT, E_UTF8, E_BUSY or E_BUFFER, as shareable_list_get() does.
 */
SHAREABLE_API shareable_status shareable_dict_get(const shareable_dict *dict, const shareable_value *key,
                                                  shareable_value *value, void *buffer, size_t size);

/*
 * Does the same, and also reads the value of an expired key that still has its place: then it stores
 * 1 in *is_stale, otherwise 0.
 */
SHAREABLE_API shareable_status shareable_dict_get_stale(const shareable_dict *dict, const shareable_value *key,
                                                        shareable_value *value, void *buffer, size_t size,
                                                        int *is_stale);

/*
 * Read a value of a known type, as shareable_list_get_int() and the functions beside it do.
 *
 * Return E_TYPE if the value has another type, or the same codes as shareable_dict_get().
 */
SHAREABLE_API shareable_status shareable_dict_get_int(const shareable_dict *dict, const shareable_value *key,
                                                      int64_t *integer);
SHAREABLE_API shareable_status shareable_dict_get_float(const shareable_dict *dict, const shareable_value *key,
                                                        double *real);
SHAREABLE_API shareable_status shareable_dict_get_bool(const shareable_dict *dict, const shareable_value *key,
                                                       int *boolean);
SHAREABLE_API shareable_status shareable_dict_get_str(const shareable_dict *dict, const shareable_value *key,
                                                      char *buffer, size_t size, size_t *length);
SHAREABLE_API shareable_status shareable_dict_get_bytes(const shareable_dict *dict, const shareable_value *key,
                                                        void *buffer, size_t size, size_t *length);

/* Which keys shareable_dict_set() writes, and shareable_dict_add(). Or-ed with the flags after the first three. */
enum {
  SHAREABLE_DICT_ANY = 0,
  SHAREABLE_DICT_IF_ABSENT = 1 << 0, /* only for a set */
  SHAREABLE_DICT_IF_PRESENT = 1 << 1,
  SHAREABLE_DICT_NO_EVICT = 1 << 2, /* return E_FULL also if the dict evicts keys */
  SHAREABLE_DICT_CONVERT = 1 << 3   /* only for add_float: an int becomes a float */
};

/*
 * Writes the value of a key, and inserts the key if it is absent.
 *
 *   flags  SHAREABLE_DICT_ANY, or which keys to write
 *   ttl    the key expires in this number of nanoseconds; 0: never. It replaces the TTL that the key
 *          had
 *
 * The write wakes the waiters of the key. On failure the dict is unchanged, except that E_CAPACITY
 * and the like may leave an expired key deleted.
 *
 * Returns E_KEY_EXISTS or E_NO_KEY as the flags demand; E_FULL if each place has a key; E_KEY,
 * E_TIMED_OUT, E_CLOSED, E_READ_ONLY, E_ARGUMENT (flags, ttl); E_VALUE_TYPE, E_UTF8 (also of a key
 * that is inserted), E_CAPACITY, E_TOO_LONG, E_BUSY or E_SYSTEM, as shareable_list_set() does.
 */
SHAREABLE_API shareable_status shareable_dict_set(shareable_dict *dict, const shareable_value *key,
                                                  const shareable_value *value, uint32_t flags, int64_t ttl,
                                                  int64_t timeout);

/*
 * Add to a number by one operation that is atomic among all languages, processes and threads. If the
 * key is absent, insert it with the value `initial` + `delta`.
 *
 *   delta    is added to the value, which must be an int, or a float for add_float
 *   initial  the value before the addition, if the key is absent
 *   flags    SHAREABLE_DICT_ANY, IF_PRESENT (an absent key is not inserted), NO_EVICT, and for
 *            add_float CONVERT (an int becomes a float, to which `delta` is added)
 *   ttl      as for shareable_dict_set(), of a key that is inserted; a key that is there keeps its
 *            TTL. So a counter of a rate limit is one call: the key is the client, `initial` is 0,
 *            and `ttl` is the window
 *   result   receives the new value; may be NULL
 *
 * Return E_TYPE if the value is not an int (a float for add_float), E_OVERFLOW if the sum does not
 * fit in 64 bits, E_NO_KEY as IF_PRESENT demands, or the same codes as shareable_dict_set(). Then the
 * value is unchanged.
 */
SHAREABLE_API shareable_status shareable_dict_add(shareable_dict *dict, const shareable_value *key, int64_t delta,
                                                  int64_t initial, uint32_t flags, int64_t ttl, int64_t timeout,
                                                  int64_t *result);
SHAREABLE_API shareable_status shareable_dict_add_float(shareable_dict *dict, const shareable_value *key, double delta,
                                                        double initial, uint32_t flags, int64_t ttl, int64_t timeout,
                                                        double *result);

/*
 * Writes `desired` if the value is the int *expected, and stores 1 in *exchanged. Otherwise stores 0
 * in *exchanged and the value in *expected. The TTL remains. `exchanged` may be NULL.
 *
 * Returns E_NO_KEY, E_TYPE if the value is not an int, E_KEY, E_TIMED_OUT, E_CLOSED, E_READ_ONLY,
 * E_ARGUMENT (`expected` is NULL), E_BUSY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_dict_compare_exchange(shareable_dict *dict, const shareable_value *key,
                                                               int64_t *expected, int64_t desired, int64_t timeout,
                                                               int *exchanged);

/*
 * Deletes a key. The value remains in the list until the place is used again.
 *
 * Returns E_NO_KEY if the key is not in the dict, E_KEY, E_TIMED_OUT, E_CLOSED, E_READ_ONLY, E_BUSY
 * or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_dict_delete(shareable_dict *dict, const shareable_value *key, int64_t timeout);

/*
 * Reads the value of a key, as shareable_dict_get() does, and deletes the key, without a moment in
 * between in which another process can change the value.
 *
 * Returns the codes of both functions. On failure, E_BUFFER included, the key remains.
 */
SHAREABLE_API shareable_status shareable_dict_pop(shareable_dict *dict, const shareable_value *key,
                                                  shareable_value *value, void *buffer, size_t size, int64_t timeout);

/*
 * Stores in *ttl the nanoseconds until the key expires: at least 1, or 0 if it does not expire.
 *
 * Returns E_NO_KEY, E_KEY, E_CLOSED or E_BUSY.
 */
SHAREABLE_API shareable_status shareable_dict_ttl(const shareable_dict *dict, const shareable_value *key, int64_t *ttl);

/*
 * Makes a key expire in `ttl` nanoseconds, or never if that is 0.
 *
 * Returns E_NO_KEY, E_KEY, E_TIMED_OUT, E_CLOSED, E_READ_ONLY, E_ARGUMENT (ttl), E_BUSY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_dict_expire(shareable_dict *dict, const shareable_value *key, int64_t ttl,
                                                     int64_t timeout);

/*
 * Deletes expired keys.
 *
 *   max      the most keys to delete; 0: all
 *   deleted  receives their number, also on failure; may be NULL
 *
 * Returns E_TIMED_OUT, E_CLOSED, E_READ_ONLY, E_BUSY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_dict_delete_expired(shareable_dict *dict, size_t max, int64_t timeout,
                                                             size_t *deleted);

/* A key and its value, and the buffers for their texts, which the caller provides. */
typedef struct shareable_dict_item {
  shareable_value key;
  shareable_value value;
  void *key_buffer;
  size_t key_buffer_size; /* in bytes; shareable_dict_key_size() is always enough */
  void *value_buffer;
  size_t value_buffer_size; /* shareable_dict_value_size() is always enough */
} shareable_dict_item;

/*
 * Visits the keys, without a lock. A key that is in the dict during the whole visit is visited once;
 * one that is inserted or deleted meanwhile may be visited, and visited twice if it is inserted again.
 *
 *   cursor  0 at first; receives the place from which the next call continues
 *   item    receives a key and its value
 *
 *   size_t cursor = 0;
 *   while (shareable_dict_next(dict, &cursor, &item) == SHAREABLE_OK)
 *     show(&item.key, &item.value);
 *
 * Returns E_NO_KEY at the end; E_ARGUMENT or E_CLOSED; or E_CORRUPT, E_UTF8, E_BUSY or E_BUFFER, as
 * shareable_list_get() does: then *cursor is the place, and the caller may add 1 to continue. On
 * failure, also at the end, the content of *item and of its buffers is undefined.
 */
SHAREABLE_API shareable_status shareable_dict_next(const shareable_dict *dict, size_t *cursor,
                                                   shareable_dict_item *item);

/*
 * Deletes all keys that are in the dict, one after the other.
 *
 * Returns the same codes as shareable_dict_delete(), without E_NO_KEY and E_KEY.
 */
SHAREABLE_API shareable_status shareable_dict_clear(shareable_dict *dict, int64_t timeout);

/*
 * Makes the index and the number of keys again from the keys in the list. That changes nothing,
 * unless another program has damaged them, or has written keys as items of the list.
 *
 * Returns E_TIMED_OUT, E_CLOSED, E_READ_ONLY or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_dict_reindex(shareable_dict *dict, int64_t timeout);

/*
 * Copies the keys of `source` with their values and TTLs to `target`, for example to a larger dict.
 * Keys that are in both get the value of `source`. Each key is copied as it is at that time. The
 * source may be read-only.
 *
 * Returns E_FULL, E_KEY (longer than the keys of the target) or E_CAPACITY if a key does not fit:
 * then some keys have been copied. Otherwise returns E_NO_MEMORY, or the same codes as
 * shareable_dict_next() and shareable_dict_set().
 */
SHAREABLE_API shareable_status shareable_dict_copy(const shareable_dict *source, shareable_dict *target,
                                                   int64_t timeout);

/*
 * Waits until the value of a key no longer equals `value`, compared as by shareable_list_count(), or
 * the key is deleted or expires. If `value` is NULL, waits until the key is in the dict. If that is
 * so already, the function returns at once.
 *
 *   timeout  the longest time to wait, in nanoseconds: 0 checks once, a negative value waits without
 *            a limit
 *
 * It sleeps and is woken as shareable_list_wait() is. An expiry is detected within 50 milliseconds.
 *
 * Returns E_TIMED_OUT if the timeout expires; E_UTF8 if `value` is NULL and the key is a str that no
 * process can insert; otherwise E_KEY, E_CLOSED, E_CORRUPT, E_BUSY or E_VALUE_TYPE.
 */
SHAREABLE_API shareable_status shareable_dict_wait(const shareable_dict *dict, const shareable_value *key,
                                                   const shareable_value *value, int64_t timeout);

/*
 * Adds a key of a dict to a watch, with SHAREABLE_WATCH_ONCE, and arms it. It is reported when the
 * value may have changed, or the key may have been inserted or deleted. The program must then remove
 * the id and add the key again, because the key may have another place, and then read the key. An
 * expiry is not reported: the program must use a timer (shareable_dict_ttl()). Through a read-only
 * handle, the insert of an absent key is not reported either; and of a list without a dict area, only
 * changes of the value are. Then the program must check the key at intervals, as shareable_dict_wait()
 * does.
 *
 * Returns E_KEY, E_BUSY, or the same codes as shareable_watch_add_item().
 */
SHAREABLE_API shareable_status shareable_watch_add_key(shareable_watch *watch, shareable_dict *dict,
                                                       const shareable_value *key, uint64_t *id);

/*
 * Stores in *error the error message for a status that another function returned about a key. The
 * message names the dict and the key. `key` may be NULL for a function that is not about a single key:
 * then it says "a key".
 *
 * Returns `status`, so that the caller can return the result of the call.
 */
SHAREABLE_API shareable_status shareable_dict_explain(const shareable_dict *dict, const shareable_value *key,
                                                      shareable_status status, shareable_error *error);

/*
 * The addresses of a dict's parts in this process, beside those of its list (shareable_list_access()).
 * A language in which a call of C is slow can find keys at these addresses, by the rules of layout.md,
 * and call the functions above for everything else. The rules of shareable_access apply.
 *
 * `places`, `slots` and the sizes were checked when the dict was opened. New members are added at the
 * end only.
 */
typedef struct shareable_dict_addresses {
  uint32_t size;         /* of the structure that the library knows, in bytes */
  uint32_t area_version; /* the version of the dict area, 1; or 0 if the list has no dict area */
  uint32_t evicts;       /* 1 if the dict evicts keys, otherwise 0 */
  uint32_t key_size;     /* of the slot of a key, in bytes */
  uint64_t value_size;   /* of the slot of a value, in bytes */
  uint64_t places;       /* the number of places */
  uint64_t slots;        /* the number of words of the index */
  uint64_t seed[2];      /* of the hash of a str; for bytes, the lowest bit of seed[0] is inverted */
  void *area;            /* the dict area, or NULL */
  void *sequence;        /* the sequence of the index, 8 bytes, or NULL */
  void *has_expiries;    /* 4 bytes: 0 if no place has had an expiry; or NULL */
  void *expiries;        /* the expiry of place 0, 8 bytes; or NULL */
  void *index;           /* the first word of the index, or NULL */
} shareable_dict_addresses;

/*
 * Stores the addresses and the numbers of the dict's parts in *addresses. Of a list without a dict area
 * (SHAREABLE_READ_ONLY), they are all 0 and NULL, except `size`.
 *
 *   size  sizeof *addresses, as for shareable_list_access()
 *
 * Returns E_CLOSED, or E_ARGUMENT if `addresses` is NULL or `size` is less than 4.
 */
SHAREABLE_API shareable_status shareable_dict_access(const shareable_dict *dict, shareable_dict_addresses *addresses,
                                                     size_t size);

/* -------------------------------------------------------------------------------------------------
 * Managers: CPython's SharedMemoryManager
 */

/*
 * A handle on a manager. A manager is a process that owns blocks. It removes them when it is shut
 * down, and when the process that started it has ended for any reason. Managers and clients of this
 * library and of CPython work together (protocol.md). The handle keeps one connection to a manager
 * of this library, and opens a new connection for each call to a manager of CPython.
 *
 * Several threads may use a handle; their calls run one after the other. A call waits for these
 * calls and for the manager for at most ten seconds, and then returns E_TIMED_OUT. In the child of a
 * fork(), a handle opens a new connection, and dropping the handle does not shut the manager down.
 *
 * An address is text:
 *
 *   a path with a '/'  the file of a local socket; at most 107 bytes
 *   "@name"            an abstract local socket: not a file, and any user can connect to it
 *   "host:port"        TCP; the host is an IPv4 address or "localhost"
 *
 * Nothing is encrypted. Over a network, an attacker that can read the traffic can read names, and
 * can take over a connection after the handshake. On local sockets, both sides check that the peer
 * is the same user, or root.
 */
typedef struct shareable_manager shareable_manager;

/*
 * Starts a manager: the installed program shareable-manager, or the program that the environment
 * variable SHAREABLE_MANAGER names. The program runs in a new session, and is started by
 * posix_spawn(3).
 *
 *   manager       receives the handle, with one reference: drop it with shareable_manager_unref()
 *   address       the address to listen on; NULL for a socket in a new directory under TMPDIR or
 *                 /tmp, which only this user can enter
 *   authkey       the key that clients must have, which is copied; NULL for 32 random bytes
 *   authkey_size  of the key, 1 to 65,536 bytes
 *   error         receives the error message on failure; may be NULL
 *
 * Returns E_ARGUMENT (address, authkey_size), E_NOT_FOUND or E_PERMISSION (the program),
 * E_NO_MANAGER (it did not start to listen, and printed the reason on standard error), E_NO_MEMORY
 * or E_SYSTEM.
 */
SHAREABLE_API shareable_status shareable_manager_start(shareable_manager **manager, const char *address,
                                                       const void *authkey, size_t authkey_size,
                                                       shareable_error *error);

/*
 * Connects to a running manager, of this library or of CPython. The function takes the same
 * parameters as shareable_manager_start(), but the address and the key are required. If a TCP
 * connection is closed before its handshake is complete, for example by a manager that has too many
 * peers, the function connects again, for at most ten seconds.
 *
 * Returns E_ARGUMENT; E_NO_MANAGER; E_AUTH if the manager has another key; E_PERMISSION if it
 * belongs to another user; E_PROTOCOL if the peer is not a manager; E_TIMED_OUT, E_NO_MEMORY or
 * E_SYSTEM. All functions below that call the manager may return these codes.
 */
SHAREABLE_API shareable_status shareable_manager_connect(shareable_manager **manager, const char *address,
                                                         const void *authkey, size_t authkey_size,
                                                         shareable_error *error);

/* The same as shareable_memory_ref(). */
SHAREABLE_API shareable_manager *shareable_manager_ref(shareable_manager *manager);

/*
 * Drops a reference. Dropping the last one frees the handle. In the process that started the
 * manager, it first shuts the manager down. NULL is ignored.
 */
SHAREABLE_API void shareable_manager_unref(shareable_manager *manager);

/*
 * Returns the address that the manager listens on, as text that shareable_manager_connect()
 * accepts. The text is valid until the handle is freed. Returns NULL for NULL.
 */
SHAREABLE_API const char *shareable_manager_address(const shareable_manager *manager);

/*
 * Returns the key, and stores its length in bytes in *size; `size` may be NULL. The key is valid
 * until the handle is freed. A process that has the key can make the manager remove any block of
 * the manager's user: pass it on only through a channel that others cannot read. Returns NULL for
 * NULL.
 */
SHAREABLE_API const void *shareable_manager_authkey(const shareable_manager *manager, size_t *size);

/*
 * Creates a block of `size` bytes with a random name, and gives it to the manager.
 *
 *   memory  receives the handle, which belongs to the caller: dropping it does not remove the block
 *   error   receives the error message on failure; may be NULL
 *
 * Returns the same codes as shareable_memory_create() and shareable_manager_track(). On failure no
 * block remains.
 */
SHAREABLE_API shareable_status shareable_manager_create_memory(shareable_manager *manager, shareable_memory **memory,
                                                               uint64_t size, shareable_error *error);

/*
 * Creates a list of the values with a random name, and gives it to the manager. The parameters are
 * the same as for shareable_list_create().
 *
 * Returns the same codes as shareable_list_create() and shareable_manager_track(). On failure no
 * list remains.
 */
SHAREABLE_API shareable_status shareable_manager_create_list(shareable_manager *manager, shareable_list **list,
                                                             const shareable_value *values, size_t count,
                                                             uint32_t flags, shareable_error *error);

/*
 * Gives a block to the manager, which removes it when it ends. Any process may have created the
 * block. The name may be tracked before the block exists, and more than once. If the block exists,
 * this library's manager removes only that block, and not another one that has taken the name.
 * CPython's manager removes any block of the name. A manager's names are UTF-8.
 *
 * Returns E_NAME, E_CLOSED (the manager was shut down through this handle), E_REMOTE (the error
 * message contains the manager's reply), or the same codes as shareable_manager_connect().
 */
SHAREABLE_API shareable_status shareable_manager_track(shareable_manager *manager, const char *name,
                                                       shareable_error *error);

/*
 * Gives a block to the manager, as shareable_manager_track() does, and then makes this process no
 * longer its owner, if it created the block with SHAREABLE_OWNED through this handle. So the block
 * has an owner at any time, and outlives this process. shareable_manager_create_memory() and
 * shareable_manager_create_list() do the same.
 *
 * Returns E_CLOSED if a handle is NULL, or the same codes as shareable_manager_track(): then this
 * process owns the block as before.
 */
SHAREABLE_API shareable_status shareable_manager_adopt(shareable_manager *manager, shareable_memory *memory,
                                                       shareable_error *error);

/*
 * Makes the manager remove one of its blocks now.
 *
 * Returns E_ABSENT if the manager does not have that name; E_NOT_FOUND if the block is already
 * gone, or if another block has its name (in both cases the manager has dropped the name); or the
 * same codes as shareable_manager_track().
 */
SHAREABLE_API shareable_status shareable_manager_release(shareable_manager *manager, const char *name,
                                                         shareable_error *error);

/*
 * Stores the names of all blocks of the manager, in the order in which it received them, each with
 * a NUL at its end.
 *
 *   buffer  receives the names; may be NULL if size is 0, to ask for the length, which may have
 *           grown by the next call
 *   size    of the buffer, in bytes
 *   length  receives the number of bytes needed, also on E_BUFFER; may be NULL
 *
 * Returns E_BUFFER, or the same codes as shareable_manager_track().
 */
SHAREABLE_API shareable_status shareable_manager_names(shareable_manager *manager, char *buffer, size_t size,
                                                       size_t *length, shareable_error *error);

/*
 * Ends the manager: it removes its blocks, its ownership log (unless another process is unlinking
 * one of the blocks) and its socket, and exits. The function waits for that for at most a second.
 * If this process started the manager and the manager does not end, the function sends it SIGTERM
 * and, after another second, SIGKILL: then the function returns E_TIMED_OUT, and some blocks may
 * remain. If a manager that this process started without an address was killed, the function
 * removes its socket. Processes that use a block keep it. A second call does nothing.
 *
 * Returns E_CLOSED (the handle is NULL), or the same codes as shareable_manager_track(). A manager
 * that this process did not start may refuse and continue to run: CPython's manager does so if one
 * of its blocks is gone.
 */
SHAREABLE_API shareable_status shareable_manager_shutdown(shareable_manager *manager, shareable_error *error);

/*
 * Returns the process id of the manager that was started through the handle, also after that
 * process has ended. Returns 0 if the handle is connected to a manager that was started in another
 * way, or NULL.
 */
SHAREABLE_API int64_t shareable_manager_pid(const shareable_manager *manager);

/*
 * Waits until the process of a manager that this process started has ended. It does not end the
 * manager: shareable_manager_shutdown() does. Other threads may use the handle during the wait.
 *
 *   timeout    in nanoseconds; 0 checks once, and less than 0 is no limit
 *   exit_code  receives the exit code of the process: 0 after a shutdown, and less than 0, the
 *              number of the signal, if a signal killed it. It is 0 if other code of this process
 *              has waited for the process. May be NULL.
 *   error      receives the error message on failure; may be NULL
 *
 * Returns E_TIMED_OUT if the process has not ended; E_ARGUMENT if this process did not start the
 * manager through this handle; E_CLOSED if the handle is NULL.
 */
SHAREABLE_API shareable_status shareable_manager_wait(shareable_manager *manager, int64_t timeout, int *exit_code,
                                                      shareable_error *error);

#ifdef __cplusplus
}
#endif

#endif
