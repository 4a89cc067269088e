package shareable

import "shareable/internal/raw"

// Add adds delta to an int by one atomic operation, and returns the new value. None is lost, among all processes and
// goroutines of any language; but stock Python, which knows no atomics, may write over it.
//
// It fails with [ErrClosed], [ErrReadOnly], [ErrIndex], [ErrType] where the item is no int, [ErrOverflow] where the sum
// does not fit in 64 bits, or [ErrCorrupt], [ErrTimedOut] or [ErrSystem] as [List.Set]. The item then is as it was.
func (l *List) Add(index int, delta int64) (int64, error) {
	m := l.orNone()
	m.mu.RLock()
	value, status := raw.Add(m.list, index, delta)
	m.mu.RUnlock()
	if status != 0 {
		return 0, m.explain(index, status)
	}
	return value, nil
}

// Exchange writes an int over an int, as [List.Add] does, and returns the old value. It fails as that, but for
// [ErrOverflow].
func (l *List) Exchange(index int, value int64) (int64, error) {
	m := l.orNone()
	m.mu.RLock()
	before, status := raw.Exchange(m.list, index, value)
	m.mu.RUnlock()
	if status != 0 {
		return 0, m.explain(index, status)
	}
	return before, nil
}

// CompareAndSwap writes an int where the item is the int old, as [List.Add] does, and reports whether it was. It fails
// as [List.Exchange].
func (l *List) CompareAndSwap(index int, old, new int64) (bool, error) {
	m := l.orNone()
	m.mu.RLock()
	swapped, status := raw.CompareAndSwap(m.list, index, old, new)
	m.mu.RUnlock()
	if status != 0 {
		return false, m.explain(index, status)
	}
	return swapped, nil
}
