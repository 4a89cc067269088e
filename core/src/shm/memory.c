/*
 * memory.c - the public handle of a block: its name, its mapping, its references and its pins.
 */
#include "shm/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/error.h"
#include "shm/unlink.h"

/*
 * From this size on, a check whether the name exists costs less than reserving the memory of a block
 * that cannot get its name.
 */
#define PRECHECK_SIZE 65536

static shareable_status fail_name(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NAME, 0, "%s%s%s: %s", name ? "'" : "", name ? name : "NULL",
                         name ? "'" : "", shareable_status_message(SHAREABLE_E_NAME));
}

static shareable_memory *allocate(const char *name, uint32_t flags) {
  shareable_memory *memory = calloc(1, sizeof *memory);

  if (memory == NULL)
    return NULL;
  atomic_init(&memory->references, 1);
  atomic_init(&memory->pins, 1);
  atomic_init(&memory->keeps_range, false);
  memory->read_only = (flags & SHAREABLE_READ_ONLY) != 0;
  memory->keeps_fd = (flags & SHAREABLE_KEEP_FD) != 0;
  strcpy(memory->name, name);
  return memory;
}

/*
 * A lock of the whole file by the program's fcntl(2) would conflict with the usage lock. Without
 * that lock, a write lease shows whether the block is used (lease.h).
 */
static void start_using(shareable_memory *memory) {
  if (!memory->keeps_fd)
    shareable__segment_take_usage_lock(&memory->segment);
  atomic_init(&memory->address, memory->segment.base);
}

static shareable_status fail_handle(shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for a handle");
}

static shareable_status check_arguments(const char *name, uint64_t size, uint32_t flags, uint32_t mode,
                                        shareable_error *error) {
  if (name != NULL && shareable__name_normalize(name) == NULL)
    return fail_name(error, name);
  if (size == 0 || size > SIZE_MAX / 2)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "size %" PRIu64 ": a size must be 1 to %zu bytes", size,
                           SIZE_MAX / 2);
  if (flags & ~(uint32_t)(SHAREABLE_LAZY | SHAREABLE_OWNED | SHAREABLE_KEEP_FD))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "flags 0x%x: create takes SHAREABLE_LAZY, SHAREABLE_OWNED and SHAREABLE_KEEP_FD",
                           (unsigned)flags);
  if (mode > 0777)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "mode %#o: a mode must be 0, or permission bits from 0001 to 0777", (unsigned)mode);
  return SHAREABLE_OK;
}

/* Fails before the memory of a large block is reserved, if the name exists. */
static shareable_status check_is_new(const char *name, uint64_t size, uint32_t flags, shareable_error *error) {
  if (name == NULL || size < PRECHECK_SIZE || (flags & SHAREABLE_LAZY) != 0 ||
      !shareable__segment_exists(shareable__name_normalize(name)))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_EXISTS, 0, "a block called '%s' exists already",
                         shareable__name_normalize(name));
}

shareable_status shareable__memory_prepare(shareable_memory **result, const char *name, uint64_t size, uint32_t flags,
                                           uint32_t mode, bool replaces, shareable_error *error) {
  shareable_status status = check_arguments(name, size, flags, mode, error);
  shareable_memory *memory;

  if (status == SHAREABLE_OK && !replaces)
    status = check_is_new(name, size, flags, error);
  if (status != SHAREABLE_OK)
    return status;
  memory = allocate(name == NULL ? "" : shareable__name_normalize(name), flags);
  if (memory == NULL)
    return fail_handle(error);
  status = shareable__segment_create(&memory->segment, name == NULL ? "psm_…" : memory->name, size, flags, mode, error);
  if (status == SHAREABLE_OK && (flags & SHAREABLE_OWNED)) {
    status = shareable__owner_reserve(&memory->ownership, name == NULL ? "psm_…" : memory->name, error);
    if (status != SHAREABLE_OK)
      shareable__segment_discard(&memory->segment);
  }
  if (status != SHAREABLE_OK) {
    free(memory);
    return status;
  }
  memory->replaces = replaces;
  start_using(memory);
  *result = memory;
  return SHAREABLE_OK;
}

/*
 * Fills the entry before the block gets its name, so that the block has an owner at any time. The
 * entry contains the inode: if this process is killed in between, another block with that name is
 * not taken for this one.
 */
