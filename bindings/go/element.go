package shareable

import (
	"reflect"
	"unsafe"

	"shareable/internal/raw"
)

// Element is the constraint of [Array]: the Go types of the items of arrays. It includes types
// defined by one of these, for example [time.Duration].
type Element interface {
	~bool | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64 | ~complex64 | ~complex128
}

// element is one of the types, as Go, C and NumPy name it.
type element struct {
	kind  reflect.Kind
	dtype int
	code  string // of NumPy, without the byte order
}

var elements = [...]element{
	{reflect.Bool, raw.DtypeBool, "b1"},
	{reflect.Int8, raw.DtypeI8, "i1"},
	{reflect.Int16, raw.DtypeI16, "i2"},
	{reflect.Int32, raw.DtypeI32, "i4"},
	{reflect.Int64, raw.DtypeI64, "i8"},
	{reflect.Uint8, raw.DtypeU8, "u1"},
	{reflect.Uint16, raw.DtypeU16, "u2"},
	{reflect.Uint32, raw.DtypeU32, "u4"},
	{reflect.Uint64, raw.DtypeU64, "u8"},
	{reflect.Float32, raw.DtypeF32, "f4"},
	{reflect.Float64, raw.DtypeF64, "f8"},
	{reflect.Complex64, raw.DtypeC64, "c8"},
	{reflect.Complex128, raw.DtypeC128, "c16"},
}

func elementOf[T Element]() element {
	kind := kindOf[T]()
	for _, e := range elements {
		if e.kind == kind {
			return e
		}
	}
	return element{} // not reached: the constraint has no other kinds
}

// descr returns NumPy's description of the type in this machine's byte order, for example '<f8'
// with its quotes.
func (e element) descr() string {
	order, one := ">", uint16(1)
	switch {
	case e.code[1:] == "1":
		order = "|"
	case *(*byte)(unsafe.Pointer(&one)) == 1:
		order = "<"
	}
	return "'" + order + e.code + "'"
}

// itemType returns the type of an array's items for a message: Go's name of it, if it has one.
func itemType(header *raw.ArrayHeader) string {
	for _, e := range elements {
		switch {
		case e.dtype == header.Dtype:
			return e.kind.String()
		case e.descr() == header.Descr:
			return "unaligned " + e.kind.String()
		}
	}
	if header.Dtype == raw.DtypeF16 {
		return "float16"
	}
	return header.Descr
}
