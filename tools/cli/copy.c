/*
 * copy.c - shareable copy: creates a block with the content of another one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dict/dict.h"
#include "dict_items.h"
#include "list/list.h"
#include "list_lock.h"
#include "replaced.h"
#include "snapshot.h"
#include "sparse.h"
#include "text.h"

/* The number of times that a list is read until it does not change meanwhile. */
enum { ATTEMPTS_MAX = 10 };

typedef struct copy_options {
  bool is_forced, replaces_used, is_sparse;
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

static void read_items(const shareable_list *list, void *context) {
  items *copied = context;

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

typedef void item_reader(const shareable_list *list, void *copied);

/*
 * Reads all items at one point in time: programs that write under the lock wait, and if others have
 * written meanwhile, the hash of the list has changed.
 */
static void read_at_once(const shareable_list *list, item_reader *read, void *copied) {
  uint64_t before, after = 0;

  for (int i = 0; i < ATTEMPTS_MAX; i++) {
    shareable_status status = shareable_list_hash(list, &before);

    read(list, copied);
    if (status == SHAREABLE_OK)
      status = shareable_list_hash(list, &after);
    if (status != SHAREABLE_OK)
      cli_die_item(list, 0, status);
    if (before == after)
      return;
  }
  cli_warn("%s '%s' changes all the time: its items were copied at different times", list->has_keys ? "dict" : "list",
           list->memory->name);
}

/* A new block that is being written. */
typedef struct destination {
  shareable_memory *memory;
  shareable_error error;
} destination;

static _Noreturn void die_of(const destination *made) {
  shareable_memory_unref(made->memory); /* its file may have a temporary name */
  cli_die_message(made->error.message);
}

/* A block with holes is copied to a lazy one, so that the copy has them too. */
static destination prepare(const char *name, uint64_t size, const copy_options *options) {
  uint32_t flags = options->is_sparse ? SHAREABLE_LAZY : 0;
  destination made = {.memory = NULL};

  if (shareable__memory_prepare(&made.memory, name, size, flags, options->mode, options->is_forced, &made.error) !=
      SHAREABLE_OK)
    cli_die_message(made.error.message);
  return made;
}

static int write_page(void *context, uint64_t offset, const void *bytes, size_t length) {
  destination *made = context;
  const char *name = shareable_memory_name(made->memory);

  if (shareable__segment_write(&made->memory->segment, name, offset, bytes, length, &made->error) != SHAREABLE_OK)
    die_of(made);
  return 0;
}

static int write_part(void *context, uint64_t offset, const void *bytes, size_t length) {
  return sparse_visit_pages(offset, bytes, length, write_page, context);
}

/* The new name becomes visible when all bytes are copied. */
static void publish(destination *made) {
  if (shareable__memory_publish(made->memory, &made->error) != SHAREABLE_OK)
    die_of(made);
  shareable_memory_unref(made->memory);
}

static void copy_bytes(shareable_memory *memory, const char *new_name, const copy_options *options) {
  size_t size = shareable_memory_size(memory);
  destination made = prepare(new_name, size, options);
  int errnum = sparse_read(memory, size, write_part, &made);

  if (errnum != 0) {
    shareable_memory_unref(made.memory);
    cli_die_memory(memory, errnum);
  }
  publish(&made);
}

/*
 * Copies the bytes of the list, because to read its items would fill its holes. The copy gets a sync
 * area of its own. Returns false if there is no snapshot.
 */
static bool copy_snapshot(shareable_list *list, const char *new_name, const copy_options *options) {
  uint64_t area, header[4], count = shareable_list_length(list);
  destination made;
  snapshot taken;
  bool is_taken;

  list_lock_acquire(list);
  is_taken = snapshot_take(&taken, list);
  list_lock_release();
  if (!is_taken)
    return false;
  area = shareable__area_offset(taken.size);
  shareable__area_init(header, count);
  made = prepare(new_name, area + shareable__area_size(count), options);
  write_part(&made, 0, taken.bytes, taken.size);
  write_page(&made, area, header, sizeof header);
  publish(&made);
  snapshot_free(&taken);
  return true;
}

static void copy_items(shareable_list *list, const char *new_name, const copy_options *options) {
  items copied = allocate_items(shareable_list_length(list));
  uint32_t flags = options->is_sparse ? SHAREABLE_LAZY : 0;
  shareable_error error = {0};
  shareable_status status;
  shareable_list *made = NULL;

  list_lock_acquire(list);
  read_at_once(list, read_items, &copied);
  list_lock_release();
  status = (options->is_forced ? shareable__list_replace : shareable_list_create)(
    &made, new_name, copied.values, copied.count, flags, options->mode, &error);
  if (status != SHAREABLE_OK)
    cli_die_message(error.message);
  shareable_list_unref(made);
  free_items(&copied);
}

/* The keys of a dict, and the handle through which they are read. */
typedef struct dict_source {
  shareable_dict *dict;
  dict_items items;
} dict_source;

static void read_keys(const shareable_list *list, void *context) {
  dict_source *source = context;

  (void)list;
  dict_items_read(&source->items, source->dict);
}

/* The copy has an index of its own. */
static void copy_dict(shareable_list *list, const char *new_name, const copy_options *options) {
  dict_source source = {.dict = cli_open_dict(list->memory->name, SHAREABLE_READ_ONLY)};
  uint32_t flags =
    (options->is_sparse ? SHAREABLE_LAZY : 0) | (shareable_dict_evicts(source.dict) ? SHAREABLE_EVICT : 0);
  shareable__dict_content content = {.replaces = options->is_forced};
  size_t value_size = shareable_dict_value_size(source.dict);
  shareable_error error;
  shareable_dict *made;

  list_lock_acquire(list);
  read_at_once(list, read_keys, &source);
  list_lock_release();
  content.keys = source.items.keys;
  content.values = source.items.values;
  content.ttls = source.items.ttls;
  content.count = source.items.count;
  if (value_size > SHAREABLE_TEXT_MAX) /* it was rounded up */
    value_size = SHAREABLE_TEXT_MAX;
  if (shareable__dict_create_with(&made, new_name, shareable_dict_places(source.dict),
                                  shareable_dict_key_size(source.dict), value_size, &content, flags, options->mode,
                                  &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  dict_items_free_texts(&source.items);
  shareable_dict_unref(made);
  shareable_dict_unref(source.dict);
}

/* The sync area of a list must not be copied. */
static void copy_list(shareable_list *list, const char *new_name, const copy_options *options) {
  if (list->has_keys)
    copy_dict(list, new_name, options);
  else if (!options->is_sparse || !copy_snapshot(list, new_name, options))
    copy_items(list, new_name, options);
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
  options->is_sparse = (uint64_t)file.st_blocks * 512 < (uint64_t)file.st_size;
  if (options->is_forced)
    replaced_check(new_name, &file, options->replaces_used, &options->mode);
  if (options->mode == 0)
    options->mode = (file.st_mode & 0777) == 0 ? 0600 : file.st_mode & 0777;
  if (list != NULL)
    copy_list(list, new_name, options);
  else
    copy_bytes(memory, new_name, options);
  shareable_memory_unref(memory);
  shareable_list_unref(list);
}

static int run_copy(int argc, char **argv) {
  static const struct option longs[] = {{"force", no_argument, NULL, 'f'},
                                        {"used", no_argument, NULL, 'u'},
                                        {"mode", required_argument, NULL, 'm'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  copy_options options = {0};
  int option;

  while ((option = cli_option(&cli_copy, argc, argv, ":fm:h", longs)) >= 0)
    if (option == 'm') {
      options.mode = cli_parse_mode(optarg);
    } else {
      options.is_forced = true;
      options.replaces_used |= option == 'u';
    }
  if (argc - optind != 2)
    cli_usage_error("expected NAME and NEW");
  copy(argv[optind], argv[optind + 1], &options);
  return CLI_DONE;
}

const cli_command cli_copy = {"copy", "NAME NEW", "Create a block, list or dict with the content of another one.",
                              "  -f, --force      replace the block NEW, unless it is in use; the copy gets its\n"
                              "                   user, group and mode, but no process owns the copy\n"
                              "  --used           replace it also if it is or may be in use: processes that use\n"
                              "                   the old block keep it, with its lock\n"
                              "  -m, --mode MODE  set the permission bits, minus the umask [those of NAME]\n"
                              "  -h, --help       print this help\n"
                              "\n"
                              "A list or dict is copied while copy holds the lock of the list, and again if an\n"
                              "item changes meanwhile. If the copy fails, NEW is not changed.\n",
                              run_copy};
