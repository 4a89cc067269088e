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

// Digest returns the hash of a list.
func Digest(list uintptr) (digest uint64, status int) {
	result := C.raw_list_digest(C.uintptr_t(list))
	return uint64(result.value), int(result.status)
}

// WaitAny waits until the digest differs from the given digest, and returns the new digest. On
// failure, it returns the given digest.
func WaitAny(list uintptr, digest uint64, timeout int64) (now uint64, status int) {
	result := C.raw_wait_any(C.uintptr_t(list), C.uint64_t(digest), C.int64_t(timeout))
	return uint64(result.value), int(result.status)
}
