/*
 * memory.c - tests of core/src/shm/memory.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistr.h>

#include "shm/segment.h"
#include "support.h"

static shareable_memory *new_memory(size_t size) {
  shareable_error error = {0};
  shareable_memory *memory = NULL;

  cr_assert_eq(shareable_memory_create(&memory, own_name(), size, 0, 0, &error), SHAREABLE_OK, "%s", error.message);
  return memory;
}

static void end_memory(shareable_memory *memory) {
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(memory, is_shared_between_two_handles) {
  shareable_memory *memory = new_memory(4096), *again;

  cr_ok(shareable_memory_open(&again, own_name(), 0, NULL));
  memcpy(shareable_memory_address(memory), "howdy", 5);
  cr_assert_eq(memcmp(shareable_memory_address(again), "howdy", 5), 0);
  cr_assert_eq(shareable_memory_size(again), 4096);
  cr_assert_str_eq(shareable_memory_name(again), own_name());
  shareable_memory_unref(again);
  end_memory(memory);
}

Test(memory, is_zeroed_and_has_exactly_the_requested_size) {
  shareable_memory *memory = new_memory(5000);
  const char *bytes = shareable_memory_address(memory);

  cr_assert_eq(shareable_memory_size(memory), 5000);
  for (size_t i = 0; i < 5000; i++)
    cr_assert_eq(bytes[i], 0);
  end_memory(memory);
}

Test(memory, removes_a_leading_slash_from_the_name) {
  shareable_memory *memory = NULL;
  char name[50];

  snprintf(name, sizeof name, "/%s", own_name());
  cr_ok(shareable_memory_create(&memory, name, 8, 0, 0, NULL));
  cr_assert_str_eq(shareable_memory_name(memory), own_name());
  end_memory(memory);
}

Test(memory, reports_which_argument_is_invalid) {
  shareable_memory *memory = NULL;
  shareable_error error;

  cr_status(shareable_memory_create(&memory, "a/b", 8, 0, 0, &error), SHAREABLE_E_NAME);
  cr_assert_not_null(strstr(error.message, "'a/b'"));
  cr_status(shareable_memory_create(&memory, own_name(), 0, 0, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_create(&memory, own_name(), UINT64_MAX, 0, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_READ_ONLY, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_create(&memory, own_name(), 8, 0, 01000, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_create(NULL, own_name(), 8, 0, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_open(&memory, "..", 0, &error), SHAREABLE_E_NAME);
  cr_status(shareable_memory_open(&memory, NULL, 0, &error), SHAREABLE_E_NAME);
  cr_status(shareable_memory_open(&memory, own_name(), SHAREABLE_LAZY, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_memory_open(NULL, own_name(), 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_unlink("", &error), SHAREABLE_E_NAME);
  cr_assert_null(memory, "a failure leaves the out-parameter alone");
}

Test(memory, rejects_an_existing_name_and_keeps_its_block) {
  shareable_memory *memory = new_memory(8), *second = NULL;
  shareable_error error;

  cr_status(shareable_memory_create(&second, own_name(), 8, 0, 0, &error), SHAREABLE_E_EXISTS);
  cr_assert_not_null(strstr(error.message, own_name()));
  cr_assert(exists(own_name()));
  end_memory(memory);
}

Test(memory, has_the_requested_mode_without_the_umask) {
  shareable_memory *memory = NULL;
  struct stat status;
  char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  umask(022);
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0666, NULL));
  cr_assert_eq(stat(path, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0644);
  end_memory(memory);
  memory = new_memory(8);
  cr_assert_eq(stat(path, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  end_memory(memory);
}

Test(memory, opening_without_permission_returns_e_permission) {
  shareable_memory *memory = new_memory(8);
  pid_t child;
  int result;

  if (getuid() != 0)
    skip_because("needs root to become another user");
  child = fork();
  if (child == 0) {
    shareable_memory *other = NULL;
    shareable_error error;
    _exit(setuid(65534) != 0 ||
          shareable_memory_open(&other, shareable_memory_name(memory), 0, &error) != SHAREABLE_E_PERMISSION ||
          shareable_unlink(shareable_memory_name(memory), &error) != SHAREABLE_E_PERMISSION);
  }
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  end_memory(memory);
}

Test(memory, a_read_only_handle_can_be_read) {
  shareable_memory *memory = new_memory(8), *reader;

  memcpy(shareable_memory_address(memory), "howdy", 5);
  cr_ok(shareable_memory_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_assert(shareable_memory_is_read_only(reader));
  cr_assert_not(shareable_memory_is_read_only(memory));
  cr_assert_eq(memcmp(shareable_memory_address(reader), "howdy", 5), 0);
  shareable_memory_unref(reader);
  end_memory(memory);
}

Test(memory, writing_to_a_read_only_handle_raises_sigsegv, .signal = SIGSEGV) {
  shareable_memory *memory = new_memory(8), *reader;

  cr_ok(shareable_memory_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_ok(shareable_memory_unlink(memory, NULL));
  signal(SIGSEGV, SIG_DFL); /* a sanitizer may have set a handler */
  *(char *)shareable_memory_address(reader) = 1;
}

