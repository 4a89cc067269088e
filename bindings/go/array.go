package shareable

import (
	"fmt"
	"io"
	"unsafe"

	"shareable/internal/raw"
)

// Array is a handle of an array of numbers or bools in a block of its own, which is a .npy file. A
// Python program with NumPy alone opens it by np.load("/dev/shm/NAME", mmap_mode="r+"), and a file
// that np.save wrote in /dev/shm can be opened here. [RawArray] is the handle of an array of any
// other type.
//
// An array is memory: reads and writes of its items are not atomic and wake no waiters. Programs
// that need this use a [List] beside it, for example with a sequence number. The header is read once,
// when the array is opened. The package's documentation describes lifetime.
type Array[T Element] struct {
	untyped RawArray
}

var (
	_ io.Closer    = (*Array[float64])(nil)
	_ fmt.Stringer = (*Array[float64])(nil)
)

// NewArray makes a new array of that shape, all zero, in C order (the last index varies fastest), and
// opens it:
//
//	image, err := shareable.NewArray[uint8]([]int{1080, 1920}, shareable.WithName("image"))
//
// The shape has 0 to 64 lengths, which may be 0. An array of the shape nil has one item. It accepts
// [WithName], [WithMode], [Lazy] and [Owned].
//
// It fails with [ErrArgument] if the shape, the mode or an option is not valid, or with [ErrExists],
// [ErrName], [ErrNoSpace], [ErrNoMemory], [ErrPermission] or [ErrSystem]. On failure, no block is
// left.
func NewArray[T Element](shape []int, options ...CreateOption) (*Array[T], error) {
	return arrayOrError[T](createArray(elementOf[T]().descr(), shape, nil, options))
}

// NewArrayOf makes a new array of that shape and opens it. The items are copied in C order (the last
// index varies fastest), before any other process sees the array. It accepts the options of
// [NewArray], and fails with the errors of [NewArray], or with [ErrArgument] if the number of items
// is not the product of the shape.
func NewArrayOf[T Element](items []T, shape []int, options ...CreateOption) (*Array[T], error) {
	bytes := []byte{}
	if len(items) > 0 {
		bytes = unsafe.Slice((*byte)(unsafe.Pointer(&items[0])), len(items)*int(unsafe.Sizeof(items[0])))
	}
	return arrayOrError[T](createArray(elementOf[T]().descr(), shape, bytes, options))
}

// OpenArray opens the array of that name, which any program may have made, in C order or in Fortran
// order (the first index varies fastest). The only option is [ReadOnly].
//
// It fails with [ErrType] if the items have another type than T; the message contains both types. It
// also fails with the errors of [OpenRawArray], which opens arrays of any type.
func OpenArray[T Element](name string, options ...OpenOption) (*Array[T], error) {
	wanted := elementOf[T]()
	return arrayOrError[T](openArray(name, options, &wanted))
}

func arrayOrError[T Element](untyped *RawArray, err error) (*Array[T], error) {
	if err != nil {
		return nil, err
	}
	return &Array[T]{*untyped}, nil
}

func (a *Array[T]) orClosed() *RawArray {
	if a == nil {
		return &closedArray
	}
	return &a.untyped
}

// Memory returns the array's block, which is a whole .npy file: a header, and then the items. Closing
// the block closes the array, and closing the array closes the block.
func (a *Array[T]) Memory() *Memory {
	return a.orClosed().memory
}

// Name returns the name of the array's block, even after Close.
func (a *Array[T]) Name() string {
	return a.orClosed().Name()
}

// Shape returns the length of each dimension, even after Close. An array has 0 to 64 dimensions.
func (a *Array[T]) Shape() []int {
	return a.orClosed().Shape()
}

// Strides returns, for each dimension, the distance in Data from an item to the next one, in items,
// even after Close: if s are the strides of an array with two dimensions, item (i, j) is
// Data()[i*s[0]+j*s[1]]. C and NumPy count strides in bytes.
func (a *Array[T]) Strides() []int {
	r := a.orClosed()
	strides := r.Strides()
	for i := range strides {
		strides[i] /= r.itemSize
	}
	return strides
}

// Len returns the number of items, which is the product of the shape, even after Close. An array
// without dimensions has one item.
func (a *Array[T]) Len() int {
	return a.orClosed().length
}

