package shareable

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"

	"shareable/internal/raw"
)

// RawArray is a handle of an array of items of any type, as bytes: fields of a structure, texts,
// float16, dates, and numbers in the other byte order or not aligned in memory. [Array] is the
// handle of an array of numbers.
type RawArray struct {
	memory   *Memory
	bytes    []byte // the items, also after Close
	shape    []int
	strides  []int // in bytes
	length   int   // number of items
	itemSize int   // in bytes
	dtype    int
	descr    string
}

var (
	_ io.Closer    = (*RawArray)(nil)
	_ fmt.Stringer = (*RawArray)(nil)
)

// closedArray is used in place of a nil handle.
var closedArray RawArray

// NewRawArray makes a new array of items of any type, all bytes zero, in C order, and opens it. The
// description of the type is that of a .npy file: the Python literal of a string, such as
// "'<f2'", or of a list of fields, such as "[('x', '<f4'), ('y', '<f4')]". The shape and the options
// are those of [NewArray].
//
// It fails with the errors of [NewArray], or with [ErrArgument] if the description is not valid, or
// is that of Python objects.
func NewRawArray(descr string, shape []int, options ...CreateOption) (*RawArray, error) {
	return createArray(descr, shape, nil, options)
}

// NewRawArrayOf makes a new array as [NewRawArray] does. The bytes of the items are copied in C order
// without gaps, before any other process sees the array. It also fails with [ErrArgument] if their
// number is not the size of the array.
func NewRawArrayOf(descr string, items []byte, shape []int, options ...CreateOption) (*RawArray, error) {
	if items == nil {
		items = []byte{}
	}
	return createArray(descr, shape, items, options)
}

// OpenRawArray opens the array of that name, whatever its type is. The only option is [ReadOnly].
//
// It fails with the errors of [OpenMemory], with [ErrNotArray] if the block does not contain an
// array, or contains Python objects, or with [ErrNotReady] if the block is smaller than the array
// that its header describes.
func OpenRawArray(name string, options ...OpenOption) (*RawArray, error) {
	return openArray(name, options, nil)
}

