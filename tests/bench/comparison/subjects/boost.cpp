/*
 * boost.cpp - the tasks of Boost.Interprocess: a vector of variants in a segment of shared memory.
 * Each access locks the mutex of the segment, because otherwise a reader could see a half-written
 * value.
 */
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/containers/string.hpp>
#include <boost/interprocess/containers/vector.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_condition.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <unistd.h>

#include "exchange.h"
#include "subject.h"

namespace ipc = boost::interprocess;

namespace {

using segment_manager = ipc::managed_shared_memory::segment_manager;
using text = ipc::basic_string<char, std::char_traits<char>, ipc::allocator<char, segment_manager>>;
struct binary {
  text data;
};
using value = std::variant<std::monostate, bool, int64_t, double, text, binary>;
using table = ipc::vector<value, ipc::allocator<value, segment_manager>>;
using guard = ipc::scoped_lock<ipc::interprocess_mutex>;

ipc::managed_shared_memory *segment;
ipc::interprocess_mutex *mutex;
table *items;
subject_type type;
std::string name;

std::string own_name() {
  return "bench-boost-" + std::to_string(getpid());
}

text text_of(const char *characters) {
  return text(characters, 16, segment->get_segment_manager());
}

value value_of(subject_type wanted) {
  switch (wanted) {
  case SUBJECT_BOOL:
    return true;
  case SUBJECT_INT:
    return int64_t{7};
  case SUBJECT_FLOAT:
    return 2.5;
  case SUBJECT_STR:
    return text_of(SUBJECT_TEXT);
  case SUBJECT_BYTES:
    return binary{text_of(SUBJECT_TEXT)};
  default:
    return std::monostate{};
  }
}

void create(const std::string &new_name, subject_type wanted, size_t count) {
  name = new_name;
  segment = new ipc::managed_shared_memory(ipc::create_only, name.c_str(), 65536 + count * 200);
  mutex = segment->construct<ipc::interprocess_mutex>("mutex")();
  items = segment->construct<table>("items")(segment->get_segment_manager());
  items->reserve(count);
  for (size_t i = 0; i < count; i++)
    items->push_back(value_of(wanted));
}

void attach() {
  segment = new ipc::managed_shared_memory(ipc::open_only, name.c_str());
  mutex = segment->find<ipc::interprocess_mutex>("mutex").first;
  items = segment->find<table>("items").first;
}

void detach() {
  delete segment;
}

void remove() {
  detach();
  ipc::shared_memory_object::remove(name.c_str());
}

void begin_items(char **arguments) {
  type = subject_type_of(arguments[0]);
  create(own_name(), type, SUBJECT_ITEMS);
}

template <class T> T read_one() {
  guard lock(*mutex);

  return std::get<T>((*items)[SUBJECT_ITEM]);
}

template <class T> void read_all(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    T read = read_one<T>();

    __asm__ volatile("" : : "g"(&read) : "memory");
  }
}

/* Returns the text of a str, or the bytes of a bytes. */
const text &characters_of(const value &item) {
  return type == SUBJECT_STR ? std::get<text>(item) : std::get<binary>(item).data;
}

/* Copies each text to private memory, as all other subjects do. */
void read_texts(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    char copy[32];
    guard lock(*mutex);
    const text &characters = characters_of((*items)[SUBJECT_ITEM]);

    characters.copy(copy, sizeof copy);
    __asm__ volatile("" : : "r"(copy) : "memory");
  }
}

void read_items(int64_t times) {
  switch (type) {
  case SUBJECT_BOOL:
    return read_all<bool>(times);
  case SUBJECT_INT:
    return read_all<int64_t>(times);
  case SUBJECT_FLOAT:
    return read_all<double>(times);
  case SUBJECT_NONE:
    return read_all<std::monostate>(times);
  default:
    return read_texts(times);
  }
}

template <class T> void write_all(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);

    (*items)[SUBJECT_ITEM] = T(i);
  }
}

void write_items(int64_t times) {
  if (type == SUBJECT_INT)
    return write_all<int64_t>(times);
  if (type == SUBJECT_FLOAT)
    return write_all<double>(times);
  if (type == SUBJECT_BOOL)
    return write_all<bool>(times);
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);
    value &target = (*items)[SUBJECT_ITEM];

    if (type == SUBJECT_NONE)
      target = std::monostate{};
    else
      const_cast<text &>(characters_of(target)).assign(i & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, 16);
  }
}

void begin_memory(char **arguments) {
  size_t count = subject_number(arguments[1]);

  create(own_name(), subject_type_of(arguments[0]), count);
  subject_answer(static_cast<double>(segment->get_size() - segment->get_free_memory()), static_cast<double>(count));
  remove();
}

size_t length;

void begin_build(char **arguments) {
  length = subject_number(arguments[0]);
}

void build(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    create(own_name(), SUBJECT_INT, length);
    remove();
  }
}

void begin_attach(char **arguments) {
  begin_build(arguments);
  create(own_name(), SUBJECT_INT, length);
}

void attach_repeatedly(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    ipc::managed_shared_memory again(ipc::open_only, name.c_str());

    subject_must(again.find<table>("items").first->size() == length, "reading the length");
  }
}

/* A hand-over by a mutex and a condition variable. */
struct channel {
  ipc::interprocess_mutex mutex;
  ipc::interprocess_condition changed;
  int64_t there = 0, back = 0;
};

channel *shared;

int64_t await(const int64_t &word, int64_t before) {
  guard lock(shared->mutex);

  while (word == before)
    shared->changed.wait(lock);
  return word;
}

void store(int64_t &word, int64_t integer) {
  guard lock(shared->mutex);

  word = integer;
  shared->changed.notify_all();
}

void answer() {
  for (int64_t last = 0;;) {
    last = await(shared->there, last);
    store(shared->back, last);
  }
}

void begin_handover(char **arguments) {
  name = own_name();
  segment = new ipc::managed_shared_memory(ipc::create_only, name.c_str(), 65536);
  shared = segment->construct<channel>("channel")();
  exchange_begin(arguments[0], answer);
}

void exchange() {
  int64_t before = shared->back;

  store(shared->there, before + 1);
  await(shared->back, before);
}

void run_exchanges(int64_t times) {
  exchange_run(times, exchange);
}

void end_handover() {
  exchange_end();
  remove();
}

/* Several processes with one table. */

void begin_host(char **arguments) {
  create(arguments[0], SUBJECT_INT, SUBJECT_ITEMS);
}

void begin_team(char **arguments) {
  name = arguments[0];
  attach();
}

void team_read(int64_t times) {
  read_all<int64_t>(times);
}

void team_write(int64_t times) {
  write_all<int64_t>(times);
}

void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);

    ++std::get<int64_t>((*items)[SUBJECT_ITEM]);
  }
}

} // namespace

const subject_task subject_tasks[] = {
  {"read", begin_items, read_items, remove},
  {"write", begin_items, write_items, remove},
  {"memory", begin_memory, nullptr, nullptr},
  {"build", begin_build, build, nullptr},
  {"attach", begin_attach, attach_repeatedly, remove},
  {"handover", begin_handover, run_exchanges, end_handover},
  {"host", begin_host, nullptr, remove},
  {"team-read", begin_team, team_read, detach},
  {"team-write", begin_team, team_write, detach},
  {"team-add", begin_team, team_add, detach},
  {nullptr, nullptr, nullptr, nullptr},
};