Test(memory, can_be_closed_twice_and_keeps_its_name_and_size) {
  shareable_memory *memory = new_memory(8);

  shareable_memory_close(memory);
  shareable_memory_close(memory);
  cr_assert_null(shareable_memory_address(memory));
  cr_assert_str_eq(shareable_memory_name(memory), own_name());
  cr_assert_eq(shareable_memory_size(memory), 8);
  cr_status(shareable_memory_pin(memory), SHAREABLE_E_CLOSED);
  end_memory(memory);
}

Test(memory, a_pin_keeps_the_mapping_after_close_and_unref) {
  shareable_memory *memory = new_memory(8);
  char *bytes = shareable_memory_address(memory);

  memcpy(bytes, "howdy", 6);
  cr_ok(shareable_memory_pin(memory));
  cr_ok(shareable_memory_pin(memory));
  shareable_memory_close(memory);
  cr_assert_str_eq(bytes, "howdy");
  end_memory(memory);
  cr_assert_str_eq(bytes, "howdy");
  shareable_memory_unpin(memory);
  cr_assert_str_eq(bytes, "howdy");
  shareable_memory_unpin(memory);
  cr_assert_eq(msync(bytes, 8, MS_ASYNC), -1, "the last pin unmaps");
}

/* Returns whether this process has a file with that name mapped. */
static bool has_mapped(const char *name) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[600];
  bool found = false;

  cr_assert_not_null(maps);
  while (!found && fgets(line, sizeof line, maps) != NULL)
    found = strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

/* Returns whether a process holds the usage lock of the block. */
static bool is_in_use(void) {
  char path[300];
  bool in_use;
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_RDONLY | O_CLOEXEC);
  cr_assert_geq(fd, 0);
  in_use = shareable__segment_is_in_use(fd);
  close(fd);
  return in_use;
}

static bool is_mapped(void *address) {
  return msync(address, 8, MS_ASYNC) == 0;
}

Test(memory, closing_in_place_releases_the_block_and_keeps_its_addresses) {
  shareable_memory *memory = new_memory(10000);
  char *bytes = shareable_memory_address(memory);
  size_t fds = descriptors();

  bytes[9999] = 'x';
  cr_assert(is_in_use());
  shareable_memory_close_in_place(memory);
  shareable_memory_close_in_place(memory);
  shareable_memory_close(memory);
  cr_assert_null(shareable_memory_address(memory));
  cr_assert_eq(shareable_memory_size(memory), 10000);
  cr_assert_not(has_mapped(own_name()));
  cr_assert_not(is_in_use());
  cr_assert_leq(descriptors(), fds);
  for (size_t i = 0; i < 10000; i++)
    cr_assert_eq(bytes[i], 0);
  end_memory(memory);
  cr_assert_not(is_mapped(bytes));
  shareable_memory_close_in_place(NULL);
}

Test(memory, a_pin_keeps_the_block_after_closing_in_place) {
  shareable_memory *memory = new_memory(8);
  char *bytes = shareable_memory_address(memory);

  memcpy(bytes, "howdy", 6);
  cr_ok(shareable_memory_pin(memory));
  shareable_memory_close_in_place(memory);
  cr_assert_str_eq(bytes, "howdy");
  memcpy(bytes, "Howdy", 6);
  cr_assert_eq(bytes[0], 'H');
  shareable_memory_unpin(memory);
  cr_assert_str_eq(bytes, "");
  cr_assert_not(is_in_use());
  end_memory(memory);
  cr_assert_not(is_mapped(bytes));
}

