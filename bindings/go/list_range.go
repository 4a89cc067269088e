package shareable

import (
	"unsafe"

	"shareable/internal/raw"
)

// GetInts reads len(into) ints in one call, beginning with item first. It returns the number of
// items that it read: all of them, or the items before the one that the error is about. Each item
// is one atomic load; the range as a whole is not atomic.
//
// It fails with the errors of [List.GetInt], or with [ErrIndex] if the range is not inside the
// list. If another process has truncated the block, the call raises SIGBUS.
func (l *List) GetInts(first int, into []int64) (int, error) {
	if l.isShortRange(first, len(into)) {
		return getShortRange(l, first, into, formatInt)
	}
	return callRange(l, first, into, raw.List_get_ints)
}

// GetFloats reads floats as [List.GetInts] reads ints. If another process has truncated the block,
// the call raises SIGBUS.
func (l *List) GetFloats(first int, into []float64) (int, error) {
	if l.isShortRange(first, len(into)) {
		return getShortRange(l, first, into, formatFloat)
	}
	return callRange(l, first, into, raw.List_get_floats)
}

// SetInts writes the values to the items from first on in one call, and changes their types to int.
// It returns the number of items that it wrote: all of them, or the items before the one that the
// error is about. Writing over an int is one atomic store; the range as a whole is not atomic.
//
// It fails with the errors of [List.SetInt], or with [ErrIndex] if the range is not inside the
// list; then it writes nothing. If another process has truncated the block, the call raises SIGBUS.
func (l *List) SetInts(first int, values []int64) (int, error) {
	return callRange(l, first, values, raw.List_set_ints)
}

// SetFloats writes floats as [List.SetInts] writes ints. If another process has truncated the
// block, the call raises SIGBUS.
func (l *List) SetFloats(first int, values []float64) (int, error) {
	return callRange(l, first, values, raw.List_set_floats)
}

// shortRange is the number of items that Go reads one by one in less time than one call of C, which
// reads many items together.
const shortRange = 16

// isShortRange reports whether a range of the list is short, and neither empty nor out of range.
func (l *List) isShortRange(first, count int) bool {
	length := l.Len()
	if first < 0 {
		first += length
	}
	return 0 < count && count <= shortRange && 0 <= first && first <= length-count
}

// getShortRange reads ints or floats, whose words it stores.
func getShortRange[T int64 | float64](l *List, first int, into []T, format uint64) (int, error) {
	for k := range into {
		word, err := l.getNumber(first+k, format)
		if err != nil {
			return k, err
		}
		*(*uint64)(unsafe.Pointer(&into[k])) = word
	}
	return len(into), nil
}

// callRange reads or writes a range by the function call of the raw package, which stores the
// number of items that it processed.
func callRange[T any](l *List, first int, numbers []T, call func(list uintptr, first int, numbers []T, processed *int) int) (int, error) {
	m := l.orClosed()
	processed := 0
	status := m.call(func(list uintptr) int { return call(list, first, numbers, &processed) })
	return processed, m.rangeError(first, len(numbers), processed, status)
}

// rangeError returns the error for the status of a range. The error is about the range itself or
// about the item after those that were processed.
func (m *Memory) rangeError(first, count, processed, status int) error {
	switch Status(status) {
	case 0:
		return nil
	case ErrIndex:
		return newError(ErrIndex, "%d items at index %d out of range: list '%s' has %d items", count, first, m.name, m.length)
	}
	return m.itemError(first+processed, status)
}