// createArray makes an array of these items, or of zeros if items is nil.
func createArray(descr string, shape []int, items []byte, options []CreateOption) (*RawArray, error) {
	c := newCreation(options)
	if err := c.check(false); err != nil {
		return nil, err
	}
	if strings.IndexByte(descr, 0) >= 0 {
		return nil, newError(ErrArgument, "no array has the description %q: it contains a NUL", descr)
	}
	lengths := make([]uint64, len(shape))
	for i, length := range shape {
		if length < 0 {
			return nil, newError(ErrArgument, "no array has the shape %v: a length is negative", shape)
		}
		lengths[i] = uint64(length)
	}
	cdescr, cerr := append([]byte(descr), 0), new(raw.Error)
	array, status := raw.CreateArray(c.cname, &cdescr[0], lengths, items, c.flags, c.mode, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	defer raw.UnrefArray(array)
	header := raw.ReadArrayHeader(array)
	return adoptArray(array, &header)
}

// openArray opens an array. If wanted is not nil, it fails if the items have another type.
func openArray(name string, options []OpenOption, wanted *element) (*RawArray, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	cerr := new(raw.Error)
	array, status := raw.OpenArray(cname, newOpening(options).flags, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	defer raw.UnrefArray(array)
	header := raw.ReadArrayHeader(array)
	if wanted != nil && header.Dtype != wanted.dtype {
		return nil, typeError(name, &header, wanted)
	}
	return adoptArray(array, &header)
}

// typeError returns the error for an array whose items have another type than the caller wants.
func typeError(name string, header *raw.ArrayHeader, wanted *element) error {
	advice := ""
	for _, e := range elements {
		if e.dtype == header.Dtype {
			advice = fmt.Sprintf(": use OpenArray[%s]", e.kind)
		}
	}
	if advice == "" {
		advice = ": use OpenRawArray"
	}
	return newError(ErrType, "array '%s' has items of type %s, not %s%s", strings.TrimPrefix(name, "/"), itemType(header),
		wanted.kind, advice)
}

// adoptArray returns an array with its own reference to the block.
func adoptArray(array uintptr, header *raw.ArrayHeader) (*RawArray, error) {
	m := new(Memory)
	m.handle = raw.TakeMemory(array)
	m.adopt()
	runtime.SetFinalizer(m, (*Memory).finalize)
	r := &RawArray{memory: m, dtype: header.Dtype, descr: header.Descr, itemSize: int(header.ItemSize)}
	r.bytes = m.bytes[header.Offset : header.Offset+header.Size : header.Offset+header.Size]
	fits := true
	for i, length := range header.Shape {
		fits = fits && length <= math.MaxInt && header.Strides[i] <= math.MaxInt
		r.shape = append(r.shape, int(length))
		r.strides = append(r.strides, int(header.Strides[i]))
	}
	if fits {
		r.length, fits = count(r.shape)
	}
	if !fits { // only if there are no bytes, and an int has 32 bits
		m.Close()
		return nil, newError(ErrNotArray, "block '%s' does not contain an array: its shape %v is too large", m.name, header.Shape)
	}
	return r, nil
}

// count returns the number of items of an array of that shape, and whether it fits in an int. The
// lengths are not negative.
func count(shape []int) (int, bool) {
	items, isEmpty := 1, false
	for _, length := range shape {
		switch {
		case length == 0:
			isEmpty = true
		case items > math.MaxInt/length:
			return 0, false
		default:
			items *= length
		}
	}
	if isEmpty {
		return 0, true
	}
	return items, true
}

func (r *RawArray) orClosed() *RawArray {
	if r == nil {
		return &closedArray
	}
	return r
}

// block returns the memory, which counts as closed if the handle is nil or zero.
func (r *RawArray) block() *Memory {
	return r.memory.orClosed()
}

func (r *RawArray) closed() error {
	return newError(ErrClosed, "array '%s' is closed: open it again", r.block().name)
}

// locate returns the offset of an item in the array's bytes, and whether the array has the item.
func (r *RawArray) locate(indexes []int) (offset int, ok bool) {
	if len(indexes) != len(r.shape) {
		return 0, false
	}
	for i, index := range indexes {
		if index < 0 {
			index += r.shape[i]
		}
		if index < 0 || index >= r.shape[i] {
			return 0, false
		}
		offset += index * r.strides[i]
	}
	return offset, true
}

// outside returns the error for an item that the array does not have. The indexes are copied, so
// that they are on the stack of a call that succeeds.
func (r *RawArray) outside(indexes []int) error {
	copied := append([]int{}, indexes...)
	if len(indexes) != len(r.shape) {
		return newError(ErrIndex, "%d indexes for array '%s': an item has %d", len(copied), r.block().name, len(r.shape))
	}
	return newError(ErrIndex, "item %v out of range: array '%s' has the shape %v", copied, r.block().name, r.shape)
}

// isCOrder reports whether the last index varies fastest in memory. The strides of dimensions with
// less than two items do not matter.
func (r *RawArray) isCOrder() bool {
	stride := r.itemSize
	for i := len(r.shape) - 1; i >= 0; i-- {
		if r.shape[i] > 1 && r.strides[i] != stride {
			return false
		}
		if r.shape[i] > 0 {
			stride *= r.shape[i]
		}
	}
	return true
}

// Memory returns the array's block, which is a whole .npy file: a header, and then the items. Closing
// the block closes the array, and closing the array closes the block.
func (r *RawArray) Memory() *Memory {
	return r.orClosed().memory
}

// Name returns the name of the array's block, even after Close.
func (r *RawArray) Name() string {
	return r.orClosed().block().name
}

// Descr returns the type of the items as it is in the header, in UTF-8, even after Close: see
// [NewRawArray].
func (r *RawArray) Descr() string {
	return r.orClosed().descr
}

// ItemSize returns the size of one item in bytes, which may be 0, even after Close.
func (r *RawArray) ItemSize() int {
	return r.orClosed().itemSize
}

// Shape returns the length of each dimension, even after Close. An array has 0 to 64 dimensions.
func (r *RawArray) Shape() []int {
	return append([]int{}, r.orClosed().shape...)
}

// Strides returns, for each dimension, the distance in Bytes from an item to the next one, in
// bytes, even after Close.
func (r *RawArray) Strides() []int {
	return append([]int{}, r.orClosed().strides...)
}

// Len returns the number of items, which is the product of the shape, even after Close. An array
// without dimensions has one item.
func (r *RawArray) Len() int {
	return r.orClosed().length
}

// Bytes returns the memory of all items, in the order in which they are in memory: it is not a copy.
// It has the properties of [Memory.Bytes]: it returns nil after Close, and the array stays mapped
// until this process ends.
func (r *RawArray) Bytes() []byte {
	r = r.orClosed()
	if !r.block().pin() {
		return nil
	}
	return r.bytes
}

// At returns the memory of one item, which has the properties of [RawArray.Bytes]. It takes one
// index for each dimension, from 0 or, if it is negative, from the end. It fails with [ErrClosed] or
// [ErrIndex].
func (r *RawArray) At(indexes ...int) ([]byte, error) {
	r = r.orClosed()
	if !r.block().pin() {
		return nil, r.closed()
	}
	offset, ok := r.locate(indexes)
	if !ok {
		return nil, r.outside(indexes)
	}
	return r.bytes[offset : offset+r.itemSize : offset+r.itemSize], nil
}

// Unlink removes the array's name. See [Memory.Unlink].
func (r *RawArray) Unlink() error {
	return r.orClosed().block().Unlink()
}

// Close ends this handle's access to the array. See [Memory.Close].
func (r *RawArray) Close() error {
	return r.orClosed().block().Close()
}

// String returns the array's name, type and shape in a form for people to read.
func (r *RawArray) String() string {
	r = r.orClosed()
	return r.describe(fmt.Sprintf("RawArray(%q, %s, %v", r.block().name, r.descr, r.shape))
}

func (r *RawArray) describe(start string) string {
	if !r.block().isOpen() {
		return start + ", closed)"
	}
	return start + ")"
}
