/*
 * victims_lists.c - processes that write and read lists: one that others may read, and two that
 * others may write.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "victims.h"

/*
 * The limits in seconds that shareable.h documents: for one writer, and for many writers in turn.
 */
enum { ITEM_LIMIT = 1, CROWDED_LIMIT = 10 };

enum { DIGITS = 8, REPEATS_MAX = 110 };

static bool create_list(const char *name, const shareable_value *values, size_t count, uint32_t mode) {
  shareable_list *list = NULL;
  shareable_error error = {0};
  shareable_status status = shareable_list_create(&list, name, values, count, 0, mode, &error);

  expect(status, "creating a list", &error);
  shareable_list_unref(list);
  return status == SHAREABLE_OK;
}

static bool create_open_list(void) {
  shareable_value values[8];

  umask(0);
  for (int i = 0; i < 8; i++)
    values[i] = i % 2 == 0 ? shareable_int(i) : shareable_str("some text");
  return create_list(OPEN_LIST, values, 8, 0666);
}

bool lists_create(void) {
  shareable_value values[CLOSED_ITEMS] = {shareable_int(0), shareable_int(0), shareable_str("00000000"),
                                          shareable_float(0), shareable_int(0)};
  shareable_value corrupt = shareable_int(5);

  umask(0);
  values[TEXT].capacity = DIGITS * REPEATS_MAX;
  corrupt.capacity = CORRUPT_TEXT;
  return create_list(CLOSED_LIST, values, CLOSED_ITEMS, 0644) && create_list(CORRUPT_LIST, &corrupt, 1, 0666) &&
         create_open_list();
}

static shareable_list *open_list(const char *name, uint32_t flags) {
  shareable_list *list = NULL;
  shareable_error error = {0};

  call_begin("opening a list", ITEM_LIMIT);
  expect(shareable_list_open(&list, name, flags, &error), "opening a list", &error);
  call_end();
  return list;
}

static void expect_item(const shareable_list *list, int64_t index, shareable_status status, const char *action) {
  shareable_error error = {0};

  if (status != SHAREABLE_OK)
    expect(shareable_list_explain_item(list, index, status, &error), action, &error);
}

/* Fills the text with repetitions of the number's digits. Returns its length. */
static size_t fill_text(char *text, int64_t number) {
  size_t repeats = 1 + random_below(REPEATS_MAX);
  char digits[24];

  snprintf(digits, sizeof digits, "%08lld", (long long)(number % 100000000));
  for (size_t i = 0; i < repeats; i++)
    memcpy(text + i * DIGITS, digits, DIGITS);
  return repeats * DIGITS;
}

static void write_items(shareable_list *list) {
  char text[DIGITS * REPEATS_MAX];
  int64_t number = 0;

  call_begin("writing items", ITEM_LIMIT);
  expect_item(list, NUMBER, shareable_list_get_int(list, NUMBER, &number), "reading an int");
  number++;
  expect_item(list, NUMBER, shareable_list_set_int(list, NUMBER, number), "writing an int");
  expect_item(list, OPPOSITE, shareable_list_set_int(list, OPPOSITE, -number), "writing an int");
  expect_item(list, REAL, shareable_list_set_float(list, REAL, (double)number), "writing a float");
  expect_item(list, TEXT, shareable_list_set_str(list, TEXT, text, fill_text(text, number)), "writing a text");
  call_end();
}

/* The timeout of the lock is one second, which is also the limit of the call. */
static void write_locked(shareable_list *list) {
  shareable_error error = {0};
  shareable_status status;

  call_begin("locking a list", ITEM_LIMIT);
  status = shareable_list_lock(list, 1000000000);
  call_end();
  if (status != SHAREABLE_OK && status != SHAREABLE_E_OWNER_DIED) {
    expect(shareable_list_explain(list, status, &error), "locking a list", &error);
    return;
  }
  write_items(list);
  shareable_list_unlock(list);
}

static void add_one(shareable_list *list) {
  shareable_status status;

  __atomic_add_fetch(&shared->adding, 1, __ATOMIC_SEQ_CST);
  call_begin("adding to an int", ITEM_LIMIT);
  status = shareable_list_add(list, SUM, 1, NULL);
  call_end();
  if (status == SHAREABLE_OK)
    __atomic_add_fetch(&shared->added, 1, __ATOMIC_SEQ_CST);
  expect_item(list, SUM, status, "adding to an int");
}

/*
 * Reopens the list often: the first write through a handle takes the liveness lock, which an
 * attacker's locks may block.
 */
void write_closed_list(void) {
  while (!shared->stop) {
    shareable_list *list = open_list(CLOSED_LIST, 0);

    for (unsigned n = 1 + random_below(20); list != NULL && n > 0 && !shared->stop; n--) {
      add_one(list);
      write_locked(list);
      sleep_us(random_below(1500));
    }
    shareable_list_unref(list);
  }
}

static void check_text(const shareable_list *list) {
  char text[DIGITS * REPEATS_MAX];
  size_t length = 0;

  call_begin("reading a text", ITEM_LIMIT);
  expect_item(list, TEXT, shareable_list_get_str(list, TEXT, text, sizeof text, &length), "reading a text");
  call_end();
  for (size_t i = 0; i < length; i++)
    if (length % DIGITS != 0 || text[i] < '0' || text[i] > '9' || text[i] != text[i % DIGITS]) {
      violation(VALUE, "a text of " CLOSED_LIST " is torn: %.60s", text);
      return;
    }
}

