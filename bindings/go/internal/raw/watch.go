package raw

// #include "watch.h"
import "C"

// NewWatch creates a watch. It returns the watch and a duplicate of its descriptor, which the
// caller must close. The descriptor is -1 if there is no descriptor or no memory.
func NewWatch() (watch uintptr, fd int) {
	result := C.raw_watch_create()
	return uintptr(result.watch), int(result.fd)
}

// FreeWatch frees a watch.
func FreeWatch(watch uintptr) {
	C.raw_watch_free(C.uintptr_t(watch))
}

// WatchItem adds an item to a watch, and arms it until the next report.
func WatchItem(watch, list uintptr, index int) (id uint64, status int) {
	result := C.raw_watch_add_item(C.uintptr_t(watch), C.uintptr_t(list), C.int64_t(index))
	return uint64(result.id), int(result.status)
}

// WatchList adds a whole list, and arms it until the next report. The caller has seen that hash.
func WatchList(watch, list uintptr, hash uint64) (id uint64, status int) {
	result := C.raw_watch_add_list(C.uintptr_t(watch), C.uintptr_t(list), C.uint64_t(hash))
	return uint64(result.id), int(result.status)
}

// WatchLock adds the lock of a list, and arms it until the next report.
func WatchLock(watch, list uintptr) (id uint64, status int) {
	result := C.raw_watch_add_lock(C.uintptr_t(watch), C.uintptr_t(list))
	return uint64(result.id), int(result.status)
}

// ArmWatched arms an id until the next report. The hash is used only for a list.
func ArmWatched(watch uintptr, id, hash uint64) (status int) {
	return int(C.raw_watch_arm(C.uintptr_t(watch), C.uint64_t(id), C.uint64_t(hash)))
}

// Unwatch removes an id from the watch.
func Unwatch(watch uintptr, id uint64) {
	C.raw_watch_remove(C.uintptr_t(watch), C.uint64_t(id))
}

// Changed stores the ids of what may have changed, and returns their number. If it is less than
// the length of ids, and the status is 0, the descriptor is not readable any more.
func Changed(watch uintptr, ids []uint64) (count, status int) {
	result := C.raw_watch_changed(C.uintptr_t(watch), (*C.uint64_t)(&ids[0]), C.size_t(len(ids)))
	return int(result.count), int(result.status)
}
