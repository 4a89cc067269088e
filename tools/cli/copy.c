/*
 * copy.c - shareable copy: creates a block with the content of another one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kind.h"
#include "list/list.h"
#include "text.h"

/* The number of times that a list is read until it does not change meanwhile. */
enum { ATTEMPTS_MAX = 10 };

/* The longest wait for the lock of the list, in nanoseconds. */
#define LOCK_TIMEOUT_NS INT64_C(10000000000)

typedef struct copy_options {
  bool is_forced;
  uint32_t mode;
} copy_options;

/* The items of a list, with their own texts. */
typedef struct items {
  shareable_value *values;
  cli_text *texts;
  size_t count;
} items;

static items allocate_items(size_t count) {
  items copied = {.count = count};

  copied.values = cli_allocate(NULL, count, sizeof *copied.values);
  copied.texts = cli_allocate(NULL, count, sizeof *copied.texts);
  memset(copied.texts, 0, count * sizeof *copied.texts);
  return copied;
}

static void free_items(items *copied) {
  for (size_t i = 0; i < copied->count; i++)
    free(copied->texts[i].bytes);
  free(copied->texts);
  free(copied->values);
}

static void read_items(const shareable_list *list, items *copied) {
  for (size_t i = 0; i < copied->count; i++) {
    shareable_value *value = &copied->values[i];
    shareable_status status = cli_read_item(list, (int64_t)i, value, &copied->texts[i]);
    size_t capacity = 0;

    if (status == SHAREABLE_OK)
      status = shareable_list_capacity(list, (int64_t)i, &capacity);
    if (status != SHAREABLE_OK)
      cli_die_item(list, (int64_t)i, status);
    value->capacity = (uint32_t)capacity;
  }
}

/*
 * Reads all items at one point in time: programs that write under the lock wait, and if others have
 * written meanwhile, the hash of the list has changed.
 */
static void read_snapshot(const shareable_list *list, items *copied) {
  uint64_t before, after = 0;

  for (int i = 0; i < ATTEMPTS_MAX; i++) {
    shareable_status status = shareable_list_hash(list, &before);

    read_items(list, copied);
    if (status == SHAREABLE_OK)
      status = shareable_list_hash(list, &after);
    if (status != SHAREABLE_OK)
      cli_die_item(list, 0, status);
    if (before == after)
      return;
  }
  cli_warn("list '%s' changes all the time: its items were copied at different times", list->memory->name);
}

/* Returns whether the list is locked now. A user who may not write it may not lock it. */
static bool lock(shareable_list *list) {
  shareable_error error;
  shareable_status status = shareable_list_lock(list, LOCK_TIMEOUT_NS);

  if (status == SHAREABLE_E_OWNER_DIED)
    cli_warn("the previous owner of the lock of list '%s' died: what the lock guards may be half changed",
             list->memory->name);
  if (status == SHAREABLE_E_TIMED_OUT) {
    cli_warn("another process has held the lock of list '%s' for 10 seconds", list->memory->name);
    exit(CLI_TIMED_OUT);
  }
  if (status == SHAREABLE_OK || status == SHAREABLE_E_OWNER_DIED || status == SHAREABLE_E_READ_ONLY)
    return status != SHAREABLE_E_READ_ONLY;
  shareable_list_explain(list, status, &error);
  cli_die_message(error.message);
}

/* The block with the new name may be replaced, unless it is the one to be copied. */
static void check_replaced(const char *name, const struct stat *source) {
  const char *bare = shareable__name_normalize(name);
  struct stat file;
  char *path;

  if (bare == NULL)
    cli_die("'%s': %s", name, shareable_status_message(SHAREABLE_E_NAME));
  path = cli_format(SHAREABLE__DIRECTORY "/%s", bare);
  if (lstat(path, &file) == 0) {
    if (file.st_ino == source->st_ino && file.st_dev == source->st_dev)
      cli_die("'%s' is the block to be copied", name);
    if (!S_ISREG(file.st_mode))
      cli_die("'%s' is a %s, not a block: it is not replaced", bare,
              block_kind_name(kind_of_other(bare, file.st_mode, file.st_uid)));
  }
  free(path);
}