static shareable_status publish_as(shareable_memory *memory, const char *name, shareable_error *error) {
  const shareable__file_id block = {memory->segment.device, memory->segment.inode};

  shareable__owner_commit(&memory->ownership, &block, name);
  return shareable__segment_publish(&memory->segment, name, error);
}

static shareable_status publish_randomly(shareable_memory *memory, shareable_error *error) {
  shareable_status status;
  char name[13];

  do {
    status = shareable__segment_random_name(name, error);
    if (status == SHAREABLE_OK)
      status = publish_as(memory, name, error);
  } while (status == SHAREABLE_E_EXISTS);
  if (status == SHAREABLE_OK)
    strcpy(memory->name, name);
  return status;
}

shareable_status shareable__memory_publish(shareable_memory *memory, shareable_error *error) {
  shareable_status status;

  if (memory->replaces)
    return shareable__segment_replace(&memory->segment, memory->name, error);
  status = memory->name[0] != '\0' ? publish_as(memory, memory->name, error) : publish_randomly(memory, error);
  if (status == SHAREABLE_OK)
    shareable__owner_publish(&memory->ownership);
  else
    shareable__owner_cancel(&memory->ownership);
  return status;
}

shareable_status shareable_memory_create(shareable_memory **result, const char *name, uint64_t size, uint32_t flags,
                                         uint32_t mode, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_memory *memory;
  shareable_status status;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  status = shareable__memory_prepare(&memory, name, size, flags, mode, false, error);
  if (status != SHAREABLE_OK)
    return status;
  status = shareable__memory_publish(memory, error);
  if (status != SHAREABLE_OK) {
    shareable_memory_unref(memory);
    return status;
  }
  shareable__memory_finish(memory);
  *result = memory;
  return SHAREABLE_OK;
}

shareable_status shareable__memory_attach(shareable_memory **result, const char *name, uint32_t flags,
                                          shareable_error *error) {
  const char *normalized = shareable__name_normalize(name);
  shareable_memory *memory;
  shareable_status status;

  if (normalized == NULL)
    return fail_name(error, name);
  if (flags & ~(uint32_t)(SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "flags 0x%x: open takes SHAREABLE_READ_ONLY and SHAREABLE_KEEP_FD", (unsigned)flags);
  memory = allocate(normalized, flags);
  if (memory == NULL)
    return fail_handle(error);
  status = shareable__segment_open(&memory->segment, normalized, memory->read_only, error);
  if (status != SHAREABLE_OK) {
    free(memory);
    return status;
  }
  start_using(memory);
  *result = memory;
  return SHAREABLE_OK;
}

shareable_status shareable_memory_open(shareable_memory **result, const char *name, uint32_t flags,
                                       shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_memory *memory;
  shareable_status status;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  status = shareable__memory_attach(&memory, name, flags, error);
  if (status != SHAREABLE_OK)
    return status;
  shareable__memory_finish(memory);
  *result = memory;
  return SHAREABLE_OK;
}

shareable_memory *shareable_memory_ref(shareable_memory *memory) {
  if (memory != NULL)
    atomic_fetch_add(&memory->references, 1);
  return memory;
}

void shareable_memory_unref(shareable_memory *memory) {
  if (memory == NULL || atomic_fetch_sub(&memory->references, 1) != 1)
    return;
  shareable_memory_close(memory);
  shareable__segment_discard(&memory->segment); /* the range, if the handle was closed in place */
  shareable__owner_cancel(&memory->ownership);
  free(memory);
}

/* `keeps_range` is set before the pin of the open handle ends: another thread may end the last pin. */
static void close_memory(shareable_memory *memory, bool in_place) {
  if (memory == NULL || atomic_exchange(&memory->address, NULL) == NULL)
    return;
  atomic_store(&memory->keeps_range, in_place);
  if (memory->on_close != NULL)
    memory->on_close(memory->on_close_context);
  else
    shareable__segment_close_fd(&memory->segment); /* a view that pins the block does not need it */
  shareable__memory_release_pin(memory);
}

void shareable_memory_close(shareable_memory *memory) {
  close_memory(memory, false);
}

void shareable_memory_close_in_place(shareable_memory *memory) {
  close_memory(memory, true);
}

int shareable_memory_same_block(const shareable_memory *a, const shareable_memory *b) {
  return a != NULL && b != NULL && a->segment.device == b->segment.device && a->segment.inode == b->segment.inode;
}

void shareable__memory_finish(shareable_memory *memory) {
  if (memory->keeps_fd)
    shareable__segment_keep_fd(&memory->segment);
  else
    shareable__segment_close_fd(&memory->segment);
}

bool shareable__memory_try_pin(shareable_memory *memory) {
  unsigned pins = atomic_load(&memory->pins);

  if (!shareable__memory_is_open(memory))
    return false;
  do {
    if (pins == 0) /* another thread has closed it */
      return false;
  } while (!atomic_compare_exchange_weak(&memory->pins, &pins, pins + 1));
  return true;
}

void shareable__memory_release_pin(shareable_memory *memory) {
  if (atomic_fetch_sub(&memory->pins, 1) != 1)
    return;
  if (atomic_load(&memory->keeps_range))
    shareable__segment_vacate(&memory->segment);
  else
    shareable__segment_discard(&memory->segment);
}

shareable_status shareable_memory_pin(shareable_memory *memory) {
  if (memory == NULL || !shareable__memory_try_pin(memory))
    return SHAREABLE_E_CLOSED;
  shareable_memory_ref(memory);
  return SHAREABLE_OK;
}

void shareable_memory_unpin(shareable_memory *memory) {
  if (memory == NULL)
    return;
  shareable__memory_release_pin(memory);
  shareable_memory_unref(memory);
}

/*
 * Returns whether this process sees the /dev/shm that contains the block: then a block without its
 * name is gone.
 */
static bool is_shm_visible(const shareable_memory *memory) {
  shareable__file_id shm;

  return shareable__shm_identify(&shm) && shm.device == memory->segment.device &&
         (memory->ownership.entry == NULL || shm.inode == memory->ownership.shm.inode);
}

static shareable_status fail_other_shm(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_SYSTEM, EXDEV,
                         "cannot unlink '%s': this process does not see the " SHAREABLE__DIRECTORY
                         " that the block is in, because it has another root directory or mount namespace now",
                         name);
}

