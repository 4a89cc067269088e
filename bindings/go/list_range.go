package shareable

import "shareable/internal/raw"

// GetInts reads len(into) ints, from item first on, in one call, and returns how many: all of them, or those in
// front of the item that the error is about. Each is read at one load; the range as a whole is not.
//
// It fails as [List.GetInt], or with [ErrIndex] where the range does not lie in the list.
func (l *List) GetInts(first int, into []int64) (int, error) {
	m := l.orNone()
	done := 0
	m.mu.RLock()
	status := raw.List_get_ints(m.list, first, into, &done)
	m.mu.RUnlock()
	return done, m.explainRange(first, len(into), done, status)
}

// GetFloats reads floats as [List.GetInts] reads ints.
func (l *List) GetFloats(first int, into []float64) (int, error) {
	m := l.orNone()
	done := 0
	m.mu.RLock()
	status := raw.List_get_floats(m.list, first, into, &done)
	m.mu.RUnlock()
	return done, m.explainRange(first, len(into), done, status)
}

// SetInts writes the values to the items from first on, in one call, whatever types those had, and returns how many:
// all of them, or those in front of the item that the error is about. Each is written at one store where the item
// was an int; the range as a whole is not.
//
// It fails as [List.SetInt], or with [ErrIndex] where the range does not lie in the list: then nothing is written.
func (l *List) SetInts(first int, values []int64) (int, error) {
	m := l.orNone()
	done := 0
	m.mu.RLock()
	status := raw.List_set_ints(m.list, first, values, &done)
	m.mu.RUnlock()
	return done, m.explainRange(first, len(values), done, status)
}

// SetFloats writes floats as [List.SetInts] writes ints.
func (l *List) SetFloats(first int, values []float64) (int, error) {
	m := l.orNone()
	done := 0
	m.mu.RLock()
	status := raw.List_set_floats(m.list, first, values, &done)
	m.mu.RUnlock()
	return done, m.explainRange(first, len(values), done, status)
}

// explainRange makes the error of a range. It is about the item that stopped it, or the range's ends.
func (m *Memory) explainRange(first, count, done, status int) error {
	switch Status(status) {
	case 0:
		return nil
	case ErrIndex:
		return newError(ErrIndex, "%d items from %d on: list '%s' has %d items", count, first, m.name, m.length)
	}
	return m.explain(first+done, status)
}
