/*
 * faults.h - makes any call of the core to the system fail, when a test wants it to.
 *
 * The core is compiled once more for that, with this header in front of each of its files: every function of the C library that
 * can fail is a macro here, which counts the call, and has another function called where it is to fail. The place of each call is
 * kept, so that a test can tell which of them it has never made to fail. The errors are those that the call may well give; EINTR
 * and EAGAIN are never the first, for who goes on failing with them is asked for ever.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* All that the core includes comes before the macros. */
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

/* A place in the core where something is called that may fail. */
typedef struct fault_site {
  const char *file, *call;
  int line;
  bool is_lasting;   /* what it asks for is what a machine can run out of: then it is not there for others either */
  const int *errors; /* up to a 0 */
} fault_site;

/* What is called at a place: where this call is to fail, `fails`, with errno set; else `real`. Both are counted. */
typedef void faults_function(void);
faults_function *faults_pick(const fault_site *site, faults_function *real, faults_function *fails);

/* What a call that fails does: gives -1, NULL or 0, or the errno; or is done, and then says that it failed. */
int64_t faults_minus_one(void);
int64_t faults_zero(void);
int64_t faults_errno(void);
int64_t faults_close(int fd);
int64_t faults_fclose(FILE *stream);
int64_t faults_closedir(DIR *folder);
int64_t faults_waitpid(pid_t process, int *state, int flags);

/*
 * What the core has and has to give back: memory, streams, folders, what is to be spawned. The former gives it back; what
 * grew was taken if there was nothing before.
 */
void *faults_took(void *what);
void faults_gave(const void *what);
void *faults_grew(const void *old, void *grown);
void faults_got_line(const char *before, char *line);

/* Calls that are more than that: open(2), where there are no files without a name if the test says so. */
int faults_open(const char *path, int flags, ...);
int faults_openat(int directory, const char *path, int flags, ...);
int faults_attributes(posix_spawnattr_t *how);
int faults_actions(posix_spawn_file_actions_t *actions);

/*
 * The call's function, or what fails in its place. Without a branch, so that the core compiled so has no more of them than it
 * has, and what is run here counts for it (`make coverage`).
 */
#define FAULTS_PICK(name, lasting, fails, real, ...)                                                                   \
  (__extension__({                                                                                                     \
    static const int errors_[] = {__VA_ARGS__, 0};                                                                     \
    static const fault_site site_ = {__FILE__, name, __LINE__, lasting, errors_};                                      \
    static const fault_site *const place_ __attribute__((section("fault_sites"), used)) = &site_;                      \
    (void)place_;                                                                                                      \
    (__typeof__(&(real)))faults_pick(&site_, (faults_function *)(real), (faults_function *)(fails));                   \
  }))

/* A call that gives -1 and an errno; one that gives the errno; one that takes something that is given back later. */
#define FAULTS_CALL(real, ...) FAULTS_PICK(#real, false, faults_minus_one, real, __VA_ARGS__)
#define FAULTS_LASTING(real, ...) FAULTS_PICK(#real, true, faults_minus_one, real, __VA_ARGS__)
#define FAULTS_ERRNO(real, ...) FAULTS_PICK(#real, true, faults_errno, real, __VA_ARGS__)
#define FAULTS_TAKE(real, ...) FAULTS_PICK(#real, true, faults_zero, real, __VA_ARGS__)

#define calloc(...) faults_took(FAULTS_TAKE(calloc, ENOMEM)(__VA_ARGS__))
#define fopen(...) ((FILE *)faults_took(FAULTS_TAKE(fopen, EMFILE, EACCES)(__VA_ARGS__)))
#define malloc(...) faults_took(FAULTS_TAKE(malloc, ENOMEM)(__VA_ARGS__))
#define opendir(...) ((DIR *)faults_took(FAULTS_TAKE(opendir, EMFILE, EACCES)(__VA_ARGS__)))
#define strndup(...) ((char *)faults_took(FAULTS_TAKE(strndup, ENOMEM)(__VA_ARGS__)))
#define realloc(old, ...) faults_grew(old, FAULTS_TAKE(realloc, ENOMEM)(old, __VA_ARGS__))
#define reallocarray(old, ...) faults_grew(old, FAULTS_TAKE(reallocarray, ENOMEM)(old, __VA_ARGS__))
#define getline(line, ...)                                                                                             \
  __extension__({                                                                                                      \
    const char *before_ = *(line);                                                                                     \
    ssize_t length_ = FAULTS_LASTING(getline, ENOMEM)(line, __VA_ARGS__);                                              \
    faults_got_line(before_, *(line));                                                                                 \
    length_;                                                                                                           \
  })
#define free(what)                                                                                                     \
  __extension__({                                                                                                      \
    void *given_ = (what);                                                                                             \
    faults_gave(given_);                                                                                               \
    (free)(given_);                                                                                                    \
  })
