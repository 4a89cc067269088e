/*
 * faults.h - makes calls of the core to the C library fail as a test plans it.
 *
 * The core is compiled a second time, with this header in front of each of its files. Each function
 * of the C library that can fail is a macro here. The macro counts the call, and calls a function
 * that fails instead if the plan says so. Each place of a call is recorded, so that the test can
 * find places that have never failed. The errors are those that the call can really return. EINTR
 * and EAGAIN are never the first: a call that always fails with them would be repeated forever.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* All headers that the core includes must come before the macros. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nettle/hmac.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A place in the core with a call that can fail. */
typedef struct fault_site {
  const char *file, *call;
  int line;
  bool is_lasting;   /* the call needs a resource that can run out: later calls then fail, too */
  const int *errors; /* terminated by 0 */
} fault_site;

/*
 * Counts a call at a place. Returns the function to call: `real`, or `fails`, with errno set, if
 * the call must fail.
 */
typedef void faults_function(void);
faults_function *faults_pick(const fault_site *site, faults_function *real, faults_function *fails);

/*
 * Functions that fail: they return -1, 0 or NULL, or errno. The last five do what the call does,
 * and then report a failure.
 */
int64_t faults_minus_one(void);
int64_t faults_zero(void);
int64_t faults_errno(void);
int64_t faults_close(int fd);
int64_t faults_fclose(FILE *stream);
int64_t faults_closedir(DIR *directory);
int64_t faults_waitpid(pid_t process, int *state, int flags);
int64_t faults_write(int fd, const void *data, size_t size);

/* Likewise for FUTEX_WAKE if the test has called faults_have_wakes(). Otherwise only fails. */
int64_t faults_syscall(long number, ...);

/*
 * Count the resources that the core must release: memory, streams, directories, spawn attributes.
 * faults_reallocated() and faults_got_line() count a resource if there was none before.
 */
void *faults_acquired(void *resource);
void faults_released(const void *resource);
void *faults_reallocated(const void *old, void *resource);
void faults_got_line(const char *before, char *line);

/*
 * Replacements for the real functions. The first two fail for O_TMPFILE if the test has switched it
 * off; the others count a resource.
 */
int faults_open(const char *path, int flags, ...);
int faults_openat(int directory, const char *path, int flags, ...);
int faults_attributes(posix_spawnattr_t *attributes);
int faults_actions(posix_spawn_file_actions_t *actions);

/*
 * The function to call. The macro has no branch, so that the core has the same branches as without
 * it: the lines and branches that run here count for `make coverage`.
 */
#define FAULTS_PICK(name, lasting, fails, real, ...)                                                                   \
  (__extension__({                                                                                                     \
    static const int errors_[] = {__VA_ARGS__, 0};                                                                     \
    static const fault_site site_ = {__FILE__, name, __LINE__, lasting, errors_};                                      \
    static const fault_site *const place_ __attribute__((section("fault_sites"), used)) = &site_;                      \
    (void)place_;                                                                                                      \
    (__typeof__(&(real)))faults_pick(&site_, (faults_function *)(real), (faults_function *)(fails));                   \
  }))

/*
 * Calls that return -1 and set errno, the second for a resource that can run out; calls that return
 * the errno; calls that acquire a resource.
 */
#define FAULTS_CALL(real, ...) FAULTS_PICK(#real, false, faults_minus_one, real, __VA_ARGS__)
#define FAULTS_LASTING(real, ...) FAULTS_PICK(#real, true, faults_minus_one, real, __VA_ARGS__)
#define FAULTS_ERRNO(real, ...) FAULTS_PICK(#real, true, faults_errno, real, __VA_ARGS__)
#define FAULTS_ACQUIRE(real, ...) FAULTS_PICK(#real, true, faults_zero, real, __VA_ARGS__)

#define calloc(...) faults_acquired(FAULTS_ACQUIRE(calloc, ENOMEM)(__VA_ARGS__))
#define fopen(...) ((FILE *)faults_acquired(FAULTS_ACQUIRE(fopen, EMFILE, EACCES)(__VA_ARGS__)))
#define malloc(...) faults_acquired(FAULTS_ACQUIRE(malloc, ENOMEM)(__VA_ARGS__))
#define opendir(...) ((DIR *)faults_acquired(FAULTS_ACQUIRE(opendir, EMFILE, EACCES)(__VA_ARGS__)))
#define strndup(...) ((char *)faults_acquired(FAULTS_ACQUIRE(strndup, ENOMEM)(__VA_ARGS__)))
#define realloc(old, ...) faults_reallocated(old, FAULTS_ACQUIRE(realloc, ENOMEM)(old, __VA_ARGS__))
#define reallocarray(old, ...) faults_reallocated(old, FAULTS_ACQUIRE(reallocarray, ENOMEM)(old, __VA_ARGS__))
#define getline(line, ...)                                                                                             \
  __extension__({                                                                                                      \
    const char *before_ = *(line);                                                                                     \
    ssize_t length_ = FAULTS_LASTING(getline, ENOMEM)(line, __VA_ARGS__);                                              \
    faults_got_line(before_, *(line));                                                                                 \
    length_;                                                                                                           \
  })
