package shareable

import (
	"unsafe"

	"shareable/internal/raw"
)

// Int64s returns the memory of a list whose items are all ints. Element i is item i. The slice is
// not a copy: it shows what other processes write, and they see what this process stores in it. The
// call checks every item once.
//
// The slice never dangles: from the first call on, the list stays mapped until this process ends,
// even after Close, and keeps its file descriptor. A program that opens many lists should use
// [List.GetInts] and [List.SetInts] instead, which keep neither.
//
// While other goroutines or processes write an element, read it by [sync/atomic.LoadInt64] and
// write it by [sync/atomic.StoreInt64], as Go's memory model requires. On a 64-bit machine, every
// load or store of one element is atomic. To change an element depending on its old value, use
// [sync/atomic.AddInt64] or [sync/atomic.CompareAndSwapInt64]: they work together with [List.Add]
// and [List.CompareAndSwap] in every process.
//
// A store to an element wakes no waiter: [List.Wait] notices it within 50 milliseconds. Use the
// slice only if the items keep their type: if another process writes a text or a float to an item,
// the element contains other bits. If the list was opened [ReadOnly], a store to an element raises
// a fault, which ends the program. If another process has truncated the block, an access to an
// element raises SIGBUS.
//
// It fails with [ErrClosed], with [ErrType] if an item is not an int, with [ErrNotContiguous] if an
// item has room for a longer text, or with [ErrNotReady], [ErrCorrupt] or [ErrBusy] as [List.Get]
// does. The message names the item.
func (l *List) Int64s() ([]int64, error) {
	return numbersOf[int64](l, TypeInt)
}

// Float64s returns the memory of a list whose items are all floats, as [List.Int64s] does for ints.
// The package sync/atomic has no floats: while other goroutines or processes write elements, read
// them by [List.GetFloat] or [List.GetFloats]. If another process has truncated the block, an access
// to an element raises SIGBUS.
func (l *List) Float64s() ([]float64, error) {
	return numbersOf[float64](l, TypeFloat)
}

func numbersOf[T int64 | float64](l *List, kind Type) ([]T, error) {
	m := l.orClosed()
	var first unsafe.Pointer
	badIndex := 0
	status := m.call(func(list uintptr) (status int) {
		first, badIndex, status = raw.View(list, uint32(kind))
		return status
	})
	if status == 0 && !m.pin() {
		status = int(ErrClosed)
	}
	if status != 0 {
		return nil, m.itemError(badIndex, status)
	}
	return unsafe.Slice((*T)(first), m.length), nil
}
