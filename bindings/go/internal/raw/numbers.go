package raw

// #include "numbers.h"
import "C"

import "unsafe"

// CreateInts makes a list of ints, and returns its handle. The name ends in NUL, or is nil.
func CreateInts(name *byte, integers []int64, flags, mode uint32, answer *Error) (list uintptr, status int) {
	made := C.raw_create_ints((*C.char)(unsafe.Pointer(name)), unsafe.Pointer(first(integers)), C.size_t(len(integers)),
		C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(answer))
	return uintptr(made.list), int(made.status)
}

// CreateFloats makes a list of floats as CreateInts makes one of ints.
func CreateFloats(name *byte, reals []float64, flags, mode uint32, answer *Error) (list uintptr, status int) {
	made := C.raw_create_floats((*C.char)(unsafe.Pointer(name)), unsafe.Pointer(first(reals)), C.size_t(len(reals)),
		C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(answer))
	return uintptr(made.list), int(made.status)
}

func first[T any](numbers []T) *T {
	if len(numbers) == 0 {
		return nil
	}
	return &numbers[0]
}

// View returns where the numbers of a list lie that has nothing else, of one type; or which item is in the way.
func View(list uintptr, kind uint32) (numbers unsafe.Pointer, at, status int) {
	view := C.raw_list_view(C.uintptr_t(list), C.uint32_t(kind))
	return view.numbers, int(view.at), int(view.status)
}
