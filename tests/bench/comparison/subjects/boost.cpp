/*
 * boost.cpp - Boost.Interprocess: a vector of variants in a segment of shared memory. Each access
 * locks its mutex, because otherwise a reader could see a value half written.
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
turn_type type;
std::string name;

std::string own_name() {
  return "bench-boost-" + std::to_string(getpid());
}

text text_of(const char *characters) {
  return text(characters, 16, segment->get_segment_manager());
}

value value_of(turn_type its) {
  switch (its) {
  case TURN_BOOL:
    return true;
  case TURN_INT:
    return int64_t{7};
  case TURN_FLOAT:
    return 2.5;
  case TURN_STR:
    return text_of(TURN_TEXT);
  case TURN_BYTES:
    return binary{text_of(TURN_TEXT)};
  default:
    return std::monostate{};
  }
}

void create(const std::string &its_name, turn_type its, size_t count) {
  name = its_name;
  segment = new ipc::managed_shared_memory(ipc::create_only, name.c_str(), 65536 + count * 200);
  mutex = segment->construct<ipc::interprocess_mutex>("mutex")();
  items = segment->construct<table>("items")(segment->get_segment_manager());
  items->reserve(count);
  for (size_t i = 0; i < count; i++)
    items->push_back(value_of(its));
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

void begin_items(char **words) {
  type = turn_type_of(words[0]);
  create(own_name(), type, TURN_ITEMS);
}

template <class T> T read_one() {
  guard lock(*mutex);

  return std::get<T>((*items)[TURN_ITEM]);
}

template <class T> void read_all(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    T one = read_one<T>();

    __asm__ volatile("" : : "g"(&one) : "memory");
  }
}

/* A copy in private memory, as every other contender makes. */
const text &characters_of(const value &one) {
  return type == TURN_STR ? std::get<text>(one) : std::get<binary>(one).data;
}

void read_texts(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    char copy[32];
    guard lock(*mutex);
    const text &characters = characters_of((*items)[TURN_ITEM]);

    characters.copy(copy, sizeof copy);
    __asm__ volatile("" : : "r"(copy) : "memory");
  }
}

void read_items(int64_t times) {
  switch (type) {
  case TURN_BOOL:
    return read_all<bool>(times);
  case TURN_INT:
    return read_all<int64_t>(times);
  case TURN_FLOAT:
    return read_all<double>(times);
  case TURN_NONE:
    return read_all<std::monostate>(times);
  default:
    return read_texts(times);
  }
}

template <class T> void write_all(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);

    (*items)[TURN_ITEM] = T(i);
  }
}

void write_items(int64_t times) {
  if (type == TURN_INT)
    return write_all<int64_t>(times);
  if (type == TURN_FLOAT)
    return write_all<double>(times);
  if (type == TURN_BOOL)
    return write_all<bool>(times);
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);
    value &one = (*items)[TURN_ITEM];

    if (type == TURN_NONE)
      one = std::monostate{};
    else
      const_cast<text &>(characters_of(one)).assign(i & 1 ? TURN_TEXT : TURN_OTHER, 16);
  }
}

void begin_memory(char **words) {
  size_t count = turn_number(words[1]);

  create(own_name(), turn_type_of(words[0]), count);
  turn_answer(static_cast<double>(segment->get_size() - segment->get_free_memory()), static_cast<double>(count));
  remove();
}

size_t length;

void begin_build(char **words) {
  length = turn_number(words[0]);
}

void build(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    create(own_name(), TURN_INT, length);
    remove();
  }
}

void begin_attach(char **words) {
  begin_build(words);
  create(own_name(), TURN_INT, length);
}

void attach_often(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    ipc::managed_shared_memory again(ipc::open_only, name.c_str());

    turn_must(again.find<table>("items").first->size() == length, "the length");
  }
}

/* Hand-over by mutex and condition variable. */
struct court {
  ipc::interprocess_mutex mutex;
  ipc::interprocess_condition changed;
  int64_t there = 0, back = 0;
};

court *ground;

int64_t await(const int64_t &ball, int64_t before) {
  guard lock(ground->mutex);

  while (ball == before)
    ground->changed.wait(lock);
  return ball;
}

void hand(int64_t &ball, int64_t its) {
  guard lock(ground->mutex);

  ball = its;
  ground->changed.notify_all();
}

void answer() {
  for (int64_t last = 0;;) {
    last = await(ground->there, last);
    hand(ground->back, last);
  }
}

void begin_handover(char **words) {
  name = own_name();
  segment = new ipc::managed_shared_memory(ipc::create_only, name.c_str(), 65536);
  ground = segment->construct<court>("court")();
  exchange_begin(words[0], answer);
}

void once() {
  int64_t before = ground->back;

  hand(ground->there, before + 1);
  await(ground->back, before);
}

void exchange(int64_t times) {
  exchange_take(times, once);
}

void end_handover() {
  exchange_end();
  remove();
}

/* Several processes on one table. */

void begin_host(char **words) {
  create(words[0], TURN_INT, TURN_ITEMS);
}

void begin_team(char **words) {
  name = words[0];
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

    ++std::get<int64_t>((*items)[TURN_ITEM]);
  }
}

} // namespace

int main() {
  static const turn_work works[] = {
    {"read", begin_items, read_items, remove},
    {"write", begin_items, write_items, remove},
    {"memory", begin_memory, nullptr, nullptr},
    {"build", begin_build, build, nullptr},
    {"attach", begin_attach, attach_often, remove},
    {"handover", begin_handover, exchange, end_handover},
    /* Several processes at the same time. */
    {"host", begin_host, nullptr, remove},
    {"team-read", begin_team, team_read, detach},
    {"team-write", begin_team, team_write, detach},
    {"team-add", begin_team, team_add, detach},
    {nullptr, nullptr, nullptr, nullptr},
  };

  turn_take_all(works);
}