// Data returns the memory of all items, in the order in which they are in memory: in C order, the
// last index varies fastest, and in Fortran order, the first index; see [Array.Strides]. It is not a
// copy: other processes see what this process stores in it, and it shows what they store. After
// Close, Data returns nil.
//
// The slice never dangles: from the first call on, the array stays mapped until this process ends,
// even after Close. A program that opens many arrays should use [Array.At] and [Array.Set] instead,
// which do not keep them mapped. If the array was opened [ReadOnly], a store to an item raises a
// fault, which ends the program. If another process has truncated the block, an access to an item
// raises SIGBUS.
//
// If other goroutines or processes store an item at the same time, use the functions of sync/atomic,
// for the types that they have. Go assumes that a bool is stored as 0 or 1. If a process that is not
// trusted can write an array of bools, use [Array.At], or open it by [OpenRawArray].
func (a *Array[T]) Data() []T {
	r := a.orClosed()
	if !r.block().pin() {
		return nil
	}
	return itemsOf[T](r.bytes)
}

// itemsOf returns the bytes as items. They are aligned, because C has checked that.
func itemsOf[T Element](bytes []byte) []T {
	if len(bytes) == 0 {
		return []T{}
	}
	var item T
	return unsafe.Slice((*T)(unsafe.Pointer(&bytes[0])), len(bytes)/int(unsafe.Sizeof(item)))
}

// Row returns the memory of the items whose first index is i: a row of an array with two dimensions,
// an image of a sequence of images. A negative index counts from the end. The slice has the
// properties of [Array.Data].
//
// It fails with [ErrClosed], with [ErrIndex] if the index is out of range or the array has no
// dimensions, or with [ErrNotContiguous] if the array is in Fortran order and its rows are not
// contiguous.
func (a *Array[T]) Row(i int) ([]T, error) {
	r := a.orClosed()
	if !r.block().pin() {
		return nil, r.closed()
	}
	if len(r.shape) == 0 {
		return nil, newError(ErrIndex, "array '%s' has no rows: it has no dimensions", r.memory.name)
	}
	row, rows := i, r.shape[0]
	if row < 0 {
		row += rows
	}
	if row < 0 || row >= rows {
		return nil, newError(ErrIndex, "row %d out of range: array '%s' has %d rows", i, r.memory.name, rows)
	}
	if !r.isCOrder() {
		return nil, newError(ErrNotContiguous, "array '%s' is in Fortran order: the items of a row are not contiguous", r.memory.name)
	}
	size := len(r.bytes) / rows
	return itemsOf[T](r.bytes[row*size : (row+1)*size : (row+1)*size]), nil
}

// At returns one item. It takes one index for each dimension, from 0 or, if it is negative, from the
// end. For many items, [Array.Data] and [Array.Row] are faster. A bool is true if its byte is not 0.
//
// It fails with [ErrClosed], or with [ErrIndex] if an index is out of range, or if there are more or
// less indexes than dimensions. If another process has truncated the block, the call raises SIGBUS.
func (a *Array[T]) At(indexes ...int) (value T, err error) {
	r := a.orClosed()
	m := r.block()
	if !m.acquire() {
		return value, r.closed()
	}
	defer m.release()
	offset, ok := r.locate(indexes)
	if !ok {
		return value, r.outside(indexes)
	}
	if r.dtype == raw.DtypeBool {
		isTrue := r.bytes[offset] != 0
		return *(*T)(unsafe.Pointer(&isTrue)), nil
	}
	return *(*T)(unsafe.Pointer(&r.bytes[offset])), nil
}

// Set stores a value in one item, which the indexes select as in [Array.At]. The store is not atomic,
// and wakes no waiters.
//
// It fails with the errors of [Array.At], or with [ErrReadOnly]. If another process has truncated the
// block, the call raises SIGBUS.
func (a *Array[T]) Set(value T, indexes ...int) error {
	r := a.orClosed()
	m := r.block()
	if !m.acquire() {
		return r.closed()
	}
	defer m.release()
	if m.readOnly {
		return newError(ErrReadOnly, "array '%s' is attached read-only", m.name)
	}
	offset, ok := r.locate(indexes)
	if !ok {
		return r.outside(indexes)
	}
	*(*T)(unsafe.Pointer(&r.bytes[offset])) = value
	return nil
}

// Unlink removes the array's name. See [Memory.Unlink].
func (a *Array[T]) Unlink() error {
	return a.orClosed().Unlink()
}

// Close ends this handle's access to the array. See [Memory.Close].
func (a *Array[T]) Close() error {
	return a.orClosed().Close()
}

// String returns the array's type, name and shape in a form for people to read.
func (a *Array[T]) String() string {
	r := a.orClosed()
	return r.describe(fmt.Sprintf("Array[%s](%q, %v", kindOf[T](), r.block().name, r.shape))
}
