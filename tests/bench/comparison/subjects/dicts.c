/*
 * dicts.c - the tasks of this library's dicts in C.
 */
#include "shareable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../partner.h"
#include "dict_keys.h"
#include "subject.h"

static void must(shareable_status status) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "%s\n", shareable_status_message(status));
  exit(2);
}

static shareable_dict *dict;
static shareable_value keys[DICT_KEYS];

static shareable_dict *create(size_t places, size_t key_size, size_t value_size) {
  shareable_dict *made;
  shareable_error error;

  if (shareable_dict_create(&made, NULL, places, key_size, value_size, 0, 0, &error) != SHAREABLE_OK) {
    fprintf(stderr, "%s\n", error.message);
    exit(2);
  }
  return made;
}

static void drop(shareable_dict *made) {
  must(shareable_dict_unlink(made, NULL));
  shareable_dict_unref(made);
}

static void set(shareable_dict *target, const shareable_value *key, int64_t integer) {
  const shareable_value value = shareable_int(integer);

  must(shareable_dict_set(target, key, &value, SHAREABLE_DICT_ANY, 0, -1));
}

/* -- 1,000 keys, in a dict that is 90 % full. */

enum { DICT_PLACES = DICT_KEYS * 10 / 9 };

static void begin_keys(char **arguments) {
  (void)arguments;
  dict_make_keys();
  dict = create(DICT_PLACES, DICT_KEY_SIZE, 8);
  for (size_t i = 0; i < DICT_KEYS; i++) {
    keys[i] = shareable_strn(dict_keys[i], DICT_KEY_SIZE);
    set(dict, &keys[i], (int64_t)i);
  }
}

static void end_keys(void) {
  drop(dict);
}

static void get_keys(int64_t times) {
  int64_t integer;

  for (int64_t i = 0; i < times; i++)
    must(shareable_dict_get_int(dict, &keys[dict_key_at(i)], &integer));
}

static void set_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    set(dict, &keys[dict_key_at(i)], i);
}

static void add_to_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    must(shareable_dict_add(dict, &keys[dict_key_at(i)], 1, 0, 0, 0, -1, NULL));
}

static void renew_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    const shareable_value *key = &keys[dict_key_at(i)];

    must(shareable_dict_delete(dict, key, -1));
    set(dict, key, i);
  }
}

/* -- Keys that come and go in a dict that is 90 % full, with an int and a str as the value in turn. */

enum { CHURN_PLACES = 10000, CHURN_KEYS = 9000 };

static size_t present[CHURN_KEYS]; /* the numbers of the keys */
static size_t next_number;

static void insert_next(size_t *number) {
  char text[DICT_KEY_SIZE];
  const shareable_value key = shareable_strn(text, DICT_KEY_SIZE);
  const shareable_value value = next_number % 2 == 0 ? shareable_int((int64_t)next_number) : key;

  *number = next_number++;
  dict_make_key(text, *number);
  must(shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_IF_ABSENT, 0, -1));
}

/* Deletes a random key and inserts a new one. */
static void churn(int64_t times) {
  char text[DICT_KEY_SIZE];
  const shareable_value key = shareable_strn(text, DICT_KEY_SIZE);

  for (int64_t i = 0; i < times; i++) {
    size_t *number = &present[(size_t)rand() % CHURN_KEYS];

    dict_make_key(text, *number);
    must(shareable_dict_delete(dict, &key, -1));
    insert_next(number);
  }
}

/* The argument is the number of operations before those that are measured. */
static void begin_churn(char **arguments) {
  next_number = 0;
  dict = create(CHURN_PLACES, DICT_KEY_SIZE, DICT_KEY_SIZE);
  for (size_t i = 0; i < CHURN_KEYS; i++)
    insert_next(&present[i]);
  churn((int64_t)subject_number(arguments[0]) / 2);
}

/* -- Opening a dict of many keys, and a list of as many items. */

static char name[64];
static shareable_list *list;

static void begin_open(char **arguments) {
  size_t count = subject_number(arguments[0]);

  snprintf(name, sizeof name, "bench-dict-%ld", (long)getpid());
  must(shareable_dict_create(&dict, name, count, DICT_KEY_SIZE, 8, 0, 0, NULL));
  for (size_t i = 0; i < count; i++) {
    char text[DICT_KEY_SIZE];
    const shareable_value key = shareable_strn(text, DICT_KEY_SIZE);

    dict_make_key(text, i);
    set(dict, &key, (int64_t)i);
  }
}

