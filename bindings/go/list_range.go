package shareable

import "shareable/internal/raw"

// GetInts reads len(into) ints in one call, beginning with item first. It returns the number of
// items that it read: all of them, or those before the item that the error is about. Each item is
// one atomic load; the range as a whole is not atomic.
//
// It fails with the errors of [List.GetInt], or with [ErrIndex] if the range is not inside the
// list.
func (l *List) GetInts(first int, into []int64) (int, error) {
	m := l.orClosed()
	done := 0
	m.mu.RLock()
	status := raw.List_get_ints(m.list, first, into, &done)
	m.mu.RUnlock()
	return done, m.rangeError(first, len(into), done, status)
}

// GetFloats reads floats as [List.GetInts] reads ints.
func (l *List) GetFloats(first int, into []float64) (int, error) {
	m := l.orClosed()
	done := 0
	m.mu.RLock()
	status := raw.List_get_floats(m.list, first, into, &done)
	m.mu.RUnlock()
	return done, m.rangeError(first, len(into), done, status)
}

// SetInts writes the values to the items from first on in one call, whatever types they had. It
// returns the number of items that it wrote: all of them, or those before the item that the error
// is about. Writing over an int is one atomic store; the range as a whole is not atomic.
//
// It fails with the errors of [List.SetInt], or with [ErrIndex] if the range is not inside the
// list; then it writes nothing.
func (l *List) SetInts(first int, values []int64) (int, error) {
	m := l.orClosed()
	done := 0
	m.mu.RLock()
	status := raw.List_set_ints(m.list, first, values, &done)
	m.mu.RUnlock()
	return done, m.rangeError(first, len(values), done, status)
}

// SetFloats writes floats as [List.SetInts] writes ints.
func (l *List) SetFloats(first int, values []float64) (int, error) {
	m := l.orClosed()
	done := 0
	m.mu.RLock()
	status := raw.List_set_floats(m.list, first, values, &done)
	m.mu.RUnlock()
	return done, m.rangeError(first, len(values), done, status)
}

// rangeError returns the error of a range: about the item that stopped it, or about the range's
// ends.
func (m *Memory) rangeError(first, count, done, status int) error {
	switch Status(status) {
	case 0:
		return nil
	case ErrIndex:
		return newError(ErrIndex, "%d items from %d on: list '%s' has %d items", count, first, m.name, m.length)
	}
	return m.itemError(first+done, status)
}
