package shareable

import (
	"unsafe"

	"shareable/internal/raw"
)

// Int64s returns the list's memory itself, where all of its items are ints: not a copy, so what others write is seen, and
// what is stored is shared. Item i is the slice's element i. It takes the time of one look at each item.
//
// The slice never dangles: from the first call on the list stays mapped in this process, and keeps its file descriptor,
// until that ends, whether or not the list is closed. A program that goes through many lists uses [List.GetInts]
// and [List.SetInts] instead, which do not keep anything.
//
// An element that others write meanwhile is read by [sync/atomic.LoadInt64] of its address and written by
// [sync/atomic.StoreInt64], as Go's memory model has it; on a machine of 64 bits any load or store of one element is
// whole. To change one by what it was, use [sync/atomic.AddInt64] or [sync/atomic.CompareAndSwapInt64], which go together
// with [List.Add] and [List.CompareAndSwap] of every process. A store wakes nobody: who waits in [List.Wait] finds it
// within 50 milliseconds. The slice is for lists whose items keep their type: of an item that somebody makes a text
// or a float, the element holds other bits. Of a list that was opened [ReadOnly], storing is a fault, which ends the
// program.
//
// It fails with [ErrClosed]; or with [ErrType] where an item is no int, [ErrApart] where one has room for a text, or
// [ErrCorrupt] or [ErrTimedOut] as [List.Get]: the sentence says which item.
func (l *List) Int64s() ([]int64, error) {
	return numbersOf[int64](l, TypeInt)
}

// Float64s returns the memory of a list whose items are all floats, as [List.Int64s] does of ints. As sync/atomic has no
// floats, those that others write meanwhile are read by [List.GetFloat] or [List.GetFloats].
func (l *List) Float64s() ([]float64, error) {
	return numbersOf[float64](l, TypeFloat)
}

func numbersOf[T int64 | float64](l *List, kind Type) ([]T, error) {
	m := l.orNone()
	m.mu.RLock()
	first, at, status := raw.View(m.list, uint32(kind))
	m.mu.RUnlock()
	if status == 0 && !m.keep() {
		status = int(ErrClosed)
	}
	if status != 0 {
		return nil, m.explain(at, status)
	}
	return unsafe.Slice((*T)(first), m.length), nil
}
