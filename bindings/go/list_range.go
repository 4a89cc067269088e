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
	return getRange(l, first, into, formatInt, raw.List_get_ints)
}

// GetFloats reads floats as [List.GetInts] reads ints. If another process has truncated the block,
// the call raises SIGBUS.
func (l *List) GetFloats(first int, into []float64) (int, error) {
	return getRange(l, first, into, formatFloat, raw.List_get_floats)
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

// goRange is the length from which on one call of C takes less time than reading in Go.
const goRange = 64

// batch is the number of items that are read together, if the number of the first one is a multiple
// of it.
const batch = 8

// getRange reads ints or floats by their format. It reads a short range in Go.
func getRange[T int64 | float64](l *List, first int, into []T, format uint64,
	call func(list uintptr, first int, into []T, processed *int) int) (int, error) {
	start, ok := l.findRange(first, len(into))
	if !ok || len(into) >= goRange {
		return callRange(l, first, into, call)
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&into[0])), len(into))
	for k := 0; k < len(words); k++ {
		if i := start + uint64(k); i%batch == 0 && len(words)-k >= batch && l.getBatch(i, words[k:], format) {
			k += batch - 1
			continue
		}
		word, err := l.getNumber(first+k, format)
		if err != nil {
			return k, err
		}
		words[k] = word
	}
	return len(words), nil
}

// findRange returns the number of the first item of a range. It returns false if C must read the
// range, for example because it is empty or not inside the list.
func (l *List) findRange(first, count int) (start uint64, ok bool) {
	if l == nil || count == 0 {
		return 0, false
	}
	start, ok = l.block.access.find(first)
	return start, ok && uint64(count) <= l.block.access.count-start
}

// getBatch reads the items from i on together, if their slots are contiguous. A write adds to a
// version word. So if the sum of the words is unchanged, no item was written, except numbers over
// numbers of the same type.
func (l *List) getBatch(i uint64, words []uint64, format uint64) bool {
	a := &l.block.access
	versions, flags := a.versionSum(i)
	start := load(a.offsets, i)
	differences := load(a.codes, i/batch)
	for k := uint64(0); k < batch; k++ {
		differences |= load(a.formats, i+k) ^ format
		differences |= load(a.offsets, i+k+1) ^ (start + 8*(k+1))
	}
	if flags&unreadable != 0 || differences != 0 || start&7 != 0 || start > a.dataSize || start+8*batch > a.dataSize {
		return false
	}
	for k := range words[:batch] {
		words[k] = load(a.data, start/8+uint64(k))
	}
	again, _ := a.versionSum(i)
	return again == versions && l.block.isOpen()
}

// versionSum returns the sum of the version words of a batch, and the flags set in any of them.
func (a *access) versionSum(i uint64) (sum, flags uint64) {
	for k := uint64(0); k < batch; k++ {
		word := load(a.versions, i+k)
		sum += word
		flags |= word
	}
	return sum, flags
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
