package raw

// #include "item.h"
import "C"

import "unsafe"

// Item is the value of an item when it was read.
type Item struct {
	Type uint32
	Bits uint64 // value of an int, a float or a bool
	Text []byte // a copy of a str or bytes, never nil
}

// GetInt reads an int. The functions for numbers in this file do not allocate.
func GetInt(list uintptr, index int) (value int64, status int) {
	result := C.raw_get_int(C.uintptr_t(list), C.int64_t(index))
	return int64(result.value), int(result.status)
}

// GetFloat reads a float.
func GetFloat(list uintptr, index int) (value float64, status int) {
	result := C.raw_get_float(C.uintptr_t(list), C.int64_t(index))
	return float64(result.value), int(result.status)
}

// GetBool reads a bool.
func GetBool(list uintptr, index int) (value bool, status int) {
	result := C.raw_get_bool(C.uintptr_t(list), C.int64_t(index))
	return result.value != 0, int(result.status)
}

// Add adds to an int, and returns the new value.
func Add(list uintptr, index int, delta int64) (value int64, status int) {
	result := C.raw_add(C.uintptr_t(list), C.int64_t(index), C.int64_t(delta))
	return int64(result.value), int(result.status)
}

// Swap writes an int over an int and returns the old value.
func Swap(list uintptr, index int, desired int64) (value int64, status int) {
	result := C.raw_exchange(C.uintptr_t(list), C.int64_t(index), C.int64_t(desired))
	return int64(result.value), int(result.status)
}

// CompareAndSwap writes an int if the item is the expected int, and returns whether it was.
func CompareAndSwap(list uintptr, index int, expected, desired int64) (swapped bool, status int) {
	result := C.raw_compare_exchange(C.uintptr_t(list), C.int64_t(index), C.int64_t(expected), C.int64_t(desired))
	return result.value != 0, int(result.status)
}

// Get reads an item of any type.
func Get(list uintptr, index int) (item Item, status int) {
	result := C.raw_get(C.uintptr_t(list), C.int64_t(index))
	return itemOf(list, index, &result)
}

// itemOf converts an item that C returned.
func itemOf(list uintptr, index int, result *C.raw_item) (item Item, status int) {
	if result.status == C.SHAREABLE_E_BUFFER {
		return getLong(list, index, uint64(result.length))
	}
	if result.status != C.SHAREABLE_OK {
		return Item{}, int(result.status)
	}
	item = Item{Type: uint32(result._type), Bits: uint64(result.bits)}
	if item.Type == TypeStr || item.Type == TypeBytes {
		text := (*[len(result.text)]byte)(unsafe.Pointer(&result.text))
		item.Text = append(make([]byte, 0, result.length), text[:result.length]...)
	}
	return item, C.SHAREABLE_OK
}

// getLong reads an item whose text is too long to return by value. It starts again if another
// process has written a longer text in between.
func getLong(list uintptr, index int, length uint64) (item Item, status int) {
	for {
		text := make([]byte, length)
		result := C.raw_get_into(C.uintptr_t(list), C.int64_t(index), unsafe.Pointer(&text[0]), C.size_t(length))
		if result.status == C.SHAREABLE_OK {
			return Item{Type: uint32(result._type), Bits: uint64(result.bits), Text: text[:result.length]}, C.SHAREABLE_OK
		}
		if result.status != C.SHAREABLE_E_BUFFER {
			return Item{}, int(result.status)
		}
		length = uint64(result.length)
	}
}