Test(memory, parent_and_child_close_in_place_independently) {
  shareable_memory *memory = new_memory(8);
  char *bytes = shareable_memory_address(memory);
  int status = -1;
  pid_t child;

  memcpy(bytes, "howdy", 6);
  child = fork();
  if (child == 0) {
    shareable_memory_close_in_place(memory);
    if (bytes[0] != 0)
      _exit(1);
    shareable_memory_unref(memory);
    _exit(is_mapped(bytes) ? 2 : 0);
  }
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0);
  cr_assert_str_eq(bytes, "howdy");
  shareable_memory_close_in_place(memory);
  child = fork();
  if (child == 0) {
    if (bytes[0] != 0)
      _exit(1);
    shareable_memory_unref(memory);
    _exit(is_mapped(bytes) ? 2 : 0);
  }
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0);
  end_memory(memory);
}

Test(memory, a_large_block_is_closed_in_place) {
  const uint64_t size = sizeof(size_t) == 8 ? UINT64_C(1) << 36 : 1 << 20;
  shareable_memory *memory = NULL;
  int status = shareable_memory_create(&memory, own_name(), size, SHAREABLE_LAZY, 0, NULL);
  char *bytes;

  if (status == SHAREABLE_E_NO_MEMORY)
    skip_because("needs 64 GiB of address space");
  cr_ok(status);
  bytes = shareable_memory_address(memory);
  bytes[size - 1] = 'x';
  shareable_memory_close_in_place(memory);
  cr_assert_eq(bytes[0], 0);
  cr_assert_eq(bytes[size - 1], 0);
  cr_assert_not(has_mapped(own_name()));
  end_memory(memory);
}

enum { RACE_SIZE = 64 };

/* Reads until another thread has closed the block. */
static void *read_until_closed(void *argument) {
  shareable_memory *memory = argument;
  const char *bytes = shareable_memory_address(memory);

  for (size_t i = 0; bytes != NULL && shareable_memory_address(memory) != NULL; i = (i + 1) % RACE_SIZE) {
    char byte = __atomic_load_n(bytes + i, __ATOMIC_RELAXED);
    if (byte != 0 && byte != 'x')
      return memory;
  }
  return NULL;
}

Test(memory, another_thread_may_read_while_a_block_is_closed_in_place) {
  for (int round = 0; round < 200; round++) {
    shareable_memory *memory = new_memory(RACE_SIZE);
    pthread_t reader;
    void *failed;

    memset(shareable_memory_address(memory), 'x', RACE_SIZE);
    cr_assert_eq(pthread_create(&reader, NULL, read_until_closed, memory), 0);
    if (round % 2)
      sched_yield();
    shareable_memory_close_in_place(memory);
    cr_assert_eq(pthread_join(reader, &failed), 0);
    cr_assert_null(failed);
    end_memory(memory);
  }
}

