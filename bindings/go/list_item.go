package shareable

import (
	"math"
	"reflect"
	"runtime"
	"unsafe"

	"shareable/internal/raw"
)

// Loops call the typed getters and setters of numbers, so these do not allocate.

// setItem writes a value of one type by the function set of the raw package.
func setItem[T any](l *List, index int, value T, set func(list uintptr, index int, value T) int) error {
	m := l.orClosed()
	status := m.call(func(list uintptr) int { return set(list, index, value) })
	return m.itemError(index, status)
}

// itemError returns the error for a status that C returned about an item, or nil for success. It is
// small enough to be inlined.
func (m *Memory) itemError(index, status int) error {
	if status == 0 {
		return nil
	}
	return m.explainItem(index, status)
}

func (m *Memory) explainItem(index, status int) error {
	cerr := new(raw.Error)
	if m.acquire() {
		defer m.release()
	} else {
		status = int(ErrClosed) // this message needs no access to the list
	}
	raw.List_explain_item(m.list, index, status, cerr)
	runtime.KeepAlive(m)
	return goError(cerr)
}

// Get reads an item of any type and returns it as int64, float64, bool, string, []byte or nil. The
// result is a copy.
//
// It fails with [ErrClosed] or [ErrIndex], with [ErrNotReady] if the list's creator has not written
// the item yet, with [ErrCorrupt] if the item is corrupt, with [ErrUTF8] if it is a str that is not
// UTF-8, or with [ErrBusy] if a writer has held it for a second. If another process has truncated
// the block, the call raises SIGBUS.
func (l *List) Get(index int) (any, error) {
	return l.getValue(index)
}

// Set writes an item of any type and may change the type. The value is an integer, a float, a bool,
// a string, a []byte or nil, or of a type defined by one of these.
//
// It fails with [ErrClosed], [ErrReadOnly], [ErrIndex], [ErrValueType], [ErrOverflow], [ErrUTF8],
// [ErrCapacity] or [ErrTooLong], with [ErrKeyItem] if the item is a key of a [Dict], with
// [ErrNotReady] if the list's creator has not written the item yet, with [ErrCorrupt] if the item's
// slot cannot be found, with [ErrBusy] if another writer has held the item for a second, or with
// [ErrSystem] if this process cannot take its liveness lock. On failure, the item does not change.
// If another process has truncated the block, the call raises SIGBUS.
func (l *List) Set(index int, value any) error {
	s, status := scalarOf(value)
	if status != 0 {
		return l.orClosed().valueError(index, status, value)
	}
	switch s.kind {
	case TypeInt:
		return l.SetInt(index, int64(s.bits))
	case TypeFloat:
		return l.SetFloat(index, math.Float64frombits(s.bits))
	case TypeBool:
		return l.SetBool(index, s.bits != 0)
	case TypeStr:
		return l.SetString(index, s.text)
	case TypeBytes:
		return l.setBytes(index, s.text)
	}
	return l.SetNone(index)
}

// At reads an item that must have the type of T: an int for int64 and int, a float for float64, a
// bool, a str for string, bytes for []byte. It is the typed getter for generic code:
//
//	every, err := shareable.At[time.Duration](list, 0)
//
// For int64, int and float64, At takes as long as [List.GetInt]. For bools and for defined types
// like time.Duration, it takes two to three times as long, because it examines T at each call.
//
// It fails with the errors of [List.GetInt], or with [ErrOverflow] if int has 32 bits and the item
// does not fit. If another process has truncated the block, the call raises SIGBUS.
func At[T Item](l *List, index int) (T, error) {
	switch any((*T)(nil)).(type) { // takes less time than kindOf
	case *int64:
		word, err := l.getNumber(index, formatInt)
		return *(*T)(unsafe.Pointer(&word)), err
	case *int:
		value, err := l.getGoInt(index)
		return *(*T)(unsafe.Pointer(&value)), err
	case *float64:
		word, err := l.getNumber(index, formatFloat)
		return *(*T)(unsafe.Pointer(&word)), err
	}
	return atKind[T](l, index)
}

func atKind[T Item](l *List, index int) (value T, err error) {
	err = l.getInto(unsafe.Pointer(&value), kindOf[T](), index)
	return value, err
}

// getInto reads an item of the Go type of that kind into a variable of that type.
func (l *List) getInto(pointer unsafe.Pointer, kind reflect.Kind, index int) (err error) {
	switch kind {
	case reflect.Int64:
		*(*int64)(pointer), err = l.GetInt(index)
	case reflect.Int:
		*(*int)(pointer), err = l.getGoInt(index)
	case reflect.Float64:
		*(*float64)(pointer), err = l.GetFloat(index)
	case reflect.Bool:
		*(*bool)(pointer), err = l.GetBool(index)
	case reflect.String:
		*(*string)(pointer), err = l.GetString(index)
	default:
		*(*[]byte)(pointer), err = l.GetBytes(index)
	}
	return err
}

