package shareable

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"shareable/internal/raw"
)

// List is a handle of a list of values in a block of its own: CPython's ShareableList. The length
// of a list never changes. The package's documentation describes values, lifetime and goroutines.
type List struct {
	block Memory
}

var (
	_ io.Closer    = (*List)(nil)
	_ fmt.Stringer = (*List)(nil)
)

// OpenList opens the list of that name, which may have been made by a Python program without this
// library. The time that it takes does not depend on the list's length. The only option is
// [ReadOnly].
//
// It fails with the errors of [OpenMemory], with [ErrNotList] if the block cannot contain the list
// that its header describes, or with [ErrVersion].
func OpenList(name string, options ...OpenOption) (*List, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	l, cerr := new(List), new(raw.Error)
	if raw.List_open(&l.block.list, cname, newOpening(options).flags, cerr) != 0 {
		return nil, goError(cerr)
	}
	l.adopt()
	return l, nil
}

func (l *List) adopt() {
	l.block.handle = raw.List_memory(l.block.list)
	l.block.length = raw.List_length(l.block.list)
	l.block.adopt()
	runtime.SetFinalizer(l, func(l *List) { l.block.finalize() })
}

// Memory returns the list's block. Closing the block closes the list, and closing the list closes
// the block.
func (l *List) Memory() *Memory {
	if l == nil {
		return nil
	}
	return &l.block
}

// orClosed returns the list's block, which contains the handles. If the list is nil, it returns a
// closed block.
func (l *List) orClosed() *Memory {
	return l.Memory().orClosed()
}

// valueError returns the error for a value that cannot be stored in the item.
func (m *Memory) valueError(index int, status Status, value any) error {
	return newError(status, "item %d of list '%s': %s", index, m.name, valueMessage(status, value))
}

// searchError returns the error for a search for a value that no item can have.
func (m *Memory) searchError(status Status, value any) error {
	return newError(status, "list '%s': %s", m.name, valueMessage(status, value))
}

// Name returns the name of the list's block, even after Close.
func (l *List) Name() string {
	return l.orClosed().name
}

// Len returns the number of items, even after Close.
func (l *List) Len() int {
	return l.orClosed().length
}

// Unlink removes the list's name. See [Memory.Unlink].
func (l *List) Unlink() error {
	return l.orClosed().Unlink()
}

// Close ends this handle's access to the list. See [Memory.Close].
func (l *List) Close() error {
	return l.orClosed().Close()
}

// Count returns the number of items that equal the value by Python's ==. Numbers compare by their
// exact value across int, float and bool (1 == 1.0 == true), a NaN equals nothing, and a str never
// equals bytes.
//
// It fails with [ErrClosed], [ErrValueType] or [ErrOverflow], or with [ErrNotReady], [ErrCorrupt]
// or [ErrBusy] if an item cannot be read. If another process has truncated the block, the call
// raises SIGBUS.
func (l *List) Count(value any) (int, error) {
	return l.orClosed().search(value, raw.List_count)
}

// Index returns the index of the first item that equals the value, as [List.Count] compares. It
// fails with the errors of Count, or with [ErrAbsent] if no item equals the value. If another
// process has truncated the block, the call raises SIGBUS.
func (l *List) Index(value any) (int, error) {
	return l.orClosed().search(value, raw.List_index)
}

func (m *Memory) search(value any, call func(list uintptr, value []raw.Value, result *int) int) (int, error) {
	if _, status := scalarOf(value); status != 0 {
		return 0, m.searchError(status, value)
	}
	p, err := pack([]any{value}, 0)
	if err != nil {
		return 0, err
	}
	defer p.free()
	result := 0
	status := m.call(func(list uintptr) int { return call(list, p.values, &result) })
	if status != 0 {
		return 0, m.itemError(result, status) // result is the index of the item that failed
	}
	return result, nil
}

// Format returns the struct formats of all items, one after the other, for example "8sqd". It is
// Python's ShareableList.format. It fails with [ErrClosed], or with [ErrNotReady], [ErrCorrupt] or
// [ErrBusy] if an item cannot be read. If another process has truncated the block, the call raises
// SIGBUS.
func (l *List) Format() (string, error) {
	m := l.orClosed()
	buffer, length := make([]byte, 8*m.length), 0
	status := m.call(func(list uintptr) int { return raw.List_format(list, buffer, &length) })
	if status != 0 {
		return "", m.itemError(length, status)
	}
	return string(buffer[:length]), nil
}

// each calls yield with each item until yield returns false.
func (l *List) each(yield func(value any, err error) bool) {
	for i, n := 0, l.Len(); i < n; i++ {
		if !yield(l.Get(i)) {
			return
		}
	}
}

// Values returns all items in order. If an item cannot be read, it returns the error of [List.Get]
// for the first such item. If another process has truncated the block, the call raises SIGBUS.
func (l *List) Values() ([]any, error) {
	values := make([]any, l.Len())
	if len(values) == 0 { // no item has an error that shows that the list is closed
		if _, err := l.Format(); err != nil {
			return nil, err
		}
	}
	for i := range values {
		value, err := l.Get(i)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// String returns the list's name and its items in a form for people to read. If another process has
// truncated the block, the call raises SIGBUS.
func (l *List) String() string {
	m := l.orClosed()
	if !m.isOpen() {
		return fmt.Sprintf("List(%q, %d items, closed)", m.name, m.length)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "List(%q, [", m.name)
	separator := ""
	for i := 0; i < m.length; i++ {
		value, err := l.Get(i)
		text.WriteString(separator)
		text.WriteString(literal(value, err))
		separator = ", "
	}
	text.WriteString("])")
	return text.String()
}

func literal(value any, err error) string {
	if err != nil {
		return "?"
	}
	switch v := value.(type) {
	case nil:
		return "nil"
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("[]byte(%q)", v)
	}
	return fmt.Sprint(value)
}
