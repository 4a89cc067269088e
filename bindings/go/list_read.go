package shareable

import (
	"math"
	"runtime"
	"sync/atomic"

	"shareable/internal/raw"
)

// Reads of items in Go. A reader loads the version word, the item, and the version word again. If
// both words are equal, and the handle is still open, the item is one value (layout.md, "Reading").
// While a writer holds the item, the reader tries again, for about as long as a call of C takes.
// Then it calls C, which waits for the writer, recovers the item of a dead writer, or returns the
// error.
const readAttempts = 32

// slowReads counts the reads for which C was called. Tests read it.
var slowReads atomic.Uint64

// isUnchanged reports whether what was read since the version was loaded belongs to one value. It
// keeps the handle, and so the mapping, alive until then.
func (l *List) isUnchanged(i, version uint64) bool {
	unchanged := load(l.block.access.versions, i) == version && l.block.calls.isOpen.Load()
	runtime.KeepAlive(l)
	return unchanged
}

// isSettled reports whether no writer holds the item or has changed it, so that it is useless to try
// again.
func (a *access) isSettled(i, version uint64) bool {
	return version&versionLocked == 0 && load(a.versions, i) == version
}

// getNumber reads an int, a float or a bool by its format, and returns its word. It is one function
// because a call takes as long as half of the loads.
func (l *List) getNumber(index int, format uint64) (uint64, error) {
	for attempt := 0; attempt < readAttempts && l != nil; attempt++ {
		a := &l.block.access
		i, ok := a.find(index)
		if !ok {
			break
		}
		version := load(a.versions, i)
		start, size := a.slot(i)
		if version&unreadable == 0 && size != 0 && load(a.formats, i) == format && a.code(i) == codeNumber {
			word := load(a.data, start/8)
			if l.isUnchanged(i, version) {
				return word, nil
			}
		} else if a.isSettled(i, version) {
			break
		}
	}
	return l.callGetNumber(index, format)
}

// callGetNumber calls C to read a number.
func (l *List) callGetNumber(index int, format uint64) (word uint64, err error) {
	slowReads.Add(1)
	m := l.orClosed()
	status := m.call(func(list uintptr) (status int) {
		word, status = callNumber(list, index, format)
		return status
	})
	return word, m.itemError(index, status)
}

// callNumber calls C to read a number, and returns its word.
func callNumber(list uintptr, index int, format uint64) (word uint64, status int) {
	switch format {
	case formatInt:
		value, status := raw.GetInt(list, index)
		return uint64(value), status
	case formatFloat:
		value, status := raw.GetFloat(list, index)
		return math.Float64bits(value), status
	}
	value, status := raw.GetBool(list, index)
	if value {
		word = boolMask
	}
	return word, status
}

// callGet calls C to read an item of any type.
func (l *List) callGet(index int) (item raw.Item, err error) {
	slowReads.Add(1)
	m := l.orClosed()
	status := m.call(func(list uintptr) (status int) {
		item, status = raw.Get(list, index)
		return status
	})
	return item, m.itemError(index, status)
}

// getText reads a str or bytes.
func (l *List) getText(index int, kind Type, code uint64) ([]byte, error) {
	for attempt := 0; attempt < readAttempts && l != nil; attempt++ {
		a := &l.block.access
		i, ok := a.find(index)
		if !ok {
			break
		}
		version := load(a.versions, i)
		start, size := a.slot(i)
		if version&unreadable == 0 && size != 0 && a.code(i) == code {
			text, ok := a.text(start, size, load(a.formats, i))
			if l.isUnchanged(i, version) && ok && isText(text, code) {
				return text, nil
			}
		}
		if a.isSettled(i, version) {
			break
		}
	}
	item, err := l.callGet(index)
	if err == nil && Type(item.Type) != kind {
		return nil, l.orClosed().itemError(index, int(ErrType))
	}
	return item.Text, err
}

// getValue reads an item of any type.
func (l *List) getValue(index int) (any, error) {
	for attempt := 0; attempt < readAttempts && l != nil; attempt++ {
		a := &l.block.access
		i, ok := a.find(index)
		if !ok {
			break
		}
		version := load(a.versions, i)
		start, size := a.slot(i)
		if version&unreadable == 0 && size != 0 {
			format, code := load(a.formats, i), a.code(i)
			if code == codeStr || code == codeBytes {
				value, ok := a.textValue(start, size, format, code)
				if l.isUnchanged(i, version) && ok {
					return value, nil
				}
			} else {
				word := load(a.data, start/8)
				if l.isUnchanged(i, version) {
					if value, ok := wordValue(format, code, word); ok {
						return value, nil
					}
				}
			}
		}
		if a.isSettled(i, version) {
			break
		}
	}
	item, err := l.callGet(index)
	if err != nil {
		return nil, err
	}
	return goValue(item), nil
}

// textValue copies a str or bytes. The caller must check that the item has not changed.
func (a *access) textValue(start, size, format, code uint64) (value any, ok bool) {
	text, ok := a.text(start, size, format)
	if code == codeBytes {
		return text, ok
	}
	return stringOf(text), ok && isText(text, code)
}

// wordValue returns the value of an item that is one word.
func wordValue(format, code, word uint64) (value any, ok bool) {
	switch {
	case code == codeNone:
		return nil, format == formatNone
	case code != codeNumber:
		return nil, false
	case format == formatInt:
		return int64(word), true
	case format == formatFloat:
		return math.Float64frombits(word), true
	case format == formatBool:
		return word&boolMask != 0, true
	}
	return nil, false
}
