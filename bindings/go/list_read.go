package shareable

import (
	"math"
	"runtime"
	"sync/atomic"

	"shareable/internal/raw"
)

// Reads of items in Go. A reader loads the version word, the item, and the version word again. If
// both words are equal, and the handle is still open, the item is one value (layout.md, "Reading").
// The reader tries more than once, since a write takes less time than a call of C. Then it calls C,
// which waits for the writer, recovers the item of a dead writer, or returns the error.
const readAttempts = 4

// slowReads counts the reads for which C was called. Tests read it.
var slowReads atomic.Uint64

// isUnchanged reports whether what was read since the version was loaded belongs to one value. It
// keeps the handle, and so the mapping, alive until then.
func (l *List) isUnchanged(i, version uint64) bool {
	unchanged := load(l.block.access.versions, i) == version && l.block.mu.isOpen.Load()
	runtime.KeepAlive(l)
	return unchanged
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
		if version&unreadable != 0 || size == 0 || load(a.formats, i) != format || a.code(i) != codeNumber {
			continue
		}
		word := load(a.data, start/8)
		if l.isUnchanged(i, version) {
			return word, nil
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
	for attempt := 0; attempt < readAttempts; attempt++ {
		if text, ok := l.readText(index, code); ok {
			return text, nil
		}
	}
	item, err := l.callGet(index)
	if err == nil && Type(item.Type) != kind {
		return nil, l.orClosed().itemError(index, int(ErrType))
	}
	return item.Text, err
}

// readText reads a text in Go.
func (l *List) readText(index int, code uint64) (text []byte, ok bool) {
	if l == nil {
		return nil, false
	}
	a := &l.block.access
	i, ok := a.find(index)
	if !ok {
		return nil, false
	}
	version := load(a.versions, i)
	start, size := a.slot(i)
	if version&unreadable != 0 || size == 0 || a.code(i) != code {
		return nil, false
	}
	text, ok = a.text(start, size, load(a.formats, i))
	return text, ok && l.isUnchanged(i, version) && isText(text, code)
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
		if version&unreadable != 0 || size == 0 {
			continue
		}
		format := load(a.formats, i)
		switch a.code(i) {
		case codeNumber:
			word := load(a.data, start/8)
			if value, ok := numberOf(format, word); ok && l.isUnchanged(i, version) {
				return value, nil
			}
		case codeNone:
			if format == formatNone && l.isUnchanged(i, version) {
				return nil, nil
			}
		case codeStr:
			if text, ok := l.readText(index, codeStr); ok {
				return stringOf(text), nil
			}
		case codeBytes:
			if text, ok := l.readText(index, codeBytes); ok {
				return text, nil
			}
		}
	}
	item, err := l.callGet(index)
	if err != nil {
		return nil, err
	}
	return goValue(item), nil
}

// numberOf returns the value of a word in the format of an int, a float or a bool.
func numberOf(format, word uint64) (value any, ok bool) {
	switch format {
	case formatInt:
		return int64(word), true
	case formatFloat:
		return math.Float64frombits(word), true
	case formatBool:
		return word&boolMask != 0, true
	}
	return nil, false
}