/* Only a list with a sync area is copied by items: the area must not be copied. */
static void copy_list(shareable_list *list, const char *new_name, const copy_options *options) {
  items copied = allocate_items(shareable_list_length(list));
  bool is_locked = lock(list);
  shareable_error error;
  shareable_status status;
  shareable_list *made;

  read_snapshot(list, &copied);
  if (is_locked)
    shareable_list_unlock(list);
  status = (options->is_forced ? shareable__list_replace : shareable_list_create)(
    &made, new_name, copied.values, copied.count, 0, options->mode, &error);
  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
  shareable_list_unref(made);
  free_items(&copied);
}

/* The new name becomes visible when all bytes are copied. */
static void copy_bytes(shareable_memory *memory, const char *new_name, const copy_options *options) {
  size_t size = shareable_memory_size(memory);
  shareable_memory *copied = NULL;
  shareable_status status;
  shareable_error error;
  int errnum = 0;

  status = shareable__memory_prepare(&copied, new_name, size, 0, options->mode, options->is_forced, &error);
  if (status == SHAREABLE_OK)
    errnum = cli_read_memory(memory, 0, copied->segment.base, size);
  if (status == SHAREABLE_OK && errnum == 0)
    status = shareable__memory_publish(copied, &error);
  shareable_memory_unref(copied);
  if (errnum != 0)
    cli_die_memory(memory, errnum);
  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
}

/* Returns the list, if the block is one with a sync area, or NULL. */
static shareable_list *open_list(const char *name) {
  shareable_list *list;
  shareable_status status = shareable_list_open(&list, name, SHAREABLE_KEEP_FD, NULL);

  if (status == SHAREABLE_E_PERMISSION)
    status = shareable_list_open(&list, name, SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD, NULL);
  if (status != SHAREABLE_OK)
    return NULL;
  if (shareable__sync_has_area(&list->sync))
    return list;
  shareable_list_unref(list);
  return NULL;
}

static struct stat status_of(shareable_memory *memory) {
  shareable_error error;
  struct stat file;
  int fd;

  if (shareable_memory_fd(memory, &fd, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  if (fstat(fd, &file) != 0)
    cli_die("block '%s': %s", shareable_memory_name(memory), strerror(errno));
  return file;
}

static void copy(const char *name, const char *new_name, copy_options *options) {
  shareable_list *list;
  shareable_memory *memory;
  struct stat file;

  cli_report_truncation(name);
  list = open_list(name);
  memory = list == NULL ? cli_open_memory(name, SHAREABLE_READ_ONLY | SHAREABLE_KEEP_FD)
                        : shareable_memory_ref(shareable_list_memory(list));
  file = status_of(memory);
  if (options->mode == 0)
    options->mode = (file.st_mode & 0777) == 0 ? 0600 : file.st_mode & 0777;
  if (options->is_forced)
    check_replaced(new_name, &file);
  if (list != NULL)
    copy_list(list, new_name, options);
  else
    copy_bytes(memory, new_name, options);
  shareable_memory_unref(memory);
  shareable_list_unref(list);
}

static int run_copy(int argc, char **argv) {
  static const struct option longs[] = {
    {"force", no_argument, NULL, 'f'}, {"mode", required_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {0}};
  copy_options options = {0};
  int option;

  while ((option = cli_option(&cli_copy, argc, argv, ":fm:h", longs)) >= 0)
    if (option == 'f')
      options.is_forced = true;
    else
      options.mode = cli_parse_mode(optarg);
  if (argc - optind != 2)
    cli_usage_error("expected NAME and NEW");
  copy(argv[optind], argv[optind + 1], &options);
  return CLI_DONE;
}

const cli_command cli_copy = {"copy", "NAME NEW", "Create a block or list with the content of another one.",
                              "  -f, --force      replace the block that has the name NEW\n"
                              "  -m, --mode MODE  set the permission bits, minus the umask [those of NAME]\n"
                              "  -h, --help       print this help\n"
                              "\n"
                              "A list is copied while copy holds its lock, and again if an item changes\n"
                              "meanwhile. Processes that use the old block NEW keep it. If the copy fails, NEW\n"
                              "is not changed.\n",
                              run_copy};