static void open_dict(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    shareable_dict *again;

    must(shareable_dict_open(&again, name, 0, NULL));
    shareable_dict_unref(again);
  }
}

static void begin_open_list(char **arguments) {
  size_t count = 2 * subject_number(arguments[0]);
  int64_t *integers = calloc(count, sizeof *integers);

  subject_must(integers != NULL, "calloc");
  snprintf(name, sizeof name, "bench-list-%ld", (long)getpid());
  must(shareable_list_create_ints(&list, name, integers, count, 0, 0, NULL));
  free(integers);
}

static void open_list(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    shareable_list *again;

    must(shareable_list_open(&again, name, 0, NULL));
    shareable_list_unref(again);
  }
}

static void end_open_list(void) {
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

/* -- The memory of counters whose keys have 24 bytes. */

static void begin_memory(char **arguments) {
  size_t places = subject_number(arguments[0]);

  dict = create(places, 24, 8);
  subject_answer((double)shareable_memory_size(shareable_list_memory(shareable_dict_list(dict))), (double)places);
  drop(dict);
}

/* -- Four processes that use the same key of one dict, or of a dict for each. */

enum { TEAM = 4 };

static pid_t members[TEAM];
static int commands[TEAM][2], answers[2];

static void work(int member, bool is_private, bool adds) {
  const shareable_value *key = &keys[DICT_KEYS / 2];
  shareable_dict *used = NULL;
  int64_t times, integer;

  for (int other = 0; other < TEAM; other++)
    close(commands[other][1]);
  if (is_private) {
    begin_keys(NULL);
    used = dict;
    must(shareable_dict_unlink(dict, NULL));
  } else {
    must(shareable_dict_open(&used, name, 0, NULL));
  }
  while (read(commands[member][0], &times, sizeof times) == sizeof times) {
    for (int64_t i = 0; i < times; i++)
      must(adds ? shareable_dict_add(used, key, 1, 0, 0, 0, -1, NULL) : shareable_dict_get_int(used, key, &integer));
    subject_must(write(answers[1], "", 1) == 1, "write");
  }
  _exit(0);
}

/* The arguments are "get" or "add", and "shared" or "private". */
static void begin_hot(char **arguments) {
  bool adds = strcmp(arguments[0], "add") == 0, is_private = strcmp(arguments[1], "private") == 0;

  begin_keys(NULL);
  snprintf(name, sizeof name, "%s", shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))));
  subject_must(pipe(answers) == 0, "pipe");
  for (int member = 0; member < TEAM; member++)
    subject_must(pipe(commands[member]) == 0, "pipe");
  for (int member = 0; member < TEAM; member++) {
    members[member] = fork();
    if (members[member] == 0) {
      partner_place(0, member % 2 == 0 ? subject_processor() : subject_partner_processor());
      work(member, is_private, adds);
    }
    close(commands[member][0]);
  }
  subject_set_amount(TEAM);
}

static void run_hot(int64_t times) {
  char done[TEAM];

  for (int member = 0; member < TEAM; member++)
    subject_must(write(commands[member][1], &times, sizeof times) == sizeof times, "write");
  for (int member = 0; member < TEAM; member++)
    subject_must(read(answers[0], done, 1) == 1, "read");
}

static void end_hot(void) {
  for (int member = 0; member < TEAM; member++)
    close(commands[member][1]);
  for (int member = 0; member < TEAM; member++)
    waitpid(members[member], NULL, 0);
  close(answers[0]);
  close(answers[1]);
  drop(dict);
}

const subject_task subject_tasks[] = {
  {"get", begin_keys, get_keys, end_keys},
  {"set", begin_keys, set_keys, end_keys},
  {"add", begin_keys, add_to_keys, end_keys},
  {"renew", begin_keys, renew_keys, end_keys},
  {"churn", begin_churn, churn, end_keys},
  {"open", begin_open, open_dict, end_keys},
  {"open-list", begin_open_list, open_list, end_open_list},
  {"memory", begin_memory, NULL, NULL},
  {"hot", begin_hot, run_hot, end_hot},
  {NULL, NULL, NULL, NULL},
};
