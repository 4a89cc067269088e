package raw

// #include "numbers.h"
import "C"

import "unsafe"

// CreateInts makes a list of ints and returns its handle. The name ends in NUL, or is nil.
func CreateInts(name *byte, integers []int64, flags, mode uint32, cerr *Error) (list uintptr, status int) {
	result := C.raw_create_ints((*C.char)(unsafe.Pointer(name)), unsafe.Pointer(first(integers)), C.size_t(len(integers)),
		C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(cerr))
	return uintptr(result.list), int(result.status)
}

// CreateFloats makes a list of floats and returns its handle.
func CreateFloats(name *byte, reals []float64, flags, mode uint32, cerr *Error) (list uintptr, status int) {
	result := C.raw_create_floats((*C.char)(unsafe.Pointer(name)), unsafe.Pointer(first(reals)), C.size_t(len(reals)),
		C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(cerr))
	return uintptr(result.list), int(result.status)
}

func first[T any](numbers []T) *T {
	if len(numbers) == 0 {
		return nil
	}
	return &numbers[0]
}

// View returns the address of the numbers of a list whose items are all of the numeric type kind.
// On failure, badIndex is the index of the first item that prevents the view.
func View(list uintptr, kind uint32) (numbers unsafe.Pointer, badIndex, status int) {
	view := C.raw_list_view(C.uintptr_t(list), C.uint32_t(kind))
	return view.numbers, int(view.bad_index), int(view.status)
}