Test(memory, accepts_null_handles) {
  shareable_memory_close(NULL);
  shareable_memory_unref(NULL);
  shareable_memory_unpin(NULL);
  cr_assert_null(shareable_memory_ref(NULL));
  cr_assert_null(shareable_memory_name(NULL));
  cr_assert_null(shareable_memory_address(NULL));
  cr_assert_eq(shareable_memory_size(NULL), 0);
  cr_assert_not(shareable_memory_is_read_only(NULL));
  cr_status(shareable_memory_pin(NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_memory_unlink(NULL, NULL), SHAREABLE_E_CLOSED);
}

Test(memory, a_second_unlink_reports_already_gone) {
  shareable_memory *memory = new_memory(8), *again;
  shareable_error error;

  cr_ok(shareable_memory_open(&again, own_name(), 0, NULL));
  cr_ok(shareable_memory_unlink(memory, NULL));
  cr_status(shareable_memory_unlink(again, &error), SHAREABLE_E_NOT_FOUND);
  cr_assert_not_null(strstr(error.message, "already gone"));
  cr_assert_not_null(shareable_memory_address(again), "an open handle keeps the mapping");
  shareable_memory_unref(memory);
  shareable_memory_unref(again);
}

Test(memory, another_block_with_the_same_name_and_size_is_not_the_same) {
  shareable_memory *first = new_memory(8), *again, *second;

  cr_ok(shareable_memory_open(&again, own_name(), 0, NULL));
  cr_assert(shareable_memory_same_block(first, again));
  cr_ok(shareable_memory_unlink(first, NULL));
  second = new_memory(8);
  shareable_memory_close(first);
  cr_assert_not(shareable_memory_same_block(first, second));
  cr_assert(shareable_memory_same_block(first, again), "a closed handle still identifies its block");
  cr_assert_not(shareable_memory_same_block(NULL, NULL));
  shareable_memory_unref(first);
  shareable_memory_unref(again);
  end_memory(second);
}

Test(memory, can_be_unlinked_by_name) {
  shareable_memory *memory = new_memory(8);

  cr_ok(shareable_unlink(own_name(), NULL));
  cr_status(shareable_unlink(own_name(), NULL), SHAREABLE_E_NOT_FOUND);
  shareable_memory_unref(memory);
}

/* In CPython, a failed attach unlinks the segment of another process. */
Test(memory, cpython_bug_a_failed_open_keeps_the_block_of_another_process) {
  shareable_memory *memory = NULL;
  char path[300];
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
  cr_status(shareable_memory_open(&memory, own_name(), 0, NULL), SHAREABLE_E_NOT_READY);
  cr_assert(exists(own_name()));
  close(fd);
  unlink(path);
}

/*
 * In CPython, an attach between shm_open and ftruncate sees size 0. Here a process sees only
 * complete blocks.
 */
Test(memory, cpython_bug_no_process_sees_an_incomplete_block) {
  shareable_memory *memory = NULL;
  char name[50];
  pid_t child;
  int result;

  strcpy(name, own_name());
  child = fork();
  if (child == 0) {
    for (int found = 0; found < 200;) {
      shareable_status status = shareable_memory_open(&memory, name, 0, NULL);
      if (status != SHAREABLE_OK && status != SHAREABLE_E_NOT_FOUND)
        _exit(1);
      if (status == SHAREABLE_OK && shareable_memory_size(memory) != 40000)
        _exit(2);
      if (status == SHAREABLE_OK)
        shareable_memory_unref(memory);
      found += status == SHAREABLE_OK;
    }
    _exit(0);
  }
  while (waitpid(child, &result, WNOHANG) == 0) {
    cr_ok(shareable_memory_create(&memory, name, 40000, 0, 0, NULL));
    usleep(50);
    end_memory(memory);
  }
  cr_assert_eq(result, 0, "the reader ended with %#x", result);
}

/* A 64-bit process creates it. A 32-bit process reports an error. */
Test(memory, a_block_of_five_gib_is_opened_or_reported_as_too_large) {
  shareable_memory *memory = NULL;
  shareable_list *list = NULL;
  shareable_error error;
  char path[60];
  int fd, status;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  cr_assert_eq(ftruncate(fd, INT64_C(5) << 30), 0);
  close(fd);
  status = shareable_memory_open(&memory, own_name(), 0, &error);
  if (sizeof(size_t) == 8) {
    cr_ok(status);
    cr_assert_eq(shareable_memory_size(memory), UINT64_C(5) << 30);
  } else {
    cr_status(status, SHAREABLE_E_NO_MEMORY);
    cr_assert_not_null(strstr(error.message, "too large"), "%s", error.message);
    cr_status(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NO_MEMORY);
    cr_assert_not_null(strstr(error.message, "too large"), "%s", error.message);
  }
  cr_ok(shareable_unlink(own_name(), NULL));
  shareable_memory_unref(memory);
}

Test(memory, leaves_no_descriptor_and_no_name_behind) {
  size_t before = descriptors();

  for (int i = 0; i < 1000; i++) {
    shareable_memory *memory = new_memory(8), *again, *none = NULL;
    cr_ok(shareable_memory_open(&again, own_name(), 0, NULL));
    cr_status(shareable_memory_create(&none, own_name(), 8, 0, 0, NULL), SHAREABLE_E_EXISTS);
    cr_status(shareable_memory_create(&none, NULL, UINT64_C(1) << 50, 0, 0, NULL),
              sizeof(size_t) == 8 ? SHAREABLE_E_NO_SPACE : SHAREABLE_E_ARGUMENT);
    shareable_memory_unref(again);
    end_memory(memory);
  }
  cr_assert_eq(descriptors(), before);
  cr_assert_not(exists(own_name()));
}

static shareable_memory *open_memory(uint32_t flags) {
  shareable_memory *memory = NULL;

  cr_ok(shareable_memory_open(&memory, own_name(), flags, NULL));
  return memory;
}

static int fd_of(shareable_memory *memory) {
  shareable_error error = {0};
  int fd = -1;

  cr_assert_eq(shareable_memory_fd(memory, &fd, &error), SHAREABLE_OK, "%s", error.message);
  cr_assert_gt(fd, 2);
  cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  return fd;
}

/* Returns whether the descriptor is open on the block: the block's first byte is `byte`. */
static bool reads(int fd, char byte) {
  char read;

  return pread(fd, &read, 1, 0) == 1 && read == byte;
}

static shareable_memory *new_filled(uint32_t flags, char byte) {
  shareable_memory *memory = NULL;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, flags, 0, NULL));
  memset(shareable_memory_address(memory), byte, 8);
  return memory;
}

