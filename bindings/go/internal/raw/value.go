package raw

// #include <stdlib.h>
// #include "shareable.h"
import "C"

import "unsafe"

// The types of items.
const (
	TypeNone  = C.SHAREABLE_TYPE_NONE
	TypeInt   = C.SHAREABLE_TYPE_INT
	TypeFloat = C.SHAREABLE_TYPE_FLOAT
	TypeBool  = C.SHAREABLE_TYPE_BOOL
	TypeStr   = C.SHAREABLE_TYPE_STR
	TypeBytes = C.SHAREABLE_TYPE_BYTES
)

// Value is C's shareable_value. Bits is its union: a number's bits, or the address of a text. The
// text must be C memory too, because cgo forbids Go pointers inside memory that a Go pointer points
// to.
type Value struct {
	Type     uint32
	Capacity uint32
	Length   uint64
	Bits     uint64
}

// This does not compile if the sizes differ.
var _ [C.sizeof_shareable_value]struct{} = [unsafe.Sizeof(Value{})]struct{}{}

// NewValues returns count values, all None, in C memory, or nil if there is not enough memory.
// FreeValues frees them.
func NewValues(count int) []Value {
	if count == 0 {
		return []Value{}
	}
	first := (*Value)(C.calloc(C.size_t(count), C.sizeof_shareable_value))
	if first == nil {
		return nil
	}
	return unsafe.Slice(first, count)
}

// FreeValues frees the result of NewValues.
func FreeValues(values []Value) {
	if len(values) > 0 {
		C.free(unsafe.Pointer(&values[0]))
	}
}

// NewText returns size bytes of C memory, or nil if there is not enough memory. FreeText frees
// them.
func NewText(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	first := (*byte)(C.calloc(C.size_t(size), 1))
	if first == nil {
		return nil
	}
	return unsafe.Slice(first, size)
}

// FreeText frees the result of NewText.
func FreeText(text []byte) {
	if len(text) > 0 {
		C.free(unsafe.Pointer(&text[0]))
	}
}
