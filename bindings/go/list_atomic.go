package shareable

import "shareable/internal/raw"

// Add adds delta to an int in one atomic operation and returns the new value. No addition by this
// library is lost, in any process, goroutine or language. Stock Python has no atomic operations: a
// write by stock Python may overwrite an addition.
//
// It fails with [ErrClosed], [ErrReadOnly] or [ErrIndex], with [ErrType] if the item is not an int,
// with [ErrOverflow] if the sum does not fit in 64 bits, or with [ErrNotReady], [ErrCorrupt],
// [ErrBusy] or [ErrSystem] as [List.Set] does. On failure, the item does not change. If another
// process has truncated the block, the call raises SIGBUS.
func (l *List) Add(index int, delta int64) (new int64, err error) {
	before, result := l.write(index, formatInt, change{operation: add, operand: uint64(delta)})
	switch result {
	case written:
		return int64(before) + delta, nil
	case overflowed:
		return 0, l.block.itemError(index, int(ErrOverflow))
	}
	return l.callAdd(index, delta)
}

func (l *List) callAdd(index int, delta int64) (new int64, err error) {
	m := l.orClosed()
	status := m.call(func(list uintptr) (status int) {
		new, status = raw.Add(list, index, delta)
		return status
	})
	return new, m.itemError(index, status)
}

// Swap replaces an int in one atomic operation and returns the old value. It fails with the errors
// of [List.Add], except [ErrOverflow]. If another process has truncated the block, the call raises
// SIGBUS.
func (l *List) Swap(index int, new int64) (old int64, err error) {
	before, result := l.write(index, formatInt, change{operation: swap, operand: uint64(new)})
	if result == written {
		return int64(before), nil
	}
	return l.callSwap(index, new)
}

func (l *List) callSwap(index int, new int64) (old int64, err error) {
	m := l.orClosed()
	status := m.call(func(list uintptr) (status int) {
		old, status = raw.Swap(list, index, new)
		return status
	})
	return old, m.itemError(index, status)
}

// CompareAndSwap replaces an int by new in one atomic operation if it is old, and reports whether
// it did. It fails with the errors of [List.Swap]. If another process has truncated the block, the
// call raises SIGBUS.
func (l *List) CompareAndSwap(index int, old, new int64) (swapped bool, err error) {
	c := change{operation: compareAndSwap, operand: uint64(new), expected: uint64(old)}
	if _, result := l.write(index, formatInt, c); result != unwritten {
		return result == written, nil
	}
	return l.callCompareAndSwap(index, old, new)
}

func (l *List) callCompareAndSwap(index int, old, new int64) (swapped bool, err error) {
	m := l.orClosed()
	status := m.call(func(list uintptr) (status int) {
		swapped, status = raw.CompareAndSwap(list, index, old, new)
		return status
	})
	return swapped, m.itemError(index, status)
}
