/*
 * faults.h - makes any call of the core to the system fail, when a test wants it to.
 *
 * The core is compiled once more for that, with this header in front of each of its files: every function of the C library that
 * can fail is a macro here, which counts the call, and fails instead where it is the one that is to. The place of each call is
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

/* Counts the call; true, with errno set, where it is to fail. */
bool faults_strike(const fault_site *site);

/* What the core has and has to give back: memory, streams, folders, what is to be spawned. */
void faults_took(const void *what);
void faults_gave(const void *what);

/* open(2), where there are no files without a name if the test says so. */
int faults_open(const char *path, int flags, ...);

#define FAULTS_AT(name, lasting, failed, real, ...)                                                                    \
  __extension__({                                                                                                      \
    static const int errors_[] = {__VA_ARGS__, 0};                                                                     \
    static const fault_site site_ = {__FILE__, name, __LINE__, lasting, errors_};                                      \
    static const fault_site *const place_ __attribute__((section("fault_sites"), used)) = &site_;                      \
    (void)place_;                                                                                                      \
    faults_strike(&site_) ? (failed) : (real);                                                                         \
  })
#define FAULTS_TOOK(what)                                                                                              \
  __extension__({                                                                                                      \
    __auto_type taken_ = (what);                                                                                       \
    faults_took(taken_);                                                                                               \
    taken_;                                                                                                            \
  })

/* A call that gives -1 and an errno; one that gives the errno; one that takes something that is given back later. */
#define FAULTS_CALL(name, real, ...) FAULTS_AT(name, false, -1, real, __VA_ARGS__)
#define FAULTS_LASTING(name, real, ...) FAULTS_AT(name, true, -1, real, __VA_ARGS__)
#define FAULTS_ERRNO(name, real, ...) FAULTS_AT(name, true, errno, real, __VA_ARGS__)
#define FAULTS_TAKE(name, real, ...) FAULTS_TOOK(FAULTS_AT(name, true, NULL, real, __VA_ARGS__))
/* One that is done, and then says that it failed. */
#define FAULTS_DONE(name, real, error) FAULTS_AT(name, false, ((void)(real), errno = (error), -1), real, error)

#define calloc(...) FAULTS_TAKE("calloc", (calloc)(__VA_ARGS__), ENOMEM)
#define fopen(...) FAULTS_TAKE("fopen", (fopen)(__VA_ARGS__), EMFILE, EACCES)
#define malloc(...) FAULTS_TAKE("malloc", (malloc)(__VA_ARGS__), ENOMEM)
#define opendir(...) FAULTS_TAKE("opendir", (opendir)(__VA_ARGS__), EMFILE, EACCES)
#define strndup(...) FAULTS_TAKE("strndup", (strndup)(__VA_ARGS__), ENOMEM)
#define FAULTS_GROW(name, old, real)                                                                                   \
  __extension__({                                                                                                      \
    void *old_ = (old), *new_ = FAULTS_AT(name, true, NULL, real, ENOMEM);                                             \
    if (old_ == NULL)                                                                                                  \
      faults_took(new_);                                                                                               \
    new_;                                                                                                              \
  })
#define realloc(old, size) FAULTS_GROW("realloc", old, (realloc)(old_, size))
#define reallocarray(old, ...) FAULTS_GROW("reallocarray", old, (reallocarray)(old_, __VA_ARGS__))
#define getline(line, ...)                                                                                             \
  __extension__({                                                                                                      \
    char *before_ = *(line);                                                                                           \
    ssize_t length_ = FAULTS_LASTING("getline", (getline)((line), __VA_ARGS__), ENOMEM);                               \
    if (before_ == NULL)                                                                                               \
      faults_took(*(line));                                                                                            \
    length_;                                                                                                           \
  })
#define free(what)                                                                                                     \
  __extension__({                                                                                                      \
    void *given_ = (what);                                                                                             \
    faults_gave(given_);                                                                                               \
    (free)(given_);                                                                                                    \
  })
#define fclose(stream) (faults_gave(stream), FAULTS_DONE("fclose", (fclose)(stream), EIO))
#define closedir(folder) (faults_gave(folder), FAULTS_DONE("closedir", (closedir)(folder), EIO))

#define open(...) FAULTS_LASTING("open", faults_open(__VA_ARGS__), EMFILE, EACCES, EOPNOTSUPP)
#define pipe2(...) FAULTS_LASTING("pipe2", (pipe2)(__VA_ARGS__), EMFILE)
#define socket(...) FAULTS_LASTING("socket", (socket)(__VA_ARGS__), EMFILE, EACCES)
#define socketpair(...) FAULTS_LASTING("socketpair", (socketpair)(__VA_ARGS__), EMFILE)
#define mmap(...) FAULTS_AT("mmap", true, MAP_FAILED, (mmap)(__VA_ARGS__), ENOMEM, EAGAIN)
#define close(...) FAULTS_DONE("close", (close)(__VA_ARGS__), EIO)