#define fclose(stream) (faults_gave(stream), FAULTS_PICK("fclose", false, faults_fclose, fclose, EIO)(stream))
#define closedir(folder) (faults_gave(folder), FAULTS_PICK("closedir", false, faults_closedir, closedir, EIO)(folder))
#define close(...) FAULTS_PICK("close", false, faults_close, close, EIO)(__VA_ARGS__)

#define open(...) FAULTS_PICK("open", true, faults_minus_one, faults_open, EMFILE, EACCES, EOPNOTSUPP)(__VA_ARGS__)
#define openat(...)                                                                                                    \
  FAULTS_PICK("openat", true, faults_minus_one, faults_openat, EMFILE, EACCES, EOPNOTSUPP)(__VA_ARGS__)
#define pipe2(...) FAULTS_LASTING(pipe2, EMFILE)(__VA_ARGS__)
#define socket(...) FAULTS_LASTING(socket, EMFILE, EACCES)(__VA_ARGS__)
#define socketpair(...) FAULTS_LASTING(socketpair, EMFILE)(__VA_ARGS__)
#define mmap(...) FAULTS_LASTING(mmap, ENOMEM, EAGAIN)(__VA_ARGS__)
#define fdopen(...) ((FILE *)faults_took(FAULTS_TAKE(fdopen, ENOMEM)(__VA_ARGS__)))
#define fdopendir(...) ((DIR *)faults_took(FAULTS_TAKE(fdopendir, ENOMEM)(__VA_ARGS__)))
#define fread(...) FAULTS_PICK("fread", false, faults_zero, fread, EIO)(__VA_ARGS__)
#define readdir(...) FAULTS_PICK("readdir", false, faults_zero, readdir, EIO)(__VA_ARGS__)

#define readlink(...) FAULTS_CALL(readlink, EACCES)(__VA_ARGS__)
#define readlinkat(...) FAULTS_CALL(readlinkat, EACCES)(__VA_ARGS__)
#define renameat(...) FAULTS_CALL(renameat, EACCES)(__VA_ARGS__)
#define statx(...) FAULTS_CALL(statx, EACCES)(__VA_ARGS__)
#define symlinkat(...) FAULTS_LASTING(symlinkat, ENOSPC)(__VA_ARGS__)
#define access(...) FAULTS_CALL(access, EACCES)(__VA_ARGS__)
#define connect(...) FAULTS_CALL(connect, ECONNREFUSED, ENOENT, EACCES, EAGAIN)(__VA_ARGS__)
#define fchmod(...) FAULTS_CALL(fchmod, EPERM)(__VA_ARGS__)
#define fchmodat(...) FAULTS_CALL(fchmodat, EPERM)(__VA_ARGS__)
#define fcntl(...) FAULTS_CALL(fcntl, ENOLCK, EMFILE, EAGAIN)(__VA_ARGS__)
#define fstat(...) FAULTS_CALL(fstat, ENOMEM)(__VA_ARGS__)
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
#define syscall(...) FAULTS_CALL(syscall, ENOSYS, EINTR)(__VA_ARGS__)
#define unlink(...) FAULTS_CALL(unlink, EACCES, ENOENT)(__VA_ARGS__)
#define unlinkat(...) FAULTS_CALL(unlinkat, EACCES, ENOENT)(__VA_ARGS__)
#define usleep(...) FAULTS_CALL(usleep, EINTR)(__VA_ARGS__)
/* ECHILD: it has ended, and somebody else has waited for that. */
#define waitpid(...) FAULTS_PICK("waitpid", false, faults_waitpid, waitpid, ECHILD, EINTR)(__VA_ARGS__)

#define posix_fallocate(...) FAULTS_ERRNO(posix_fallocate, ENOSPC, ENOMEM, EFBIG, EINTR)(__VA_ARGS__)
#define posix_spawn(...) FAULTS_ERRNO(posix_spawn, ENOMEM, ENOENT, EAGAIN)(__VA_ARGS__)
#define posix_spawnattr_init(...)                                                                                      \
  FAULTS_PICK("posix_spawnattr_init", true, faults_errno, faults_attributes, ENOMEM)(__VA_ARGS__)
#define posix_spawnattr_destroy(how) (faults_gave(how), (posix_spawnattr_destroy)(how))
#define posix_spawn_file_actions_init(...)                                                                             \
  FAULTS_PICK("posix_spawn_file_actions_init", true, faults_errno, faults_actions, ENOMEM)(__VA_ARGS__)
#define posix_spawn_file_actions_destroy(actions) (faults_gave(actions), (posix_spawn_file_actions_destroy)(actions))
#define posix_spawn_file_actions_adddup2(...) FAULTS_ERRNO(posix_spawn_file_actions_adddup2, ENOMEM)(__VA_ARGS__)
#define posix_spawn_file_actions_addclosefrom_np(...)                                                                  \
  FAULTS_ERRNO(posix_spawn_file_actions_addclosefrom_np, ENOMEM)(__VA_ARGS__)
#define pthread_atfork(...) FAULTS_ERRNO(pthread_atfork, ENOMEM)(__VA_ARGS__)

#endif