Test(memory, a_kept_descriptor_is_of_the_block_after_its_name_was_used_again) {
  size_t before = descriptors();
  shareable_memory *first = new_filled(SHAREABLE_KEEP_FD, 'a'), *opened = open_memory(SHAREABLE_KEEP_FD), *second;
  int fd;

  cr_ok(shareable_unlink(own_name(), NULL));
  second = new_filled(0, 'b');
  cr_assert(shareable_memory_has_fd(first));
  cr_assert_not(shareable_memory_has_fd(second));
  cr_assert(reads(fd_of(first), 'a'));
  cr_assert(reads(fd_of(opened), 'a'));
  cr_assert(reads(fd_of(second), 'b'));
  cr_assert(shareable_memory_has_fd(second));
  cr_assert_eq(fd_of(first), fd_of(first));
  shareable_memory_close(first);
  cr_assert_not(shareable_memory_has_fd(first));
  cr_assert_not(shareable_memory_has_fd(NULL));
  cr_status(shareable_memory_fd(first, &fd, NULL), SHAREABLE_E_CLOSED);
  shareable_memory_unref(first);
  shareable_memory_unref(opened);
  end_memory(second);
  cr_assert_eq(descriptors(), before);
}

Test(memory, a_descriptor_that_was_not_kept_is_opened_by_name_or_refused) {
  size_t before = descriptors();
  shareable_memory *first = new_filled(0, 'a'), *opened = open_memory(0), *second;
  int fd = -5;

  cr_assert_eq(descriptors(), before);
  cr_assert(reads(fd_of(first), 'a'));
  cr_ok(shareable_unlink(own_name(), NULL));
  cr_status(shareable_memory_fd(opened, &fd, NULL), SHAREABLE_E_NOT_FOUND);
  second = new_filled(0, 'b');
  cr_status(shareable_memory_fd(opened, &fd, NULL), SHAREABLE_E_NOT_FOUND);
  cr_assert_eq(fd, -5);
  cr_assert(reads(fd_of(first), 'a'));
  shareable_memory_unref(first);
  shareable_memory_unref(opened);
  end_memory(second);
  cr_assert_eq(descriptors(), before);
}

Test(memory, a_descriptor_of_a_read_only_block_is_read_only) {
  shareable_memory *memory = new_filled(0, 'a'), *opened = open_memory(SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD);

  cr_assert_eq(fcntl(fd_of(opened), F_GETFL) & O_ACCMODE, O_RDONLY);
  cr_assert_eq(fcntl(fd_of(memory), F_GETFL) & O_ACCMODE, O_RDWR);
  shareable_memory_unref(opened);
  end_memory(memory);
}

/* A daemon closes all descriptors, and its own files get their numbers. */
Test(memory, a_lost_descriptor_is_replaced_and_the_program_s_file_stays_open) {
  shareable_memory *memory = new_filled(SHAREABLE_KEEP_FD, 'a');
  int lost = fd_of(memory), again;

  cr_assert_eq(dup2(open("/dev/zero", O_RDONLY), lost), lost);
  again = fd_of(memory);
  cr_assert_neq(again, lost);
  cr_assert(reads(again, 'a'));
  cr_assert_eq(dup2(lost, again), again);
  shareable_memory_close(memory);
  cr_assert(reads(lost, 0));
  cr_assert(reads(again, 0), "closing closed a descriptor of the program");
  end_memory(memory);
}

/* A pin keeps the mapping for a view, which may live long; it does not keep the descriptor. */
Test(memory, closing_a_pinned_block_closes_its_descriptor) {
  size_t before = descriptors();
  shareable_memory *memory = new_filled(SHAREABLE_KEEP_FD, 'a');

  cr_ok(shareable_memory_pin(memory));
  shareable_memory_close(memory);
  cr_assert_eq(descriptors(), before);
  shareable_memory_unpin(memory);
  end_memory(memory);
}

