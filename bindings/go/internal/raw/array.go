package raw

// #include "array.h"
import "C"

import "unsafe"

// The types of the items of arrays.
const (
	DtypeBytes = C.SHAREABLE_DTYPE_BYTES
	DtypeBool  = C.SHAREABLE_DTYPE_BOOL
	DtypeI8    = C.SHAREABLE_DTYPE_I8
	DtypeI16   = C.SHAREABLE_DTYPE_I16
	DtypeI32   = C.SHAREABLE_DTYPE_I32
	DtypeI64   = C.SHAREABLE_DTYPE_I64
	DtypeU8    = C.SHAREABLE_DTYPE_U8
	DtypeU16   = C.SHAREABLE_DTYPE_U16
	DtypeU32   = C.SHAREABLE_DTYPE_U32
	DtypeU64   = C.SHAREABLE_DTYPE_U64
	DtypeF16   = C.SHAREABLE_DTYPE_F16
	DtypeF32   = C.SHAREABLE_DTYPE_F32
	DtypeF64   = C.SHAREABLE_DTYPE_F64
	DtypeC64   = C.SHAREABLE_DTYPE_C64
	DtypeC128  = C.SHAREABLE_DTYPE_C128
)

// ArrayHeader is the description of an array, in Go memory.
type ArrayHeader struct {
	Descr    string
	Shape    []uint64
	Strides  []int64 // in bytes
	ItemSize uint64  // in bytes
	Size     uint64  // of all items, in bytes
	Offset   uint64  // of the first item in the block, in bytes
	Dtype    int
}

// CreateArray makes an array and returns its handle. The name ends in NUL, or is nil. The
// description ends in NUL. The items are all items, or nil for zeros.
func CreateArray(name, descr *byte, shape []uint64, items []byte, flags, mode uint32, cerr *Error) (array uintptr, status int) {
	size := C.size_t(len(items))
	if items != nil && size == 0 {
		items = []byte{0} // not NULL, which C takes for zeros
	}
	result := C.raw_array_create((*C.char)(unsafe.Pointer(name)), (*C.char)(unsafe.Pointer(descr)), C.size_t(len(shape)),
		(*C.uint64_t)(first(shape)), (*C.uchar)(first(items)), size, C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(cerr))
	return uintptr(result.array), int(result.status)
}

// OpenArray opens an array and returns its handle. The name ends in NUL.
func OpenArray(name *byte, flags uint32, cerr *Error) (array uintptr, status int) {
	result := C.raw_array_open((*C.char)(unsafe.Pointer(name)), C.uint32_t(flags), unsafe.Pointer(cerr))
	return uintptr(result.array), int(result.status)
}

// ReadArrayHeader returns the description of an open array.
func ReadArrayHeader(array uintptr) ArrayHeader {
	header := C.raw_array_read_header(C.uintptr_t(array))
	return ArrayHeader{
		Descr:    C.GoString(header.descr),
		Shape:    append([]uint64{}, unsafe.Slice((*uint64)(header.shape), int(header.ndim))...),
		Strides:  append([]int64{}, unsafe.Slice((*int64)(header.strides), int(header.ndim))...),
		ItemSize: uint64(header.item_size),
		Size:     uint64(header.nbytes),
		Offset:   uint64(header.offset),
		Dtype:    int(header.dtype),
	}
}

// TakeMemory returns the handle of an array's block, with a reference that belongs to the caller.
func TakeMemory(array uintptr) (memory uintptr) {
	return uintptr(C.raw_array_take_memory(C.uintptr_t(array)))
}

// UnrefArray releases the handle of an array.
func UnrefArray(array uintptr) {
	C.raw_array_unref(C.uintptr_t(array))
}