#define connect(...) FAULTS_CALL("connect", (connect)(__VA_ARGS__), ECONNREFUSED, ENOENT, EACCES, EAGAIN)
#define fcntl(...) FAULTS_CALL("fcntl", (fcntl)(__VA_ARGS__), ENOLCK, EMFILE, EAGAIN)
#define fread(...) FAULTS_AT("fread", false, 0u, (fread)(__VA_ARGS__), EIO)
#define fstat(...) FAULTS_CALL("fstat", (fstat)(__VA_ARGS__), ENOMEM)
#define ftruncate(...) FAULTS_CALL("ftruncate", (ftruncate)(__VA_ARGS__), ENOSPC, EFBIG)
#define getrandom(...) FAULTS_CALL("getrandom", (getrandom)(__VA_ARGS__), ENOSYS, EINTR)
#define getrlimit(...) FAULTS_CALL("getrlimit", (getrlimit)(__VA_ARGS__), EPERM)
#define getsockopt(...) FAULTS_CALL("getsockopt", (getsockopt)(__VA_ARGS__), ENOMEM)
#define kill(...) FAULTS_CALL("kill", (kill)(__VA_ARGS__), EPERM)
#define link(...) FAULTS_CALL("link", (link)(__VA_ARGS__), ENOSPC, EACCES, EEXIST)
#define linkat(...) FAULTS_CALL("linkat", (linkat)(__VA_ARGS__), ENOSPC, EACCES, ENOENT, EEXIST)
#define lstat(...) FAULTS_CALL("lstat", (lstat)(__VA_ARGS__), ENOMEM, EACCES)
#define lseek(...) FAULTS_CALL("lseek", (lseek)(__VA_ARGS__), EINVAL)
#define madvise(...) FAULTS_CALL("madvise", (madvise)(__VA_ARGS__), EAGAIN)
#define mkdir(...) FAULTS_CALL("mkdir", (mkdir)(__VA_ARGS__), ENOSPC, EACCES)
#define nanosleep(...) FAULTS_CALL("nanosleep", (nanosleep)(__VA_ARGS__), EINTR)
#define poll(...) FAULTS_CALL("poll", (poll)(__VA_ARGS__), ENOMEM, EINTR)
#define pread(...) FAULTS_CALL("pread", (pread)(__VA_ARGS__), EIO, EINTR)
#define pwrite(...) FAULTS_CALL("pwrite", (pwrite)(__VA_ARGS__), ENOSPC, EIO, EINTR)
#define read(...) FAULTS_CALL("read", (read)(__VA_ARGS__), EIO, EINTR)
#define readdir(...) FAULTS_AT("readdir", false, NULL, (readdir)(__VA_ARGS__), EIO)
#define recv(...) FAULTS_CALL("recv", (recv)(__VA_ARGS__), ECONNRESET, ENOMEM, EINTR, EAGAIN)
#define rmdir(...) FAULTS_CALL("rmdir", (rmdir)(__VA_ARGS__), EBUSY)
#define send(...) FAULTS_CALL("send", (send)(__VA_ARGS__), EPIPE, ENOMEM, EINTR, EAGAIN)
#define setsockopt(...) FAULTS_CALL("setsockopt", (setsockopt)(__VA_ARGS__), ENOMEM)
#define stat(...) FAULTS_CALL("stat", (stat)(__VA_ARGS__), ENOMEM, EACCES)
#define statvfs(...) FAULTS_CALL("statvfs", (statvfs)(__VA_ARGS__), EIO)
#define syscall(...) FAULTS_CALL("syscall", (syscall)(__VA_ARGS__), ENOSYS, EINTR)
#define unlink(...) FAULTS_CALL("unlink", (unlink)(__VA_ARGS__), EACCES, ENOENT)
#define usleep(...) FAULTS_CALL("usleep", (usleep)(__VA_ARGS__), EINTR)
/* ECHILD: it has ended, and somebody else has waited for that. */
#define waitpid(process, state, flags)                                                                                 \
  FAULTS_AT("waitpid", false, errno == ECHILD ? ((void)(waitpid)(process, NULL, 0), errno = ECHILD, -1) : -1,          \
            (waitpid)(process, state, flags), ECHILD, EINTR)

#define posix_fallocate(...)                                                                                           \
  FAULTS_ERRNO("posix_fallocate", (posix_fallocate)(__VA_ARGS__), ENOSPC, ENOMEM, EFBIG, EINTR)
#define posix_spawn(...) FAULTS_ERRNO("posix_spawn", (posix_spawn)(__VA_ARGS__), ENOMEM, ENOENT, EAGAIN)
#define posix_spawnattr_init(how)                                                                                      \
  FAULTS_ERRNO("posix_spawnattr_init", (faults_took(how), (posix_spawnattr_init)(how)), ENOMEM)
#define posix_spawnattr_destroy(how) (faults_gave(how), (posix_spawnattr_destroy)(how))
#define posix_spawn_file_actions_init(actions)                                                                         \
  FAULTS_ERRNO("posix_spawn_file_actions_init", (faults_took(actions), (posix_spawn_file_actions_init)(actions)),      \
               ENOMEM)
#define posix_spawn_file_actions_destroy(actions) (faults_gave(actions), (posix_spawn_file_actions_destroy)(actions))
#define posix_spawn_file_actions_adddup2(...)                                                                          \
  FAULTS_ERRNO("posix_spawn_file_actions_adddup2", (posix_spawn_file_actions_adddup2)(__VA_ARGS__), ENOMEM)
#define posix_spawn_file_actions_addclosefrom_np(...)                                                                  \
  FAULTS_ERRNO("posix_spawn_file_actions_addclosefrom_np", (posix_spawn_file_actions_addclosefrom_np)(__VA_ARGS__),    \
               ENOMEM)
#define pthread_atfork(...) FAULTS_ERRNO("pthread_atfork", (pthread_atfork)(__VA_ARGS__), ENOMEM)

#endif