#define free(memory)                                                                                                   \
  __extension__({                                                                                                      \
    void *memory_ = (memory);                                                                                          \
    faults_released(memory_);                                                                                          \
    (free)(memory_);                                                                                                   \
  })
#define fclose(stream) (faults_released(stream), FAULTS_PICK("fclose", false, faults_fclose, fclose, EIO)(stream))
#define closedir(directory)                                                                                            \
  (faults_released(directory), FAULTS_PICK("closedir", false, faults_closedir, closedir, EIO)(directory))
#define close(...) FAULTS_PICK("close", false, faults_close, close, EIO)(__VA_ARGS__)

#define open(...) FAULTS_PICK("open", true, faults_minus_one, faults_open, EMFILE, EACCES, EOPNOTSUPP)(__VA_ARGS__)
#define openat(...)                                                                                                    \
  FAULTS_PICK("openat", true, faults_minus_one, faults_openat, EMFILE, EACCES, EOPNOTSUPP)(__VA_ARGS__)
#define pipe2(...) FAULTS_LASTING(pipe2, EMFILE)(__VA_ARGS__)
#define socket(...) FAULTS_LASTING(socket, EMFILE, EACCES)(__VA_ARGS__)
#define socketpair(...) FAULTS_LASTING(socketpair, EMFILE)(__VA_ARGS__)
#define mmap(...) FAULTS_LASTING(mmap, ENOMEM, EAGAIN)(__VA_ARGS__)
#define eventfd(...) FAULTS_LASTING(eventfd, EMFILE)(__VA_ARGS__)
#define fdopen(...) ((FILE *)faults_acquired(FAULTS_ACQUIRE(fdopen, ENOMEM)(__VA_ARGS__)))
#define fdopendir(...) ((DIR *)faults_acquired(FAULTS_ACQUIRE(fdopendir, ENOMEM)(__VA_ARGS__)))
#define fread(...) FAULTS_PICK("fread", false, faults_zero, fread, EIO)(__VA_ARGS__)
#define readdir(...) FAULTS_PICK("readdir", false, faults_zero, readdir, EIO)(__VA_ARGS__)