shareable_status shareable_memory_unlink(shareable_memory *memory, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable__file_id block;
  shareable_status status;

  if (memory == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the handle is NULL");
  block = shareable__segment_file(&memory->segment);
  status = shareable__unlink_block(&block, memory->name, error);
  if (status == SHAREABLE_E_NOT_FOUND && !is_shm_visible(memory))
    return fail_other_shm(error, memory->name);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_NOT_FOUND)
    shareable__owner_release(&memory->ownership);
  return status;
}

shareable_status shareable_unlink(const char *name, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  const char *normalized = shareable__name_normalize(name);

  return normalized == NULL ? fail_name(error, name) : shareable__segment_unlink(normalized, error);
}

const char *shareable_memory_name(const shareable_memory *memory) {
  return memory == NULL ? NULL : memory->name;
}

size_t shareable_memory_size(const shareable_memory *memory) {
  return memory == NULL ? 0 : memory->segment.size;
}

void *shareable_memory_address(const shareable_memory *memory) {
  return memory == NULL ? NULL : atomic_load(&memory->address);
}

int shareable_memory_is_read_only(const shareable_memory *memory) {
  return memory != NULL && memory->read_only;
}

int shareable_memory_has_fd(const shareable_memory *memory) {
  return memory != NULL && __atomic_load_n(&memory->segment.fd, __ATOMIC_RELAXED) >= 0;
}

static shareable_status fail_fd(shareable_error *error, const char *name, int errnum) {
  if (errnum == ENOENT)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' has no descriptor, and cannot be opened by its name, which it has lost", name);
  return shareable__fail_errno(error, errnum, "cannot open '%s' for a descriptor", name);
}

shareable_status shareable_memory_fd(shareable_memory *memory, int *fd, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable__file_id file;
  int current, errnum;

  if (fd == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the descriptor is NULL");
  if (memory == NULL || !shareable__memory_try_pin(memory))
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "%s%s%s is closed", memory == NULL ? "the handle" : "block '",
                           memory == NULL ? "" : memory->name, memory == NULL ? "" : "'");
  file = shareable__segment_file(&memory->segment);
  current = shareable__segment_current_fd(&memory->segment.fd, &file, memory->name, memory->read_only);
  errnum = errno;
  shareable__memory_release_pin(memory);
  if (current < 0)
    return fail_fd(error, memory->name, errnum);
  *fd = current;
  return SHAREABLE_OK;
}
