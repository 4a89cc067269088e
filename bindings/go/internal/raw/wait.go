package raw

// #include "wait.h"
import "C"

// Wait waits until an item differs from a value, and then reads the item. The value is given as a
// type, the bits of a number and a text. The functions in this file do not allocate while they
// wait.
func Wait(list uintptr, index int, kind uint32, bits uint64, text string, timeout int64) (item Item, status int) {
	result := C.raw_wait(C.uintptr_t(list), C.int64_t(index), C.uint32_t(kind), C.uint64_t(bits), text,
		C.int64_t(timeout))
	return itemOf(list, index, &result)
}

// Hash returns the hash of a list.
func Hash(list uintptr) (hash uint64, status int) {
	result := C.raw_list_hash(C.uintptr_t(list))
	return uint64(result.value), int(result.status)
}

// WaitAny waits until the hash differs from the given hash, and returns the new hash. On
// failure, it returns the given hash.
func WaitAny(list uintptr, hash uint64, timeout int64) (now uint64, status int) {
	result := C.raw_wait_any(C.uintptr_t(list), C.uint64_t(hash), C.int64_t(timeout))
	return uint64(result.value), int(result.status)
}
