package shareable

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"shareable/internal/raw"
)

// List is a list of values in a block of its own, as this process has it open: CPython's ShareableList. Its length
// never changes. See the package's documentation on values, on lifetime and on goroutines.
type List struct {
	block Memory
}

var (
	_ io.Closer    = (*List)(nil)
	_ fmt.Stringer = (*List)(nil)
)

// OpenList opens the list of that name, whoever made it, a Python program without this library included. It takes
// the same time whatever the length. It takes [ReadOnly].
//
// It fails as [OpenMemory], or with [ErrNotList] where the block cannot hold the list that it says it does.
func OpenList(name string, options ...OpenOption) (*List, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	l, answer := new(List), new(raw.Error)
	if raw.List_open(&l.block.list, cname, newOpening(options).flags, answer) != 0 {
		return nil, told(answer)
	}
	l.adopt()
	return l, nil
}

func (l *List) adopt() {
	l.block.handle = raw.List_memory(l.block.list)
	l.block.length = raw.List_length(l.block.list)
	l.block.adopt()
	runtime.SetFinalizer(l, func(l *List) { l.block.release() })
}

// Memory returns the list's block. Closing it closes the list, and the other way round.
func (l *List) Memory() *Memory {
	if l == nil {
		return nil
	}
	return &l.block
}

// orNone returns the list's block, which has its lock and its handles.
func (l *List) orNone() *Memory {
	return l.Memory().orNone()
}

// explain makes the error of a status that C answered about an item.
func (m *Memory) explain(index, status int) error {
	answer := new(raw.Error)
	m.mu.RLock()
	raw.List_explain(m.list, index, status, answer)
	m.mu.RUnlock()
	return told(answer)
}

// explainValue is explain for a value that C was not even given.
func (m *Memory) explainValue(index int, status Status, value any) error {
	return newError(status, "item %d of list '%s': %s", index, m.name, refusal(status, value))
}

// explainWanted is explain for a value to compare with that C was not even given.
func (m *Memory) explainWanted(status Status, value any) error {
	return newError(status, "list '%s': %s", m.name, refusal(status, value))
}

// Name returns the name of the list's block; also once closed.
func (l *List) Name() string {
	return l.orNone().name
}

// Len returns the number of items; also once closed.
func (l *List) Len() int {
	return l.orNone().length
}

// Unlink removes the list's name, as [Memory.Unlink].
func (l *List) Unlink() error {
	return l.orNone().Unlink()
}

// Close ends this handle's access to the list, as [Memory.Close].
func (l *List) Close() error {
	return l.orNone().Close()
}

// Count returns how many items equal the value by Python's ==: numbers compare by their exact worth across int, float
// and bool (1 == 1.0 == true), a NaN equals nothing, and a str never equals bytes.
//
// It fails with [ErrClosed], [ErrValueType], [ErrOverflow], or [ErrCorrupt] where an item is damaged.
func (l *List) Count(value any) (int, error) {
	return l.orNone().search(value, raw.List_count)
}

// Index returns the index of the first item that equals the value, compared as by [List.Count]. It fails as that, or
// with [ErrAbsent] where there is none.
func (l *List) Index(value any) (int, error) {
	return l.orNone().search(value, raw.List_index)
}

func (m *Memory) search(value any, in func(list uintptr, value []raw.Value, result *int) int) (int, error) {
	if _, status := scalarOf(value); status != 0 {
		return 0, m.explainWanted(status, value)
	}
	p, err := pack([]any{value}, 0)
	if err != nil {
		return 0, err
	}
	defer p.free()
	result := 0
	m.mu.RLock()
	answer := in(m.list, p.values, &result)
	m.mu.RUnlock()
	if answer != 0 {
		return 0, m.explain(result, answer) // of a damaged item, the result is its index
	}
	return result, nil
}

// Format returns the struct formats of all items in a row, as Python's ShareableList.format, for example "8sqd". It
// fails with [ErrClosed], or [ErrCorrupt] where an item is damaged.
func (l *List) Format() (string, error) {
	m := l.orNone()
	buffer, length := make([]byte, 8*m.length), 0
	m.mu.RLock()
	status := raw.List_format(m.list, buffer, &length)
	m.mu.RUnlock()
	if status != 0 {
		return "", m.explain(length, status)
	}
	return string(buffer[:length]), nil
}

// each is what All returns.
func (l *List) each(yield func(value any, err error) bool) {
	for i, n := 0, l.Len(); i < n; i++ {
		if !yield(l.Get(i)) {
			return
		}
	}
}

// Values returns all items, in their order. It fails as [List.Get] does at the first item that it fails for.
func (l *List) Values() ([]any, error) {
	values := make([]any, l.Len())
	for i := range values {
		value, err := l.Get(i)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// String returns the list's name and its items, for people to read.
func (l *List) String() string {
	m := l.orNone()
	if m.isClosed() {
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
