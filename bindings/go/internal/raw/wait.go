package raw

// #include "wait.h"
import "C"

// Wait waits until an item is something else than a value, given as a type, the bits of a number and a text, and reads
// it then. It does not allocate while the item is still that, nor does any other function here.
func Wait(list uintptr, index int, kind uint32, bits uint64, text string, timeout int64) (item Item, status int) {
	answer := C.raw_wait(C.uintptr_t(list), C.int64_t(index), C.uint32_t(kind), C.uint64_t(bits), text,
		C.int64_t(timeout))
	return itemOf(list, index, &answer)
}

// Digest returns the number for all that a list holds.
func Digest(list uintptr) (digest uint64, status int) {
	answer := C.raw_list_digest(C.uintptr_t(list))
	return uint64(answer.value), int(answer.status)
}

// WaitAny waits until the digest is another, and returns that: or the one given, where it fails.
func WaitAny(list uintptr, digest uint64, timeout int64) (now uint64, status int) {
	answer := C.raw_wait_any(C.uintptr_t(list), C.uint64_t(digest), C.int64_t(timeout))
	return uint64(answer.value), int(answer.status)
}
