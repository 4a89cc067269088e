/*
 * dicts_boost.cpp - the tasks of dicts in Boost.Interprocess: an unordered_map in a segment of shared
 * memory. Each access locks the mutex of the segment, because another process may move its nodes.
 */
#include <array>
#include <string>

#include <boost/functional/hash.hpp>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/unordered_map.hpp>
#include <unistd.h>

#include "dict_keys.h"
#include "subject.h"

namespace ipc = boost::interprocess;

namespace {

using text = std::array<char, DICT_KEY_SIZE>;
using segment_manager = ipc::managed_shared_memory::segment_manager;
using map = boost::unordered_map<text, int64_t, boost::hash<text>, std::equal_to<text>,
                                 ipc::allocator<std::pair<const text, int64_t>, segment_manager>>;
using guard = ipc::scoped_lock<ipc::interprocess_mutex>;

ipc::managed_shared_memory *segment;
ipc::interprocess_mutex *mutex;
map *items;
std::array<text, DICT_KEYS> keys;

std::string own_name() {
  return "bench-boost-" + std::to_string(getpid());
}

void begin_keys(char **) {
  dict_make_keys();
  segment = new ipc::managed_shared_memory(ipc::create_only, own_name().c_str(), 65536 + DICT_KEYS * 200);
  mutex = segment->construct<ipc::interprocess_mutex>("mutex")();
  items = segment->construct<map>("items")(2 * DICT_KEYS, boost::hash<text>(), std::equal_to<text>(),
                                           segment->get_allocator<std::pair<const text, int64_t>>());
  for (size_t i = 0; i < DICT_KEYS; i++) {
    std::memcpy(keys[i].data(), dict_keys[i], DICT_KEY_SIZE);
    items->emplace(keys[i], static_cast<int64_t>(i));
  }
}

void end_keys() {
  delete segment;
  ipc::shared_memory_object::remove(own_name().c_str());
}

void get_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);
    auto found = items->find(keys[dict_key_at(i)]);

    subject_must(found != items->end(), "find");
    int64_t integer = found->second;
    __asm__ volatile("" : : "r"(integer) : "memory");
  }
}

void set_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);

    (*items)[keys[dict_key_at(i)]] = i;
  }
}

void add_to_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    guard lock(*mutex);

    ++(*items)[keys[dict_key_at(i)]];
  }
}

void renew_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    const text &key = keys[dict_key_at(i)];

    {
      guard lock(*mutex);
      items->erase(key);
    }
    guard lock(*mutex);
    items->emplace(key, i);
  }
}

} // namespace

const subject_task subject_tasks[] = {
  {"get", begin_keys, get_keys, end_keys},    {"set", begin_keys, set_keys, end_keys},
  {"add", begin_keys, add_to_keys, end_keys}, {"renew", begin_keys, renew_keys, end_keys},
  {nullptr, nullptr, nullptr, nullptr},
};
