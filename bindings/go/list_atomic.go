package shareable

import "shareable/internal/raw"

// Add adds delta to an int by one atomic operation, and returns the new value. None is lost, among all processes and
// goroutines of any language; but stock Python, which knows no atomics, may write over it.
//
// It fails with [ErrClosed], [ErrReadOnly], [ErrIndex], [ErrType] where the item is no int, [ErrOverflow] where the sum
// does not fit in 64 bits, or [ErrCorrupt], [ErrTimedOut] or [ErrSystem] as [List.Set]. The item then is as it was.
func (l *List) Add(index int, delta int64) (new int64, err error) {
	m := l.orNone()
	m.mu.RLock()
	value, status := raw.Add(m.list, index, delta)
	m.mu.RUnlock()
	if status != 0 {
		return 0, m.explain(index, status)
	}
	return value, nil
}

// Swap writes an int over an int, as [List.Add] does, and returns the old value. It fails as that, but for [ErrOverflow].
func (l *List) Swap(index int, new int64) (old int64, err error) {
	m := l.orNone()
	m.mu.RLock()
	old, status := raw.Swap(m.list, index, new)
	m.mu.RUnlock()
	if status != 0 {
		return 0, m.explain(index, status)
	}
	return old, nil
}

// CompareAndSwap writes an int where the item is the int old, as [List.Add] does, and reports whether it was. It fails
// as [List.Swap].
func (l *List) CompareAndSwap(index int, old, new int64) (swapped bool, err error) {
	m := l.orNone()
	m.mu.RLock()
	swapped, status := raw.CompareAndSwap(m.list, index, old, new)
	m.mu.RUnlock()
	if status != 0 {
		return false, m.explain(index, status)
	}
	return swapped, nil
}
