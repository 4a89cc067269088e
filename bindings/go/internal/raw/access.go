package raw

// #include "access.h"
import "C"

import "unsafe"

// Access contains the addresses of a list's parts. It is C's shareable_access.
type Access struct {
	AreaVersion      uint32
	ReadOnly         bool
	Count            uint64
	DataSize         uint64
	Offsets          unsafe.Pointer
	Data             unsafe.Pointer
	Formats          unsafe.Pointer
	Codes            unsafe.Pointer
	VersionWords     unsafe.Pointer
	EventcountsState unsafe.Pointer
}

// ListAccess returns the addresses of a list's parts. If the list is closed, all members are 0.
func ListAccess(list uintptr) Access {
	access := C.raw_list_access(C.uintptr_t(list))
	return Access{
		AreaVersion:      uint32(access.area_version),
		ReadOnly:         access.read_only != 0,
		Count:            uint64(access.count),
		DataSize:         uint64(access.data_size),
		Offsets:          access.offsets,
		Data:             access.data,
		Formats:          access.formats,
		Codes:            access.codes,
		VersionWords:     access.version_words,
		EventcountsState: access.eventcounts_state,
	}
}

// Join registers the handle of a list as a writer, and returns its writer id.
func Join(list uintptr) (id uint32, status int) {
	writer := C.raw_list_join(C.uintptr_t(list))
	return uint32(writer.id), int(writer.status)
}

// Notify wakes the waiters of an item and of its list.
func Notify(list uintptr, index int) int {
	return int(C.raw_list_notify(C.uintptr_t(list), C.int64_t(index)))
}

// CloseList closes a list in place: its addresses can be read until the handle is freed.
func CloseList(list uintptr) {
	C.raw_list_close_in_place(C.uintptr_t(list))
}

// CloseMemory closes a block in place.
func CloseMemory(memory uintptr) {
	C.raw_memory_close_in_place(C.uintptr_t(memory))
}