// getGoInt reads an int that must fit Go's int.
func (l *List) getGoInt(index int) (int, error) {
	value, err := l.GetInt(index)
	if err == nil && int64(int(value)) != value {
		return 0, l.orClosed().itemError(index, int(ErrOverflow))
	}
	return int(value), err
}

// GetInt reads an int in one atomic load. It fails with the errors of [List.Get], or with [ErrType]
// if the item has another type. If another process has truncated the block, the call raises SIGBUS.
func (l *List) GetInt(index int) (int64, error) {
	word, err := l.getNumber(index, formatInt)
	return int64(word), err
}

// GetFloat reads a float in one atomic load. It fails with the errors of [List.GetInt]. If another
// process has truncated the block, the call raises SIGBUS.
func (l *List) GetFloat(index int) (float64, error) {
	word, err := l.getNumber(index, formatFloat)
	return math.Float64frombits(word), err
}

// GetBool reads a bool. It fails with the errors of [List.GetInt]. If another process has truncated
// the block, the call raises SIGBUS.
func (l *List) GetBool(index int) (bool, error) {
	word, err := l.getNumber(index, formatBool)
	return word&boolMask != 0, err
}

// GetString reads a str. It fails with the errors of [List.GetInt]. If another process has
// truncated the block, the call raises SIGBUS.
func (l *List) GetString(index int) (string, error) {
	text, err := l.getText(index, TypeStr, codeStr)
	return stringOf(text), err
}

// GetBytes returns a copy of an item that is bytes. It fails with the errors of [List.GetInt]. If
// another process has truncated the block, the call raises SIGBUS.
func (l *List) GetBytes(index int) ([]byte, error) {
	return l.getText(index, TypeBytes, codeBytes)
}

// SetInt writes an int, in one atomic store if the item was an int. It fails with the errors of
// [List.Set]. If another process has truncated the block, the call raises SIGBUS.
func (l *List) SetInt(index int, value int64) error {
	if l.store(index, formatInt, uint64(value)) {
		return nil
	}
	return setItem(l, index, value, raw.List_set_int)
}

// SetFloat writes a float, in one atomic store if the item was a float. It fails with the errors of
// [List.Set]. If another process has truncated the block, the call raises SIGBUS.
func (l *List) SetFloat(index int, value float64) error {
	if l.store(index, formatFloat, math.Float64bits(value)) {
		return nil
	}
	return setItem(l, index, value, raw.List_set_float)
}

// SetBool writes a bool, in one atomic store if the item was a bool. It fails with the errors of
// [List.Set]. If another process has truncated the block, the call raises SIGBUS.
func (l *List) SetBool(index int, value bool) error {
	number, word := 0, uint64(0)
	if value {
		number, word = 1, boolWord
	}
	if l.store(index, formatBool, word) {
		return nil
	}
	return setItem(l, index, number, raw.List_set_bool)
}

// SetString writes a str. It fails with the errors of [List.Set]. If another process has truncated
// the block, the call raises SIGBUS.
func (l *List) SetString(index int, value string) error {
	return setItem(l, index, value, raw.List_set_str)
}

// SetBytes writes bytes. It fails with the errors of [List.Set]. If another process has truncated
// the block, the call raises SIGBUS.
func (l *List) SetBytes(index int, value []byte) error {
	return l.setBytes(index, stringOf(value))
}

func (l *List) setBytes(index int, value string) error {
	return setItem(l, index, value, raw.List_set_bytes)
}

// SetNone writes None, which [List.Get] returns as nil. It fails with the errors of [List.Set]. If
// another process has truncated the block, the call raises SIGBUS.
func (l *List) SetNone(index int) error {
	m := l.orClosed()
	status := m.call(func(list uintptr) int { return raw.List_set_none(list, index) })
	return m.itemError(index, status)
}

// Type returns the type that an item has now. It fails with [ErrClosed], [ErrIndex], [ErrNotReady],
// [ErrCorrupt] or [ErrBusy]. If another process has truncated the block, the call raises SIGBUS.
func (l *List) Type(index int) (Type, error) {
	m := l.orClosed()
	kind := uint32(0)
	status := m.call(func(list uintptr) int { return raw.List_type(list, index, &kind) })
	return Type(kind), m.itemError(index, status)
}

// Capacity returns the number of bytes of text that an item has room for. It never changes.
// Capacity fails with [ErrClosed], [ErrIndex], or [ErrCorrupt] if the item's offset is corrupt. If
// another process has truncated the block, the call raises SIGBUS.
func (l *List) Capacity(index int) (int, error) {
	m := l.orClosed()
	size := 0
	status := m.call(func(list uintptr) int { return raw.List_capacity(list, index, &size) })
	return size, m.itemError(index, status)
}
