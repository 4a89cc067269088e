package shareable

import (
	"math"
	"sync/atomic"

	"shareable/internal/raw"
)

// A getter reads the item in Go. If that fails, for example because the item is being written, it
// tries again, since a write takes less time than a call of C. Then it calls C, which waits for the
// writer, recovers the item of a dead writer, or returns the error.
const readAttempts = 4

// slowReads counts the reads for which C was called. Tests read it.
var slowReads atomic.Uint64

// number reads an int, a float or a bool by its format.
func (l *List) number(index int, format uint64) (word uint64, ok bool) {
	if l == nil {
		return 0, false
	}
	word, ok = l.block.access.number(index, format)
	return word, ok && l.block.isOpen()
}

// numberAgain tries again after number has failed.
func (l *List) numberAgain(index int, format uint64) (word uint64, ok bool) {
	for attempt := 1; attempt < readAttempts && !ok; attempt++ {
		word, ok = l.number(index, format)
	}
	return word, ok
}

// callRead calls C to read an item.
func (m *Memory) callRead(index int, read func(list uintptr) (status int)) error {
	slowReads.Add(1)
	return m.itemError(index, m.call(read))
}

func (l *List) getInt(index int) (value int64, err error) {
	if word, ok := l.numberAgain(index, formatInt); ok {
		return int64(word), nil
	}
	err = l.orClosed().callRead(index, func(list uintptr) (status int) {
		value, status = raw.GetInt(list, index)
		return status
	})
	return value, err
}

func (l *List) getFloat(index int) (value float64, err error) {
	if word, ok := l.numberAgain(index, formatFloat); ok {
		return math.Float64frombits(word), nil
	}
	err = l.orClosed().callRead(index, func(list uintptr) (status int) {
		value, status = raw.GetFloat(list, index)
		return status
	})
	return value, err
}

func (l *List) getBool(index int) (value bool, err error) {
	if word, ok := l.numberAgain(index, formatBool); ok {
		return word&boolMask != 0, nil
	}
	err = l.orClosed().callRead(index, func(list uintptr) (status int) {
		value, status = raw.GetBool(list, index)
		return status
	})
	return value, err
}

// textOf reads a str or bytes in Go.
func (l *List) textOf(index int, code uint64) (text []byte, ok bool) {
	if l == nil {
		return nil, false
	}
	text, ok = l.block.access.text(index, code)
	return text, ok && l.block.isOpen()
}

func (l *List) getText(index int, kind Type, code uint64) ([]byte, error) {
	for attempt := 0; attempt < readAttempts; attempt++ {
		if text, ok := l.textOf(index, code); ok {
			return text, nil
		}
	}
	var read raw.Item
	err := l.orClosed().callRead(index, func(list uintptr) (status int) {
		read, status = raw.Get(list, index)
		if status == 0 && Type(read.Type) != kind {
			status = int(ErrType)
		}
		return status
	})
	if err != nil {
		return nil, err
	}
	return read.Text, nil
}

// value reads an item of any type in Go.
func (l *List) value(index int) (value any, ok bool) {
	if l == nil {
		return nil, false
	}
	value, ok = l.block.access.value(index)
	return value, ok && l.block.isOpen()
}

func (l *List) getValue(index int) (any, error) {
	for attempt := 1; attempt < readAttempts; attempt++ {
		if value, ok := l.value(index); ok {
			return value, nil
		}
	}
	var read raw.Item
	err := l.orClosed().callRead(index, func(list uintptr) (status int) {
		read, status = raw.Get(list, index)
		return status
	})
	if err != nil {
		return nil, err
	}
	return goValue(read), nil
}