static void check_numbers(const shareable_list *list, int64_t *last) {
  int64_t number = *last, opposite = 0;
  double real = 0;

  call_begin("reading numbers", ITEM_LIMIT);
  expect_item(list, OPPOSITE, shareable_list_get_int(list, OPPOSITE, &opposite), "reading an int");
  expect_item(list, NUMBER, shareable_list_get_int(list, NUMBER, &number), "reading an int");
  expect_item(list, REAL, shareable_list_get_float(list, REAL, &real), "reading a float");
  call_end();
  if (number < *last || number < -opposite || opposite > 0 || real != (double)(int64_t)real ||
      real < (double)-opposite - 1)
    violation(VALUE, CLOSED_LIST " contains %lld, %lld and %g after %lld", (long long)number, (long long)opposite, real,
              (long long)*last);
  *last = number;
}

void read_closed_list(void) {
  int64_t last = 0;

  while (!shared->stop) {
    shareable_list *list = open_list(CLOSED_LIST, random_below(2) == 0 ? SHAREABLE_READ_ONLY : 0);

    for (int n = 0; list != NULL && n < 50 && !shared->stop; n++) {
      check_numbers(list, &last);
      check_text(list);
      sleep_us(random_below(500));
    }
    shareable_list_unref(list);
  }
}

void lists_check_sum(void) {
  shareable_list *list = open_list(CLOSED_LIST, SHAREABLE_READ_ONLY);
  int64_t sum = -1;

  if (list == NULL || shareable_list_get_int(list, SUM, &sum) != SHAREABLE_OK || sum < (int64_t)shared->added ||
      sum > (int64_t)shared->adding)
    violation(VALUE, "of %llu additions %lld are in " CLOSED_LIST, (unsigned long long)shared->added, (long long)sum);
  shareable_list_unref(list);
}

static void use_items(shareable_list *list) {
  char text[64];
  size_t length;

  for (int64_t i = 0; i < 8; i++) {
    int64_t number;
    shareable_value value;

    call_begin("using an open list", CROWDED_LIMIT);
    switch (random_below(4)) {
    case 0:
      shareable_list_get(list, i, &value, text, sizeof text);
      break;
    case 1:
      shareable_list_add(list, i, 1, &number);
      break;
    case 2:
      shareable_list_set_int(list, i, i);
      break;
    default:
      shareable_list_format(list, text, sizeof text, &length);
    }
    call_end();
  }
}

/*
 * Whatever others write to the list, calls must not hang, and must not crash except by SIGBUS. The
 * owner replaces the list if it cannot be used any more.
 */
void use_open_list(void) {
  while (!shared->stop) {
    shareable_list *list = NULL;
    shareable_status status;

    call_begin("opening an open list", CROWDED_LIMIT);
    status = shareable_list_open(&list, OPEN_LIST, 0, NULL);
    call_end();
    if (status == SHAREABLE_OK)
      use_items(list);
    shareable_list_unref(list);
    sleep_us(random_below(1000));
    if (status == SHAREABLE_E_NOT_FOUND || (random_below(20) == 0 && shareable_unlink(OPEN_LIST, NULL) == SHAREABLE_OK))
      create_open_list();
  }
}

static bool is_corrupt_since(uint64_t corruption) {
  return corruption % 2 != 0 && __atomic_load_n(&shared->corruption, __ATOMIC_SEQ_CST) == corruption;
}

/* An item that a killed writer left corrupt must stay corrupt, whatever is added to it. */
void add_to_corrupt(void) {
  shareable_list *list = open_list(CORRUPT_LIST, 0);

  while (list != NULL && !shared->stop) {
    uint64_t corruption = __atomic_load_n(&shared->corruption, __ATOMIC_SEQ_CST);
    int64_t number = 5;
    int exchanged;
    shareable_status status, after;

    call_begin("changing a corrupt item", ITEM_LIMIT);
    if (corruption % 2 != 0) {
      status = random_below(2) == 0 ? shareable_list_add(list, 0, 1, &number)
                                    : shareable_list_compare_exchange(list, 0, &number, 6, &exchanged);
      after = shareable_list_get_int(list, 0, &number);
      if ((status == SHAREABLE_OK || after == SHAREABLE_OK) && is_corrupt_since(corruption))
        violation(VALUE, "a corrupt item was used as an int: %s, then %s", shareable_status_name(status),
                  shareable_status_name(after));
    }
    call_end();
    sleep_us(1000);
  }
  shareable_list_unref(list);
}

/* Opens the blocks that the attacker creates. */
void open_attackers_blocks(void) {
  while (!shared->stop) {
    DIR *stream = opendir("/dev/shm");
    const struct dirent *entry;

    while (stream != NULL && !shared->stop && (entry = readdir(stream)) != NULL) {
      shareable_memory *block = NULL;
      shareable_list *list = NULL;

      if (strncmp(entry->d_name, "attacker-", 9) != 0 || random_below(4) != 0)
        continue;
      call_begin("opening an attacker's block", ITEM_LIMIT);
      if (random_below(2) == 0)
        shareable_memory_open(&block, entry->d_name, SHAREABLE_READ_ONLY, NULL);
      else
        shareable_list_open(&list, entry->d_name, 0, NULL);
      shareable_memory_unref(block);
      shareable_list_unref(list);
      call_end();
    }
    if (stream != NULL)
      closedir(stream);
    sleep_us(2000);
  }
}
