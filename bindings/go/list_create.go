package shareable

import (
	"reflect"
	"unsafe"

	"shareable/internal/raw"
)

// NewList makes a new list of the values and opens it. It accepts every [CreateOption]. Use
// [NewListOf] if all values have one type.
//
// It fails with the errors of [NewMemory], or with [ErrValueType], [ErrOverflow], [ErrUTF8] or
// [ErrTooLong]; the message contains the index of the item. On failure, no block is left.
func NewList(values []any, options ...CreateOption) (*List, error) {
	c, err := newListCreation(options)
	if err != nil {
		return nil, err
	}
	if integers := intsOf(values); integers != nil {
		return c.listOfInts(integers)
	}
	return c.list(values)
}

// NewListOf makes a new list of values of one type and opens it. It passes int64s, ints of 64 bits
// and float64s to C without converting them one by one:
//
//	list, err := shareable.NewListOf(make([]float64, 1000000), shareable.WithName("samples"))
//
// It accepts every [CreateOption], and fails with the errors of [NewList].
func NewListOf[T Item](values []T, options ...CreateOption) (*List, error) {
	c, err := newListCreation(options)
	if err != nil {
		return nil, err
	}
	switch kind := kindOf[T](); {
	case kind == reflect.Float64:
		return c.listOfFloats(*(*[]float64)(unsafe.Pointer(&values)))
	case kind == reflect.Int64 || kind == reflect.Int && unsafe.Sizeof(int(0)) == 8:
		return c.listOfInts(*(*[]int64)(unsafe.Pointer(&values)))
	}
	anys := make([]any, len(values))
	for i, value := range values {
		anys[i] = value
	}
	return c.list(anys)
}

func (c *creation) list(values []any) (*List, error) {
	p, err := pack(values, c.ccapacity)
	if err != nil {
		return nil, err
	}
	defer p.free()
	list, cerr := uintptr(0), new(raw.Error)
	status := raw.List_create(&list, c.cname, p.values, c.flags, c.mode, cerr)
	return listOrError(list, status, cerr)
}

func (c *creation) listOfInts(integers []int64) (*List, error) {
	cerr := new(raw.Error)
	list, status := raw.CreateInts(c.cname, integers, c.flags, c.mode, cerr)
	return listOrError(list, status, cerr)
}

func (c *creation) listOfFloats(reals []float64) (*List, error) {
	cerr := new(raw.Error)
	list, status := raw.CreateFloats(c.cname, reals, c.flags, c.mode, cerr)
	return listOrError(list, status, cerr)
}

// listOrError returns the list that C made, or the error that C reported.
func listOrError(list uintptr, status int, cerr *raw.Error) (*List, error) {
	if status != 0 {
		return nil, goError(cerr)
	}
	l := new(List)
	l.block.list = list
	l.adopt()
	return l, nil
}