Test(memory, kept_descriptors_leave_half_of_the_limit_to_the_program) {
  enum { COUNT = 200 };
  const struct rlimit limit = {100, 100};
  shareable_memory *memory = new_filled(SHAREABLE_KEEP_FD, 'a'), *opened[COUNT];

  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  for (int i = 0; i < COUNT; i++)
    opened[i] = open_memory(SHAREABLE_KEEP_FD);
  cr_assert_leq(descriptors(), 60);
  cr_assert(reads(fd_of(opened[COUNT - 1]), 'a'));
  for (int i = 0; i < COUNT; i++)
    shareable_memory_unref(opened[i]);
  end_memory(memory);
}

/* Python's fcntl.lockf() locks the whole file, which would conflict with the usage lock. */
Test(memory, a_program_can_lock_the_whole_file_of_a_kept_descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  shareable_memory *memory = new_filled(SHAREABLE_KEEP_FD, 'a'), *opened = open_memory(SHAREABLE_KEEP_FD);

  cr_assert_eq(fcntl(fd_of(memory), F_OFD_SETLK, &lock), 0);
  cr_assert_eq(fcntl(fd_of(opened), F_OFD_SETLK, &lock), -1);
  shareable_memory_unref(opened);
  end_memory(memory);
}

Test(memory, a_descriptor_needs_an_open_handle_and_a_pointer) {
  shareable_memory *memory = new_filled(SHAREABLE_KEEP_FD, 'a');
  shareable_error error = {0};
  int fd = -5;

  cr_status(shareable_memory_fd(NULL, &fd, &error), SHAREABLE_E_CLOSED);
  cr_status(shareable_memory_fd(memory, NULL, &error), SHAREABLE_E_ARGUMENT);
  shareable_memory_close(memory);
  cr_status(shareable_memory_fd(memory, &fd, &error), SHAREABLE_E_CLOSED);
  cr_assert_not_null(strstr(error.message, own_name()));
  cr_assert_eq(fd, -5);
  end_memory(memory);
}

/* The message contains the name, shortened and escaped, and then the reason. */
Test(memory, errors_about_long_or_non_utf8_names_contain_the_reason) {
  static const char *const units[] = {"x", "\xc3\xa9", "\xff", "\x1b", "\xe2\x80\xae"};
  shareable_memory *memory;
  shareable_error error;
  shareable_list *list;
  char name[300];

  for (size_t i = 0; i < LENGTH(units); i++) {
    size_t length = (size_t)snprintf(name, sizeof name, "%s", own_name()), unit = strlen(units[i]);

    for (; length + unit <= 255; length += unit)
      memcpy(name + length, units[i], unit + 1);
    cr_status(shareable_memory_open(&memory, name, 0, &error), SHAREABLE_E_NOT_FOUND);
    cr_assert(strstr(error.message, "\xe2\x80\xa6'") != NULL, "%s", error.message);
    cr_status(shareable_memory_create(&memory, name, UINT64_C(1) << 50, 0, 0, &error),
              sizeof(size_t) > 4 ? SHAREABLE_E_NO_SPACE : SHAREABLE_E_ARGUMENT);
    cr_assert(strstr(error.message, sizeof(size_t) > 4 ? "free" : "bytes") != NULL, "%s", error.message);
    cr_ok(shareable_memory_create(&memory, name, 100, 0, 0, NULL));
    memset(shareable_memory_address(memory), 0x7f, 100);
    cr_status(shareable_list_open(&list, name, 0, &error), SHAREABLE_E_NOT_LIST);
    cr_assert(strstr(error.message, "does not contain a list") != NULL, "%s", error.message);
    cr_assert_null(u8_check((const uint8_t *)error.message, strlen(error.message)));
    cr_ok(shareable_memory_unlink(memory, NULL));
    shareable_memory_unref(memory);
    memset(name + length, 'x', sizeof name - length - 1);
    name[sizeof name - 1] = '\0';
    cr_status(shareable_memory_open(&memory, name, 0, &error), SHAREABLE_E_NAME);
    cr_assert(strstr(error.message, "1 to 255 bytes") != NULL, "%s", error.message);
  }
}