#define readlink(...) FAULTS_CALL(readlink, EACCES)(__VA_ARGS__)
#define readlinkat(...) FAULTS_CALL(readlinkat, EACCES)(__VA_ARGS__)
#define rename(...) FAULTS_CALL(rename, EACCES)(__VA_ARGS__)
#define rmdir(...) FAULTS_CALL(rmdir, EACCES)(__VA_ARGS__)
#define statx(...) FAULTS_CALL(statx, EACCES)(__VA_ARGS__)
#define symlink(...) FAULTS_LASTING(symlink, ENOSPC)(__VA_ARGS__)
#define access(...) FAULTS_CALL(access, EACCES)(__VA_ARGS__)
#define connect(...) FAULTS_CALL(connect, ECONNREFUSED, ENOENT, EACCES, EAGAIN)(__VA_ARGS__)
#define dup3(...) FAULTS_CALL(dup3, EBUSY, EINTR)(__VA_ARGS__)
#define fchmod(...) FAULTS_CALL(fchmod, EPERM)(__VA_ARGS__)
#define fchmodat(...) FAULTS_CALL(fchmodat, EPERM)(__VA_ARGS__)
#define fchown(...) FAULTS_CALL(fchown, EPERM)(__VA_ARGS__)
#define fcntl(...) FAULTS_CALL(fcntl, ENOLCK, EMFILE, EAGAIN)(__VA_ARGS__)
#define fstat(...) FAULTS_CALL(fstat, ENOMEM)(__VA_ARGS__)
#define faccessat(...) FAULTS_CALL(faccessat, EROFS, EACCES)(__VA_ARGS__)
#define fstatat(...) FAULTS_CALL(fstatat, ENOMEM, EACCES)(__VA_ARGS__)
#define ftruncate(...) FAULTS_CALL(ftruncate, ENOSPC, EFBIG)(__VA_ARGS__)
#define getrandom(...) FAULTS_CALL(getrandom, ENOSYS, EINTR)(__VA_ARGS__)
#define getrlimit(...) FAULTS_CALL(getrlimit, EPERM)(__VA_ARGS__)
#define getsockopt(...) FAULTS_CALL(getsockopt, ENOMEM)(__VA_ARGS__)
#define kill(...) FAULTS_CALL(kill, EPERM)(__VA_ARGS__)
#define link(...) FAULTS_CALL(link, ENOSPC, EACCES, EEXIST)(__VA_ARGS__)
#define linkat(...) FAULTS_CALL(linkat, ENOSPC, EACCES, ENOENT, EEXIST)(__VA_ARGS__)
#define lstat(...) FAULTS_CALL(lstat, ENOMEM, EACCES)(__VA_ARGS__)
#define lseek(...) FAULTS_CALL(lseek, EINVAL)(__VA_ARGS__)
#define madvise(...) FAULTS_CALL(madvise, EAGAIN)(__VA_ARGS__)
#define mkdirat(...) FAULTS_CALL(mkdirat, ENOSPC, EACCES)(__VA_ARGS__)
#define nanosleep(...) FAULTS_CALL(nanosleep, EINTR)(__VA_ARGS__)
#define poll(...) FAULTS_CALL(poll, ENOMEM, EINTR)(__VA_ARGS__)
#define pread(...) FAULTS_CALL(pread, EIO, EINTR)(__VA_ARGS__)
#define pwrite(...) FAULTS_CALL(pwrite, ENOSPC, EIO, EINTR)(__VA_ARGS__)
#define read(...) FAULTS_CALL(read, EIO, EINTR)(__VA_ARGS__)
#define recv(...) FAULTS_CALL(recv, ECONNRESET, ENOMEM, EINTR, EAGAIN)(__VA_ARGS__)
#define send(...) FAULTS_CALL(send, EPIPE, ENOMEM, EINTR, EAGAIN)(__VA_ARGS__)
#define setsockopt(...) FAULTS_CALL(setsockopt, ENOMEM)(__VA_ARGS__)
#define stat(...) FAULTS_CALL(stat, ENOMEM, EACCES)(__VA_ARGS__)
#define statvfs(...) FAULTS_CALL(statvfs, EIO)(__VA_ARGS__)
#define syscall(...) FAULTS_PICK("syscall", false, faults_syscall, syscall, ENOSYS, EINTR)(__VA_ARGS__)
#define unlink(...) FAULTS_CALL(unlink, EACCES, ENOENT)(__VA_ARGS__)
#define unlinkat(...) FAULTS_CALL(unlinkat, EACCES, ENOENT)(__VA_ARGS__)
#define usleep(...) FAULTS_CALL(usleep, EINTR)(__VA_ARGS__)
/* EAGAIN: the counter of an eventfd is at its maximum. The descriptor is readable in any case. */
#define write(...) FAULTS_PICK("write", false, faults_write, write, EAGAIN)(__VA_ARGS__)
/* ECHILD: another caller has already waited for the process. */
#define waitpid(...) FAULTS_PICK("waitpid", false, faults_waitpid, waitpid, ECHILD, EINTR)(__VA_ARGS__)

#define posix_fallocate(...) FAULTS_ERRNO(posix_fallocate, ENOSPC, ENOMEM, EFBIG, EINTR)(__VA_ARGS__)
#define posix_spawn(...) FAULTS_ERRNO(posix_spawn, ENOMEM, ENOENT, EAGAIN)(__VA_ARGS__)
#define posix_spawnattr_init(...)                                                                                      \
  FAULTS_PICK("posix_spawnattr_init", true, faults_errno, faults_attributes, ENOMEM)(__VA_ARGS__)
#define posix_spawnattr_destroy(attributes) (faults_released(attributes), (posix_spawnattr_destroy)(attributes))
#define posix_spawn_file_actions_init(...)                                                                             \
  FAULTS_PICK("posix_spawn_file_actions_init", true, faults_errno, faults_actions, ENOMEM)(__VA_ARGS__)
#define posix_spawn_file_actions_destroy(actions)                                                                      \
  (faults_released(actions), (posix_spawn_file_actions_destroy)(actions))
#define posix_spawn_file_actions_adddup2(...) FAULTS_ERRNO(posix_spawn_file_actions_adddup2, ENOMEM)(__VA_ARGS__)
#define posix_spawn_file_actions_addclosefrom_np(...)                                                                  \
  FAULTS_ERRNO(posix_spawn_file_actions_addclosefrom_np, ENOMEM)(__VA_ARGS__)
/* The calls of constructors must be able to fail, so an operation makes them. */
#define constructor unused
#define pthread_atfork(...) FAULTS_ERRNO(pthread_atfork, ENOMEM)(__VA_ARGS__)
#define pthread_attr_init(...) FAULTS_ERRNO(pthread_attr_init, ENOMEM)(__VA_ARGS__)
#define pthread_create(...) FAULTS_ERRNO(pthread_create, EAGAIN)(__VA_ARGS__)
#define pthread_setname_np(...) FAULTS_ERRNO(pthread_setname_np, EMFILE)(__VA_ARGS__)

#endif
